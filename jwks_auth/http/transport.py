"""HTTP requests that end in time: ``requests`` with a watchdog, a TLS context that stays as it is, and no
memory.

No redirect is followed and no password is read from ~/.netrc; proxies are those of the environment. A session of the
caller's sends as ``requests`` would: its own methods, hooks, proxies and passwords count. Its cookies do not.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests import Response, Session
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.utils import select_proxy

from jwks_auth.http.trust import SealedContext, trusting
from jwks_auth.http.watchdog import Watchdog, watched
from jwks_auth.runtime import Concealed

__all__ = [
    "FAILURES",
    "Outgoing",
    "Session",
    "Watchdog",
    "is_timeout",
    "is_tls_failure",
    "opened",
    "proxy_of",
]

FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError)
"""The exceptions that sending a request and reading its answer may raise."""


@contextmanager
def opened(
    url: str,
    headers: Outgoing,
    watchdog: Watchdog,
    *,
    ssl_context: ssl.SSLContext | None = None,
    ca_file: str | os.PathLike[str] | None = None,
    session: Session | None = None,
) -> Iterator[Response]:
    """The answer to a GET, its body unread; raises :data:`FAILURES`.

    A *session* of the caller's sends it, and the *watchdog* can't end its connections. Without one, a new connection
    is made and closed, which trusts whom *ssl_context* trusts, or else the system's authorities and *ca_file*.
    """
    seconds = watchdog.seconds
    with ExitStack() as stack:
        if session is not None:
            # For each address of the host: half, so that a dead one leaves time for another.
            yield stack.enter_context(_sent(session, url, headers, (seconds / 2, seconds)))
            return
        if ssl_context is None and url.lower().startswith("https:"):
            ssl_context = trusting(ca_file)
        session = stack.enter_context(_watched_session(ssl_context, watchdog))
        yield stack.enter_context(_sent(session, url, headers, (seconds, seconds)))


class Outgoing(Concealed):
    """Headers to be sent, which may hold a secret: made when they are, and no frame of ours shows them."""

    __slots__ = ("made", "with_cookie")

    def __init__(self, make: Callable[[], dict[str, Any]], *, with_cookie: bool = False) -> None:
        self.made, self.with_cookie = make, with_cookie


def proxy_of(url: str, session: Session | None) -> str | None:
    """Return host and port of the proxy on the way to *url*, without its user and password."""
    try:
        asked = (session or Session()).merge_environment_settings(url, {}, None, None, None)["proxies"]
        parts = urlsplit(select_proxy(url, asked) or "")
        host = parts.hostname
        return host and (host if parts.port is None else f"{host}:{parts.port}")
    except (ValueError, AttributeError, TypeError, KeyError):  # a session that says nothing of proxies
        return None


def is_timeout(error: BaseException) -> bool:
    """Return whether one of :data:`FAILURES` means that time ran out."""
    return isinstance(error, requests.Timeout | TimeoutError | urllib3.exceptions.TimeoutError)


def is_tls_failure(error: BaseException) -> bool:
    """Return whether one of :data:`FAILURES` means that TLS failed."""
    return isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError | ssl.SSLError)


class _WatchedAdapter(HTTPAdapter):
    """requests' adapter with a TLS context of its own, whose connections a watchdog can end."""

    def __init__(self, context: ssl.SSLContext | None, watchdog: Watchdog) -> None:
        self._context = SealedContext(context) if context is not None else None
        self._watchdog = watchdog
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: requests would load its own certificates here, but the context decides on trust."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = watched(pool.ConnectionCls, self._watchdog)
        return pool


def _watched_session(context: ssl.SSLContext | None, watchdog: Watchdog) -> Session:
    session = Session()
    adapter = _WatchedAdapter(context, watchdog)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _sent(session: Session, url: str, headers: Outgoing, timeout: tuple[float, float]) -> Response:
    hooks: Any = {"response": [*_listed(session.hooks.get("response")), _stay]}
    return session.request(
        "GET",
        url,
        headers=headers.made(),
        auth=_Authentication(session.auth, keep_cookie=headers.with_cookie),
        hooks=hooks,
        stream=True,
        allow_redirects=False,
        timeout=timeout,
        # The session's own word on verification, for otherwise REQUESTS_CA_BUNDLE would override it.
        verify=session.verify,
    )


def _listed(hooks: Any) -> list[Any]:
    return [hooks] if callable(hooks) else list(hooks or ())


def _stay(response: Response, *args: Any, **kwargs: Any) -> None:
    """Leave requests nothing to follow, as it would read the whole of a redirect's body, and no cookie to keep."""
    response.headers.pop("Location", None)
    original = getattr(response.raw, "_original_response", None)
    if isinstance(original, HTTPResponse):  # a stand-in of a test's has cookies of its own kind, or none
        del original.msg["Set-Cookie"]


class _Authentication:
    """A session's own, put on a request without the session's cookies, which are for other purposes.

    Without any, requests would look for a password in ~/.netrc.
    """

    def __init__(self, auth: Any, *, keep_cookie: bool) -> None:
        self._auth = HTTPBasicAuth(*auth) if isinstance(auth, tuple) else auth
        self._keep_cookie = keep_cookie

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if not self._keep_cookie:
            request.headers.pop("Cookie", None)
        return request if self._auth is None else self._auth(request)
