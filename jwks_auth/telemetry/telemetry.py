"""``Telemetry``: the requests of one authenticator, as OpenTelemetry sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Any, Protocol

from jwks_auth.errors import KeySourceError, MissingTokenError, Refused
from jwks_auth.telemetry.cells import MOST_WAITING, Cell
from jwks_auth.telemetry.fetches import Fetches, observe
from jwks_auth.telemetry.instruments import INSTRUMENTS, Instruments
from jwks_auth.telemetry.spans import ServerSpans, get_current, subject_in
from jwks_auth.telemetry.tallies import Tally
from jwks_auth.telemetry.watch import TokenT, Watch
from jwks_auth.telemetry.words import ERROR_TYPE, ISSUER, REPLAYED, RESULT

__all__ = ["Telemetry"]

_SUCCESS = {RESULT: "success"}


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
    source: Any
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
        self._verifier, self.instruments, self.clock = verifier, instruments, clock
        self._schemes = {each.lower(): each.lower() for each in (*schemes, "DPoP")}
        self._tells_scheme = len(self._schemes) < 3  # where a token stood tells its scheme
        self._is_nameless = subject == "off"
        self._subject, self._tell = subject, ServerSpans(server_span).tell
        self._issuers = {each.issuer: each.issuer for each in verifier.issuers}
        self._admitted: dict[tuple[str | None, str | None], Cell] = {}
        self._allowed: dict[str | None, Tally] = {}
        instruments.join(self)
        for issuer in verifier.issuers:
            observe(issuer, Fetches(instruments, issuer.issuer))
        if (preparation := getattr(verifier, "preparation", None)) is not None:
            preparation.on_tenant = partial(observe, observer=Fetches(instruments, None))

    context = staticmethod(get_current)
    """Returns the context here; an empty one where nobody traces."""

    def admitted(self, token: _Token, memo: _Memo, credentials: _Credentials) -> None:
        """Count a token that was admitted, if the time of its beginning was noted, and tell the span."""
        if memo.began is not None:
            cell = self._admitted.get((memo.source, token.issuer))
            if cell is None:
                cell = self._cell(token, memo, credentials)
            cell.append(self.clock() - memo.began)
            if len(cell) >= MOST_WAITING:
                self.instruments.authentications.relieve(cell)
        if self.context():
            self._tell(credentials.kept, _SUCCESS if self._is_nameless else self._told(token))

    def allowed(self, token: _Token) -> None:
        """Count a token that a route's policy allows."""
        (self._allowed.get(token.issuer) or self._allowing(token)).add()

    def refused(self, error: Refused, memo: _Memo, credentials: _Credentials) -> None:
        """Count a refusal: of the sender, or once a token was admitted, of what it asks."""
        result, code = _result(error), self.instruments.codes(getattr(error, "code", None))
        if memo.admission is not None:
            result = "unavailable" if isinstance(error, KeySourceError) else "denied"
        if self.instruments.watched:
            issuer = None if memo.token is None else self._issuers.get(memo.token.issuer or "")
            if memo.admission is not None:
                self.instruments.authorizations.add((result, code, issuer))
            else:
                scheme, now = self._schemes.get(credentials.scheme), self.clock()
                began = now if memo.began is None else memo.began
                self._count((result, code, scheme, issuer), now - began)
        self._tell(credentials.kept, {RESULT: result, ERROR_TYPE: code})

    def watch(self) -> Watch:
        """Return a context that counts and times a verification without a request."""
        return _Counted(self, self.clock())

    def count(self, error: Refused | None, token: Any, seconds: float) -> None:
        """Count what was judged without a request; *token* is ``None`` if its issuer is not known."""
        issuer = None if token is None else self._issuers.get(token.issuer or "")
        if error is None:
            result, code, told = "success", None, self._told(token)
        else:
            result, code = _result(error), self.instruments.codes(error.code)
            told = {RESULT: result, ERROR_TYPE: code}
        if self.instruments.watched:
            self._count((result, code, None, issuer), seconds)
        self._tell({}, told)

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

    def _told(self, token: _Token) -> Mapping[str, str]:
        if self._is_nameless:
            return _SUCCESS
        return {**_SUCCESS, **subject_in(self._subject, token.issuer, token.subject)}

    def _cell(self, token: _Token, memo: _Memo, credentials: _Credentials) -> Cell:
        """Return the cell of a token that is admitted, and remember it; not by an issuer that tokens made known."""
        issuer = self._issuers.get(token.issuer or "")
        cell = self.instruments.authentications.cell(
            ("success", None, self._schemes.get(credentials.scheme), issuer)
        )
        if issuer is not None and self._tells_scheme:
            self._admitted[memo.source, issuer] = cell
        return cell

    def _allowing(self, token: _Token) -> Tally:
        issuer = self._issuers.get(token.issuer or "")
        tally = self.instruments.authorizations.tally(("allowed", None, issuer))
        if issuer is not None:
            self._allowed[issuer] = tally
        return tally

    def _count(self, key: tuple[str, str | None, str | None, str | None], seconds: float) -> None:
        self.instruments.authentications.add(key, seconds)
        if key[1] == REPLAYED:
            self.instruments.replays.add((key[3],))


def _result(error: Refused) -> str:
    if isinstance(error, MissingTokenError):
        return "missing"
    return "unavailable" if isinstance(error, KeySourceError) else "failure"


class _Counted(Watch):
    """A verification without a request, which *telemetry* counts."""

    __slots__ = ("_began", "_telemetry", "_token")

    def __init__(self, telemetry: Telemetry, began: float) -> None:
        self._telemetry, self._began = telemetry, began
        self._token: Any = None

    def about(self, token: TokenT) -> TokenT:
        self._token = token
        return token

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, Refused):
            self._telemetry.count(error, self._token, self._telemetry.clock() - self._began)
