"""``Authenticator``, which adapters call: it takes header values, and returns a token or a finished answer."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from jwks_auth.challenge import DEFAULT_REALM, DEFAULT_SCHEME
from jwks_auth.claims import (
    DEFAULT_MAPPING,
    AnyAudience,
    ClaimMapping,
    VerifiedToken,
    check_audience,
    refuse_bound,
)
from jwks_auth.errors import AuthError, KeySourceError, MissingTokenError, Refused
from jwks_auth.request.answers import Rejection
from jwks_auth.request.bearer import bearer_token
from jwks_auth.request.credentials import Credentials
from jwks_auth.request.log import tell_refusal, tell_trust
from jwks_auth.request.memo import Admission, Memo
from jwks_auth.request.requirement import Requirement
from jwks_auth.runtime import RawToken, forget_frames
from jwks_auth.settings import Settings
from jwks_auth.verifier import Explanation, Issuer, TokenVerifier, Verifier, asked_audience, explained

__all__ = ["Authenticator"]

log = logging.getLogger("jwks_auth")

ANY_GOOD_TOKEN = Requirement()


class Authenticator:
    """Verifies the credentials of requests against requirements, with the verifier that settings describe.

    A verifier may stand in place of settings. *verifier*, anything with the methods of a
    :class:`~jwks_auth.Verifier`, replaces the one that settings describe.

    *on_verified* is called with the token once in a request, *on_rejected* with the error of each refused request that
    had credentials, and *on_event* with key refreshes. *header* names the request header that has tokens. *in_tests*
    tells whether tests run, if the framework knows; outside of tests the keys of a ``FakeIssuer`` are refused. The
    constructor does no I/O, and raises :class:`ConfigurationError`.
    """

    def __init__(
        self,
        settings: Settings | Mapping[str, Any] | Verifier,
        *,
        verifier: Verifier | None = None,
        on_verified: Callable[[VerifiedToken], object] | None = None,
        on_rejected: Callable[[Refused], object] | None = None,
        on_event: Callable[[Any], object] | None = None,
        header: str = "Authorization",
        in_tests: bool | None = None,
    ) -> None:
        self.settings = Settings.of(settings)
        described = self.settings.verifier(on_event=on_event, in_tests=in_tests)
        self._described = described if isinstance(described, TokenVerifier) else None
        self.verifier: Verifier = described if verifier is None else Settings.read("VERIFIER", verifier)
        self.vary = (header,)
        """The request headers on which each answer of a route with a requirement depends."""
        self._schemes = {DEFAULT_SCHEME.lower(): DEFAULT_SCHEME}
        self.realm: str = self.settings.shared.get("REALM", DEFAULT_REALM)
        self.resource_metadata: str | None = self.settings.shared.get("RESOURCE_METADATA")
        self._header = None if header.lower() == "authorization" else header
        self._checked: set[tuple[str, ...] | AnyAudience | None] = {None}
        self._on_verified = on_verified
        self._on_rejected = on_rejected
        tell_trust(self.verifier)

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers whose tokens are accepted."""
        return self.verifier.issuers

    def authenticate(
        self, credentials: Credentials, requirement: Requirement = ANY_GOOD_TOKEN
    ) -> VerifiedToken | None:
        """Return the verified token; ``None`` only if *requirement* is optional and no token was sent.

        A request is verified once, for any number of requirements: its :class:`Memo` remembers the token. Raises
        :class:`Refused`; :meth:`rejection` makes the answer.
        """
        self.check(requirement)
        memo = Memo.on(credentials.kept, self)
        try:
            raw = self._sent(credentials, requirement, memo)
            if raw is None:
                return None
            token = memo.token or memo.keep(raw, self.verifier.verify_any_audience(raw))
            refuse_bound(token)
            if memo.admission is None:
                self.verifier.admit(token, asked_audience(requirement))
            return self._judged(token, requirement, memo)
        except Refused as error:
            self._tell(error, memo, credentials, requirement)
            raise

    async def aauthenticate(
        self, credentials: Credentials, requirement: Requirement = ANY_GOOD_TOKEN
    ) -> VerifiedToken | None:
        """Do as :meth:`authenticate`, on an event loop, which it never blocks."""
        self.check(requirement)
        memo = Memo.on(credentials.kept, self)
        try:
            raw = self._sent(credentials, requirement, memo)
            if raw is None:
                return None
            token = memo.token or memo.keep(raw, await self.verifier.averify_any_audience(raw))
            refuse_bound(token)
            if memo.admission is None:
                await self.verifier.aadmit(token, asked_audience(requirement))
            return self._judged(token, requirement, memo)
        except Refused as error:
            self._tell(error, memo, credentials, requirement)
            raise

    def verify(self, raw: RawToken) -> VerifiedToken:
        """Verify *raw*, which came without a request, for the service's own audience, and return the token."""
        token = self.verifier.verify_any_audience(raw)
        refuse_bound(token)
        self.verifier.admit(token)
        return token

    async def averify(self, raw: RawToken) -> VerifiedToken:
        """Do as :meth:`verify`, on an event loop."""
        token = await self.verifier.averify_any_audience(raw)
        refuse_bound(token)
        await self.verifier.aadmit(token)
        return token

    def check(self, requirement: Requirement) -> None:
        """Raise ``ConfigurationError`` for a route's audience or issuer that no token can have.

        Adapters call this where a route is declared, or on its first request if the authenticator is unknown before.
        """
        issuers, audience = requirement.issuers, requirement.audience
        key = ("from", *issuers) if issuers else audience
        if key in self._checked:
            return
        if self._described is not None:
            self._described.check_declared(None if issuers else audience, issuers)
        self._checked.add(key)

    def accepts(self, audience: Iterable[str] | AnyAudience) -> bool:
        """Return whether every token for *audience* is for this service; true for a custom verifier."""
        return self._described is None or self._described.accepts(audience)

    def mapping_of(self, issuer: str) -> ClaimMapping:
        """Return the claim mapping of *issuer*, from the settings."""
        return DEFAULT_MAPPING if self._described is None else self._described.mapping_of(issuer)

    def explain(
        self, raw: RawToken, *, requirement: Requirement | Sequence[Requirement] = (), claims: Any = None
    ) -> Explanation:
        """Return each step that *raw* passes, and the one that fails; for developers alone, because it shows claims.

        *requirement*, one or several, and *claims*, a model, are those of a route.
        """
        if self._described is not None:
            return self._described.explain(raw, requirement=requirement, claims=claims)
        asked = (requirement,) if isinstance(requirement, Requirement) else tuple(requirement)
        return explained(self.verify, raw, asked, claims)

    def rejection(self, error: Refused, credentials: Credentials) -> Rejection:
        """Return the answer to a refused request (RFC 6750 section 3); 503 if the client is not at fault.

        Its challenge has the scheme that the request used. The refusal is logged and passed to *on_rejected*, once.
        """
        self._tell(error, Memo.on(credentials.kept, self), credentials)
        if isinstance(error, AuthError):
            challenges = error.challenges(
                realm=self.realm,
                resource_metadata=self.resource_metadata,
                scheme=self._schemes.get(credentials.scheme, DEFAULT_SCHEME),
            )
            headers = [("WWW-Authenticate", challenge) for challenge in challenges]
        else:
            wait = error.retry_after if isinstance(error, KeySourceError) else 0
            headers = [("Retry-After", str(max(1, math.ceil(wait))))]
        headers.append(("Vary", ", ".join(self.vary)))
        return Rejection(error.status, tuple(headers), error.error or error.code, error.description)

    def warm_up(self) -> None:
        """Fetch every issuer's keys now, also after one of them fails.

        Raises :class:`KeySourceError` at the end, for the first issuer without keys.
        """
        failures: list[KeySourceError] = []
        for issuer in self.issuers:
            try:
                issuer.warm_up()
            except KeySourceError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    async def awarm_up(self) -> None:
        """Do as :meth:`warm_up`, on an event loop, for all issuers at once."""
        asked = (issuer.awarm_up() for issuer in self.issuers)
        for outcome in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    def health(self) -> dict[str, Any]:
        """Return each issuer's key health, by issuer."""
        return {issuer.issuer: issuer.health() for issuer in self.issuers}

    def _sent(self, credentials: Credentials, requirement: Requirement, memo: Memo) -> RawToken | None:
        """Return the token as it was sent; ``None`` if none was sent and *requirement* is optional."""
        if credentials.varies:
            memo.vary = (*self.vary, *credentials.varies)
        try:
            raw = RawToken(
                bearer_token(
                    credentials.authorization if self._header is None else credentials.values(self._header),
                    query=credentials.query,
                    schemes=self._schemes,
                )
            )
        except BaseException as error:
            if requirement.optional and isinstance(error, MissingTokenError):
                return None
            forget_frames(error)
            raise
        if memo.raw is not None and memo.raw != raw:
            memo.forget()  # the request was given another token on its way
        memo.raw = raw
        return raw

    def _judged(self, token: VerifiedToken, requirement: Requirement, memo: Memo) -> VerifiedToken:
        """Admit the token, judge it by *requirement*, and return it."""
        if memo.admission is not None:
            check_audience(token.payload, asked_audience(requirement), token.mapping.audience)
        else:
            memo.admission = Admission(token)
            if self._on_verified is not None:
                self._on_verified(token)
        requirement.judge(token)
        return token

    def _tell(
        self, error: Refused, memo: Memo, credentials: Credentials, requirement: Requirement | None = None
    ) -> None:
        """Log the refusal and call *on_rejected*, once in a request."""
        if memo.told:
            return
        memo.told = True
        tell_refusal(error, credentials, memo.raw, verifier=self._described, requirement=requirement)
        if self._on_rejected is not None and not isinstance(error, MissingTokenError):
            try:
                self._on_rejected(error)
            except Exception:  # a failing callback must not turn the refusal into a 500
                log.exception("on_rejected failed")
