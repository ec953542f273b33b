"""Readers of setting values, which are Python objects or strings from an environment.

Each returns the typed value, or raises a ``ValueError`` that names the expected and the found value.
"""

from __future__ import annotations

import json
import math
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any

from jwks_auth.challenge import checked_parameter
from jwks_auth.claims import ANY_AUDIENCE, AnyAudience
from jwks_auth.jose import KeySet

__all__ = [
    "audience",
    "callables",
    "count",
    "flag",
    "function",
    "headers",
    "imported",
    "issuers",
    "key_set",
    "mapping",
    "names",
    "one_of",
    "pairs",
    "parameter",
    "paths",
    "seconds",
    "secret",
    "session",
    "split",
    "store",
    "text",
    "verifier",
]

_OF_VERIFIERS = ("issuers", "verify_any_audience", "averify_any_audience", "admit", "aadmit")

_FLAGS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


def text(value: Any) -> str:
    """A string that is not empty."""
    if not isinstance(value, str) or not _is_name(value):
        raise ValueError(f"expected a string, found {value!r}")
    return value


def names(value: Any) -> tuple[str, ...]:
    """Strings: a list, a JSON array, or one string with spaces between."""
    listed = split(value)
    empty = isinstance(value, str) and not value.strip()  # an unset variable leaves this; it is no empty list
    if empty or not isinstance(listed, (list, tuple, set, frozenset)) or not all(map(_is_name, listed)):
        raise ValueError(f"expected a list of strings, or one string with spaces between, found {value!r}")
    return tuple(listed)


def paths(value: Any) -> tuple[str, ...]:
    """Read beginnings of paths, as :func:`names`."""
    found = names(value)
    if not all(path.startswith("/") and path.strip("/") for path in found):  # every path begins with "/"
        raise ValueError(f'expected a list of beginnings of paths such as "/health/", found {value!r}')
    return found


def audience(value: Any) -> tuple[str, ...] | AnyAudience:
    """Audiences, at least one; or ``ANY_AUDIENCE``, written out."""
    if value is ANY_AUDIENCE or value == "ANY_AUDIENCE":
        return ANY_AUDIENCE
    listed = names(value)
    if not listed:
        raise ValueError("expected at least one audience, found none; ANY_AUDIENCE accepts all")
    return listed


def flag(value: Any) -> bool:
    """Read a boolean, or true/false, yes/no, on/off, 1/0, as strings or as Flask reads them from variables."""
    found = _FLAGS.get(str(value).strip().lower()) if isinstance(value, (str, int)) else None
    if found is None:
        raise ValueError(f"expected true or false, found {value!r}")
    return found


def seconds(value: Any) -> float:
    """A finite number of seconds, not negative."""
    number = _number(value)
    if number is None or not math.isfinite(number) or number < 0:
        raise ValueError(f"expected a number of seconds, 0 or more, found {value!r}")
    return number


def count(value: Any) -> int:
    """A whole number, at least 1."""
    number = _number(value)
    if number is None or not math.isfinite(number) or number < 1 or number != int(number):
        raise ValueError(f"expected a whole number, 1 or more, found {value!r}")
    return int(number)


def headers(value: Any) -> dict[str, str]:
    """Read request headers. They are never shown, because they may hold a secret."""
    found = _json(value, "{") if isinstance(value, str) else value
    if not isinstance(found, Mapping) or not all(
        isinstance(n, str) and isinstance(v, str) for n, v in found.items()
    ):
        raise ValueError("expected a mapping of header names to strings (in an environment: a JSON object)")
    return dict(found)


def key_set(value: Any) -> Any:
    """Keys: a key set, PEM text, kids mapped to PEM, JSON of these, a ``KeySet``, or a callable returning one."""
    return value if callable(value) else KeySet.read(value, whole=True)


def issuers(value: Any) -> list[Any]:
    """Issuers: a list of URLs, of mappings, of objects; as a string JSON, or URLs with spaces between."""
    listed = split(value)
    if not isinstance(listed, (list, tuple)) or not listed:
        raise ValueError(
            f"expected a list of issuer URLs, of mappings or of Issuer objects, found a {type(value).__name__}"
        )
    return list(listed)


def verifier(value: Any) -> Any:
    """A verifier, or its dotted path."""
    found = imported(value)
    if isinstance(found, type) or not all(hasattr(found, name) for name in _OF_VERIFIERS):
        raise ValueError(
            f"expected a verifier, with {', '.join(_OF_VERIFIERS)}, or its dotted path, found {value!r}"
        )
    return found


def function(value: Any) -> Callable[..., Any]:
    """A callable, or its dotted path."""
    found = imported(value)
    if not callable(found):
        raise ValueError(f"expected a callable or its dotted path, found {value!r}")
    return found  # type: ignore[no-any-return]


def callables(value: Any) -> tuple[Callable[..., Any], ...]:
    """Callables or their dotted paths, as a list."""
    listed = [value] if callable(value) else names(value) if isinstance(value, str) else value
    if not isinstance(listed, (list, tuple)):
        raise ValueError(f"expected a list of callables or dotted paths, found {value!r}")
    return tuple(function(each) for each in listed)


def imported(value: Any) -> Any:
    """An object, or the dotted path of one."""
    if not isinstance(value, str):
        return value
    try:
        return pkgutil.resolve_name(value)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"can't import {value!r}") from error


def mapping(value: Any) -> dict[str, Any]:
    """A dict, or a JSON object."""
    found = _json(value, "{") if isinstance(value, str) else value
    if not isinstance(found, Mapping):
        raise ValueError(f"expected a dict, or a JSON object, found {value!r}")
    return dict(found)


def pairs(value: Any) -> dict[str, str]:
    """A dict from name to name, or a JSON object."""
    found = mapping(value)
    if not all(isinstance(each, str) for pair in found.items() for each in pair):
        raise ValueError(f"expected a dict of strings, found {value!r}")
    return found


def one_of(*choices: str) -> Callable[[Any], str]:
    """Return a reader for one word of a few."""

    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}, found {value!r}")
        return str(value)

    return read


def parameter(value: Any) -> str:
    """A value for challenges: printable ASCII without quotes, so that the simplest client reads it right."""
    return checked_parameter(text(value))


def store(value: Any) -> Any:
    """A shared store of key sets: its URL (``redis://...``, ``file:...``) or the object."""
    return value


def session(value: Any) -> Any:
    """Read a ``requests.Session``, a function that makes one, or the dotted path of either."""
    found = imported(value)
    try:
        made = found() if callable(found) else found
    except Exception as error:
        raise ValueError(f"{value!r} made no session: it raised {type(error).__name__}") from error
    if not hasattr(made, "request"):
        raise ValueError(f"expected a requests.Session, or a function that makes one, found {value!r}")
    return made


def secret(value: Any) -> str | bytes:
    """Read a secret to seal with. It is never shown."""
    if not isinstance(value, (str, bytes)):
        raise ValueError(f"expected a string or bytes, found a {type(value).__name__}")
    if len(value) < 16:
        raise ValueError(f"expected at least 16 characters, found {len(value)}")
    return value


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def split(value: Any) -> Any:
    """Return the parts of a string, and any other value unchanged."""
    if not isinstance(value, str):
        return value
    listed = _json(value, "[")
    if listed is not value:
        return listed
    if "," in value:  # as a part of one name, it would be found out by the first token
        raise ValueError('found a comma; write several with spaces between, or as JSON: ["one", "other"]')
    return value.split()


def _json(value: str, opening: str) -> Any:
    if not value.lstrip().startswith(opening):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError("expected JSON, as it begins like JSON, but it does not parse") from error


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None
