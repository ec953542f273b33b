"""Readers of the settings that clients discover a service by: its URL, and the scopes to ask for."""

from __future__ import annotations

import re
from typing import Any

from jwks_auth.challenge import checked_scopes
from jwks_auth.errors import ConfigurationError
from jwks_auth.http import checked_url, is_loopback
from jwks_auth.settings.readers import mapping, names, parameter

__all__ = ["advertised", "checked_resource", "implied", "resource"]

_DOTS = re.compile(r"/\.{1,2}(?:/|\Z)")


def resource(value: Any) -> str:
    """The URL by which clients know a service: https, or http on loopback; no fragment (RFC 9728 section 1.2)."""
    return checked_resource(parameter(value))


def checked_resource(url: str) -> str:
    """*url*, if it can be a resource identifier; raises ``ValueError`` for any other."""
    try:
        checked_url(url, name="URL", http=is_loopback(url))
    except ConfigurationError as error:
        raise ValueError(f"expected an absolute https URL (http on loopback): {error}") from None
    if "#" in url or "\\" in url or _DOTS.search(url.partition("?")[0]):
        raise ValueError(f"expected a URL without fragment, backslash and dot segments, found {url!r}")
    return url


def advertised(value: Any) -> tuple[str, ...]:
    """Scopes for clients to ask for; ``offline_access`` is between them and their provider."""
    found = checked_scopes(names(value))
    if "offline_access" in found:
        raise ValueError("expected scopes of this service, found offline_access, which only a provider knows")
    return found


def implied(value: Any) -> dict[str, tuple[str, ...]]:
    """A mapping from scopes to those they imply, several as a list or with spaces between; or a JSON object."""
    return {name: names(granted) for name, granted in mapping(value).items()}
