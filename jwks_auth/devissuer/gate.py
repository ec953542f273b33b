"""Hosts and origins: which browsers' requests are answered, as any website can make a browser send some.

A page of a website can post to loopback, and by DNS rebinding its own name can mean loopback. Both show: in ``Origin``
and in ``Host``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

from jwks_auth.devissuer.web import OAuthError, Request

__all__ = ["Gate", "is_loopback_host", "loopback_redirect"]

_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?", re.ASCII)
_ORIGIN = re.compile(rf"https?://({_AUTHORITY.pattern})", re.ASCII)
_REDIRECT = re.compile(
    rf"https?://(?:{_AUTHORITY.pattern})(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{{2}})*)?"
    r"(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?",
    re.ASCII,
)
_LONGEST_URI = 2000


def is_loopback_host(host: str) -> bool:
    """Return whether *host*, without a port, means this machine in every resolver and browser."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def loopback_redirect(uri: str) -> bool:
    """Return whether *uri* is a redirect URI that stays on this machine.

    Only the letters of RFC 3986 may stand in it, and no user, password or fragment: what browsers read in another way
    than we do could lead elsewhere.
    """
    found = _REDIRECT.fullmatch(uri) if len(uri) <= _LONGEST_URI else None
    return found is not None and is_loopback_host(found[1].lower())


class Gate:
    """Judges requests to an issuer that is reached by the names of this machine, and by *hosts*."""

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)

    def check_host(self, request: Request) -> None:
        """Raise :class:`OAuthError` for a name that is not ours: another site's, which means this machine today."""
        found = _AUTHORITY.fullmatch(request.header("Host"))
        if found is None or not self._is_ours(found[1]):
            raise OAuthError("invalid_request", "this name is not the dev issuer's", status=421)

    def check_same_origin(self, request: Request) -> None:
        """Raise :class:`OAuthError` for a request that another page made the browser send."""
        origin = request.header("Origin") if "Origin" in request.headers else None
        own = {f"{scheme}://{request.header('Host')}".lower() for scheme in ("http", "https")}
        site = request.header("Sec-Fetch-Site")
        if (origin is not None and origin.lower() not in own) or site in ("cross-site", "same-site"):
            raise OAuthError("invalid_request", "another page sent this form", status=403)

    def trusted_origin(self, request: Request) -> str | None:
        """Return the request's origin, ``None`` without one; raise :class:`OAuthError` for one beyond this machine."""
        if "Origin" not in request.headers:
            return None
        origin = request.header("Origin")
        found = _ORIGIN.fullmatch(origin)
        if found is None or not self._is_ours(found[2]):
            raise OAuthError("invalid_request", "only pages on this machine may ask", status=403)
        return origin

    def _is_ours(self, host: str) -> bool:
        return host.lower() in self._hosts or is_loopback_host(host.lower())
