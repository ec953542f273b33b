"""From a raw token to a :class:`VerifiedToken`: parse, select the key, verify the signature, validate the claims."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from jwks_auth.callbacks import aask, ask
from jwks_auth.errors import ConfigurationError, InvalidTokenError
from jwks_auth.issuer import Issuer
from jwks_auth.jwk import VerificationKey
from jwks_auth.jws import parse_claims, parse_jws
from jwks_auth.tokens import AnyAudience, IssuerTerms, UnverifiedToken, VerifiedToken, checked_audience
from jwks_auth.trust import Trust, Trusting
from jwks_auth.validators import validate_audience, validate_claims

__all__ = ["TokenVerifier"]

Validator = Callable[[VerifiedToken, float], None]
IsRevoked = Callable[[VerifiedToken], bool | Awaitable[bool]]


_Candidate = tuple[UnverifiedToken, dict[str, Any], Trust]
"""A token on its way: read, and of an issuer that is trusted, but not verified."""


class TokenVerifier:
    """Verifies access tokens of one issuer or several.

    *issuers* is an :class:`Issuer`, its URL, or a list of either; each has its own keys, and with settings of its own
    it overrules those given here. A token is refused with ``InvalidTokenError``; when it can't be judged, because keys
    can't be had or a callback fails, the error is ``KeySourceError``. Durations are seconds.

    *audience*: the identifiers this service answers to; ``ANY_AUDIENCE`` has to be said. *profile*: ``default`` or
    ``rfc9068``. *max_age* counts from ``iat``. *allowed_clients*: the only clients whose tokens are taken.
    *validators* look at the verified token and the time, and raise an ``AuthError`` to refuse it. *is_revoked*, sync or
    async, is asked last on every request. *clock* gives seconds since 1970.
    """

    def __init__(
        self,
        issuers: Issuer | str | Sequence[Issuer | str],
        audience: str | Iterable[str] | AnyAudience | None = None,
        *,
        leeway: float = 30,
        profile: str = "default",
        algorithms: Iterable[str] | None = None,
        required_claims: Iterable[str] = (),
        scope_claims: str | Iterable[str] = ("scope", "scp"),
        roles_claim: str | Sequence[str] = "roles",
        permissions_claim: str | Sequence[str] = "permissions",
        max_age: float | None = None,
        allowed_clients: Iterable[str] | None = None,
        validators: Iterable[Validator] = (),
        is_revoked: IsRevoked | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        trusting = Trusting(
            audience=audience,
            algorithms=algorithms,
            profile=profile,
            leeway=leeway,
            max_age=max_age,
            required_claims=required_claims,
            allowed_clients=allowed_clients,
            scope_claims=scope_claims,
            roles_claim=roles_claim,
            permissions_claim=permissions_claim,
        )
        self._trusted = _by_name(trusting, issuers)
        self._validators = tuple(validators)
        self._is_revoked = is_revoked
        self._clock = clock

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers whose tokens are accepted."""
        return tuple(trust.issuer for trust in self._trusted.values())

    def terms_of(self, issuer: str) -> IssuerTerms:
        """How tokens of *issuer*, one of :attr:`issuers`, are read: where it keeps scopes, roles, permissions."""
        return self._trusted[issuer].terms

    def verify(self, raw: str, *, audience: str | Iterable[str] | AnyAudience | None = None) -> VerifiedToken:
        """The verified token; *audience* replaces the configured one. Raises ``AuthError`` or ``KeySourceError``."""
        token = self.verify_any_audience(raw)
        self.admit(token, audience)
        return token

    async def averify(
        self, raw: str, *, audience: str | Iterable[str] | AnyAudience | None = None
    ) -> VerifiedToken:
        """As :meth:`verify`, without blocking the event loop."""
        token = await self.averify_any_audience(raw)
        if self._is_revoked is None:
            self._judge(token, audience)  # a coroutine saved
        else:
            await self.aadmit(token, audience)
        return token

    def verify_any_audience(self, raw: str) -> VerifiedToken:
        """All of :meth:`verify` that does not depend on the route: what is left is :meth:`admit`."""
        candidate = token, _, trust = self._read(raw)
        key = trust.find(token.jose.kid, token.jose.alg)
        if key is None:
            self._refuse_the_hopeless(candidate)
            key = trust.issuer.keys.resolve(token.kid, token.alg)
        return self._conclude(candidate, key)

    async def averify_any_audience(self, raw: str) -> VerifiedToken:
        """As :meth:`verify_any_audience`, without blocking the event loop."""
        candidate = token, _, trust = self._read(raw)
        key = trust.find(token.jose.kid, token.jose.alg)
        if key is None:
            self._refuse_the_hopeless(candidate)
            key = await trust.issuer.keys.aresolve(token.kid, token.alg)
        return self._conclude(candidate, key)

    def admit(self, token: VerifiedToken, audience: str | Iterable[str] | AnyAudience | None = None) -> None:
        """Judge what may differ from route to route and moment to moment: audience, validators, revocation."""
        self._judge(token, audience)
        if self._is_revoked is not None and ask(self._is_revoked, token):
            raise InvalidTokenError("revoked")

    async def aadmit(
        self, token: VerifiedToken, audience: str | Iterable[str] | AnyAudience | None = None
    ) -> None:
        """As :meth:`admit`, without blocking the event loop."""
        self._judge(token, audience)
        if self._is_revoked is not None and await aask(self._is_revoked, token):
            raise InvalidTokenError("revoked")

    def check_audience(
        self, token: VerifiedToken, audience: str | Iterable[str] | AnyAudience | None = None
    ) -> None:
        """Judge the audience alone; *audience* replaces the configured one.

        Raises ``ConfigurationError`` when none is said anywhere.
        """
        expected = token.terms.audience if audience is None else checked_audience(audience)
        if expected is None:
            raise ConfigurationError(
                "audience: found none, neither for this call nor for the verifier or the issuer; say which "
                "identifiers this service answers to, or ANY_AUDIENCE"
            )
        validate_audience(token.payload, expected)

    def _read(self, raw: str) -> _Candidate:
        """Parse, and refuse what no key could help: nothing refused here ever causes a fetch."""
        token = parse_jws(raw)
        claims = parse_claims(token.payload)
        issuer = claims.get("iss")
        trust = self._trusted.get(issuer) if isinstance(issuer, str) else None
        if trust is None:
            raise InvalidTokenError("missing_claim" if issuer is None else "wrong_issuer")
        jose = token.jose
        if jose.alg not in trust.algorithms:
            raise InvalidTokenError("algorithm_not_allowed")
        if jose.media_type not in trust.media_types:
            raise InvalidTokenError("wrong_type")
        return token, claims, trust

    def _refuse_the_hopeless(self, candidate: _Candidate) -> None:
        """A token that would be refused with the right key as well is not worth waiting for one."""
        _, claims, trust = candidate
        validate_claims(claims, trust.rules, self._clock())

    def _conclude(self, candidate: _Candidate, key: VerificationKey) -> VerifiedToken:
        token, claims, trust = candidate
        jose, _, signing_input, signature = token
        if not key.verify(jose.alg, signature, signing_input):
            raise InvalidTokenError("bad_signature")
        validate_claims(claims, trust.rules, self._clock())
        return VerifiedToken(claims, jose.members, claims, trust.terms)

    def _judge(self, token: VerifiedToken, audience: str | Iterable[str] | AnyAudience | None) -> None:
        self.check_audience(token, audience)
        for validator in self._validators:
            ask(validator, token, self._clock())


def _by_name(trusting: Trusting, issuers: Issuer | str | Sequence[Issuer | str]) -> dict[str, Trust]:
    listed = [issuers] if isinstance(issuers, Issuer | str) else list(issuers)
    trusted: dict[str, Trust] = {}
    for entry in listed:
        issuer = Issuer(entry) if isinstance(entry, str) else entry
        if issuer.issuer in trusted:
            raise ConfigurationError(f"issuers: {issuer.issuer!r} is listed twice")
        trusted[issuer.issuer] = trusting.in_issuer(issuer)
    if not trusted:
        raise ConfigurationError("issuers: found an empty list, expected one issuer at least")
    return trusted
