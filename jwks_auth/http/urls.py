"""URLs that may be fetched."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from jwks_auth.challenge import shown
from jwks_auth.errors import ConfigurationError

__all__ = ["Origin", "checked_url", "http_allowed", "is_loopback", "origin_of", "shown_url", "without_query"]

Origin = tuple[str, str, int | None]
"""Scheme, host and port."""

_PORTS = {"https": 443, "http": 80}

_BLANK = re.compile(r"[\x00-\x20\x7f]")


def checked_url(url: str, *, name: str, http: bool) -> str:
    """Return *url* if it can be fetched.

    Raises ``ConfigurationError`` naming *name*. *http*: whether plain http will do.
    """
    schemes = ("https", "http") if http else ("https",)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        if _BLANK.search(url):  # urlsplit removes blanks silently
            raise ValueError
    except (ValueError, AttributeError, TypeError):
        # Without the cause, which quotes the port: in "user:pass/word@host" that is half the password.
        raise ConfigurationError(f"{name} {shown_url(url)} is no URL") from None
    if parts.scheme.lower() == "http" and not http:
        raise ConfigurationError(
            f"{name} {shown_url(url)}: found http, expected https://...; on a network you trust, allow_http takes it"
        )
    if parts.username is not None:
        raise ConfigurationError(
            f"{name}: expected no user and password in the URL; use headers or a session"
        )
    if parts.scheme.lower() not in schemes or not host:
        expected = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ConfigurationError(
            f"{name} {shown_url(url)} has no usable scheme and host: expected {expected}..."
        )
    return url


def shown_url(url: object) -> str:
    """Return *url* for a message that may be logged: without user and password."""
    _, at, rest = shown(url).rpartition("@")
    return f"'...@{rest}" if at else rest


def without_query(url: str) -> str:
    """Return *url* for a log: without its query, which may hold a key to the endpoint."""
    address, asked, _ = url.partition("?")
    return f"{address}?..." if asked else address


def origin_of(url: str) -> Origin:
    """Return the origin of a *url* that can be fetched (RFC 6454 section 4)."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").rstrip("."), _port(parts) or _PORTS.get(scheme)


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:  # an issuer's name that is no address
        return None


def http_allowed(url: str, allow_http: bool) -> bool:
    """Return whether plain http may be used for *url*: if it is allowed, or if *url* is this machine."""
    return allow_http or is_loopback(url)


def is_loopback(url: str) -> bool:
    """Return whether *url* names this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except (ValueError, AttributeError, TypeError):
        return False
