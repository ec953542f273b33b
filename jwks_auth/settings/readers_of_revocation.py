"""Readers of the settings for revocation."""

from __future__ import annotations

import re
from typing import Any

from jwks_auth.settings.readers import imported, names, one_of, seconds

__all__ = ["clients", "one_of", "path", "revocation", "ttl"]

_URL = re.compile(r"[a-z]+:/")
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*[A-Za-z0-9_~-]/?")


def revocation(value: Any) -> Any:
    """Read a store of revocations: its URL, the object, or its dotted path."""
    return value if isinstance(value, str) and _URL.match(value) else imported(value)


def path(value: Any) -> str:
    """A path of this service, as it stands in a request without percent signs."""
    if not isinstance(value, str) or not _PATH.fullmatch(value) or "//" in value or "/." in value:
        raise ValueError(f"expected a path such as /oidc/logout, found {value!r}")
    return value


def clients(value: Any) -> tuple[str, ...]:
    """Client ids, at least one."""
    found = names(value)
    if not found:
        raise ValueError("expected the id of a client, found none")
    return found


def ttl(value: Any) -> float:
    """A number of seconds, more than 0 and at most a year."""
    found = seconds(value)
    if not 0 < found <= 31_622_400:
        raise ValueError(f"expected a number of seconds, at most a year, found {value!r}")
    return found
