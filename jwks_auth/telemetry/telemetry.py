"""``Telemetry``: the requests of one authenticator, as OpenTelemetry sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Any, Protocol

from opentelemetry.trace import Span

from jwks_auth.errors import KeySourceError, MissingTokenError, Refused
from jwks_auth.telemetry.fetches import Fetches, observe
from jwks_auth.telemetry.instruments import INSTRUMENTS, Instruments
from jwks_auth.telemetry.spans import ServerSpans, subject_in, tell
from jwks_auth.telemetry.watch import Watch
from jwks_auth.telemetry.words import ERROR_TYPE, ISSUER, REPLAYED, RESULT

__all__ = ["Began", "Telemetry"]

_SUCCESS = {RESULT: "success"}


Began = tuple[float, str | None, Span | None]
"""The beginning of a request's authentication: its time, its scheme if that is known, and its server's span."""


class _Credentials(Protocol):
    @property
    def scheme(self) -> str: ...
    @property
    def kept(self) -> Any: ...


class _Token(Protocol):
    @property
    def issuer(self) -> str | None: ...
    @property
    def subject(self) -> str | None: ...


class _Memo(Protocol):
    began: Any
    token: Any
    admission: Any


class Telemetry:
    """Counts and times what is judged of requests with *verifier*, and tells their servers' spans.

    No value of an attribute is a client's: issuers are those of *verifier*, schemes one of *schemes*, and codes a few.
    *subject* is ``hash`` or ``plain`` for spans that name the user.
    """

    def __init__(
        self,
        verifier: Any,
        *,
        schemes: Iterable[str],
        subject: str = "off",
        server_span: Callable[[Any], Any] | None = None,
        instruments: Instruments = INSTRUMENTS,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._verifier, self._instruments, self._clock = verifier, instruments, clock
        self._schemes = {each.lower(): each.lower() for each in (*schemes, "DPoP")}
        self._subject, self._span_of = subject, ServerSpans(server_span).of
        self._issuers = {each.issuer: each.issuer for each in verifier.issuers}
        instruments.services.add(self)
        instruments.begin()
        for issuer in verifier.issuers:
            observe(issuer, Fetches(instruments, issuer.issuer))
        if (preparation := getattr(verifier, "preparation", None)) is not None:
            preparation.on_tenant = partial(observe, observer=Fetches(instruments, None))

    def began(self, credentials: _Credentials) -> Began:
        """Return the beginning of a request's authentication: now."""
        return self._clock(), self._schemes.get(credentials.scheme), self._span_of(credentials.kept)

    def admitted(self, token: _Token, began: Began) -> None:
        """Count a token that was admitted."""
        self._count("success", None, began, self._issuers.get(token.issuer or ""))
        if began[2] is not None:
            named = {} if self._subject == "off" else subject_in(self._subject, token.issuer, token.subject)
            tell(began[2], {RESULT: "success", **named} if named else _SUCCESS)

    def allowed(self, token: _Token) -> None:
        """Count a token that a route's policy allows."""
        self._instruments.authorizations.add(("allowed", None, self._issuers.get(token.issuer or "")))

    def refused(self, error: Refused, memo: _Memo, credentials: _Credentials) -> None:
        """Count a refusal: of the sender, or once a token was admitted, of what it asks."""
        began = memo.began or self.began(credentials)
        code, token = self._instruments.codes(getattr(error, "code", None)), memo.token
        issuer = None if token is None else self._issuers.get(token.issuer or "")
        if memo.admission is None:
            result = _result(error)
            self._count(result, code, began, issuer)
        else:
            result = "unavailable" if isinstance(error, KeySourceError) else "denied"
            self._instruments.authorizations.add((result, code, issuer))
        tell(began[2], {RESULT: result, ERROR_TYPE: code})

    def watch(self) -> Watch:
        """Return a context that counts and times a verification without a request."""
        return _Counted(self, (self._clock(), None, None))

    def count(self, error: Refused | None, token: Any, began: Began) -> None:
        """Count what was judged without a request; *token* is ``None`` if its issuer is not known."""
        issuer = None if token is None else self._issuers.get(token.issuer or "")
        if error is None:
            self._count("success", None, began, issuer)
        else:
            self._count(_result(error), self._instruments.codes(error.code), began, issuer)

    def ages(self) -> Iterator[tuple[float, Mapping[str, str]]]:
        """Yield the age of each configured issuer's keys, if it has any."""
        for issuer in self._verifier.issuers:
            health = issuer.health()
            if health is not None and health.age is not None:
                yield health.age, {ISSUER: issuer.issuer}

    def lookups(self) -> tuple[int, int] | None:
        """Return the hits and the misses of the cache of tokens, if there is one."""
        health = getattr(self._verifier, "health", None)
        cache = None if health is None else getattr(health(), "token_cache", None)
        return None if cache is None else (cache.hits, cache.misses)

    def _count(self, result: str, code: str | None, began: Began, issuer: str | None) -> None:
        at, scheme, _ = began
        instruments, key = self._instruments, (result, code, scheme, issuer)
        cell = instruments.cells.get(key) or instruments.cell(key)
        cell[0]()
        instruments.durations.add(self._clock() - at, cell[1])
        if code == REPLAYED:
            instruments.replays.add((issuer,))


def _result(error: Refused) -> str:
    if isinstance(error, MissingTokenError):
        return "missing"
    return "unavailable" if isinstance(error, KeySourceError) else "failure"


class _Counted(Watch):
    """A verification without a request, which *telemetry* counts."""

    def __init__(self, telemetry: Telemetry, began: Began) -> None:
        self._telemetry, self._began = telemetry, began

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, Refused):
            self._telemetry.count(error, self.token, self._began)
