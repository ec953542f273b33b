"""``manage.py test`` of a project, on a real database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["run_tests"]

ROOT = Path(__file__).parents[2]


def run_tests(project: str, port: int | None = None, *, settings: str = "settings") -> None:
    """Run the tests of *project*, on the PostgreSQL at *port*, or else on SQLite; they must pass."""
    environment = {name: value for name, value in os.environ.items() if name != "PGPORT"}
    if port is not None:
        environment["PGPORT"] = str(port)
    package = f"tests.projects.{project}"
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-m", "django", "test", package, "--noinput"],
        env={**environment, "DJANGO_SETTINGS_MODULE": f"{package}.{settings}", "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1800,  # on a busy machine
    )
    assert done.returncode == 0, done.stderr[-5000:]
    assert "\nOK" in done.stderr, done.stderr[-5000:]
