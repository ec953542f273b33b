"""Parsers of what strangers send raise the documented errors and nothing else, whatever they are given."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from jwks_auth import (
    AuthError,
    ConfigurationError,
    IDTokenVerifier,
    InvalidRequestError,
    InvalidTokenError,
    Issuer,
    KeySet,
    TokenVerifier,
    verify_jws,
)
from jwks_auth.jose.base64url import decode_base64url, encode_base64url
from jwks_auth.jose.jwk import RefusedKey, VerificationKey, parse_jwk
from jwks_auth.jose.jws import parse_jws
from jwks_auth.request.bearer import bearer_token, plain_token
from jwks_auth.request.query import tokens_in_query
from tests.attacks import forge

VERIFIER = TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE)
OF_ID_TOKENS = TokenVerifier(
    Issuer(forge.ISSUER, jwks=forge.KEY_SET),
    forge.AUDIENCE,
    profile="id_token",
    allowed_clients=["a"],
    max_age=60,
)
SIGN_IN = IDTokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE)
KEYS = KeySet.from_dict(forge.KEY_SET)

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4)
    ),
    max_leaves=12,
)
CLAIMS = st.dictionaries(
    st.sampled_from(
        ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope", "scp", "roles", "permissions", "azp"]
    ),
    JSON,
)
HEADERS = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "x"]), JSON)
MEMBERS = st.dictionaries(
    st.sampled_from(["kty", "crv", "n", "e", "x", "y", "pub", "d", "k", "kid", "use", "key_ops", "alg"]),
    JSON
    | st.sampled_from(
        [
            "RSA",
            "EC",
            "OKP",
            "P-256",
            "Ed25519",
            "Ed448",
            "AKP",
            "ML-DSA-44",
            "sig",
            "RS256",
            "AQAB",
            ["verify"],
        ]
    ),
)
several = settings(max_examples=150)


@several
@given(st.text() | st.text(alphabet="abAB01-_.=+/ ", max_size=80) | st.binary())
def test_any_text_is_refused_as_a_token(raw: Any) -> None:
    """Nothing but ``InvalidTokenError``."""
    with suppress(InvalidTokenError):
        VERIFIER.verify(raw)
        raise AssertionError("accepted")


@several
@given(HEADERS, CLAIMS)
def test_any_header_and_claims_rightly_signed_give_a_token_or_a_refusal(head: Any, changes: Any) -> None:
    """The good ones, with members replaced by any JSON value; whatever is accepted can be read."""
    raw = forge.token({**forge.header(), **head}, {**forge.claims(), **changes})
    with suppress(InvalidTokenError):
        token = VERIFIER.verify(raw)
        assert token.scopes | token.roles | token.permissions is not None
        assert token.expires_at - (token.issued_at or 0) < 2e11
        assert isinstance(token.subject or token.client_id or "", str)
        assert forge.AUDIENCE in token.audience
    assert VERIFIER.explain(raw).steps


OF_SIGN_INS = st.dictionaries(
    st.sampled_from(
        [
            "sub",
            "aud",
            "azp",
            "iat",
            "auth_time",
            "nonce",
            "at_hash",
            "c_hash",
            "token_use",
            "typ",
            "scope",
            "events",
        ]
    ),
    JSON,
)


@several
@given(OF_SIGN_INS, st.none() | st.text(), st.none() | st.text(), st.none() | st.text())
def test_any_claims_give_an_id_token_or_a_refusal(
    changes: Any, nonce: str | None, access_token: str | None, code: str | None
) -> None:
    """Nothing but ``InvalidTokenError``, whatever came beside it; whatever is accepted is for the client alone."""
    now = {"auth_time": forge.claims()["iat"]}
    raw = forge.token(forge.header(typ="JWT"), {**forge.claims(), **now, **changes})
    with suppress(InvalidTokenError):
        assert set(OF_ID_TOKENS.verify(raw).audience) == {forge.AUDIENCE}
    with suppress(InvalidTokenError):
        token = SIGN_IN.verify(raw, nonce=nonce, access_token=access_token, code=code)
        assert set(token.audience) == {forge.AUDIENCE}
        assert nonce in (None, token.get("nonce"))
    assert OF_ID_TOKENS.explain(raw).steps


@several
@given(st.lists(st.text(), max_size=3), st.text(), st.sampled_from(["Bearer", "DPoP"]))
def test_any_header_values_give_a_token_or_a_refusal(values: list[str], query: str, scheme: str) -> None:
    """Nothing but ``AuthError``."""
    with suppress(AuthError):
        assert bearer_token(values, schemes={scheme.lower()}) != ""
    with suppress(AuthError):
        assert bearer_token([f"{scheme} {value}" for value in values], schemes={scheme.lower()}) != ""
    with suppress(AuthError):
        assert plain_token(values) != ""
    with suppress(AuthError):
        assert all(tokens_in_query(query))


@several
@given(MEMBERS | JSON)
def test_any_member_is_a_key_or_is_refused_with_a_reason(member: Any) -> None:
    """No exception at all."""
    for candidate in (member, {**forge.KEY_SET["keys"][2], **member} if isinstance(member, dict) else member):
        parsed = parse_jwk(candidate)
        assert isinstance(parsed, VerificationKey) or (isinstance(parsed, RefusedKey) and parsed.reason)


@several
@given(JSON | st.builds(lambda members: {"keys": members}, st.lists(MEMBERS | JSON, max_size=5)))
def test_any_document_is_a_set_or_a_mistake(document: Any) -> None:
    """Nothing but ``ConfigurationError``, as JSON too."""
    with suppress(ConfigurationError):
        assert len(KeySet.from_dict(document).keys) >= 0
    with suppress(ConfigurationError):
        KeySet.from_json(json.dumps(document))


@several
@given(st.binary())
def test_base64url_is_one_to_one(octets: bytes) -> None:
    """What decodes at all is the encoding of what it decodes to."""
    assert decode_base64url(encode_base64url(octets).encode()) == octets
    with suppress(ValueError):
        assert encode_base64url(decode_base64url(octets)).encode() == octets


@several
@given(st.sampled_from(list(forge.ALGORITHMS)), st.binary(max_size=300))
def test_what_is_signed_verifies_and_no_change_of_a_character_does(alg: str, payload: bytes) -> None:
    """Every character of a token matters."""
    raw = forge.token(payload=payload, alg=alg, head=forge.header(alg))
    assert verify_jws(raw, KEYS) == payload
    parsed = parse_jws(raw)
    assert parsed.signing_input.decode() + "." + encode_base64url(parsed.signature) == raw
    for at in range(0, len(raw), 37):
        changed = raw[:at] + ("A" if raw[at] != "A" else "B") + raw[at + 1 :]
        with suppress(InvalidTokenError):
            verify_jws(changed, KEYS)
            raise AssertionError(f"accepted with character {at} changed")


@several
@given(st.text(st.sampled_from("aZ09._~+/-=\n\t !%,é\ud800"), max_size=8) | st.text())
def test_a_token_is_a_b64token(token: str) -> None:
    """RFC 6750 section 2.1, to the letter; spaces before it belong to the scheme."""
    with suppress(InvalidRequestError):
        found = bearer_token([f"Bearer {token}"])
        assert found is not None
        assert re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", found)
        return
    assert not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", token)
