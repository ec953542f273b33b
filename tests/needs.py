"""What a test needs beyond Python: present, or skipped with the reason; in CI a missing need is a failure."""

from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path
from types import ModuleType

import pytest

__all__ = ["in_ci", "missing", "need_module", "need_tool"]


def in_ci() -> bool:
    """Whether this runs in continuous integration, where nothing may be skipped for want of a tool."""
    return os.environ.get("CI", "").lower() in ("1", "true")


def missing(reason: str) -> None:
    """Skip for *reason* on a laptop, fail for it in CI."""
    if in_ci():
        pytest.fail(f"needed in CI: {reason}")
    pytest.skip(reason)


def need_tool(name: str) -> str:
    """The path of the program *name*."""
    # Debian keeps PostgreSQL's server beside its libraries and not on the path.
    beside = [str(folder) for folder in Path("/usr/lib/postgresql").glob("*/bin")]
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *beside]))
    if path is None:
        missing(f"the program {name!r} is not installed")
    return path or ""


def need_module(name: str) -> ModuleType:
    """The module *name*, imported."""
    try:
        return importlib.import_module(name)
    except ImportError:
        missing(f"the package {name!r} is not installed")
        raise
