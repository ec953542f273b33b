"""``TokenVerifier``: parse a token, select the key, verify the signature, validate the claims."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Unpack

from jwks_auth.claims import (
    AnyAudience,
    AudienceSetting,
    ClaimMapping,
    ClaimRules,
    VerifiedToken,
    check_audience,
    checked_audience,
    checked_rules,
    checked_token_length,
    refuse_bound,
    token_options,
    validate_claims,
    widest_rules,
)
from jwks_auth.client import SharedClients
from jwks_auth.errors import ConfigurationError, InvalidTokenError
from jwks_auth.jose import UnverifiedToken, issuer_of, parse_jws
from jwks_auth.keys import VettedKeys
from jwks_auth.runtime import RawToken, aask, ask, filled, takes
from jwks_auth.verifier.directory import Directory, accepted
from jwks_auth.verifier.explain import Explanation, Story
from jwks_auth.verifier.issuer import Issuer
from jwks_auth.verifier.options import VERIFIER_DEFAULTS, VerifierOptions
from jwks_auth.verifier.steps import Asked, asked_audience
from jwks_auth.verifier.tenants import checked_tenants
from jwks_auth.verifier.tenants_cache import TenantCache
from jwks_auth.verifier.trusted import TrustedIssuer, refusal

__all__ = ["TokenVerifier"]


class TokenVerifier:
    """Verifies access tokens of one issuer or several.

    *issuers* is an :class:`Issuer`, its URL, or a list of either; an issuer's own settings replace those given here. A
    bad token raises ``InvalidTokenError``. If keys can't be fetched or a callback fails, the error is
    ``KeySourceError``. Durations are seconds.

    *audience*: the identifiers this service answers to; ``ANY_AUDIENCE`` has to be said. *profile*: ``default`` or
    ``rfc9068``. *max_age* counts from ``iat``. *allowed_clients*: the only clients whose tokens are taken. *validators*
    look at the verified token and the time, and raise an ``AuthError`` to refuse it. *is_revoked*, sync or async, is
    asked last on every request. *tenants* finds issuers that can't be listed. *allow_fake_issuer*: whether keys handed
    over may be a ``FakeIssuer``'s; unless it is said, the log is told. *max_token_length* is in characters. *clock*
    gives seconds since 1970.
    """

    @takes(VerifierOptions, VERIFIER_DEFAULTS)
    def __init__(
        self,
        issuers: Issuer | str | Sequence[Issuer | str],
        audience: AudienceSetting = None,
        **options: Unpack[VerifierOptions],
    ) -> None:
        given = filled(VERIFIER_DEFAULTS, options)
        tenants, self._clock = checked_tenants(given["tenants"]), given["clock"]
        rules = checked_rules(audience=audience, leeway=given["leeway"], **token_options(given))
        self._rules = ClaimRules(**rules, said=frozenset(token_options(options)))
        self._longest = checked_token_length(given["max_token_length"])
        self._parse = partial(parse_jws, longest=self._longest)
        listed = [issuers] if isinstance(issuers, Issuer | str) else list(issuers)
        self._among_several = len(listed) > 1 or tenants is not None
        self._allow_fake = given["allow_fake_issuer"]
        self._clients = SharedClients()
        self._issuers = tuple(Issuer(entry) if isinstance(entry, str) else entry for entry in listed)
        self._tenants = TenantCache(tenants, self._trust, screen=self._screen, clock=self._clock)
        self._listed = Directory(
            map(self._checked, self._issuers), None if tenants is None else tenants.may_be
        )
        if not self._issuers and tenants is None:
            raise ConfigurationError("issuers: found an empty list, expected one issuer at least")
        # With one issuer, the signature is checked before any claim is read. With several, the claims must name one.
        self._sole = self._listed.issuers[0] if len(listed) == 1 and not tenants else None
        self._widest = widest_rules(self._rules.leeway)
        self.has_tenants = tenants is not None
        """True if there are issuers that can't be listed."""
        self.tenants_provider = None if tenants is None else tenants.provider
        self._validators = tuple(given["validators"])
        self._is_revoked = given["is_revoked"]

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers whose tokens are accepted."""
        return self._issuers

    def mapping_of(self, issuer: str) -> ClaimMapping:
        """Return the claim mapping of *issuer*; for one not listed, this verifier's own."""
        return self.rules_of(issuer).mapping

    def rules_of(self, issuer: str) -> ClaimRules:
        """Return the rules for tokens of *issuer*; for one not listed, this verifier's own."""
        trusted = self._listed.called(issuer)
        return self._rules if trusted is None else trusted.rules

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the issuers whose tokens are accepted, as far as they are known beforehand."""
        return self._listed.names()

    def knows(self, issuer: str) -> bool:
        """Return whether *issuer* names one whose tokens are accepted, or may be a tenant."""
        return self._listed.knows(issuer)

    def accepts(self, audience: Iterable[str] | AnyAudience) -> bool:
        """Return whether every token for *audience* is for this service, according to the configured audiences."""
        own = [issuer.rules.audience for issuer in self._listed.issuers]
        return accepted(audience, [*own, *([self._rules.audience] if self.has_tenants else [])])

    def verify(self, raw: str | RawToken, *, audience: AudienceSetting = None) -> VerifiedToken:
        """Return the verified token; raise ``AuthError`` or ``KeySourceError``.

        *audience* replaces the configured one. With several issuers, it can narrow an issuer's own audience, but not
        widen it.
        """
        sent = RawToken.of(raw)
        del raw  # an error report would show it
        if audience is not None:
            self.check_declared(audience)
        token = self.verify_any_audience(sent)
        refuse_bound(token)
        self.admit(token, audience)
        return token

    async def averify(self, raw: str | RawToken, *, audience: AudienceSetting = None) -> VerifiedToken:
        """Do as :meth:`verify`, without blocking the event loop."""
        sent = RawToken.of(raw)
        del raw
        if audience is not None:
            self.check_declared(audience)
        token = await self.averify_any_audience(sent)
        refuse_bound(token)
        if self._is_revoked is None:
            self.admit(token, audience)  # without a coroutine
        else:
            await self.aadmit(token, audience)
        return token

    def verify_any_audience(self, raw: str | RawToken) -> VerifiedToken:
        """Verify everything that depends neither on the route nor on the request, and return the token.

        The token's ``confirmation`` and :meth:`admit` are left to the caller.
        """
        sent = RawToken.of(raw)
        del raw
        token = sent.read(self._parse)
        issuer = self._sole or self._known(token) or self._tenants.resolve(issuer_of(token.claims), token)
        return issuer.verify(token, sent)

    async def averify_any_audience(self, raw: str | RawToken) -> VerifiedToken:
        """Do as :meth:`verify_any_audience`, without blocking the event loop."""
        sent = RawToken.of(raw)
        del raw
        token = sent.read(self._parse)
        issuer = (
            self._sole or self._known(token) or await self._tenants.aresolve(issuer_of(token.claims), token)
        )
        return await issuer.averify(token, sent)

    def admit(self, token: VerifiedToken, audience: AudienceSetting = None) -> None:
        """Judge what differs between routes and over time: audience, validators, revocation."""
        self._validate(token, audience)
        if self._is_revoked is not None:
            _refuse_revoked(ask(self._is_revoked, token))

    async def aadmit(self, token: VerifiedToken, audience: AudienceSetting = None) -> None:
        """Do as :meth:`admit`, without blocking the event loop."""
        self._validate(token, audience)
        if self._is_revoked is not None:
            _refuse_revoked(await aask(self._is_revoked, token))

    def explain(
        self,
        raw: str | RawToken,
        *,
        audience: AudienceSetting = None,
        requirement: Asked | Sequence[Asked] = (),
        claims: Any = None,
    ) -> Explanation:
        """Return each step that *raw* passes, and the one that fails; for developers alone, because it shows claims.

        It does what :meth:`verify` does, and may fetch keys. *requirement*, one or several, and *claims*, a model, are
        those of a route.
        """
        sent = RawToken.of(raw)
        del raw
        asked = tuple(requirement) if isinstance(requirement, Sequence) else (requirement,)
        story = Story(self._listed.names(), self._longest)
        with story:
            token = story.read(sent)
            issuer = self._listed.called(name := issuer_of(token.claims)) or self._tenants.resolve(name)
            verified = story.of(issuer).verify(token, sent)
            story.tell_binding(verified)
            refuse_bound(verified)
            for wanted in (
                [asked_audience(each) for each in asked] if audience is None and asked else [audience]
            ):
                story.tell_audience(verified, wanted)
                check_audience(verified.payload, wanted, verified.mapping.audience)
            story.tell_grants(verified)
            story.tell_checks()
            self.admit(verified, wanted)
            story.judge(verified, asked, claims)
        return story.explanation

    def forget_tenant(self, issuer: str) -> None:
        """Drop a tenant's issuer and keys; the next token with this ``iss`` calls the callback again."""
        self._tenants.forget(issuer)

    def check_declared(self, audience: AudienceSetting, issuers: Iterable[str] = ()) -> None:
        """Raise ``ConfigurationError`` for a route's *audience* or *issuers* that no token can have."""
        self._listed.check_issuers(issuers)
        asked = checked_audience(audience)
        if asked is not None and not self.has_tenants:  # tenants' audiences are not known yet
            self._listed.check_declared(asked)

    def _trust(self, issuer: Any) -> TrustedIssuer | None:
        """Prepare a tenant; return ``None`` if it is no issuer, or has a name of a listed one."""
        if not isinstance(issuer, Issuer) or any(map(self._listed.get, issuer.names)):
            return None
        return self._prepared(issuer)

    def _checked(self, issuer: Any) -> TrustedIssuer:
        if not isinstance(issuer, Issuer):
            raise ConfigurationError(f"issuers: found a {type(issuer).__name__}, expected an Issuer or URL")
        trusted = self._prepared(issuer)
        if isinstance(trusted.keys, VettedKeys):
            trusted.keys.check()
        return trusted

    def _prepared(self, issuer: Issuer) -> TrustedIssuer:
        issuer.share_keys(self._clients)
        several, allow_fake = self._among_several, self._allow_fake
        return issuer.trusted(self._rules, clock=self._clock, among_several=several, allow_fake=allow_fake)

    def _known(self, token: UnverifiedToken) -> TrustedIssuer | None:
        return self._listed.called(issuer_of(token.claims))

    def _validate(self, token: VerifiedToken, audience: AudienceSetting) -> None:
        check_audience(token.payload, audience, token.mapping.audience)
        for validator in self._validators:
            ask(validator, token, self._clock())

    def _screen(self, token: UnverifiedToken) -> None:
        """Refuse a token that no tenant could have signed, before the callback is asked about its issuer."""
        if token.alg not in self._widest.algorithms or token.jose.media_type not in self._widest.media_types:
            raise refusal(token.jose, self._widest)
        validate_claims(token.claims, self._widest, self._clock())


def _refuse_revoked(revoked: bool) -> None:
    if revoked:
        raise InvalidTokenError("revoked")
