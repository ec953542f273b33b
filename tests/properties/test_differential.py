"""Random tokens and keys, ours against PyJWT and joserfc: each disagreement has its reason, or is somebody's bug."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jwks_auth import ConfigurationError, InvalidTokenError, Issuer, TokenVerifier
from tests.attacks import forge
from tests.needs import need_module
from tests.properties.drafts import HARMLESS, LISTED, REFUSED, Draft

CHANGES = {**HARMLESS, **REFUSED, **{name: change for name, (change, _, _) in LISTED.items()}}


def ours(raw: str, jwk: dict[str, Any]) -> str | None:
    """The code of our refusal."""
    try:
        issuer = Issuer(forge.ISSUER, jwks={"keys": [jwk]})
        TokenVerifier(issuer, forge.AUDIENCE, algorithms=list(forge.ALGORITHMS)).verify(raw)
    except ConfigurationError:
        return "no_key"
    except InvalidTokenError as exc:
        return exc.code
    return None


def of_pyjwt(raw: str, jwk: dict[str, Any]) -> None:
    """Raise where PyJWT refuses, used as it documents: the key is the one that the token's kid names."""
    key = jwt.PyJWK.from_dict(jwk)
    if jwt.get_unverified_header(raw)["kid"] != key.key_id:
        raise LookupError
    allowed, options = list(forge.ALGORITHMS), {"audience": forge.AUDIENCE, "issuer": forge.ISSUER}
    jwt.decode(raw, key, algorithms=allowed, leeway=30, **options)  # type: ignore[arg-type]


def of_joserfc(raw: str, jwk: dict[str, Any]) -> None:
    """Raise where joserfc refuses."""
    from joserfc import jwt as jose
    from joserfc.jwk import KeySet

    rules = jose.JWTClaimsRegistry(
        leeway=30,
        iss={"essential": True, "value": forge.ISSUER},
        aud={"essential": True, "value": forge.AUDIENCE},
    )
    keys: Any = KeySet.import_key_set({"keys": [jwk]})  # type: ignore[arg-type]
    rules.validate(jose.decode(raw, keys, algorithms=list(forge.ALGORITHMS)).claims)


def accepts(library: Callable[[str, dict[str, Any]], None], raw: str, jwk: dict[str, Any]) -> bool:
    """Whether it accepts the token."""
    try:
        library(raw, jwk)
    except Exception:  # noqa: BLE001  whatever it raises, it refuses
        return False
    return True


def verdicts(alg: str, names: list[str]) -> tuple[str | None, set[str]]:
    """Our verdict on a token with these changes, and who disagrees."""
    need_module("joserfc")
    draft = Draft(alg)
    for name in names:
        CHANGES[name](draft)
    raw = draft.finished()
    with warnings.catch_warnings(action="ignore"):
        code = ours(raw, draft.jwk)
        theirs = {"PyJWT": accepts(of_pyjwt, raw, draft.jwk), "joserfc": accepts(of_joserfc, raw, draft.jwk)}
    return code, {library for library, accepted in theirs.items() if accepted != (code is None)}


ALGORITHMS = st.sampled_from(list(forge.ALGORITHMS))


@settings(max_examples=400)
@given(ALGORITHMS, st.lists(st.sampled_from(sorted(CHANGES)), max_size=3, unique=True))
def test_every_disagreement_has_its_reason(alg: str, names: list[str]) -> None:
    """One change or several; the token is signed as it then is."""
    code, disagreeing = verdicts(alg, names)
    reasons = [LISTED[name] for name in names if name in LISTED]
    explained = {library for _, verdict, why in reasons if verdict == code for library in why}
    assert disagreeing <= explained, code


@pytest.mark.parametrize("alg", forge.ALGORITHMS)
def test_all_three_accept_what_is_good_and_refuse_what_is_not(alg: str) -> None:
    """So that agreement is not that of three libraries that refuse everything, or nothing."""
    assert {name: verdicts(alg, [name]) for name in HARMLESS} == dict.fromkeys(HARMLESS, (None, set()))
    for name in REFUSED:
        code, disagreeing = verdicts(alg, [name])
        assert code is not None, name
        assert disagreeing == set(), name


@pytest.mark.parametrize("name", LISTED)
def test_every_reason_is_needed(name: str) -> None:
    """Where a library has changed its mind, the list is to say so."""
    _, verdict, why = LISTED[name]
    found = [verdicts(alg, [name]) for alg in forge.ALGORITHMS]
    assert {code for code, _ in found} == {verdict}
    assert set().union(*(disagreeing for _, disagreeing in found)) == set(why)
