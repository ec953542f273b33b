"""``Terminal``: the three streams of a command, which may be files, pipes, or a person's terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

__all__ = ["Terminal"]


class Terminal:
    """Standard input, output and errors, as they are when it is made."""

    def __init__(
        self, stdin: TextIO | None = None, stdout: TextIO | None = None, stderr: TextIO | None = None
    ) -> None:
        self.stdin = sys.stdin if stdin is None else stdin
        self.stdout = sys.stdout if stdout is None else stdout
        self.stderr = sys.stderr if stderr is None else stderr

    def show(self, lines: Iterable[str]) -> None:
        """Print *lines* of a report."""
        for line in lines:
            self.stdout.write(f"{line}\n")
        self.stdout.flush()

    def complain(self, line: str) -> None:
        """Print a line that is no part of the report, to standard errors."""
        self.stderr.write(f"{line}\n")
        self.stderr.flush()
