"""Random tokens, ours against PyJWT and joserfc: each disagreement has its reason here, or is somebody's bug."""

from __future__ import annotations

import json
import time
import warnings
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jwks_auth import InvalidTokenError, Issuer, TokenVerifier
from tests.attacks import forge
from tests.needs import need_module

VERIFIER = TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE)
PYJWT_KEYS = {str(key.key_id): key for key in jwt.PyJWKSet.from_dict(forge.KEY_SET).keys}

WE_REFUSE = {
    ("PyJWT", "malformed"): "= padding, spare bits, UTF-16 and marks, duplicate names, NaN, lone surrogates",
    ("PyJWT", "wrong_type"): "typ and telltale claims are not looked at",
    ("PyJWT", "invalid_claim"): "dates as digits or booleans; claims it does not know are not looked at",
    ("PyJWT", "missing_claim"): "exp is optional",
    ("PyJWT", "critical_header"): "b64 is implemented there, true or detached; nothing critical is here",
    ("PyJWT", "bound_token"): "cnf is not looked at",
    ("joserfc", "malformed"): "spare bits, UTF-16, duplicate names, NaN, lone surrogates",
    ("joserfc", "wrong_type"): "typ and telltale claims are not looked at",
    ("joserfc", "invalid_claim"): "claims that it was not told about are not looked at",
    ("joserfc", "missing_claim"): "exp is optional",
    ("joserfc", "critical_header"): "b64 is implemented there; nothing critical is here",
    ("joserfc", "bound_token"): "cnf is not looked at",
}


def ours(raw: str) -> str | None:
    """The code of our refusal."""
    try:
        VERIFIER.verify(raw)
    except InvalidTokenError as exc:
        return exc.code
    return None


def of_pyjwt(raw: str) -> str | None:
    """The class of PyJWT's refusal."""
    try:
        key = PYJWT_KEYS[jwt.get_unverified_header(raw)["kid"]]
        jwt.decode(
            raw,
            key,
            algorithms=[str(key.algorithm_name)],
            audience=forge.AUDIENCE,
            issuer=forge.ISSUER,
            leeway=30,
        )
    except Exception as exc:  # noqa: BLE001  whatever it raises, it refuses
        return type(exc).__name__
    return None


def of_joserfc(raw: str) -> str | None:
    """The class of joserfc's refusal."""
    from joserfc import jwt as jose
    from joserfc.jwk import KeySet

    rules = jose.JWTClaimsRegistry(
        leeway=30,
        iss={"essential": True, "value": forge.ISSUER},
        aud={"essential": True, "value": forge.AUDIENCE},
    )
    try:
        keys: Any = KeySet.import_key_set(forge.KEY_SET)  # type: ignore[arg-type]
        rules.validate(jose.decode(raw, keys, algorithms=list(forge.ALGORITHMS)).claims)
    except Exception as exc:  # noqa: BLE001
        return type(exc).__name__
    return None


NOW = int(time.time())
DATES = st.sampled_from([NOW + 900, NOW - 900, float(NOW - 5), str(NOW + 900), True, None, ..., 0])
STRINGS = st.sampled_from(
    [forge.ISSUER, forge.AUDIENCE, "", "x", ["x"], [forge.AUDIENCE, "x"], [], 1, None, {}, ...]
)
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("exp", "nbf", "iat"), DATES),
        **dict.fromkeys(("iss", "sub", "aud", "jti", "scope", "cnf", "at_hash"), STRINGS),
    },
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "alg": st.sampled_from([*forge.ALGORITHMS, "none", "HS256", "RS512", "ES384"]),
        "kid": st.sampled_from([*forge.ALGORITHMS, "x"]),
        "typ": st.sampled_from(["JWT", "at+jwt", "dpop+jwt", ...]),
        "crit": st.sampled_from([["exp"], ["b64"], []]),
        "b64": st.booleans(),
    },
)
TEXTS = st.sampled_from(
    [
        lambda text: text,
        lambda text: text + " ",
        lambda text: text[:-1] + ', "sub": "x"}',
        lambda text: text[:-1] + ', "x": NaN}',
        lambda text: text[:-1] + ', "x": "\\ud800"}',
        lambda text: text.encode("utf-16"),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
    ]
)
RAWS = st.sampled_from(
    [lambda raw: raw] * 5
    + [
        lambda raw: raw + "=",
        lambda raw: raw[:-1],
        lambda raw: raw + "A",
        lambda raw: raw.replace(".", "..", 1),
        lambda raw: raw[:-1] + chr(ord(raw[-1]) + 1),
    ]
)


def same(text: str) -> str:
    """No change."""
    return text


# One part changed at a time, or all of them: a token with many faults is refused by everybody.
CHANGES = st.one_of(
    st.tuples(HEADERS, st.just({}), st.just(same), st.just(same)),
    st.tuples(st.just({}), CLAIMS, st.just(same), st.just(same)),
    st.tuples(st.just({}), st.just({}), TEXTS, st.just(same)),
    st.tuples(st.just({}), st.just({}), st.just(same), RAWS),
    st.tuples(HEADERS, CLAIMS, TEXTS, RAWS),
)


def disagreement(library: str, our_code: str | None, their_error: str | None) -> str | None:
    """What to look into, or ``None``."""
    if (our_code is None) == (their_error is None) or (library, our_code) in WE_REFUSE:
        return None
    return f"{library}: {their_error or 'accepted'}; ours: {our_code or 'accepted'}"


@settings(max_examples=400)
@given(st.sampled_from(list(forge.ALGORITHMS)), CHANGES)
def test_every_disagreement_has_its_reason(alg: str, changes: Any) -> None:
    """Header, claims, JSON text and the finished token are changed at random; the signature is right."""
    need_module("joserfc")
    head, claims, text, finish = changes
    payload = text(json.dumps(forge.claims(**claims)))
    raw = finish(forge.token(forge.header(alg, **head), payload, alg=alg))
    with warnings.catch_warnings(action="ignore"):
        verdict, theirs = ours(raw), {"PyJWT": of_pyjwt(raw), "joserfc": of_joserfc(raw)}
    found = [disagreement(library, verdict, error) for library, error in theirs.items()]
    assert [text for text in found if text] == []


@pytest.mark.parametrize("alg", forge.ALGORITHMS)
def test_all_three_accept_what_is_good(alg: str) -> None:
    """So that agreement is not that of three libraries that refuse everything."""
    need_module("joserfc")
    raw = forge.token(forge.header(alg), alg=alg)
    with warnings.catch_warnings(action="ignore"):
        assert (ours(raw), of_pyjwt(raw), of_joserfc(raw)) == (None, None, None)
