"""HTTP requests that end in time: ``requests`` with a watchdog and a TLS context that is not changed.

Redirects are not followed, no cookie is kept, and ~/.netrc is not read. Proxies come from the environment. A session
of the caller's sends with its own methods, hooks, proxies and passwords, but without its cookies.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from typing import Any

import requests
import urllib3
from requests import Response, Session
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.utils import select_proxy
from urllib3.util import parse_url

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
    """Open the answer to a GET, or to the POST of a form, its body unread; raise :data:`FAILURES`.

    A *session* of the caller's sends it, and the *watchdog* can't end its connections. Without one, a new connection
    is made and closed; its TLS is *ssl_context*'s, or else trusts the system's authorities and *ca_file*.
    """
    seconds = watchdog.seconds
    with ExitStack() as stack:
        if session is not None:
            # A part of the time for each address of the host, so that dead ones leave time for another.
            each = max(seconds / 4, min(1.0, seconds / 2))
            yield stack.enter_context(_sent(session, url, headers, (each, seconds)))
            return
        if ssl_context is None and url.lower().startswith("https:"):
            ssl_context = trusting(ca_file)
        session = stack.enter_context(_watched_session(ssl_context, watchdog))
        yield stack.enter_context(_sent(session, url, headers, (seconds, seconds)))


class Outgoing(Concealed):
    """Headers to be sent, which may hold a secret: made at the last moment, and shown by no frame of ours.

    *form* makes the body of a POST, whose credentials are its own: the session's are not sent with it.
    """

    __slots__ = ("form", "made", "with_cookie")

    def __init__(
        self,
        make: Callable[[], dict[str, Any]],
        *,
        with_cookie: bool = False,
        form: Callable[[], bytes] | None = None,
    ) -> None:
        self.made, self.with_cookie, self.form = make, with_cookie, form


def proxy_of(url: str, session: Session | None) -> str | None:
    """Return host and port of the proxy for *url*, without its user and password."""
    try:
        asked = (session or Session()).merge_environment_settings(url, {}, None, None, None)["proxies"]
        proxy = select_proxy(url, asked)
        parts = parse_url(proxy or "")  # which needs no scheme, as requests needs none
        host = parts.host
        if host and "%" in host:  # user and password with their @ escaped
            return None
        return host and (host if parts.port is None else f"{host}:{parts.port}")
    except (
        ValueError,
        AttributeError,
        TypeError,
        KeyError,
        urllib3.exceptions.HTTPError,
    ):  # no proxies, or no URL
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
    form = headers.form
    return session.request(
        "GET" if form is None else "POST",
        url,
        data=None if form is None else form(),
        headers=headers.made(),
        auth=_Authentication(session.auth if form is None else None, keep_cookie=headers.with_cookie),
        hooks=hooks,
        stream=True,
        allow_redirects=False,
        timeout=timeout,
        # The session's own, because REQUESTS_CA_BUNDLE would override it otherwise.
        verify=session.verify,
    )


def _listed(hooks: Any) -> list[Any]:
    return [hooks] if callable(hooks) else list(hooks or ())


def _stay(response: Response, *args: Any, **kwargs: Any) -> None:
    """Leave requests no redirect to follow, whose body it would read whole, and no cookie to keep."""
    response.headers.pop("Location", None)
    original = getattr(response.raw, "_original_response", None)
    if isinstance(original, HTTPResponse):  # a test's stand-in may have no such cookies
        del original.msg["Set-Cookie"]


class _Authentication:
    """The session's own authentication, on a request without the session's cookies, which are for other requests.

    A session without any also gets this, because requests would otherwise look for a password in ~/.netrc.
    """

    def __init__(self, auth: Any, *, keep_cookie: bool) -> None:
        self._auth = HTTPBasicAuth(*auth) if isinstance(auth, tuple) else auth
        self._keep_cookie = keep_cookie

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if not self._keep_cookie:
            request.headers.pop("Cookie", None)
        return request if self._auth is None else self._auth(request)
