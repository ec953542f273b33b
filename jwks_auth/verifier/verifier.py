"""``TokenVerifier``: parse a token, select the key, verify the signature, validate the claims."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from jwks_auth.claims import (
    AnyAudience,
    AudienceSetting,
    ClaimMapping,
    ClaimRules,
    VerifiedToken,
    checked_audience,
    checked_rules,
    checked_token_length,
    refuse_bound,
    token_options,
    widest_rules,
)
from jwks_auth.jose import issuer_of
from jwks_auth.runtime import RawToken, filled, takes
from jwks_auth.verifier.directory import Directory, accepted
from jwks_auth.verifier.issuer import Issuer
from jwks_auth.verifier.judges import Judges
from jwks_auth.verifier.options import VERIFIER_DEFAULTS, VerifierOptions
from jwks_auth.verifier.other_tokens import OtherTokens
from jwks_auth.verifier.preparation import Preparation, in_a_list
from jwks_auth.verifier.routes import Routes, routes_of
from jwks_auth.verifier.signatures import Signatures
from jwks_auth.verifier.steps import Asked, asked_audience
from jwks_auth.verifier.tenants import checked_tenants
from jwks_auth.verifier.tenants_cache import TenantCache
from jwks_auth.verifier.token_cache import TokenCache, VerifierHealth, checked_entries
from jwks_auth.verifier.trust import Trust
from jwks_auth.verifier.trusted import TrustedIssuer

if TYPE_CHECKING:
    from jwks_auth.verifier.explain import Explanation

__all__ = ["TokenVerifier"]


class TokenVerifier:
    """Verifies access tokens of one issuer or several.

    *issuers* is an :class:`Issuer`, its URL, or a list of either; an issuer's own settings replace those given here. A
    bad token raises ``InvalidTokenError``. If keys can't be fetched or a callback fails, the error is
    ``KeySourceError``. Durations are seconds.

    *audience*: the identifiers this service answers to; ``ANY_AUDIENCE`` has to be said. *profile*: ``default`` or
    ``rfc9068``. *max_age* counts from ``iat``. *allowed_clients*: the only clients whose tokens are taken. *validators*
    look at the verified token and the time, and raise an ``AuthError`` to refuse it. *is_revoked*, sync or async, is
    asked last on every request, after *revocation*, a store or its URL. *tenants* finds issuers that can't be listed.
    *allow_fake_issuer*: whether keys handed over may be a ``FakeIssuer``'s; unless it is said, the log is told.
    *max_token_length* is in characters. *other_tokens* gets what is no issuer's token, and returns its claims or
    ``None``. *clock* gives seconds since 1970.
    """

    @takes(VerifierOptions, VERIFIER_DEFAULTS)
    def __init__(
        self,
        issuers: Issuer | str | Sequence[Issuer | str],
        audience: AudienceSetting = None,
        **options: Unpack[VerifierOptions],
    ) -> None:
        self.made_with = issuers, audience, options
        given = filled(VERIFIER_DEFAULTS, options)
        tenants, self._clock = checked_tenants(given["tenants"]), given["clock"]
        rules = checked_rules(audience=audience, leeway=given["leeway"], **token_options(given))
        self._rules = ClaimRules(**rules, said=frozenset(token_options(options)))
        self._longest = checked_token_length(given["max_token_length"])
        listed = in_a_list(issuers, may_be_none=tenants is not None)
        self._among_several = len(listed) > 1 or tenants is not None
        several, allow_fake = self._among_several, given["allow_fake_issuer"]
        self.preparation = Preparation(
            self._rules, clock=self._clock, among_several=several, allow_fake=allow_fake
        )
        self._issuers = tuple(Issuer(entry) if isinstance(entry, str) else entry for entry in listed)
        may_be = None if tenants is None else tenants.may_be
        self._listed = Directory(map(self.preparation.listed, self._issuers), may_be)
        widest = widest_rules(self._rules.leeway)
        self._tenants = TenantCache(tenants, self._tenant, widest=widest, clock=self._clock)
        self.trust = Trust(self._listed, self._tenants, no_tenants=tenants is None)
        entries = checked_entries(given["token_cache"])
        self._cache = TokenCache(entries, self.trust) if entries else None
        self.has_tenants = tenants is not None
        """True if there are issuers that can't be listed."""
        self.tenants_provider = None if tenants is None else tenants.provider
        self._judges = Judges.of(given, self._clock)
        self.revocation = self._judges.revocation
        signatures = Signatures(self.trust, self._cache, self._longest)
        self._routes = self._ways(signatures, given["other_tokens"])
        self._tokens: Signatures | Routes = self._routes or signatures

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
        if self._judges.never_wait:
            self.admit(token, audience)  # without a coroutine
        else:
            await self.aadmit(token, audience)
        return token

    def verify_any_audience(self, raw: str | RawToken) -> VerifiedToken:
        """Verify everything that depends neither on the route nor on the request, and return the token.

        The token's ``confirmation`` and :meth:`admit` are left to the caller.
        """
        sent = raw if isinstance(raw, RawToken) else RawToken(raw)
        del raw
        return self._tokens.verify(sent)

    async def averify_any_audience(self, raw: str | RawToken) -> VerifiedToken:
        """Do as :meth:`verify_any_audience`, without blocking the event loop."""
        sent = RawToken.of(raw)
        del raw
        return await self._tokens.averify(sent)

    def admit(self, token: VerifiedToken, audience: AudienceSetting = None) -> None:
        """Judge what differs between routes and over time: audience, validators, revocation."""
        self._judges.admit(token, audience)

    async def aadmit(self, token: VerifiedToken, audience: AudienceSetting = None) -> None:
        """Do as :meth:`admit`, without blocking the event loop."""
        await self._judges.aadmit(token, audience)

    def health(self) -> VerifierHealth:
        """Return the health of each listed issuer's keys, and of the token cache. Never waits."""
        return VerifierHealth(
            issuers={issuer.issuer: issuer.health() for issuer in self._issuers},
            token_cache=None if self._cache is None else self._cache.health(),
        )

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
        from jwks_auth.verifier.explain import Story, explained  # with the hints, which few ask for

        sent = RawToken.of(raw)
        del raw
        asked = tuple(requirement) if isinstance(requirement, Sequence) else (requirement,)
        if self._routes is not None and self._routes.leads_away(sent):
            return explained(lambda token: self.verify(token, audience=audience), sent, asked, claims)
        with Story(self._listed.names(), self._longest) as story:
            token = story.read(sent)
            told = story.of(self.trust.under(issuer_of(token.claims)))
            told.signer(token)
            verified = told.conclude(token, sent)
            story.tell_binding(verified)
            refuse_bound(verified)
            audiences = [asked_audience(each) for each in asked] if audience is None and asked else [audience]
            for wanted in audiences:
                story.tell_audience(verified, wanted)
                verified.check_audience(wanted)
            story.tell_grants(verified)
            story.tell_checks()
            self.admit(verified, wanted)
            story.judge(verified, asked, claims)
        return story.explanation

    def forget(self, raw: str | RawToken) -> None:
        """Drop what an issuer said of a token (introspection); the next request with it asks again."""
        if self._routes is not None:
            self._routes.forget(RawToken.of(raw))

    async def aforget(self, raw: str | RawToken) -> None:
        """Do as :meth:`forget`, without blocking the event loop."""
        if self._routes is not None:
            await self._routes.aforget(RawToken.of(raw))

    def forget_tenant(self, issuer: str) -> None:
        """Drop a tenant's issuer and keys; the next token with this ``iss`` calls the callback again."""
        self._tenants.forget(issuer)

    def check_declared(self, audience: AudienceSetting, issuers: Iterable[str] = ()) -> None:
        """Raise ``ConfigurationError`` for a route's *audience* or *issuers* that no token can have."""
        self._listed.check_issuers(tuple(issuers), is_open=self.has_tenants or "other" in self.kinds)
        asked = checked_audience(audience)
        if asked is not None and not self.has_tenants:  # tenants' audiences are not known yet
            self._listed.check_declared(asked)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of tokens that are accepted: ``jwt``, and ``opaque`` or ``other`` if asked for."""
        return ("jwt",) if self._routes is None else self._routes.kinds

    def _ways(self, signatures: Signatures, function: Any) -> Routes | None:
        return routes_of(
            zip((each.endpoint for each in self._issuers), self._listed.issuers, strict=True),
            signatures,
            OtherTokens.of(function, self._rules, knows=self.knows, clock=self._clock),
            among_several=self._among_several,
            knows=self.knows,
            longest=self._longest,
        )

    def _tenant(self, issuer: Any) -> TrustedIssuer | None:
        """Prepare a tenant; return ``None`` if it is no issuer, or has a name of a listed one."""
        if not isinstance(issuer, Issuer) or any(map(self._listed.get, issuer.names)):
            return None
        return self.preparation.tenant(issuer)
