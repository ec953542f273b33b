"""The face adapters speak to: header values in; a token, or a finished answer, out."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from jwks_auth.challenge import DEFAULT_REALM
from jwks_auth.claims import AnyAudience, VerifiedToken
from jwks_auth.errors import AuthError, KeySourceError, MissingTokenError
from jwks_auth.request.bearer import bearer_token
from jwks_auth.request.credentials import Credentials
from jwks_auth.request.rejection import Rejection
from jwks_auth.request.requirement import Requirement
from jwks_auth.request.shared_caches import guarded_headers
from jwks_auth.runtime import RawToken, forget_frames
from jwks_auth.settings import Settings
from jwks_auth.verifier import Issuer

__all__ = ["Authenticator", "Memo"]

log = logging.getLogger("jwks_auth")

ANY_GOOD_TOKEN = Requirement()


class Memo:
    """Kept by the adapter on a request: its token is verified once, however many requirements look at it."""

    __slots__ = ("admitted", "raw", "token", "told")

    def __init__(self) -> None:
        self.told = False
        self.raw: RawToken | None = None
        self.token: VerifiedToken | None = None
        self.admitted = False

    def keep(self, raw: RawToken, token: VerifiedToken) -> VerifiedToken:
        """Remember that *raw* verified as *token*, up to its audience."""
        self.raw, self.token, self.admitted = raw, token, False
        return token


class Authenticator:
    """Verifies the credentials of requests against requirements, with one verifier made from settings.

    *on_verified* is called with the token once a request, *on_rejected* with the error of each refused
    request that carried credentials; *on_event* hears of key refreshes. *vary* names the request
    headers that may hold a token. *in_tests* says whether tests run, where the framework knows: elsewhere the keys
    of a ``FakeIssuer`` are refused. No I/O at construction; raises :class:`ConfigurationError` there.
    """

    def __init__(
        self,
        settings: Settings | Mapping[str, Any],
        *,
        on_verified: Callable[[VerifiedToken], object] | None = None,
        on_rejected: Callable[[AuthError | KeySourceError], object] | None = None,
        on_event: Callable[[Any], object] | None = None,
        vary: Sequence[str] = ("Authorization",),
        in_tests: bool | None = None,
    ) -> None:
        self.vary = tuple(vary)
        """What every answer of a route with a requirement depends on, a token sent or not."""
        self.settings = settings if isinstance(settings, Settings) else Settings.from_mapping(settings)
        self.verifier = self.settings.verifier(on_event=on_event, in_tests=in_tests)
        self.realm: str = self.settings.shared.get("REALM", DEFAULT_REALM)
        self.resource_metadata: str | None = self.settings.shared.get("RESOURCE_METADATA")
        self._declared: set[tuple[str, ...] | AnyAudience | None] = {None}
        self._on_verified = on_verified
        self._on_rejected = on_rejected

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers whose tokens are accepted."""
        return self.verifier.issuers

    def authenticate(
        self,
        credentials: Credentials,
        requirement: Requirement = ANY_GOOD_TOKEN,
        memo: Memo | None = None,
    ) -> VerifiedToken | None:
        """The verified token; ``None`` only where *requirement* is optional and nothing was sent.

        Raises :class:`AuthError` or :class:`KeySourceError`; :meth:`rejection` makes the answer of either.
        """
        self.check(requirement)
        memo = memo or Memo()
        try:
            raw = _raw_token(credentials, requirement)
            if raw is None:
                return None
            token = memo.token if memo.token and memo.raw == raw else None
            if token is None:
                token = memo.keep(raw, self.verifier.verify_any_audience(raw))
            if not memo.admitted:
                self.verifier.admit(token, requirement.audience, named=requirement.issuers != ())
            return self._judged(token, requirement, memo)
        except (AuthError, KeySourceError) as error:
            self.refused(error, memo)
            raise

    async def aauthenticate(
        self,
        credentials: Credentials,
        requirement: Requirement = ANY_GOOD_TOKEN,
        memo: Memo | None = None,
    ) -> VerifiedToken | None:
        """As :meth:`authenticate`, on an event loop, which it never blocks."""
        self.check(requirement)
        memo = memo or Memo()
        try:
            raw = _raw_token(credentials, requirement)
            if raw is None:
                return None
            token = memo.token if memo.token and memo.raw == raw else None
            if token is None:
                token = memo.keep(raw, await self.verifier.averify_any_audience(raw))
            if not memo.admitted:
                await self.verifier.aadmit(token, requirement.audience, named=requirement.issuers != ())
            return self._judged(token, requirement, memo)
        except (AuthError, KeySourceError) as error:
            self.refused(error, memo)
            raise

    def check(self, requirement: Requirement) -> None:
        """Raise ``ConfigurationError`` for a route's audience that no token could have; where a route is declared.

        Where the authenticator is not known then, the route's first request is told.
        """
        if requirement.issuers or requirement.audience in self._declared:
            return
        self.verifier.check_declared(requirement.audience)
        self._declared.add(requirement.audience)

    def refused(self, error: AuthError | KeySourceError, memo: Memo | None = None) -> None:
        """Tell the log and *on_rejected*, once for the request that *memo* is kept on.

        For an adapter that judges a token further by itself; :meth:`rejection` does so too.
        """
        if memo is not None:
            if memo.told:
                return
            memo.told = True
        if isinstance(error, KeySourceError) and error.kind == "callback":
            # A fault in the service's own code: the 503 hides it, so nothing else would show where it is.
            log.error("request refused: %s", error, exc_info=error)
        else:
            log.debug("request refused: %s", error.code)
        if self._on_rejected is not None and not isinstance(error, MissingTokenError):
            self._on_rejected(error)

    def rejection(self, error: AuthError | KeySourceError, memo: Memo | None = None) -> Rejection:
        """The answer to a refused request (RFC 6750 section 3); 503 where the client is not at fault.

        With the request's *memo* the refusal is told, unless it was, whoever refused.
        """
        if memo is not None:
            self.refused(error, memo)
        if isinstance(error, KeySourceError):
            headers = [("Retry-After", str(max(1, math.ceil(error.retry_after))))]
        else:
            challenges = error.challenges(realm=self.realm, resource_metadata=self.resource_metadata)
            headers = [("WWW-Authenticate", challenge) for challenge in challenges]
        headers.append(("Vary", ", ".join(self.vary)))
        return Rejection(error.status, tuple(headers), error.error or error.code, error.description)

    def guarded_headers(
        self, headers: Iterable[tuple[str, str]], *, private: bool = True
    ) -> list[tuple[str, str]]:
        """The *headers* of an answer under a requirement, made safe for shared caches.

        ``Vary`` names what it depends on. With *private*, so unless an optional requirement let nobody through,
        ``Cache-Control`` does not say ``public`` or ``s-maxage``.
        """
        return guarded_headers(headers, self.vary, private=private)

    def warm_up(self) -> None:
        """Fetch every issuer's keys now; one that is away does not keep the others from it.

        Raises :class:`KeySourceError` for the first that has none, once all were asked.
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
        """As :meth:`warm_up`, on an event loop, and of all issuers at once."""
        asked = (issuer.awarm_up() for issuer in self.issuers)
        for outcome in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    def health(self) -> dict[str, Any]:
        """Each issuer's key health, by issuer."""
        return {issuer.issuer: issuer.health() for issuer in self.issuers}

    def _judged(self, token: VerifiedToken, requirement: Requirement, memo: Memo) -> VerifiedToken:
        if memo.admitted:
            self.verifier.check_audience(token, requirement.audience, named=requirement.issuers != ())
        else:
            memo.admitted = True
            if self._on_verified is not None:
                self._on_verified(token)
        requirement.judge(token)
        return token


def _raw_token(credentials: Credentials, requirement: Requirement) -> RawToken | None:
    try:
        return RawToken(bearer_token(credentials.authorization, query=credentials.query))
    except BaseException as error:
        if requirement.optional and isinstance(error, MissingTokenError):
            return None
        forget_frames(error)
        raise
