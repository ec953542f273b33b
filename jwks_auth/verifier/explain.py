"""Explanations of refusals, for developers. They show claims: never for a response or a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from jwks_auth.challenge import escaped, shown
from jwks_auth.claims import AnyAudience, VerifiedToken, validate_claims
from jwks_auth.errors import AuthError, InvalidTokenError, KeySourceError
from jwks_auth.jose import MAX_TOKEN_LENGTH, UnverifiedToken, issuer_of, parse_jws
from jwks_auth.runtime import RawToken
from jwks_auth.verifier import hints
from jwks_auth.verifier.trust import Trust, check_for_another_key, check_signature

__all__ = ["Explainer", "Explanation", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """One check: what was expected, what was found, and the error's code where it failed."""

    name: str
    expected: str
    found: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The checks in their order, up to the first that failed, and a hint where the mistake is a usual one."""

    steps: tuple[Step, ...]
    hint: str | None = None

    @property
    def failed(self) -> Step | None:
        """The step at which the token is refused; ``None``: it is accepted."""
        return next((step for step in self.steps if step.code is not None), None)

    def __str__(self) -> str:
        lines = [
            f"{'ok  ' if step.code is None else 'FAIL'} {step.name}: expected {step.expected}; found {step.found}"
            for step in self.steps
        ]
        lines.append("accepted" if self.failed is None else f"refused: {self.failed.code}")
        return "\n".join(map(escaped, [*lines, *([f"hint: {self.hint}"] if self.hint else [])]))


Hint = Callable[[str], str | None]
"""From the error's code to what may be behind it."""


@dataclass(frozen=True, slots=True)
class Explainer:
    """Takes one token through a verifier's steps; the callables are the verifier's own."""

    trust_in: Callable[[str], Trust]
    issuers: tuple[str, ...]
    check_audience: Callable[[VerifiedToken], None]
    admit: Callable[[VerifiedToken], None]
    now: float

    def explain(self, raw: RawToken) -> Explanation:
        """Every step up to the first failure."""
        steps: list[Step] = []
        hint: Hint = _no_hint
        try:
            for step, hint in self._walk(raw):  # noqa: B007  each is told before it is taken
                steps.append(step)
        except (AuthError, KeySourceError) as exc:
            steps[-1] = replace(steps[-1], code=exc.code)
            told = hints.on_outage(exc) if isinstance(exc, KeySourceError) else hint(exc.code)
            return Explanation(tuple(steps), told)
        return Explanation(tuple(steps))

    def _walk(self, raw: RawToken) -> Iterator[tuple[Step, Hint]]:
        form = f"three base64url segments, {MAX_TOKEN_LENGTH} characters at most"
        yield Step("form", form, raw.read(_form)), lambda code: raw.read(hints.on_form)
        token = raw.read(parse_jws)
        yield Step("payload", "one JSON object with unique names", f"{len(token.payload)} octets"), _no_hint
        claims = token.claims
        expected = " or ".join(self.issuers) or "a tenant's"
        yield (
            Step("issuer", expected, shown(claims.get("iss"))),
            lambda code: hints.on_issuer(claims, self.issuers),
        )
        trust = self.trust_in(issuer_of(claims))
        yield from _walk_the_header(token, claims, trust)
        rest = [_walk_the_signature(token, trust, self.now), _walk_the_claims(claims, trust, self.now)]
        if trust.find(token.kid, token.alg) is None:  # then bad claims are not worth the wait for a key
            rest.reverse()
        yield from chain(*rest)
        audience = Step("audience", _audience(trust), shown(claims.get("aud")))
        yield audience, lambda code: hints.on_audience(claims)
        token_so_far: VerifiedToken = VerifiedToken(claims, token.header, claims, trust.terms)
        self.check_audience(token_so_far)
        yield (
            Step("the service's own checks", "no validator and no is_revoked to refuse it", "their answer"),
            _no_hint,
        )
        self.admit(token_so_far)


def _walk_the_header(
    token: UnverifiedToken, claims: Mapping[str, Any], trust: Trust
) -> Iterator[tuple[Step, Hint]]:
    algorithms = Step("algorithm", ", ".join(sorted(trust.algorithms)), shown(token.alg))
    yield algorithms, lambda code: hints.on_algorithm(token.alg)
    if token.alg not in trust.algorithms:
        raise InvalidTokenError("algorithm_not_allowed")
    types = sorted(str(media_type or "no typ") for media_type in trust.media_types)
    yield Step("type", " or ".join(types), shown(token.typ)), lambda code: hints.on_kind(claims)
    if token.jose.media_type not in trust.media_types:
        raise InvalidTokenError("wrong_type")


def _walk_the_signature(token: UnverifiedToken, trust: Trust, now: float) -> Iterator[tuple[Step, Hint]]:
    expected = f"one for {token.alg} among {hints.keys_in_hand(trust)}"
    yield Step("key", expected, f"kid {shown(token.kid)}"), lambda code: hints.on_key(token, trust)
    keys = trust.keys
    key = keys.resolve(token.kid, token.alg)
    made = Step("signature", f"made with {hints.meant(token, key, trust)}", f"{len(token.signature)} octets")
    yield made, lambda code: hints.ON_SIGNATURE
    if not token.is_signed(key.verify):
        check_for_another_key(token, trust, key, now)
        check_signature(token, keys.resolve(token.kid, token.alg, tried=key))


def _walk_the_claims(claims: Mapping[str, Any], trust: Trust, now: float) -> Iterator[tuple[Step, Hint]]:
    yield (
        Step("claims", _rules(trust), hints.shown_claims(claims, now)),
        lambda code: hints.on_claims(claims, code, now, needed=_needed(trust)),
    )
    validate_claims(claims, trust.rules, now)


def _no_hint(code: str) -> None:
    return None


def _form(raw: object) -> str:
    if not isinstance(raw, str):
        return type(raw).__name__
    return f"{raw.count('.') + 1} segments, {len(raw)} characters"


def _audience(trust: Trust) -> str:
    audience = trust.terms.audience
    return "any" if isinstance(audience, AnyAudience) else " or ".join(sorted(audience or ["the call's own"]))


def _needed(trust: Trust) -> frozenset[str]:
    return trust.rules.required | {"exp"}


def _rules(trust: Trust) -> str:
    rules = trust.rules
    parts = [f"exp not past, nbf and iat not ahead, by more than {rules.leeway:g} s"]
    if rules.max_age is not None:
        parts.append(f"iat at most {rules.max_age:g} s ago")
    parts.append(f"present: {', '.join(sorted(_needed(trust)))}")
    if rules.clients is not None:
        parts.append(f"client: {' or '.join(sorted(rules.clients))}")
    return "; ".join(parts)
