"""Requests that another site has a browser send: with the service's cookies, and without its user's knowledge.

The rule is that of Go's ``http.CrossOriginProtection``. ``Sec-Fetch-Site`` is what a browser says of a request, in a
header that no page can write; older browsers have ``Origin`` alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from jwks_auth.errors import ForbiddenError
from jwks_auth.request.credentials import Credentials

__all__ = ["check_site"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS = frozenset({"same-origin", "none"})
_ORIGIN = re.compile(r"(https?)://(.+)", re.ASCII)
_PLACE = re.compile(r"([^\s/?#@:\[\]]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII)
_PORTS = {"http": "80", "https": "443"}


def check_site(credentials: Credentials, origins: Collection[str], *, handshakes_only: bool = False) -> None:
    """Raise ``ForbiddenError`` for a request that another site may have caused, unless its ``Origin`` is trusted.

    Safe methods pass. A WebSocket is judged whatever its method, because a page reads what comes over it. With
    *handshakes_only* other requests pass too, since a framework's own protection judges them.
    """
    acts = credentials.is_handshake or not (handshakes_only or credentials.method in _SAFE)
    if acts and not _is_own(credentials, origins):
        raise ForbiddenError("cross_site", "A token in a cookie does not allow requests from other sites")


def _is_own(credentials: Credentials, origins: Collection[str]) -> bool:
    origin = credentials.values("Origin")
    if len(origin) == 1 and origin[0].lower() in origins:
        return True
    said = [value for value in credentials.values("Sec-Fetch-Site") if value]
    if said:
        return len(said) == 1 and said[0] in _OURS
    sent = [value for value in origin if value]
    return not sent or (len(sent) == 1 and _is_at(sent[0].lower(), credentials.values("Host")))


def _is_at(origin: str, hosts: Collection[str]) -> bool:
    """Return whether the host and the port of *origin* are those of ``Host``, which does not say its scheme."""
    found = _ORIGIN.fullmatch(origin)
    if found is None or len(hosts) != 1:
        return False
    [host] = hosts
    port = _PORTS[found[1]]
    return _host_and_port(found[2], port) == _host_and_port(host.lower(), port) is not None


def _host_and_port(place: str, port: str) -> tuple[str, str] | None:
    found = _PLACE.fullmatch(place)
    return None if found is None else (found[1], found[2] or port)
