"""What a token or a provider says, for people to read: in a terminal, a log, a message or a ``repr``.

There a newline forges a line, an escape sequence drives the terminal, and a bidi mark turns the rest around.
"""

from __future__ import annotations

import re

__all__ = ["brief", "escaped", "named", "shown"]

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/@+~-]*\Z")
_BRIEF = 40


def shown(value: object) -> str:
    """*value* as ``ascii`` writes it: one line of ASCII, text in quotes, whatever is in it."""
    try:
        return ascii(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, lists a thousand deep
        return f"a {type(value).__name__} too large to show"


def brief(value: object) -> str:
    """*value* for a sentence: a text as :func:`named` has it, cut at forty characters; of all else its type."""
    if not isinstance(value, str):
        return f"a {type(value).__name__}"
    return named(value) if len(value) <= _BRIEF else f"{shown(value[:_BRIEF])}..."


def named(name: str) -> str:
    """A claim's name, a kid or a member of an object: as it is if it is one plain word, otherwise in quotes."""
    return name if _PLAIN.match(name) else shown(name)


def escaped(text: str) -> str:
    """A sentence that may quote another's words, in one line: what can't be printed is escaped, the rest stays."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
