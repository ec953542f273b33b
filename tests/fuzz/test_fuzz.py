"""The fuzzer runs clean: a few seconds here, a minute in CI, as long as one likes by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.fuzz.seeds import write
from tests.needs import in_ci, need_module


def test_the_parsers_survive_the_fuzzer(tmp_path: Path) -> None:
    """No exception but the documented ones, no hang, no swelling."""
    need_module("atheris")
    write(tmp_path / "corpus")
    run = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.parsers", f"-max_total_time={60 if in_ci() else 5}", "-max_len=4096",
         "-timeout=120", "-rss_limit_mb=1024", f"-artifact_prefix={tmp_path}/", str(tmp_path / "corpus")],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-4000:]
