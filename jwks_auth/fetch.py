"""One JSON document over HTTP, within a deadline and a size, whatever the server does.

The only module that knows ``requests``. A fetch follows no redirect, sends no cookie and no netrc password,
takes no compressed answer, and ends at its deadline even when headers or body come drop by drop: a watchdog
shuts the socket. What it can't end is a name lookup that hangs in the C library; the key source abandons
such a fetch.
"""

from __future__ import annotations

import json
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests import Session
from requests.adapters import HTTPAdapter

from jwks_auth.errors import ConfigurationError, KeySourceError

__all__ = ["Answer", "FetchError", "Fetcher", "Session", "checked_url"]

_JSON_TYPES = "application/jwk-set+json, application/json"
_RETRIED_STATUS = frozenset({502, 503, 504})
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 0.2


class FetchError(KeySourceError):
    """A document could not be had; ``http_status`` says how the server refused it, where it did."""

    def __init__(
        self, detail: str, *, kind: str, retry_after: float | None = None, http_status: int | None = None
    ) -> None:
        super().__init__(detail, kind=kind, retry_after=retry_after or 1.0)
        self.http_status = http_status


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's good answer. ``document`` is ``None`` for a 304: what the caller holds is still right."""

    document: dict[str, Any] | None
    etag: str | None = None
    max_age: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """How documents are fetched for one issuer or key endpoint.

    *timeout* (seconds) bounds one :meth:`fetch` as a whole. *session* is a caller's own: its adapters,
    proxies, client certificates and CA settings are used, and nothing in it is changed.
    """

    headers: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 30.0
    ssl_context: ssl.SSLContext | None = None
    session: Session | None = None
    max_bytes: int = 262_144
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    rng: Callable[[], float] = random.random

    def fetch(
        self, url: str, *, etag: str | None = None, revalidate: bool = False, deadline: float | None = None
    ) -> Answer:
        """The JSON object at *url*; raises :class:`FetchError`.

        *etag* makes the request conditional. *revalidate* asks caches on the way to look again. *deadline*
        is a point on the clock, for a caller that has already used up some of the time.
        """
        deadline = self.clock() + self.timeout if deadline is None else deadline
        headers = self._headers(etag, revalidate)
        try:
            return self._attempt(url, headers, deadline)
        except FetchError as exc:
            pause = _SHORTEST_PAUSE + (_LONGEST_PAUSE - _SHORTEST_PAUSE) * self.rng()
            if not _worth_retrying(exc) or self.clock() + pause >= deadline:
                raise
        self.sleep(pause)
        return self._attempt(url, headers, deadline)

    def _headers(self, etag: str | None, revalidate: bool) -> dict[str, str]:
        headers = {"User-Agent": "jwks-auth", "Accept": _JSON_TYPES, "Accept-Encoding": "identity"}
        if etag is not None:
            headers["If-None-Match"] = etag
        if revalidate:
            headers["Cache-Control"] = "no-cache"
        return headers | {name: str(value) for name, value in self.headers.items()}

    def _attempt(self, url: str, headers: Mapping[str, str], deadline: float) -> Answer:
        remaining = deadline - self.clock()
        if remaining <= 0:
            raise FetchError("no time was left to fetch", kind="timeout")
        with _Watchdog(remaining) as watchdog, ExitStack() as stack:
            try:
                session = self.session or stack.enter_context(
                    _watched_session(url, self.ssl_context, watchdog)
                )
                response = stack.enter_context(_sent(session, url, headers, remaining))
                return self._read(response, watchdog)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as exc:
                raise _translated(exc, watchdog) from exc

    def _read(self, response: requests.Response, watchdog: _Watchdog) -> Answer:
        _check_status(response)
        if response.status_code == 304 and "If-None-Match" not in response.request.headers:
            raise FetchError("the server answered 304 to an unconditional request", kind="status")
        etag, max_age = response.headers.get("ETag"), _max_age(response.headers)
        if response.status_code == 304:
            return Answer(None, etag, max_age)
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding.strip().lower() not in ("identity", ""):
            raise FetchError(
                f"the answer is encoded ({encoding!r}), which was not asked for", kind="encoding"
            )
        body = _body(response.raw, self.max_bytes)
        if watchdog.barked:
            # A body without a length ends like a whole one when its socket is shut.
            raise FetchError("the answer was not complete in time", kind="timeout")
        return Answer(_parsed(body), etag, max_age)


class _Watchdog:
    """Shuts the sockets shown to it once its time is up, which ends any read or write on them."""

    def __init__(self, seconds: float) -> None:
        self.barked = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._bark)
        self._timer.daemon = True

    def watch(self, sock: socket.socket) -> socket.socket:
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

    def __enter__(self) -> _Watchdog:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        for sock in self._sockets:
            sock.close()


class _WatchedAdapter(HTTPAdapter):
    """requests' adapter with a TLS context of its own, whose connections a watchdog can end."""

    def __init__(self, context: ssl.SSLContext | None, watchdog: _Watchdog) -> None:
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


def checked_url(url: str, *, name: str, http: bool) -> str:
    """*url* if it can be fetched.

    Raises ``ConfigurationError`` naming *name*. *http*: whether plain http will do.
    """
    schemes = ("https", "http") if http else ("https",)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except (ValueError, AttributeError, TypeError) as exc:
        raise ConfigurationError(f"{name} {url!r} is no URL: {exc}") from exc
    if parts.scheme.lower() not in schemes or not host:
        expected = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ConfigurationError(f"{name} {url!r} has no usable scheme and host: expected {expected}...")
    return url


def _watched_session(url: str, context: ssl.SSLContext | None, watchdog: _Watchdog) -> Session:
    if context is None and url.startswith("https"):
        # Python's own default and not requests': it honours SSL_CERT_FILE and the system's certificates.
        context = ssl.create_default_context()
    session = Session()
    adapter = _WatchedAdapter(context, watchdog)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _sent(session: Session, url: str, headers: Mapping[str, str], timeout: float) -> requests.Response:
    # auth that does nothing: without it requests would look for a password in ~/.netrc.
    request = requests.Request("GET", url, headers=dict(headers), auth=session.auth or _no_auth)
    prepared = session.prepare_request(request)
    prepared.headers.pop("Cookie", None)
    target = prepared.url or url
    # The session's own word on verification is passed on, for otherwise REQUESTS_CA_BUNDLE would override it.
    settings: Any = session.merge_environment_settings(target, {}, True, session.verify, None)
    # The adapter and not the session sends: a session would follow redirects and keep cookies.
    return session.get_adapter(target).send(prepared, timeout=timeout, **settings)


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _worth_retrying(error: FetchError) -> bool:
    return error.kind == "connection" or error.http_status in _RETRIED_STATUS


def _translated(error: Exception, watchdog: _Watchdog) -> FetchError:
    if watchdog.barked or isinstance(error, requests.Timeout | TimeoutError):
        return FetchError("the server did not answer in time", kind="timeout")
    if isinstance(error, requests.exceptions.SSLError | ssl.SSLError):
        return FetchError("TLS failed: the server's certificate is not trusted", kind="tls")
    return FetchError("the server can't be reached", kind="connection")


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status in (200, 304):
        return
    if 300 <= status < 400:
        raise FetchError(f"redirects are not followed (HTTP {status})", kind="redirect", http_status=status)
    delay = _retry_after(response.headers.get("Retry-After"))
    kind = "gone" if status in (404, 410) else "status"
    raise FetchError(f"the server answered HTTP {status}", kind=kind, retry_after=delay, http_status=status)


def _body(raw: Any, most: int) -> bytes:
    body = b""
    # Read until it ends, not once: only at the end does urllib3 tell of a body that was cut short.
    while octets := raw.read(most + 1 - len(body), decode_content=False):
        body += octets
        if len(body) > most:
            raise FetchError(f"the answer is larger than {most} bytes", kind="too_large")
    return body


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait, from seconds or a date (RFC 9110 section 10.2.3); nonsense is no wish."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _max_age(headers: Mapping[str, str]) -> float | None:
    """What is left of the answer's freshness (RFC 9111 section 4.2).

    ``None`` where the server says nothing.
    """
    directives: dict[str, str] = {}
    for directive in headers.get("Cache-Control", "").lower().split(","):
        name, _, value = directive.strip().partition("=")
        directives.setdefault(name, value.strip('"'))
    if "no-store" in directives:
        return 0.0
    if not directives.get("max-age", "").isdecimal():
        return None
    age = headers.get("Age", "").strip()
    return max(0.0, float(directives["max-age"]) - (float(age) if age.isdecimal() else 0.0))


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as exc:
        raise FetchError("the answer is not JSON", kind="not_json") from exc
    if not isinstance(document, dict):
        raise FetchError("the answer is not a JSON object", kind="not_an_object")
    return document
