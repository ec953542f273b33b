"""From a raw token to a :class:`VerifiedToken`: parse, select the key, verify the signature, validate the claims."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Unpack

from jwks_auth.claims import (
    TOKEN_DEFAULTS,
    AnyAudience,
    Expectations,
    IssuerTerms,
    TokenOptions,
    VerifiedToken,
    checked_audience,
    checked_expectations,
    token_options,
    validate_claims,
)
from jwks_auth.errors import ConfigurationError, InvalidTokenError
from jwks_auth.jose import Header, UnverifiedToken, issuer_of, parse_jws
from jwks_auth.runtime import RawToken, aask, ask, filled, takes
from jwks_auth.verifier.explain import Explainer, Explanation
from jwks_auth.verifier.issuer import Issuer
from jwks_auth.verifier.tenants import Tenants
from jwks_auth.verifier.tenants_cache import TenantCache
from jwks_auth.verifier.trust import (
    Bounds,
    Trust,
    bounds_of,
    by_name,
    check_audience,
    check_declared,
    check_for_another_key,
    check_signature,
    judged,
    trust_in,
)

__all__ = ["TokenVerifier", "VerifierOptions"]

Validator = Callable[[VerifiedToken, float], None]
IsRevoked = Callable[[VerifiedToken], bool | Awaitable[bool]]
AudienceSetting = str | Iterable[str] | AnyAudience | None


class VerifierOptions(TokenOptions, total=False):
    """Options of :class:`TokenVerifier`."""

    leeway: float
    validators: Iterable[Validator]
    is_revoked: IsRevoked | None
    tenants: Tenants | None
    allow_fake_issuer: bool | None
    clock: Callable[[], float]


_DEFAULTS: VerifierOptions = {
    **TOKEN_DEFAULTS,
    "leeway": 30,
    "validators": (),
    "is_revoked": None,
    "tenants": None,
    "allow_fake_issuer": None,
    "clock": time.time,
}


class TokenVerifier:
    """Verifies access tokens of one issuer or several.

    *issuers* is an :class:`Issuer`, its URL, or a list of either; each has its own keys, and with settings of its own
    it overrules those given here. A token is refused with ``InvalidTokenError``; when it can't be judged, because keys
    can't be had or a callback fails, the error is ``KeySourceError``. Durations are seconds.

    *audience*: the identifiers this service answers to; ``ANY_AUDIENCE`` has to be said. *profile*: ``default`` or
    ``rfc9068``. *max_age* counts from ``iat``. *allowed_clients*: the only clients whose tokens are taken.
    *validators* look at the verified token and the time, and raise an ``AuthError`` to refuse it. *is_revoked*, sync or
    async, is asked last on every request. *tenants* finds issuers that can't be listed. *allow_fake_issuer*: whether
    keys handed over may be a ``FakeIssuer``'s; unless it is said, the log is told. *clock* gives seconds since 1970.
    """

    @takes(VerifierOptions, _DEFAULTS)
    def __init__(
        self,
        issuers: Issuer | str | Sequence[Issuer | str],
        audience: AudienceSetting = None,
        **options: Unpack[VerifierOptions],
    ) -> None:
        given = filled(_DEFAULTS, options)
        tenants, self._clock = given["tenants"], given["clock"]
        settings = checked_expectations(audience=audience, leeway=given["leeway"], **token_options(given))
        self._expected = Expectations(**settings)
        listed = [issuers] if isinstance(issuers, Issuer | str) else list(issuers)
        several = len(listed) > 1 or tenants is not None
        prepare = partial(
            trust_in,
            expected=self._expected,
            among_several=several,
            allow_fake=given["allow_fake_issuer"],
        )
        self._trusted = by_name(prepare, listed)
        if not self._trusted and tenants is None:
            raise ConfigurationError("issuers: found an empty list, expected one issuer at least")
        # Where one issuer is trusted its keys come first, and nothing is read that it didn't sign. Of several, the
        # claims have to say which.
        self._sole = next(iter(self._trusted.values())) if len(self._trusted) == 1 and not tenants else None
        self._bounds = bounds_of(settings["leeway"])
        self._has_tenants = tenants is not None
        self._tenants = TenantCache(tenants, prepare, screen=self._screen, clock=self._clock)
        self._validators = tuple(given["validators"])
        self._is_revoked = given["is_revoked"]

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers whose tokens are accepted."""
        return tuple(trust.issuer for trust in self._trusted.values())

    def terms_of(self, issuer: str) -> IssuerTerms:
        """Return the way tokens of *issuer* are read; for one not listed, this verifier's own."""
        trust = self._trusted.get(issuer)
        return self._expected.terms if trust is None else trust.terms

    def verify(self, raw: str | RawToken, *, audience: AudienceSetting = None) -> VerifiedToken:
        """The verified token; *audience* replaces the configured one. Raises ``AuthError`` or ``KeySourceError``.

        Of several issuers, one with an audience of its own keeps to it: only what is within it counts.
        """
        sent = RawToken.of(raw)
        del raw  # a report of what goes wrong from here on would show it
        self.check_declared(audience)
        token = self.verify_any_audience(sent)
        self.admit(token, audience)
        return token

    async def averify(self, raw: str | RawToken, *, audience: AudienceSetting = None) -> VerifiedToken:
        """As :meth:`verify`, without blocking the event loop."""
        sent = RawToken.of(raw)
        del raw
        self.check_declared(audience)
        token = await self.averify_any_audience(sent)
        if self._is_revoked is None:
            self.admit(token, audience)  # a coroutine saved
        else:
            await self.aadmit(token, audience)
        return token

    def verify_any_audience(self, raw: str | RawToken) -> VerifiedToken:
        """All of :meth:`verify` that does not depend on the route: what is left is :meth:`admit`."""
        sent = RawToken.of(raw)
        del raw
        token = sent.read(parse_jws)
        trust = self._sole
        if trust is None:
            issuer = issuer_of(token.claims)
            trust = self._trusted.get(issuer) or self._tenants.resolve(issuer, token)
        jose = token.jose
        if jose.alg not in trust.algorithms or jose.media_type not in trust.media_types:
            raise _refusal(jose, trust)
        key = trust.find(jose.kid, jose.alg)
        if key is None:
            judged(token, trust, self._clock())  # or else it is not worth the wait
            key = trust.keys.resolve(token.kid, token.alg)
        if not token.is_signed(key.verify):
            check_for_another_key(token, trust, key, self._clock())
            check_signature(token, trust.keys.resolve(token.kid, token.alg, tried=key))
        claims = judged(token, trust, self._clock())
        return VerifiedToken(claims, token.jose.members, claims, trust.terms)

    async def averify_any_audience(self, raw: str | RawToken) -> VerifiedToken:
        """As :meth:`verify_any_audience`, without blocking the event loop."""
        sent = RawToken.of(raw)
        del raw
        token = sent.read(parse_jws)
        trust = self._sole
        if trust is None:
            issuer = issuer_of(token.claims)
            trust = self._trusted.get(issuer) or await self._tenants.aresolve(issuer, token)
        jose = token.jose
        if jose.alg not in trust.algorithms or jose.media_type not in trust.media_types:
            raise _refusal(jose, trust)
        key = trust.find(jose.kid, jose.alg)
        if key is None:
            judged(token, trust, self._clock())
            key = await trust.keys.aresolve(token.kid, token.alg)
        if not token.is_signed(key.verify):
            check_for_another_key(token, trust, key, self._clock())
            check_signature(token, await trust.keys.aresolve(token.kid, token.alg, tried=key))
        claims = judged(token, trust, self._clock())
        return VerifiedToken(claims, token.jose.members, claims, trust.terms)

    def admit(self, token: VerifiedToken, audience: AudienceSetting = None, *, named: bool = False) -> None:
        """Judge what may differ from route to route and moment to moment: audience, validators, revocation."""
        self.check_audience(token, audience, named=named)
        for validator in self._validators:
            ask(validator, token, self._clock())
        if self._is_revoked is not None and ask(self._is_revoked, token):
            raise InvalidTokenError("revoked")

    async def aadmit(
        self, token: VerifiedToken, audience: AudienceSetting = None, *, named: bool = False
    ) -> None:
        """As :meth:`admit`, without blocking the event loop."""
        self.check_audience(token, audience, named=named)
        for validator in self._validators:
            ask(validator, token, self._clock())
        if self._is_revoked is not None and await aask(self._is_revoked, token):
            raise InvalidTokenError("revoked")

    def explain(self, raw: str | RawToken, *, audience: AudienceSetting = None) -> Explanation:
        """Each step that *raw* passes, and where and why it fails; for developers, as it shows claims.

        It does what :meth:`verify` does, fetching keys included.
        """
        sent = RawToken.of(raw)
        del raw
        explainer = Explainer(
            trust_in=lambda issuer: self._trusted.get(issuer) or self._tenants.resolve(issuer),
            issuers=tuple(self._trusted),
            check_audience=lambda token: self.check_audience(token, audience),
            admit=lambda token: self.admit(token, audience),
            now=self._clock(),
        )
        return explainer.explain(sent)

    def forget_tenant(self, issuer: str) -> None:
        """Drop a tenant's issuer and keys: the next token with this ``iss`` is asked about again."""
        self._tenants.forget(issuer)

    def check_declared(self, audience: AudienceSetting) -> None:
        """Raise ``ConfigurationError`` for an *audience* of a route that no token could have."""
        asked = checked_audience(audience)
        if asked is not None and not self._has_tenants:  # whose audiences are not known yet
            check_declared(asked, (trust.terms for trust in self._trusted.values()))

    def check_audience(
        self, token: VerifiedToken, audience: AudienceSetting = None, *, named: bool = False
    ) -> None:
        """Judge the audience alone; *audience* replaces the configured one.

        Of several issuers, one with an audience of its own keeps to it, unless the route *named* its issuer.
        Raises ``ConfigurationError`` when none is said anywhere.
        """
        check_audience(token, audience, named=named)

    def _screen(self, token: UnverifiedToken) -> None:
        """Refuse what no tenant could have signed, whatever its settings, before a callback is asked whose it is."""
        if token.alg not in self._bounds.algorithms or token.jose.media_type not in self._bounds.media_types:
            raise _refusal(token.jose, self._bounds)
        validate_claims(token.claims, self._bounds.rules, self._clock())


def _refusal(jose: Header, trust: Trust | Bounds) -> InvalidTokenError:
    return InvalidTokenError("wrong_type" if jose.alg in trust.algorithms else "algorithm_not_allowed")
