"""Causes of failed requests: the innermost error in words for a log, without a URL's user and password.

The messages of libraries, proxies and servers are not quoted: they may hold the whole URL, or anything.
"""

from __future__ import annotations

import errno
import http.client
import os
import re
import socket
import ssl
from collections.abc import Iterator

import requests
import urllib3
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NewConnectionError

from jwks_auth.http.trust import UnreadableAuthorities
from jwks_auth.http.urls import is_loopback

__all__ = ["LATE", "NAMED_BY", "cause_of", "chain"]

LATE = "no connection in time"

_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})\b")
_NO_FILE = re.compile(r"Could not find .*TLS (CA certificate bundle|certificate file|key file)")
_UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21}
"""OpenSSL's verdicts on a chain that ends with an authority which is not trusted."""

_REFUSED = os.strerror(errno.ECONNREFUSED).lower()

NAMED_BY = "(CA_FILE or SSL_CERT_FILE name an authority)"

_MOST = 20
"""The most errors looked at in one chain."""


def cause_of(error: BaseException, *, url: str, named: str, proxy: str | None) -> str:
    """Return the reason why a request for *url* failed, as far as it is known.

    *named* is the setting, or member of metadata, that names the address, *proxy* that of the proxy asked.
    """
    found = list(chain(error))
    told = next(filter(None, map(_words, reversed(found))), "the server can't be reached, or breaks off")
    if proxy is not None and any(map(_is_proxys, found)):
        return f"the proxy {proxy}: {told}"
    if told == _REFUSED and is_loopback(url):
        setting = "INTROSPECTION_URL" if "introspection" in named.lower() else "JWKS_URI"
        return (
            f"{told}: {named} names {_host(url)}, which inside a container is the container itself: set {setting} to "
            "an address this process can reach and keep ISSUER"
        )
    return told


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and all errors that caused it, the innermost last, in whichever attribute a library keeps them."""
    found: BaseException | None = error
    for _ in range(_MOST):
        if found is None:
            return
        yield found
        inner = [getattr(found, "reason", None), *found.args]
        held = next((each for each in inner if isinstance(each, BaseException)), None)
        found = found.__cause__ or held or (None if found.__suppress_context__ else found.__context__)


def _words(error: BaseException) -> str | None:
    """Return *error* in words; ``None`` if it only wraps another, or tells nothing."""
    if isinstance(error, UnreadableAuthorities):
        return error.text
    if isinstance(error, ssl.SSLError):
        return _of_tls(error)
    if isinstance(error, socket.gaierror):
        return (error.strerror or "the name can't be resolved").lower()
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    if isinstance(error, http.client.IncompleteRead | urllib3.exceptions.IncompleteRead):
        return "the answer broke off"
    if isinstance(error, http.client.HTTPException):
        return "the answer is no HTTP"
    if isinstance(error, OSError) and (tunnel := _TUNNEL.match(str(error))):
        return f"it refused the tunnel (HTTP {tunnel[1]})"
    if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
        return LATE
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return _of_settings(error)


def _of_settings(error: BaseException) -> str | None:
    """Return the reason if no request could be sent: a session's file, a proxy's address."""
    if isinstance(error, requests.exceptions.InvalidURL | LocationParseError | UnicodeError):
        return "the address of the server, or of its proxy, can't be read"
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error):
        return "a SOCKS proxy needs PySocks (pip install requests[socks])"
    missing = _NO_FILE.match(str(error)) if isinstance(error, OSError) else None
    return f"the session's {missing[1]} is missing (verify and cert are paths)" if missing else None


def _of_tls(error: ssl.SSLError) -> str:
    # One that was made by hand, as by a test tool, has none of these attributes.
    if verdict := getattr(error, "verify_message", None):
        told = f"certificate verify failed: {verdict.rstrip('.')}"
        unknown = getattr(error, "verify_code", None) in _UNKNOWN_AUTHORITY
        return f"{told} {NAMED_BY}" if unknown else told
    reason = (getattr(error, "reason", None) or "").replace("_", " ").lower()
    return f"no TLS connection: {reason}" if reason else "no TLS connection that can be trusted"


def _is_proxys(error: BaseException) -> bool:
    if type(error).__module__ == "socks":  # PySocks, which need not be installed
        return True
    return isinstance(error, requests.exceptions.ProxyError | urllib3.exceptions.ProxyError)


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]
