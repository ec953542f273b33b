"""One document over HTTP, JSON or a key in PEM, within a deadline and a size, whatever the server does.

What can't be ended from here is a name lookup that hangs in the C library, and a caller's own session; the
key source abandons such a fetch.
"""

from __future__ import annotations

import json
import random
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.request import parse_http_list

from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from jwks_auth.errors import KeySourceError
from jwks_auth.http.transport import FAILURES, Response, Session, Watchdog, is_timeout, is_tls_failure, opened
from jwks_auth.jose import is_pem, jwk_from_pem
from jwks_auth.runtime import elapsed

__all__ = ["Answer", "FetchError", "Fetcher", "max_age", "retry_after"]

_TYPES = (
    "application/jwk-set+json, application/json, */*;q=0.1"  # the last for keys in PEM, whatever its type
)
_ETAG = re.compile(r'(W/)?"[\x21\x23-\x7e]*"')
_RETRIED_STATUS = frozenset({502, 503, 504})
_PIECE = 65_536
"""Octets read at once: as many are set aside beforehand, whatever comes."""

_MOST_MARKS = 50_000
_MOST_DIGITS = 100

_SIX_HOURS = 21_600.0
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
    """Fetches documents for one issuer or key endpoint.

    *timeout* (seconds) bounds one :meth:`fetch` as a whole. *session* is a caller's own: its adapters,
    proxies, client certificates and CA settings are used, and nothing in it is changed.
    """

    headers: Mapping[str, Any] = field(repr=False)
    timeout: float
    ssl_context: ssl.SSLContext | None
    session: Session | None
    max_bytes: int
    clock: Callable[[], float] = elapsed
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

    def _headers(self, etag: str | None, revalidate: bool) -> dict[str, Any]:
        headers: dict[str, Any] = {
            "User-Agent": "jwks-auth",
            "Accept": _TYPES,
            "Accept-Encoding": "identity",
        }
        # A server's odd ETag, sent back, could make a request that can't be sent.
        if etag is not None and _ETAG.fullmatch(etag):
            headers["If-None-Match"] = etag
        if revalidate:
            headers["Cache-Control"] = "no-cache"
        for name, value in self.headers.items():
            headers[name] = value if isinstance(value, bytes) else str(value)
        return headers

    def _attempt(self, url: str, headers: Mapping[str, Any], deadline: float) -> Answer:
        remaining = deadline - self.clock()
        if remaining <= 0:
            raise FetchError("no time was left to fetch", kind="timeout")
        watchdog = Watchdog(remaining)
        opening = opened(url, headers, watchdog, ssl_context=self.ssl_context, session=self.session)
        try:
            with watchdog, opening as response:
                body = self._read(response)
        except FAILURES as exc:
            raise _translated(exc, watchdog) from exc
        if watchdog.barked:
            # A body without a length ends like a whole one when its socket is shut.
            raise FetchError("the answer was not complete in time", kind="timeout")
        document = None if body is None else _parsed(body)
        return Answer(document, response.headers.get("ETag"), max_age(response.headers))

    def _read(self, response: Response) -> bytes | None:
        """The body; ``None`` for a 304."""
        _check_status(response)
        if response.status_code == 304:
            return None
        if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
            raise FetchError("the answer is compressed, which was not asked for", kind="encoding")
        return _body(response.raw, self.max_bytes)


def max_age(headers: Mapping[str, str]) -> float | None:
    """Return the seconds left of the answer's freshness (RFC 9111 section 4.2); ``None`` where none is stated."""
    directives: dict[str, str] = {}
    for directive in parse_http_list(headers.get("Cache-Control", "").lower()):
        name, _, value = directive.partition("=")
        directives.setdefault(name, value.strip('"'))
    if "no-store" in directives:
        return 0.0
    if not directives.get("max-age", "").isdecimal():
        return None
    age = headers.get("Age", "").strip()
    return max(0.0, float(directives["max-age"]) - (float(age) if age.isdecimal() else 0.0))


def retry_after(value: str | None) -> float | None:
    """Return seconds to wait, six hours at most (RFC 9110 section 10.2.3); ``None`` for nonsense."""
    try:
        return None if value is None else min(Retry().parse_retry_after(value), _SIX_HOURS)
    except (InvalidHeader, ValueError, TypeError, OverflowError):
        return None


def _worth_retrying(error: FetchError) -> bool:
    return error.kind == "connection" or error.http_status in _RETRIED_STATUS


def _translated(error: BaseException, watchdog: Watchdog) -> FetchError:
    if watchdog.barked or is_timeout(error):
        return FetchError("the server did not answer in time", kind="timeout")
    if is_tls_failure(error):
        return FetchError("no TLS connection that can be trusted", kind="tls")
    return FetchError("the server can't be reached, or breaks off", kind="connection")


def _check_status(response: Response) -> None:
    status, conditional = response.status_code, "If-None-Match" in response.request.headers
    if status == 200 or (status == 304 and conditional):
        return
    if 300 <= status < 400 and status != 304:
        raise FetchError(f"redirects are not followed (HTTP {status})", kind="redirect", http_status=status)
    delay = retry_after(response.headers.get("Retry-After"))
    kind = "gone" if status in (404, 410) else "status"
    raise FetchError(f"the server answered HTTP {status}", kind=kind, retry_after=delay, http_status=status)


def _body(raw: Any, most: int) -> bytes:
    body = bytearray()
    # read1 and not read: given a chunk of negative size, http.client's read would take in all there is. And until
    # it ends: only then does urllib3 tell of a body that was cut short.
    while octets := raw.read1(min(_PIECE, most + 1 - len(body)), decode_content=False):
        body += octets
        if len(body) > most:
            raise FetchError(f"the answer is larger than {most} bytes", kind="too_large")
    return bytes(body)


def _parsed(body: bytes) -> dict[str, Any]:
    if is_pem(body) and body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return {"keys": [_from_pem(body)]}
    if sum(map(body.count, (b"{", b"[", b","))) > _MOST_MARKS:  # the parser holds up every other thread
        raise FetchError("the answer has more members than any key set", kind="too_large")
    try:
        document = json.loads(body.decode("utf-8-sig"), parse_int=_short)
    except (ValueError, RecursionError) as exc:
        raise FetchError("the answer is not JSON", kind="not_json") from exc
    if not isinstance(document, dict):
        raise FetchError("the answer is not a JSON object", kind="not_an_object")
    return document


def _from_pem(body: bytes) -> dict[str, Any]:
    try:
        return jwk_from_pem(body)
    except ValueError as exc:
        raise FetchError(f"the answer is no key: {exc}", kind="not_a_key_set") from exc


def _short(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:  # thousands take their time, and no member of a key set is a number
        raise ValueError("a number of too many digits")
    return int(digits)
