"""``Target``: the URL that a proof has to name, and its comparison (RFC 9449 section 4.3, RFC 3986 section 6.2)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Protocol
from urllib.parse import quote

__all__ = ["Target", "normal"]

_URL = re.compile(
    r"(https?|wss?)://(\[[0-9a-f:.]+\]|[!-~]+?)(?::([0-9]{0,5}))?(/[^?#]*)?(?:[?#].*)?", re.IGNORECASE
)
_HOST = re.compile(r"\[[0-9a-f:.]+\]|(?:[a-z0-9._~!$&'()*+,;=-]|%[0-9a-f]{2})+", re.IGNORECASE)
_VISIBLE = re.compile(r"[!-~]+")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PORTS = {"http": 80, "https": 443}
_SCHEMES = {"ws": "http", "wss": "https"}
_PATH = "/:@!$&'()*+,;=-._~%"


_MEMORABLE = 512
"""Letters of a URL whose normal form is remembered."""


class Request(Protocol):
    """The parts of a request that have its URL."""

    @property
    def url(self) -> str:
        """The full URL."""

    @property
    def path(self) -> str:
        """The path below the place where the application is."""


class Target:
    """The URL of requests, as clients know it: below *public_url*, or else as the framework sees it."""

    def __init__(self, public_url: str | None) -> None:
        scheme, _, rest = (public_url or "").partition("://")
        host, slash, prefix = rest.partition("/")
        self._origin = f"{scheme}://{host}" if host else None
        self._prefix = (slash + prefix).rstrip("/")

    def of(self, request: Request) -> str | None:
        """Return the normal form of the request's URL; ``None`` if it has none."""
        if self._origin is None:
            return normal(request.url)
        if self._prefix:
            return normal(self._origin + self._prefix + request.path)
        _, slash, path = request.url.partition("://")[2].partition("/")
        return normal(self._origin + slash + path)


def normal(url: str) -> str | None:
    """Return *url* without query and fragment in the one form of all that mean the same; ``None`` for no URL of HTTP.

    Lower case for scheme and host, no default port, ``%7E`` as ``~``, no ``..``, ``/`` for an empty path.
    """
    return (_memorable if len(url) <= _MEMORABLE else _normal)(url)


def _normal(url: str) -> str | None:
    if not _VISIBLE.fullmatch(url):
        return None
    found = _URL.fullmatch(url)
    if found is None or not _HOST.fullmatch(found[2]):
        return None
    scheme = found[1].lower()
    scheme = _SCHEMES.get(scheme, scheme)
    port = int(found[3] or 0) or _PORTS[scheme]
    path = _without_dots(_ESCAPE.sub(_unescaped, quote(found[4] or "/", safe=_PATH)))
    return f"{scheme}://{_ESCAPE.sub(_unescaped, found[2]).lower()}:{port}{path}"


_memorable = lru_cache(maxsize=512)(_normal)  # a proof's URL is the request's, and clients repeat theirs


def _unescaped(escape: re.Match[str]) -> str:
    octet = int(escape[1], 16)
    return chr(octet) if octet in _UNRESERVED else escape[0].upper()


def _without_dots(path: str) -> str:
    """Return *path* without dot segments (RFC 3986 section 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == ".." and kept:
            kept.pop()
        elif segment not in (".", ".."):
            kept.append(segment)
    slash = "/" if kept and segments[-1] in (".", "..") else ""
    return "/" + "/".join(kept) + slash
