"""Explanations of refusals, for developers. They show claims: never for a response or a log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import partial
from types import TracebackType
from typing import Any, Self

from jwks_auth.challenge import escaped, named, shown
from jwks_auth.claims import (
    AnyAudience,
    Audience,
    AudienceSetting,
    ClaimRules,
    RequiredClaims,
    VerifiedToken,
    checked_audience,
    within,
)
from jwks_auth.errors import AuthError, InvalidTokenError, KeySourceError
from jwks_auth.jose import MAX_TOKEN_LENGTH, Header, UnverifiedToken, VerificationKey, parse_jws
from jwks_auth.runtime import RawToken, dataclass
from jwks_auth.verifier import hints
from jwks_auth.verifier.audience_hints import on_audience
from jwks_auth.verifier.claim_hints import on_claims, shown_claims
from jwks_auth.verifier.steps import Asked, Hint, Step, grants_of, misfits, model_name, no_hint
from jwks_auth.verifier.trusted import Signed, TrustedIssuer

__all__ = ["Explanation", "Step", "Story", "explained"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The checks in their order, up to the first that failed, and a hint if the mistake is a common one."""

    steps: tuple[Step, ...]
    hint: str | None = None

    @property
    def failed(self) -> Step | None:
        """The step that refuses the token; ``None`` if it is accepted."""
        return next((step for step in self.steps if step.code is not None), None)

    def __str__(self) -> str:
        lines = [
            f"{'ok  ' if step.code is None else 'FAIL'} {step.name}: expected {step.expected}; found {step.found}"
            for step in self.steps
        ]
        lines.append("accepted" if self.failed is None else f"refused: {self.failed.code}")
        return "\n".join(map(escaped, [*lines, *([f"hint: {self.hint}"] if self.hint else [])]))


class Story:
    """Collects an explanation while a token is verified in a ``with`` block: each step is added before it is done.

    An ``AuthError`` or ``KeySourceError`` ends the block without leaving it, and belongs to the last step.
    """

    def __init__(self, issuers: tuple[str, ...], longest: int = MAX_TOKEN_LENGTH) -> None:
        self.claims: dict[str, Any] = {}
        """The token's claims, once they are read."""
        self._issuers, self._longest = issuers, longest
        self._steps: list[Step] = []
        self._hint: Hint = no_hint
        self._told: str | None = None

    def tell(self, step: Step, hint: Hint = no_hint) -> None:
        """Add the next step, with the *hint* for its failure."""
        self._steps.append(step)
        self._hint = hint

    def has_told(self, name: str) -> bool:
        """Return whether a step of this name was added."""
        return any(step.name == name for step in self._steps)

    def read(self, raw: RawToken) -> UnverifiedToken:
        """Read the token, adding steps for its form, payload and issuer."""
        form = f"three base64url segments, {self._longest} characters at most"
        self.tell(
            Step("form", form, raw.read(_form)),
            lambda code: (
                raw.read(hints.on_form)
                if code != "too_large"
                else hints.on_length(raw.read(len), self._longest)
            ),
        )
        token = raw.read(partial(parse_jws, longest=self._longest))
        self.tell(Step("payload", "one JSON object with unique names", f"{len(token.payload)} octets"))
        claims = self.claims = token.claims
        found = Step("issuer", " or ".join(self._issuers) or "a tenant's", shown(claims.get("iss")))
        self.tell(found, lambda code: hints.on_issuer(claims, self._issuers))
        return token

    def of(self, issuer: TrustedIssuer) -> TrustedIssuer:
        """Return an issuer that does what *issuer* does, and adds a step for each check."""
        return _Told(**{each.name: getattr(issuer, each.name) for each in fields(issuer)}, story=self)

    def tell_binding(self, token: VerifiedToken) -> None:
        """Add a step for the binding to a key, if the token has one."""
        if token.confirmation is not None:
            bound = Step("binding", "no cnf, as no request is seen that could prove it", shown(token["cnf"]))
            self.tell(bound, lambda code: hints.ON_BINDING)

    def tell_audience(self, token: VerifiedToken, asked: AudienceSetting) -> None:
        """Add a step for the audience."""
        checked, own = checked_audience(asked), token.mapping.audience
        expected = own if checked is None else within(checked, own)
        found = Step("audience", _audience(expected), shown(token.get("aud")))
        self.tell(found, lambda code: on_audience(token.payload, expected))

    def tell_grants(self, token: VerifiedToken) -> None:
        """Add steps for the scopes, roles and permissions."""
        for step in grants_of(token):
            self.tell(step)

    def tell_checks(self) -> None:
        """Add a step for the service's own checks."""
        name = "the service's own checks"
        self.tell(Step(name, "no validator and no is_revoked to refuse it", "their answer"))

    def judge(self, token: VerifiedToken, asked: Sequence[Asked], model: Any) -> None:
        """Add a step for each requirement of a route and for its claims' *model*, and judge the token by them."""
        for each in asked:
            self.tell(Step("route", str(each), "the token above"), lambda code: hints.on_route(token, code))
            each.judge(token)
        if model is not None:
            faults = misfits(model, token)
            self.tell(Step("claims model", model_name(model), "; ".join(faults) or "claims that fit"))
            if faults:
                raise InvalidTokenError("invalid_claim")

    @property
    def explanation(self) -> Explanation:
        """Return the steps so far, and a hint if the last one failed."""
        return Explanation(tuple(self._steps), self._told)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, AuthError | KeySourceError):
            return False
        self._steps[-1] = replace(self._steps[-1], code=error.code)
        self._told = hints.on_outage(error) if isinstance(error, KeySourceError) else self._hint(error.code)
        return True


def explained(
    verify: Callable[[RawToken], VerifiedToken], raw: RawToken, asked: Sequence[Asked], model: Any
) -> Explanation:
    """Explain the answer of a custom verifier, as one step, because its own steps are unknown; then the route's."""
    story = Story(())
    with story:
        story.tell(Step("the service's own verifier", "a token that it takes", raw.read(_form)))
        token = verify(raw)
        story.tell_grants(token)
        story.judge(token, asked, model)
    return story.explanation


@dataclass(frozen=True, kw_only=True)
class _Told(TrustedIssuer):
    """An issuer that adds each of its checks to a story before it makes it."""

    story: Story

    def key_at_hand(self, token: UnverifiedToken) -> VerificationKey | None:
        key = super().key_at_hand(token)
        expected = f"one for {token.alg} among {hints.keys_in_hand(self.keys)}"
        found = Step("key", expected, f"kid {shown(token.kid)}")
        self.story.tell(found, lambda code: hints.on_key(token, self.keys, self.health(), self.story.claims))
        return key

    def check_header(self, jose: Header) -> None:
        algorithms = Step("algorithm", ", ".join(sorted(self.rules.algorithms)), shown(jose.alg))
        self.story.tell(algorithms, lambda code: hints.on_algorithm(jose.alg, self.story.claims))
        if jose.alg in self.rules.algorithms:
            types = sorted(str(media_type or "no typ") for media_type in self.rules.media_types)
            found = Step("type", " or ".join(types), shown(jose.typ))
            self.story.tell(found, lambda code: hints.on_kind(self.story.claims, self.rules.profile))
        super().check_header(jose)

    def is_signed(self, token: UnverifiedToken, key: VerificationKey) -> bool:
        expected = f"made with {hints.meant(token, key, self.keys)}"
        made = Step("signature", expected, f"{len(token.signature)} octets")
        self.story.tell(made, lambda code: hints.on_signature(token, self.story.claims))
        return super().is_signed(token, key)

    def judge(self, token: Signed) -> dict[str, Any]:
        if not self.story.has_told("claims"):  # judged twice if the key was not in hand
            claims, now = token.claims, self.clock()
            found = Step("claims", _rules(self.rules), shown_claims(claims, now))
            self.story.tell(found, lambda code: self._hint_on_claims(claims, code, now))
        return super().judge(token)

    def _hint_on_claims(self, claims: dict[str, Any], code: str, now: float) -> str | None:
        if self.rules.profile == "id_token" and (hint := hints.on_id_token(claims, code)) is not None:
            return hint
        fault = None if self.rules.marks is None else self.rules.marks.fault(claims)
        if fault is not None and fault[0] == code:
            return f"a token of this provider for an API has {fault[1]}: this one is of another kind, or not its own"
        return on_claims(claims, code, now, self.rules)


def _form(raw: object) -> str:
    if not isinstance(raw, str):
        return type(raw).__name__
    return f"{raw.count('.') + 1} segments, {len(raw)} characters"


def _audience(audience: Audience | None) -> str:
    return "any" if isinstance(audience, AnyAudience) else " or ".join(sorted(audience or ["the call's own"]))


def _needed(rules: ClaimRules) -> frozenset[str]:
    return rules.required | {"exp"}


def _rules(rules: ClaimRules) -> str:
    parts = [f"exp not past, nbf and iat not ahead, by more than {rules.leeway:g} s"]
    if rules.max_age is not None:
        parts.append(f"{rules.age_claim} at most {rules.max_age:g} s ago")
    parts.append(f"present: {', '.join(sorted(_needed(rules)))}")
    if isinstance(rules.required_claims, RequiredClaims):
        parts += [
            f"{named(name)}: {' or '.join(map(shown, of))}"
            for name, of in rules.required_claims.values.items()
        ]
    if rules.profile == "id_token" and isinstance(rules.audience, frozenset):
        parts.append(f"aud: nothing but {' or '.join(sorted(rules.audience))}")
    if rules.allowed_clients is not None:
        parts.append(f"client: {' or '.join(sorted(rules.allowed_clients))}")
    return "; ".join(parts)
