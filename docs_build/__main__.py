"""Build the site into ``site/`` and check it; ``--serve`` serves it on loopback instead, anew on each change."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from typing import Any

from docs_build import assistants, navigation
from docs_build.checks import problems
from docs_build.page import Site

ROOT = navigation.ROOT
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
SPELLED = ["docs", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "benchmarks/README.md"]
CODE = [
    "jwks_auth",
    "jwks_auth_django",
    "jwks_auth_flask",
    "jwks_auth_fastapi",
    "example_projects",
    "docs_build",
]


def main() -> int:
    """Return the status for the shell: 0 where nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m docs_build", description=__doc__)
    parser.add_argument("--serve", action="store_true", help="serve on http://127.0.0.1:8000 until Ctrl-C")
    if parser.parse_args().serve:
        return _run("zensical", "serve", "--dev-addr", "127.0.0.1:8000")
    if told := navigation.faults():
        return _told(told)
    if status := _run("codespell", *SPELLED, *CODE) or _build():
        return status
    assistants.write(ROOT / "site")
    return _told(problems(Site(ROOT / "site")))


def _run(module: str, *arguments: str, **options: Any) -> int:
    command = [sys.executable, "-m", {"codespell": "codespell_lib"}.get(module, module), *arguments]
    return subprocess.run(command, cwd=ROOT, check=False, **options).returncode


def _build() -> int:
    """Build the site, and print what Zensical says in plain text: it colours letter by letter."""
    with tempfile.TemporaryFile("w+") as said:
        status = _run("zensical", "build", "--strict", "--clean", stdout=said, stderr=subprocess.STDOUT)
        said.seek(0)
        print(_COLOUR.sub("", said.read()).partition("Traceback")[0], end="")
    return status


def _told(faults: list[str]) -> int:
    print(*faults, sep="\n", end="\n" if faults else "", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
