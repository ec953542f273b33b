"""``Authenticator``, which adapters call: it takes header values, and returns a token or a finished answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from jwks_auth.challenge import DEFAULT_REALM, DEFAULT_SCHEME
from jwks_auth.claims import AnyAudience, Policy, VerifiedToken, refuse_bound
from jwks_auth.errors import MissingTokenError, Refused
from jwks_auth.request.answers import Rejection
from jwks_auth.request.credentials import Credentials
from jwks_auth.request.log import tell_refusal, tell_trust
from jwks_auth.request.logout import LogoutEndpoint
from jwks_auth.request.memo import Admission, Memo
from jwks_auth.request.refusals import Refusals
from jwks_auth.request.requirement import Requirement
from jwks_auth.request.service import Given, Service
from jwks_auth.request.sources import Sources
from jwks_auth.runtime import RawToken
from jwks_auth.settings import Settings
from jwks_auth.telemetry import telemetry_of, watching
from jwks_auth.verifier import TokenVerifier, Verifier, asked_audience

if TYPE_CHECKING:
    from jwks_auth.verifier import Explanation

__all__ = ["Authenticator"]

ANY_GOOD_TOKEN = Requirement()


class Authenticator(Service):
    """Verifies the credentials of requests against requirements, with the verifier that settings describe.

    A verifier may stand in place of settings. *verifier*, anything with the methods of a
    :class:`~jwks_auth.Verifier`, replaces the one that settings describe.

    *on_verified* is called with the token once in a request, *on_rejected* with the error of each refused request that
    had credentials, and *on_event* with key refreshes. *clock* returns seconds since 1970. With *has_csrf* the
    framework judges unsafe requests with a token in a cookie itself, but for WebSockets. *in_tests* tells whether tests
    run, if the framework knows; outside of tests the keys of a ``FakeIssuer`` are refused. *server_span* returns the
    span of the server from a request's own mapping, for a framework that puts others in front of it. The constructor
    does no I/O, and raises :class:`ConfigurationError`.
    """

    _sources: Sources

    def __init__(
        self,
        settings: Settings | Mapping[str, Any] | Verifier,
        *,
        verifier: Verifier | None = None,
        on_verified: Callable[[VerifiedToken], object] | None = None,
        on_rejected: Callable[[Refused], object] | None = None,
        on_event: Callable[[Any], object] | None = None,
        clock: Callable[[], float] = time.time,
        has_csrf: bool = False,
        in_tests: bool | None = None,
        server_span: Callable[[Any], Any] | None = None,
    ) -> None:
        self.settings = Settings.of(settings)
        self._given = Given(verifier, on_verified, on_rejected, on_event, clock, has_csrf, server_span)
        described = self.settings.verifier(on_event=on_event, in_tests=in_tests)
        self._described = described if isinstance(described, TokenVerifier) else None
        self._logout = LogoutEndpoint.of(self.settings.shared, self.settings.label, self._described)
        self.verifier: Verifier = described if verifier is None else Settings.read("VERIFIER", verifier)
        shared = self.settings.shared
        first, *_ = schemes = shared.get("AUTH_SCHEMES", (DEFAULT_SCHEME,))
        self._schemes: dict[str, str] = {scheme.lower(): first for scheme in schemes}
        self._clock, self._on_verified = clock, on_verified
        self._possession = self._proofs(shared, self.settings.label)
        self._sources = Sources(
            self.verifier, shared, self._schemes, self._possession.offer, has_csrf=has_csrf
        )
        self.vary = self._sources.vary
        """The request headers on which each answer of a route with a requirement depends."""
        self._checked: set[object] = set()
        self._resources = self._described_resources(shared)
        self.realm: str = shared.get("REALM", DEFAULT_REALM)
        self._telemetry = telemetry_of(
            shared, self.verifier, label=self.settings.label, schemes=schemes, server_span=server_span
        )
        self._refusals = self._refusing(shared, on_rejected)
        tell_trust(self.verifier)
        for hear in self.made:
            hear(self)

    def _refusing(self, shared: Mapping[str, Any], on_rejected: Any) -> Refusals:
        return Refusals(
            self.realm,
            self._schemes,
            self.vary,
            self._clock,
            self._resources.url_for,
            on_rejected,
            partial(tell_refusal, verifier=self._described),
            shared.get("ERROR_BODY", "rfc6750"),
            self._possession.offer,
            self._telemetry,
        )

    def authenticate(
        self, credentials: Credentials, requirement: Requirement = ANY_GOOD_TOKEN
    ) -> VerifiedToken | None:
        """Return the verified token; ``None`` only if *requirement* is optional and no token was sent.

        A request is verified once, for any number of requirements: its :class:`Memo` remembers the token. Raises
        :class:`Refused`; :meth:`rejection` makes the answer.
        """
        self.check(requirement)
        memo = Memo.on(credentials.kept, self)
        memo.asks(requirement.audience, requirement.policy)
        if self._telemetry is not None and self._telemetry.instruments.watched:
            memo.began = self._telemetry.clock()
        try:
            raw = self._sent(credentials, requirement, memo)
            if raw is None:
                return None
            token = memo.token or memo.keep(raw, self.verifier.verify_any_audience(raw))
            ways = self._possession.ways(token, as_dpop=memo.is_dpop)
            if self._sources.differ:
                self._sources.check(token, memo)
            if memo.admission is not None:
                token.check_audience(asked_audience(requirement))
            else:
                self.verifier.admit(token, asked_audience(requirement))
                if ways:
                    token = memo.own(self._possession.prove(ways, token, credentials))
                self._admit(token, memo, credentials)
            self._hold(token, requirement)
            return token
        except Refused as error:
            self._refusals.tell(error, memo, credentials, requirement)
            raise

    async def aauthenticate(
        self, credentials: Credentials, requirement: Requirement = ANY_GOOD_TOKEN
    ) -> VerifiedToken | None:
        """Do as :meth:`authenticate`, on an event loop, which it never blocks."""
        self.check(requirement)
        memo = Memo.on(credentials.kept, self)
        memo.asks(requirement.audience, requirement.policy)
        if self._telemetry is not None and self._telemetry.instruments.watched:
            memo.began = self._telemetry.clock()
        try:
            raw = self._sent(credentials, requirement, memo)
            if raw is None:
                return None
            token = memo.token or memo.keep(raw, await self.verifier.averify_any_audience(raw))
            ways = self._possession.ways(token, as_dpop=memo.is_dpop)
            if self._sources.differ:
                self._sources.check(token, memo)
            if memo.admission is not None:
                token.check_audience(asked_audience(requirement))
            else:
                await self.verifier.aadmit(token, asked_audience(requirement))
                if ways:
                    token = memo.own(await self._possession.aprove(ways, token, credentials))
                self._admit(token, memo, credentials)
            self._hold(token, requirement)
            return token
        except Refused as error:
            self._refusals.tell(error, memo, credentials, requirement)
            raise

    def verify(self, raw: RawToken) -> VerifiedToken:
        """Verify *raw*, which came without a request, for the service's own audience, and return the token."""
        with watching(self._telemetry) as watch:
            token = watch.about(self.verifier.verify_any_audience(raw))
            refuse_bound(token, self._possession.shared)
            self.verifier.admit(token)
            return token

    async def averify(self, raw: RawToken) -> VerifiedToken:
        """Do as :meth:`verify`, on an event loop."""
        with watching(self._telemetry) as watch:
            token = watch.about(await self.verifier.averify_any_audience(raw))
            refuse_bound(token, self._possession.shared)
            await self.verifier.aadmit(token)
            return token

    def check(self, requirement: Requirement) -> None:
        """Raise ``ConfigurationError`` for a route's audience or issuer that no token can have.

        Adapters call this where a route is declared, or on its first request if the authenticator is unknown before.
        """
        issuers, audience = requirement.issuers, requirement.audience
        key = (issuers, audience) if issuers else audience
        if key in self._checked:
            return
        if self._described is not None:
            self._described.check_declared(None if issuers else audience, issuers)
        self._resources.add(audience)
        self._checked.add(key)

    def accepts(self, audience: Iterable[str] | AnyAudience) -> bool:
        """Return whether every token for *audience* is for this service; true for a custom verifier."""
        return self._described is None or self._described.accepts(audience)

    def explain(
        self, raw: RawToken, *, requirement: Requirement | Sequence[Requirement] = (), claims: Any = None
    ) -> Explanation:
        """Return each step that *raw* passes, and the one that fails; for developers alone, because it shows claims.

        *requirement*, one or several, and *claims*, a model, are those of a route.
        """
        from jwks_auth.verifier import explained  # with all the hints, which only developers ask for

        if self._described is not None:
            return self._described.explain(raw, requirement=requirement, claims=claims)
        asked = (requirement,) if isinstance(requirement, Requirement) else tuple(requirement)
        return explained(self.verify, raw, asked, claims)

    def judge(self, token: VerifiedToken, requirement: Requirement, credentials: Credentials) -> None:
        """Judge an admitted token by one more requirement, except for its audience. Raises ``Refused``."""
        Memo.on(credentials.kept, self).asks(None, requirement.policy)
        self._hold(token, requirement)

    def rejection(
        self, error: Refused, credentials: Credentials, policies: Iterable[Policy] = ()
    ) -> Rejection:
        """Return the answer to a refused request (RFC 6750 section 3); 503 if the client is not at fault.

        Its challenge has the request's scheme, and names every scope that the route needs, by all policies that were
        judged before and by those that the adapter knows. The refusal is logged and passed to *on_rejected*, once.
        """
        memo = Memo.on(credentials.kept, self)
        self._refusals.tell(error, memo, credentials)
        return self._refusals.answer(error, credentials, memo, policies)

    def _sent(self, credentials: Credentials, requirement: Requirement, memo: Memo) -> RawToken | None:
        """Return the token as it was sent; ``None`` if none was sent and *requirement* is optional."""
        if credentials.varies:
            memo.vary = (*self.vary, *credentials.varies)
        raw = self._sources.sent(credentials, memo)
        if raw is None:
            if requirement.optional:
                return None
            raise MissingTokenError
        if memo.raw is not None and memo.raw != raw:
            memo.forget()  # the request was given another token on its way
        memo.raw = credentials.sent = raw
        return raw

    def _admit(self, token: VerifiedToken, memo: Memo, credentials: Credentials) -> None:
        """Remember that the request is admitted, and tell of it."""
        memo.admission = Admission(token, memo.headers)
        if self._telemetry is not None and (memo.began is not None or self._telemetry.context()):
            self._telemetry.admitted(token, memo, credentials)
        if self._on_verified is not None:
            self._on_verified(token)

    def _hold(self, token: VerifiedToken, requirement: Requirement) -> None:
        """Judge the token by what *requirement* asks besides an audience."""
        requirement.judge(token, self._clock())
        if requirement.policy is not None:
            self.note_allowed(token)
