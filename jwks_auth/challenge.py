"""Texts for clients and logs: ``WWW-Authenticate`` (RFC 6750 section 3, RFC 9110 section 11), and escaping.

Values in a challenge are the service's own (realm, scopes, a URL) or constants, never a client's. So a character that
could break out of the header is the service's mistake: it raises ``ValueError`` and is not escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = [
    "DEFAULT_REALM",
    "DEFAULT_SCHEME",
    "brief",
    "checked_parameter",
    "checked_scopes",
    "escaped",
    "fields",
    "format_challenge",
    "named",
    "several",
    "shown",
]


_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/@+~-]*\Z")


_BRIEF = 40


def shown(value: object) -> str:
    """Return *value* as ``ascii`` writes it: one line of ASCII, with text in quotes."""
    try:
        return ascii(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, lists a thousand deep
        return f"a {type(value).__name__} too large to show"


def brief(value: object) -> str:
    """Return *value* for a sentence: a text as :func:`named` does, cut at forty characters; otherwise its type."""
    if not isinstance(value, str):
        return f"of type {type(value).__name__}"
    return named(value) if len(value) <= _BRIEF else f"{shown(value[:_BRIEF])}..."


def named(name: str) -> str:
    """Return the name of a claim, key or member: unchanged if it is one plain word, otherwise in quotes."""
    return name if _PLAIN.match(name) else shown(name)


def escaped(text: str) -> str:
    """Return *text*, which may quote others' words, as one line: only unprintable characters are escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def fields(code: str, *, issuer: str | None = None, kind: str | None = None) -> dict[str, Any]:
    """Return the fields of a log record, for ``extra=``: every record has all three.

    *code* is that of a refusal, or the line's own stable word; *issuer* a configured one, never a token's; *kind* that
    of a failure.
    """
    return {
        "code": code,
        "issuer": None if issuer is None else escaped(issuer),
        "kind": None if kind is None else escaped(kind),
    }


def several(names: str | Iterable[str], *, split: bool = False) -> tuple[str, ...]:
    """Return one name or several as a tuple. With *split*, single spaces separate the names in a string."""
    if isinstance(names, str):
        # str.split() would also split on tabs, newlines and U+00A0, which are no separators in RFC 6749.
        return tuple(names.split(" ")) if split else (names,)
    return tuple(names)


DEFAULT_REALM = "api"
DEFAULT_SCHEME = "Bearer"

_QUOTABLE = re.compile(r"[\x20-\x7e]*\Z")
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+\Z")


def format_challenge(params: Mapping[str, str | None], scheme: str = DEFAULT_SCHEME) -> str:
    """Return one challenge, with *params* as quoted strings, except those that are ``None``.

    Raises ``ValueError`` for a value that can't stand in a header.
    """
    parts = [f'{name}="{_quotable(name, value)}"' for name, value in params.items() if value is not None]
    return f"{scheme} {', '.join(parts)}"


def checked_parameter(value: str) -> str:
    """Return *value* if it needs no escape in a challenge (RFC 9110 section 11.2); raise ``ValueError`` otherwise."""
    if _quotable("value", value) != value:
        raise ValueError(f"{value!r} holds a quote or a backslash")
    return value


def checked_scopes(scopes: str | Iterable[str]) -> tuple[str, ...]:
    """Return scopes as a tuple; single spaces separate them in a string (RFC 6749 section 3.3).

    Raises ``ValueError`` for an impossible scope: an empty name, one with spaces, quotes or backslashes, or one with a
    comma, which RFC 6749 allows but which is usually a list written as one string.
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
