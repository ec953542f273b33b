"""``Terminal``: the three streams of a command, which may be files, pipes, or a person's terminal."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from jwks_auth.challenge import escaped
from jwks_auth.command.prompt import read_unseen
from jwks_auth.runtime import RawToken

__all__ = ["Terminal"]

_MOST_READ = 1_048_576
_COLOURS = (
    (re.compile(r"( *)(ok|accepted)(?=  |\Z)"), "32"),
    (re.compile(r"( *)(FAIL|NOT OK|refused)(?=[ :])"), "31"),
    (re.compile(r"( *)(judge|hint)(?=  |:)"), "33"),
    (re.compile(r"(.*  )(UNPROTECTED|UNKNOWN)(?=:|\Z)"), "31"),
)


class Terminal:
    """Standard input, output and errors, as they are when it is made.

    Colours are for a terminal alone, unless ``NO_COLOR`` is set there; *colour* decides otherwise.
    """

    def __init__(
        self,
        stdin: IO[str] | None = None,
        stdout: Any = None,
        stderr: Any = None,
        *,
        colour: bool | None = None,
    ) -> None:
        self.stdin = sys.stdin if stdin is None else stdin
        self.stdout = sys.stdout if stdout is None else stdout
        self.stderr = sys.stderr if stderr is None else stderr
        self._has_colours = _may_colour(self.stdout) if colour is None else colour

    def show(self, lines: Iterable[str]) -> None:
        """Print *lines* of a report."""
        for line in lines:
            _write(self.stdout, _coloured(line) if self._has_colours else line)
        self.stdout.flush()

    def complain(self, line: str) -> None:
        """Print a line that is no part of the report, to standard errors."""
        _write(self.stderr, escaped(line))
        self.stderr.flush()

    @contextmanager
    def busy(self, doing: str) -> Iterator[None]:
        """Say what is being done, as long as it lasts, to a person at a terminal."""
        if not _is_terminal(self.stderr):
            yield
            return
        self.stderr.write(f"{doing} ...")
        self.stderr.flush()
        try:
            yield
        finally:
            self.stderr.write(f"\r{' ' * (len(doing) + 4)}\r")
            self.stderr.flush()

    def read_token(self) -> RawToken:
        """Return what is typed at a prompt that shows nothing of it, or else all of standard input."""
        if _is_terminal(self.stdin):
            return RawToken(read_unseen(self.stdin, self.stderr, "Token (not shown): "))
        raw = getattr(self.stdin, "buffer", None)
        if raw is None:
            return RawToken(self.stdin.read(_MOST_READ))
        return RawToken(raw.read(_MOST_READ).decode(errors="replace"))

    def wait(self, seconds: float) -> None:
        """Wait before something is done again."""
        time.sleep(seconds)


def _is_terminal(stream: Any) -> bool:
    return bool(getattr(stream, "isatty", bool)())


def _may_colour(stream: Any) -> bool:
    return _is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _coloured(line: str) -> str:
    for pattern, colour in _COLOURS:
        if found := pattern.match(line):
            return f"{found[1]}\x1b[{colour}m{found[2]}\x1b[0m{line[found.end() :]}"
    return line


def _write(stream: Any, line: str) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    # A terminal of another language may lack a character of a claim.
    stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
