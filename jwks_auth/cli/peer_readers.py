"""Readers of other packages' values; each raises ``ValueError`` with words that hold none of the value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

__all__ = [
    "SHARED",
    "algorithms",
    "audiences_in_options",
    "audiences_of_application",
    "issuer_of_domain",
    "issuer_of_tenant",
    "key_by_hand",
    "names",
    "schemes",
    "seconds_of",
    "text_of",
]

SHARED = (
    "tokens signed with a shared secret (HS256) have no counterpart: who verifies them could also make them"
)


def text_of(value: Any) -> str:
    """Return a text that may be shown: an address with a password or a query is not."""
    if not isinstance(value, str) or not value:
        raise ValueError("expected a text")
    if "://" in value and ("@" in value or "?" in value):
        raise ValueError("its address holds what may be a secret: copy it by hand")
    return value


def names(value: Any) -> list[str]:
    """Return names, given as a list, or as text with commas or spaces between them."""
    if isinstance(value, str):
        value = json.loads(value) if value.lstrip().startswith("[") else re.split(r"[\s,]+", value.strip())
    if not isinstance(value, list | tuple | set | frozenset) or not value:
        raise ValueError("expected names")
    return [text_of(each) for each in (sorted(value) if isinstance(value, set | frozenset) else value)]


def algorithms(value: Any) -> list[str]:
    """Return the algorithms of key pairs among those given."""
    found = [name for name in names(value) if name[:2].upper() != "HS" and name.lower() != "none"]
    if not found:
        raise ValueError(SHARED)
    return found


def schemes(value: Any) -> list[str]:
    """Return the words before a token, unless they are what counts here anyway."""
    found = names(value)
    if found == ["Bearer"]:
        raise ValueError("is Bearer, as here")
    return found


def seconds_of(value: Any) -> float:
    """Return a duration in seconds."""
    try:
        seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    except (ValueError, TypeError):  # whose words quote the value
        raise ValueError("expected seconds") from None
    return int(seconds) if seconds == int(seconds) else seconds


def issuer_of_domain(value: Any) -> str:
    """Return the issuer of a domain."""
    domain = text_of(value).removeprefix("https://").strip("/")
    if not re.fullmatch(r"[A-Za-z0-9.-]+(?::\d+)?", domain):
        raise ValueError("expected a domain")
    return f"https://{domain}/"


def issuer_of_tenant(value: Any) -> str:
    """Return the issuer of a tenant of Entra's."""
    if not re.fullmatch(r"[0-9a-fA-F-]{36}", text_of(value)):
        raise ValueError("expected a tenant's id")
    return f"https://login.microsoftonline.com/{value.lower()}/v2.0"


def audiences_of_application(value: Any) -> list[str]:
    """Return the audiences that Entra's tokens have for an application."""
    return [text_of(value), f"api://{value}"]


def audiences_in_options(value: Any) -> list[str]:
    """Return the audiences in claims options, as Authlib has them."""
    found = value.get("aud") if isinstance(value, Mapping) else None
    if not isinstance(found, Mapping):
        raise ValueError("names no audience: AUDIENCE is needed here")
    return names(found.get("values") or [found.get("value")])


def key_by_hand(value: Any) -> Any:
    """Refuse any key: it may be a private one, or a secret."""
    raise ValueError(
        "a public key in PEM can stand in JWKS: copy it by hand, and never a private key or a secret"
    )
