"""Answers of an introspection endpoint, judged as tokens are (RFC 7662 section 2.2, RFC 9701)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jwks_auth.challenge import several
from jwks_auth.claims import ClaimRules, validate_claims
from jwks_auth.errors import InvalidTokenError
from jwks_auth.http import Posted
from jwks_auth.jose import FAKE, UnverifiedToken, VerificationKey, parse_json_object, parse_jws
from jwks_auth.verifier.introspection.endpoint import SIGNED
from jwks_auth.verifier.introspection.verdicts import Active, Answering, Refusal, Unusable

__all__ = ["answer_in", "judged", "refuses_fake", "rules_for_answers"]

_LONGEST = 262_144
_MOST_MARKS = 20_000
_FRESH_FOR = 60.0  # seconds that a signed answer may have been on its way
_NO_END = 1e10  # an exp for the rules, where the answer has none

_BEARER = frozenset({"bearer", "access_token", "urn:ietf:params:oauth:token-type:access_token"})
_BOUND = "dpop"


def rules_for_answers(rules: ClaimRules, *, of_jwts: bool) -> ClaimRules:
    """Return an issuer's *rules* as they are for answers: without what only the JWT itself must have."""
    marks = None if rules.marks is None else replace(rules.marks, any_of=(), subject="")
    wide = replace(rules, profile="default", types=None, marks=marks)
    if of_jwts:  # which were judged before
        return replace(wide, required_claims=frozenset(), allowed_clients=None, max_age=None)
    return wide


def judged(answer: Mapping[str, Any], issuer: Answering, rules: ClaimRules, now: float) -> Active | Refusal:
    """Return the verdict on the token that *answer* is about. Raises :class:`Unusable`."""
    active = answer.get("active")
    if active is not True and active is not False:
        raise Unusable("active is neither true nor false")
    if not active:
        return Refusal("inactive", now)
    claims = dict(answer)
    dated = claims if claims.get("exp") is not None else {**claims, "exp": _NO_END}
    try:
        _check_issuer(claims, issuer)
        _check_type(claims)
        validate_claims({**dated, "token_use": _use(claims)}, rules, now)
        for judge in rules.judges:
            judge(claims)
    except InvalidTokenError as error:
        return Refusal(error.code, now)
    return Active(claims, dated, now)


def answer_in(
    posted: Posted, issuer: Answering, *, client_id: str | None, signed: bool, now: float
) -> dict[str, Any]:
    """Return the answer that was *posted*, signed by *issuer* for *client_id* if it must be.

    Raises :class:`Unusable`, and ``KeySourceError`` if the issuer's keys can't be had.
    """
    if signed != (posted.media_type == SIGNED):
        raise Unusable(f"it is {'not signed' if signed else 'signed, which was not asked for'}")
    if signed:
        return _signed_answer(posted.body, issuer, client_id, now)
    try:
        if (
            sum(map(posted.body.count, (b"{", b"[", b","))) > _MOST_MARKS
        ):  # the parser blocks all other threads
            raise ValueError("more members than an answer has")
        return parse_json_object(posted.body)
    except (ValueError, RecursionError):
        raise Unusable("it is not a JSON object") from None


def refuses_fake(keys: Any, answer: dict[str, Any]) -> bool:
    """Return whether *answer* is a fake issuer's, which the guard of its issuer's *keys* refuses.

    The mark is taken from the answer. A guard that does not refuse tells the log.
    """
    if answer.pop(FAKE, None) is not True:
        return False
    refresher = getattr(keys, "refresher", None)
    guard: Any = getattr(keys, "_guard", None) if refresher is None else refresher.judge
    if guard is None:
        return False
    if not guard.refused:
        guard.meet()
    return bool(guard.refused)


def _signed_answer(body: bytes, issuer: Answering, client_id: str | None, now: float) -> dict[str, Any]:
    try:
        token = parse_jws(body.decode().strip(), longest=_LONGEST)
        if token.jose.media_type != SIGNED or token.alg not in issuer.rules.algorithms:
            raise Unusable("its header is not that of a signed answer")
        _check_signature(token, issuer)
        claims = token.claims
    except InvalidTokenError as error:
        raise Unusable(f"its signature is not good ({error.code})") from None
    except UnicodeError:
        raise Unusable("it is no text") from None
    _check_envelope(claims, issuer, client_id, now)
    return dict(claims["token_introspection"])


def _check_signature(token: UnverifiedToken, issuer: Answering) -> None:
    """Raise ``InvalidTokenError`` unless a key of *issuer* signed the answer. It may wait for keys."""
    key: VerificationKey = issuer.find(token.kid, token.alg) or issuer.keys.resolve(token.kid, token.alg)
    if token.is_signed(key.verify):
        return
    if key.kid is not None and token.kid is not None:
        raise InvalidTokenError("bad_signature")
    issuer.check_signature(token, issuer.keys.resolve(token.kid, token.alg, tried=key))


def _check_envelope(claims: Mapping[str, Any], issuer: Answering, client_id: str | None, now: float) -> None:
    """Raise :class:`Unusable` unless the answer is this issuer's, for this service, and fresh (RFC 9701 section 5)."""
    name, audience, issued_at = claims.get("iss"), claims.get("aud"), claims.get("iat", "never")
    if not isinstance(name, str) or not issuer.goes_by(name):
        raise Unusable("it is signed as another issuer's")
    if not isinstance(audience, str | list) or client_id is None or client_id not in several(audience):
        raise Unusable("it is signed for another client")
    leeway = issuer.rules.leeway
    if not isinstance(issued_at, int | float) or not -_FRESH_FOR - leeway <= issued_at - now <= leeway:
        raise Unusable("it was not signed just now")
    if not isinstance(claims.get("token_introspection"), dict):
        raise Unusable("it has no token_introspection")


def _check_issuer(claims: Mapping[str, Any], issuer: Answering) -> None:
    name = claims.get("iss")
    if name is not None and not (isinstance(name, str) and issuer.goes_by(name)):
        raise InvalidTokenError("wrong_issuer")


def _check_type(claims: Mapping[str, Any]) -> None:
    """Raise ``InvalidTokenError`` for what is no access token, and for one of DPoP that names no key."""
    kind = claims.get("token_type")
    if kind is None:
        return
    kind = kind.lower() if isinstance(kind, str) and len(kind) <= 100 else None
    if kind == _BOUND and claims.get("cnf") is None:
        raise InvalidTokenError("bound_token")
    if kind != _BOUND and kind not in _BEARER:
        raise InvalidTokenError("wrong_type")


def _use(claims: Mapping[str, Any]) -> Any:
    """Return ``token_use`` in the one spelling of the rules: Ory writes ``access_token``."""
    used = claims.get("token_use")
    return "access" if used == "access_token" else used
