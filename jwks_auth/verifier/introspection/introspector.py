"""``Introspector``: asks one issuer about its tokens, and remembers its verdicts."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any, Literal

from jwks_auth.claims import ClaimRules, OwnAudience, VerifiedToken, checked_audience, validate_times
from jwks_auth.errors import ConfigurationError, InvalidTokenError, MalformedTokenError
from jwks_auth.jose import copied_json
from jwks_auth.runtime import RawToken
from jwks_auth.verifier.introspection.answers import answer_in, judged, refuses_fake, rules_for_answers
from jwks_auth.verifier.introspection.endpoint import IntrospectionEndpoint
from jwks_auth.verifier.introspection.flights import Flights
from jwks_auth.verifier.introspection.kept import Kept
from jwks_auth.verifier.introspection.shared import SharedAnswer
from jwks_auth.verifier.introspection.verdicts import Active, Refusal, Unusable
from jwks_auth.verifier.trusted import TrustedIssuer

__all__ = ["Introspector"]

_LONGEST = 4096
"""Characters of a token that is no JWT; providers' have a hundred, and each is sent to the provider."""

_OPAQUE: Literal["opaque"] = "opaque"

Verdict = Active | Refusal


class Introspector:
    """Asks *endpoint* about tokens of *issuer*. An answer is good for as long as the options say, then asked for again.

    A token itself is neither kept nor shown; a verdict is found by its SHA-256.
    """

    def __init__(
        self, endpoint: IntrospectionEndpoint, issuer: TrustedIssuer, *, among_several: bool
    ) -> None:
        self._endpoint, self._issuer = endpoint, issuer
        options = endpoint.options
        self.issuer = issuer.name
        self.prefix: str = options.token_prefix or ""
        self.is_for_jwts = options.mode == "always"
        """True if the issuer is asked about JWTs too, once they are verified."""
        own = checked_audience(options.audience)
        if among_several and isinstance(own, frozenset):
            own = OwnAudience(own)
        if issuer.rules.profile == "id_token":
            raise ConfigurationError(
                f"introspection: {issuer.name!r} is asked about access tokens, but PROFILE is id_token: set it to off"
            )
        rules = issuer.rules if own is None else replace(issuer.rules, audience=own)
        self._rules = rules_for_answers(rules, of_jwts=False)
        self._mapping = replace(self._rules.mapping, kind=_OPAQUE)
        self._rules_of_jwts = rules_for_answers(rules, of_jwts=True)
        self._kept = Kept(options.cache, issuer.clock)
        self.active: Container[bytes] = self._kept.active
        """The digests of tokens that were active when the issuer was asked about them last."""
        self._flights: Flights[Verdict] = Flights(issuer.clock)

    def recalled(self, digest: bytes, sent: RawToken) -> VerifiedToken | None:
        """Return a token that is active by a young answer, ``None`` for any other; raises ``InvalidTokenError``."""
        now = self._issuer.clock()
        active = self._kept.active_at(digest, now)
        if active is None:
            return None
        validate_times(active.dated, self._rules, now)
        return VerifiedToken(active.claims, {}, active.claims, self._mapping, sent, shared=True)

    def verify(self, sent: RawToken) -> VerifiedToken:
        """Return the token, which is no JWT, with the claims that the issuer tells of it.

        Raises ``InvalidTokenError`` for one that is not active, ``KeySourceError`` if the issuer can't tell.
        """
        digest = sent.read(_digest_of_short)
        verdict = self._kept.recall(digest)
        if verdict is None:
            verdict = self._flight(digest, sent, of_jwt=False).result(self._endpoint.wait)
        return self._token(verdict, sent)

    async def averify(self, sent: RawToken) -> VerifiedToken:
        """Do as :meth:`verify`, without blocking the event loop."""
        digest = sent.read(_digest_of_short)
        verdict = self._kept.recall(digest)
        if verdict is None:
            verdict = await self._flight(digest, sent, of_jwt=False).aresult(self._endpoint.wait)
        return self._token(verdict, sent)

    def confirm(self, token: VerifiedToken, sent: RawToken) -> VerifiedToken:
        """Return a verified JWT if the issuer says that it is active still; raises as :meth:`verify`."""
        digest = sent.read(_digest)
        verdict = self._kept.recall(digest)
        if verdict is None:
            verdict = self._flight(digest, sent, of_jwt=True).result(self._endpoint.wait)
        return _confirmed(token, verdict, sent)

    async def aconfirm(self, token: VerifiedToken, sent: RawToken) -> VerifiedToken:
        """Do as :meth:`confirm`, without blocking the event loop."""
        digest = sent.read(_digest)
        verdict = self._kept.recall(digest)
        if verdict is None:
            verdict = await self._flight(digest, sent, of_jwt=True).aresult(self._endpoint.wait)
        return _confirmed(token, verdict, sent)

    def forget(self, sent: RawToken) -> None:
        """Drop the verdict on a token; the next request with it asks the issuer."""
        digest = sent.read(_digest)
        self._flights.forget(digest)
        self._kept.forget(digest)
        if self._endpoint.shared is not None:
            self._endpoint.shared.forget(sent, self._issuer.clock())

    def _flight(self, digest: bytes, sent: RawToken, *, of_jwt: bool) -> Any:
        ask = partial(self._ask, sent, self._rules_of_jwts if of_jwt else self._rules)
        observer = self._endpoint.observer
        return self._flights.join(
            digest,
            ask if observer is None else observer.asking(ask),
            partial(self._keep, digest, sent),
            is_known=self._kept.was_active(digest),
        )

    def _ask(self, sent: RawToken, rules: ClaimRules) -> Verdict:
        shared, asked_at = self._endpoint.shared, self._issuer.clock()
        known = None if shared is None else shared.find(sent, asked_at)
        if known is not None and isinstance(verdict := self._judged(known.told, rules), Active):
            return replace(verdict, at=known.at, is_news=False)
        # As old as the question: a token may be revoked while the answer is on its way.
        return replace(self._judged(self._told(sent), rules), at=asked_at)

    def _told(self, sent: RawToken) -> dict[str, Any]:
        posted, issuer, options = self._endpoint.ask(sent), self._issuer, self._endpoint.options
        try:
            answer = answer_in(
                posted, issuer, client_id=options.client_id, signed=options.jwt, now=issuer.clock()
            )
            if refuses_fake(issuer.keys, answer):
                raise Unusable("it is a FakeIssuer's, and no tests run; ALLOW_FAKE_ISSUER takes it elsewhere")
            return answer
        except Unusable as error:
            raise self._endpoint.refused(str(error)) from None

    def _judged(self, told: dict[str, Any], rules: ClaimRules) -> Verdict:
        try:
            return judged(told, self._issuer, rules, self._issuer.clock())
        except Unusable as error:
            raise self._endpoint.refused(str(error)) from None

    def _keep(self, digest: bytes, sent: RawToken, verdict: Verdict) -> None:
        self._kept.keep(digest, verdict)
        if self._endpoint.shared is not None and isinstance(verdict, Active) and verdict.is_news:
            self._endpoint.shared.keep(sent, SharedAnswer(verdict.claims, verdict.at))

    def _token(self, verdict: Verdict, sent: RawToken) -> VerifiedToken:
        active = _active(verdict)
        validate_times(active.dated, self._rules, self._issuer.clock())
        claims = active.claims
        return VerifiedToken(claims, {}, claims, self._mapping, sent, shared=True)


def _confirmed(token: VerifiedToken, verdict: Verdict, sent: RawToken) -> VerifiedToken:
    """Return *token*, bound to the key that the issuer names, if it is bound to none itself."""
    bound = _active(verdict).claims.get("cnf")
    if bound is None or token.confirmation is not None:
        return token
    claims = {**token.payload, "cnf": copied_json(bound)}
    return VerifiedToken(claims, token.header, claims, token.mapping, sent)


def _active(verdict: Verdict) -> Active:
    if isinstance(verdict, Refusal):
        raise InvalidTokenError(verdict.code)
    return verdict


def _digest(raw: str) -> bytes:
    return sha256(raw.encode(errors="surrogatepass")).digest()


def _digest_of_short(raw: str) -> bytes:
    if len(raw) > _LONGEST:
        raise MalformedTokenError("too_large")
    return _digest(raw)
