"""A prompt that shows nothing of what is typed."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

try:
    import termios
except ImportError:  # pragma: no cover - Windows
    termios = None  # type: ignore[assignment]

__all__ = ["read_unseen"]

_ERASED, _END = (b"\x7f", b"\x08"), (b"\n", b"\r", b"\x04", b"")


def read_unseen(stdin: IO[str], stderr: Any, text: str) -> str:
    """Prompt with *text*, and return one line from a terminal.

    ``getpass`` would do, but that a terminal hands over at most 4,095 characters of a line, and tokens can be longer.
    """
    if termios is None:  # pragma: no cover - Windows
        return getpass.getpass(text)
    with _unseen(stdin.fileno()):
        stderr.write(text)  # not before, as who pastes at once would see it
        stderr.flush()
        line = _line(stdin.fileno())
    stderr.write("\n")
    return line.decode(errors="replace")


@contextmanager
def _unseen(terminal: int) -> Iterator[None]:
    """Have the terminal show nothing, and hand over each character as it comes."""
    before = termios.tcgetattr(terminal)
    during = termios.tcgetattr(terminal)
    during[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(terminal, termios.TCSADRAIN, during)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _line(terminal: int) -> bytes:
    line = bytearray()
    while (octet := os.read(terminal, 1)) not in _END:
        if octet in _ERASED:
            del line[-1:]
        else:
            line += octet
    return bytes(line)
