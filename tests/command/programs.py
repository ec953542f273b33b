"""The command as a user starts it: in this process, for its coverage, and in one of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

from jwks_auth.command import Place, Terminal, main
from tests.patience import PATIENCE

__all__ = ["Outcome", "called", "started"]


class Outcome(NamedTuple):
    """The exit status, and the texts on both streams."""

    status: int
    out: str
    err: str


def called(*arguments: str, typed: str = "", place: Place | None = None, name: str = "jwks-auth") -> Outcome:
    """Return the outcome of the command with *arguments*, run in this process; *typed* is its standard input."""
    out, err = io.StringIO(), io.StringIO()
    status = main(arguments, terminal=Terminal(io.StringIO(typed), out, err), place=place, name=name)
    return Outcome(status, out.getvalue(), err.getvalue())


def started(
    *arguments: str,
    typed: str = "",
    env: Mapping[str, str] | None = None,
    cwd: object = None,
    program: tuple[str, ...] = ("-m", "jwks_auth"),
) -> Outcome:
    """Return the outcome of the command in a process of its own, with *env* beside the variables of this one."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("JWKS_AUTH_")}
    path = os.pathsep.join(filter(None, [os.getcwd(), clean.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, *program, *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**clean, "PYTHONPATH": path, **(env or {})},
        cwd=None if cwd is None else str(cwd),
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
