"""Words for other eyes: ``WWW-Authenticate`` (RFC 6750 section 3, RFC 9110 section 11), and others' words, escaped.

Values are the service's own (realm, scopes, a URL) or constants, never a client's. A character that
could break out of a header is therefore a mistake in the service, and a ``ValueError``, not an escape.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

__all__ = [
    "DEFAULT_REALM",
    "DEFAULT_SCHEME",
    "brief",
    "checked_parameter",
    "checked_scopes",
    "escaped",
    "format_challenge",
    "named",
    "several",
    "shown",
]


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
        return f"of type {type(value).__name__}"
    return named(value) if len(value) <= _BRIEF else f"{shown(value[:_BRIEF])}..."


def named(name: str) -> str:
    """A claim's name, a kid or a member of an object: as it is if it is one plain word, otherwise in quotes."""
    return name if _PLAIN.match(name) else shown(name)


def escaped(text: str) -> str:
    """A sentence that may quote another's words, in one line: what can't be printed is escaped, the rest stays."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def several(names: str | Iterable[str], *, split: bool = False) -> tuple[str, ...]:
    """One name or several, as a tuple: a string is one, or, *split*, as many as single spaces part."""
    if isinstance(names, str):
        # str.split() would also split on tabs, newlines and U+00A0, which are no separators in RFC 6749.
        return tuple(names.split(" ")) if split else (names,)
    return tuple(names)


DEFAULT_REALM = "api"
DEFAULT_SCHEME = "Bearer"

_QUOTABLE = re.compile(r"[\x20-\x7e]*\Z")
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+\Z")


def format_challenge(params: Mapping[str, str | None], scheme: str = DEFAULT_SCHEME) -> str:
    """One challenge; parameters that are ``None`` are left out, the others become quoted strings.

    Raises ``ValueError`` for a value that can't stand in a header.
    """
    parts = [f'{name}="{_quotable(name, value)}"' for name, value in params.items() if value is not None]
    return f"{scheme} {', '.join(parts)}"


def checked_parameter(value: str) -> str:
    """*value* if it needs no escape in a challenge (RFC 9110 section 11.2); raises ``ValueError`` otherwise."""
    if _quotable("value", value) != value:
        raise ValueError(f"{value!r} holds a quote or a backslash")
    return value


def checked_scopes(scopes: str | Iterable[str]) -> tuple[str, ...]:
    """Scopes as a tuple: a string is split on single spaces, a list is a list (RFC 6749 section 3.3).

    Raises ``ValueError`` for what no token can hold: empty names, spaces, quotes, backslashes, and commas,
    which RFC 6749 allows but which in practice are a list written as one string.
    """
    listed = several(scopes, split=True)
    for scope in listed:
        if not isinstance(scope, str) or not _SCOPE_TOKEN.match(scope):
            raise ValueError(
                f"scope {scope!r} is impossible: expected printable ASCII without spaces, commas, quotes and "
                "backslashes; write several scopes as a list or separated by single spaces"
            )
    return listed


def _quotable(name: str, value: str) -> str:
    if not isinstance(value, str) or not _QUOTABLE.match(value):
        raise ValueError(f"{name} {value!r} can't stand in a header: expected printable ASCII")
    return value.replace("\\", "\\\\").replace('"', '\\"')
