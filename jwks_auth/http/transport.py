"""HTTP requests that end in time: ``requests`` with a watchdog, a TLS context that stays as it is, and no
memory.

No redirect is followed, no cookie is sent or kept,
no password is read from ~/.netrc; proxies are those of the environment or of a caller's session.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from types import TracebackType
from typing import Any

import requests
import urllib3
from requests import Response, Session
from requests.adapters import HTTPAdapter

__all__ = ["FAILURES", "Response", "Session", "Watchdog", "is_timeout", "is_tls_failure", "opened"]

FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError)
"""All that sending a request and reading its answer may raise."""


@contextmanager
def opened(
    url: str,
    headers: Mapping[str, Any],
    watchdog: Watchdog,
    *,
    ssl_context: ssl.SSLContext | None = None,
    session: Session | None = None,
) -> Iterator[Response]:
    """The answer to a GET, its body unread; raises :data:`FAILURES`.

    With a *session* of the caller's, its adapters, proxies, certificates and authentication are used, and
    nothing in it is changed; the *watchdog* can't end its connections. Without one, a new connection is
    made and closed.
    """
    with ExitStack() as stack:
        if session is None:
            session = stack.enter_context(_watched_session(url, ssl_context, watchdog))
        yield stack.enter_context(_sent(session, url, headers, watchdog.seconds))


class Watchdog:
    """Shuts the sockets shown to it once its time is up, which ends any read or write on them.

    *timer* makes what calls after a while, as ``threading.Timer`` does.
    """

    def __init__(self, seconds: float, *, timer: type[threading.Timer] = threading.Timer) -> None:
        self.seconds = seconds
        self.barked = False
        self._sockets: list[socket.socket] = []
        self._timer = timer(seconds, self._bark)
        self._timer.daemon = True

    def watch(self, sock: socket.socket) -> socket.socket:
        """*sock*, which from now on has a watchdog."""
        # A duplicate: wrapping a socket in TLS takes the file descriptor away from the original.
        self._sockets.append(sock.dup())
        if self.barked:
            self._bark()
        return sock

    def _bark(self) -> None:
        self.barked = True
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Watchdog:
        try:
            self._timer.start()
        except RuntimeError as exc:  # no more threads, or the interpreter is shutting down
            raise OSError("no thread could be started") from exc
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        for sock in self._sockets:
            sock.close()


def is_timeout(error: BaseException) -> bool:
    """Return whether one of :data:`FAILURES` means that time ran out."""
    return isinstance(error, requests.Timeout | TimeoutError | urllib3.exceptions.TimeoutError)


def is_tls_failure(error: BaseException) -> bool:
    """Return whether one of :data:`FAILURES` means that no trust could be established."""
    return isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError | ssl.SSLError)


class _WatchedAdapter(HTTPAdapter):
    """requests' adapter with a TLS context of its own, whose connections a watchdog can end."""

    def __init__(self, context: ssl.SSLContext | None, watchdog: Watchdog) -> None:
        self._context = _SealedContext(context) if context is not None else None
        self._watchdog = watchdog
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: requests would load its own certificates here; the context says whom to trust."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        make = pool.ConnectionCls

        def watched(*args: Any, **kwargs: Any) -> Any:
            connection: Any = make(*args, **kwargs)
            connect = connection._new_conn
            connection._new_conn = lambda: self._watchdog.watch(connect())
            return connection

        pool.ConnectionCls = watched
        return pool


class _SealedContext:
    """A caller's TLS context as urllib3 may see it: it wraps sockets, and nothing can be changed in it.

    urllib3 otherwise sets ``verify_mode``, ALPN and certificate authorities on the very object it was given.
    ``check_hostname`` reads as true so that urllib3 adds no check of its own to what the caller decided.
    """

    check_hostname = True

    def __init__(self, context: ssl.SSLContext) -> None:
        self.wrap_socket = context.wrap_socket
        self.wrap_bio = context.wrap_bio
        self._verify_mode = context.verify_mode

    @property
    def verify_mode(self) -> ssl.VerifyMode:
        return self._verify_mode

    @verify_mode.setter
    def verify_mode(self, mode: object) -> None:
        """Ignored."""

    def load_verify_locations(self, *args: object, **kwargs: object) -> None:
        """Ignored."""

    def set_alpn_protocols(self, protocols: object) -> None:
        """Ignored."""


def _watched_session(url: str, context: ssl.SSLContext | None, watchdog: Watchdog) -> Session:
    if context is None and url.lower().startswith("https:"):
        context = _default_context(_authorities())
    session = Session()
    adapter = _WatchedAdapter(context, watchdog)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


@lru_cache(maxsize=1)
def _default_context(authorities: tuple[tuple[str, int], ...]) -> ssl.SSLContext:
    # Python's own default and not requests': it honours SSL_CERT_FILE and the system's certificates. Reading those
    # takes more than ten times the CPU of all else in a fetch, so it is done again only when they change.
    return ssl.create_default_context()


def _authorities() -> tuple[tuple[str, int], ...]:
    paths = ssl.get_default_verify_paths()
    return tuple((path, os.stat(path).st_mtime_ns) for path in (paths.cafile, paths.capath) if path)


def _sent(session: Session, url: str, headers: Mapping[str, Any], timeout: float) -> Response:
    # auth that does nothing: without it requests would look for a password in ~/.netrc.
    request = requests.Request("GET", url, headers=dict(headers), auth=session.auth or _no_auth)
    prepared = session.prepare_request(request)
    if all(name.lower() != "cookie" for name in headers):  # the session's, for other purposes
        prepared.headers.pop("Cookie", None)
    target = prepared.url or url
    # The session's own word on verification is passed on, for otherwise REQUESTS_CA_BUNDLE would override it.
    settings: Any = session.merge_environment_settings(target, {}, True, session.verify, None)
    # The adapter and not the session sends: a session would follow redirects and keep cookies.
    return session.get_adapter(target).send(prepared, timeout=timeout, **settings)


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
