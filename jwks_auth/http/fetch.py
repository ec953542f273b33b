"""One document over HTTP, or the answer to a form, within a deadline and a size, whatever the server does.

Two things can't be interrupted: a name lookup that hangs in the C library, and a session of the caller's. The key
source gives up waiting for them.
"""

from __future__ import annotations

import logging
import random
import re
import ssl
import time
import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from typing import Any

from jwks_auth.challenge import fields
from jwks_auth.http.answer import Answer, FetchError, Posted
from jwks_auth.http.bearer import bearer_in
from jwks_auth.http.body import body_of, document_in, max_age
from jwks_auth.http.causes import LATE, NAMED_BY, cause_of, chain
from jwks_auth.http.network import Network
from jwks_auth.http.transport import (
    FAILURES,
    Outgoing,
    Watchdog,
    is_timeout,
    is_tls_failure,
    opened,
    proxy_of,
)
from jwks_auth.http.urls import Origin, origin_of
from jwks_auth.runtime import dataclass, elapsed

__all__ = ["Fetcher"]

log = logging.getLogger("jwks_auth")

_TYPES = "application/jwk-set+json, application/json, */*;q=0.1"  # */* for keys in PEM, of any media type
_COMMON = {"User-Agent": "jwks-auth", "Accept-Encoding": "identity"}
_ETAG = re.compile(r'(W/)?"[\x21\x23-\x7e]*"')
_RETRIED_STATUS = frozenset({502, 503, 504})
_UNAUTHORIZED = frozenset({401, 403})

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Fetches documents for one issuer or key endpoint.

    *timeout* (seconds) bounds one :meth:`fetch` as a whole. *headers* and the token in the *network*'s file are sent
    to the *origins* only (``None``: to any), never to another host that a document names.
    """

    network: Network
    headers: Mapping[str, Any] = field(repr=False)
    timeout: float
    ssl_context: ssl.SSLContext | None
    origins: Collection[Origin] | None = None
    clock: Callable[[], float] = elapsed
    sleep: Callable[[float], object] = time.sleep
    rng: Callable[[], float] = random.random

    def fetch(
        self,
        url: str,
        *,
        named: str = "JWKS_URI",
        etag: str | None = None,
        revalidate: bool = False,
        deadline: float | None = None,
    ) -> Answer:
        """The JSON object at *url*; raises :class:`FetchError`.

        *named* is the setting or member that names the address, for a log. *etag* makes the request conditional.
        *revalidate* has caches on the way ask the server again. *deadline* is a point on the clock, for a caller that
        has already used some of the time.
        """
        outgoing = self._outgoing(url, lambda: self._headers(url, etag, revalidate))
        body, headers = self._twice(url, outgoing, deadline, named=named)
        document = None if body is None else document_in(body)
        return Answer(document, headers.get("ETag"), max_age(headers))

    def post(
        self,
        url: str,
        form: Callable[[], bytes],
        headers: Callable[[], Mapping[str, str]],
        *,
        named: str,
        deadline: float | None = None,
    ) -> Posted:
        """Return the answer to a *form*, sent with these *headers* too; raises as :meth:`fetch`.

        Both are made for each attempt, and hold the credentials: no other ``Authorization`` is sent.
        """

        def made() -> dict[str, Any]:
            shared = {
                name: value for name, value in self._own(url).items() if name.lower() != "authorization"
            }
            return {**_COMMON, **shared, "Content-Type": "application/x-www-form-urlencoded", **headers()}

        body, answered = self._twice(url, self._outgoing(url, made, form), deadline, named=named)
        return Posted(body or b"", answered.get("Content-Type", "").partition(";")[0].strip().lower())

    def _outgoing(
        self, url: str, made: Callable[[], dict[str, Any]], form: Callable[[], bytes] | None = None
    ) -> Outgoing:
        with_cookie = self._is_trusted(url) and any(name.lower() == "cookie" for name in self.headers)
        return Outgoing(made, with_cookie=with_cookie, form=form)

    def _twice(
        self, url: str, headers: Outgoing, deadline: float | None, *, named: str
    ) -> tuple[bytes | None, Mapping[str, str]]:
        """Return body and headers of the answer, at the second attempt if the first one fails by chance."""
        deadline = self.clock() + self.timeout if deadline is None else deadline
        try:
            return self._attempt(url, headers, deadline, named=named)
        except FetchError as exc:
            pause = _SHORTEST_PAUSE + (_LONGEST_PAUSE - _SHORTEST_PAUSE) * self.rng()
            if not _worth_retrying(exc) or self.clock() + pause >= deadline:
                raise
        self.sleep(pause)
        return self._attempt(url, headers, deadline, named=named)

    def _headers(self, url: str, etag: str | None, revalidate: bool) -> dict[str, Any]:
        headers: dict[str, Any] = {**_COMMON, "Accept": _TYPES}
        # A malformed ETag of the server's, sent back, would make the request invalid.
        if etag is not None and _ETAG.fullmatch(etag):
            headers["If-None-Match"] = etag
        if revalidate:
            headers["Cache-Control"] = "no-cache"
        headers.update(self._own(url))
        if self.network.bearer_file is not None and self._is_trusted(url):
            headers["Authorization"] = f"Bearer {bearer_in(self.network.bearer_file)}"
        return headers

    def _own(self, url: str) -> dict[str, Any]:
        """Return the configured headers, if *url* may have them."""
        given = self.headers.items() if self._is_trusted(url) else ()
        return {name: value if isinstance(value, bytes) else str(value) for name, value in given}

    def _is_trusted(self, url: str) -> bool:
        return self.origins is None or origin_of(url) in self.origins

    def _attempt(
        self, url: str, headers: Outgoing, deadline: float, *, named: str
    ) -> tuple[bytes | None, Mapping[str, str]]:
        remaining = deadline - self.clock()
        if remaining <= 0:
            raise FetchError("no time was left to fetch", kind="timeout")
        watchdog = Watchdog(remaining)
        opening = opened(
            url,
            headers,
            watchdog,
            ssl_context=self.ssl_context,
            ca_file=self.network.ca_file,
            session=self.network.session,
        )
        try:
            with watchdog, opening as response:
                body = body_of(response, self.network.max_bytes)
        except FetchError as exc:
            raise self._unauthorized(exc, url) from None
        except Exception as exc:  # noqa: BLE001 - code of the caller's session or of a test tool may have failed
            raise self._failed(exc, url, watchdog, named=named) from _without_frames(exc)
        if watchdog.barked:
            # A body without a stated length looks complete when the watchdog shuts its socket.
            raise FetchError("the answer was not complete in time", kind="timeout")
        return body, response.headers

    def _failed(self, error: Exception, url: str, watchdog: Watchdog, *, named: str) -> FetchError:
        if not isinstance(error, FAILURES):
            return self._unforeseen(error)
        cause = cause_of(error, url=url, named=named, proxy=proxy_of(url, self.network.session))
        if watchdog.barked or is_timeout(error) or is_timeout(list(chain(error))[-1]):
            told = cause if cause.endswith(LATE) else "the server did not answer in time"
            return FetchError(told, kind="timeout")
        if self.network.session is not None:  # which knows of no other authorities than its own
            cause = cause.replace(NAMED_BY, "(the session's verify names an authority)")
        kind = "tls" if is_tls_failure(error) else "connection"
        return FetchError(cause, kind=kind)

    def _unforeseen(self, error: Exception) -> FetchError:
        name = type(error).__name__
        if self.network.session is not None:
            return FetchError(f"the session failed: {name}", kind="callback")
        # As text: an error report with the frames themselves would show the headers in them.
        told = "".join(traceback.format_exception(error))
        log.error("a fetch failed unexpectedly:\n%s", told, extra=fields("fetch_failed", kind="internal"))
        return FetchError(f"the fetch failed unexpectedly: {name}", kind="internal")

    def _unauthorized(self, error: FetchError, url: str) -> FetchError:
        """Return *error*, with the reason if the server refuses a request from which credentials were kept back."""
        withheld = bool(self.headers or self.network.bearer_file) and not self._is_trusted(url)
        if error.http_status not in _UNAUTHORIZED or not withheld:
            return error
        told = (
            f"{error}: HEADERS and BEARER_FILE go only to the configured host, and the metadata names another"
        )
        return FetchError(told, kind=error.kind, retry_after=error.retry_after, http_status=error.http_status)


def _worth_retrying(error: FetchError) -> bool:
    return error.kind == "connection" or error.http_status in _RETRIED_STATUS


def _without_frames(error: BaseException) -> BaseException:
    """Return *error* without the frames of it and of its causes, which show the headers that were sent."""
    for each in chain(error):
        each.__traceback__ = None
    return error
