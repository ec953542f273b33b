"""The compact form, and signatures alone. What is refused is in the attack suite."""

from __future__ import annotations

import json

import pytest

from jwks_auth import ConfigurationError, InvalidTokenError, KeySet, verify_jws
from jwks_auth.errors import MalformedTokenError
from jwks_auth.jose.base64url import encode_base64url
from jwks_auth.jose.jws import MAX_TOKEN_LENGTH, issuer_of, parse_jws
from tests.attacks import forge
from tests.patience import cost

KEYS = KeySet.from_dict(forge.KEY_SET)


def test_verify_jws_returns_the_payload_whatever_it_is() -> None:
    """No JSON is asked for, and no claim is looked at."""
    assert verify_jws(forge.token(payload=b"\x00\xff"), KEYS) == b"\x00\xff"
    assert verify_jws(forge.token(payload=b""), KEYS) == b""


@pytest.mark.parametrize(
    ("raw", "algorithms", "code"),
    [
        (forge.token(payload="x"), ["ES256"], "algorithm_not_allowed"),
        (forge.token(forge.header(kid="x"), "x"), None, "unknown_key"),
        (forge.token(payload="x", key=forge.ATTACKER_KEY), None, "bad_signature"),
        (forge.token(forge.header(alg="none"), "x"), None, "algorithm_not_allowed"),
    ],
)
def test_9068_4_verify_jws_refuses(raw: str, algorithms: list[str] | None, code: str) -> None:
    """Each refusal has the verifier's codes."""
    with pytest.raises(InvalidTokenError) as caught:
        verify_jws(raw, KEYS, algorithms)
    assert caught.value.code == code
    with pytest.raises(ConfigurationError):
        verify_jws(raw, KEYS, ["HS256"])


def test_headers_are_remembered_unless_they_are_long() -> None:
    """A memo of what issuers send; an attacker can't fill it with large things."""
    raw, long = forge.token(), forge.token(forge.header(x="x" * 600))
    assert parse_jws(raw).jose is parse_jws(raw).jose
    assert parse_jws(long).jose is not parse_jws(long).jose


def test_the_limit_is_16_kib() -> None:
    """At the limit a token is read, one character above it is refused for its size."""
    head, tail = forge.segment(forge.header()), ".AAAA"
    fill = MAX_TOKEN_LENGTH - len(head) - len(tail) - 1
    assert parse_jws(f"{head}.{'A' * (fill - fill % 4)}{tail}")
    with pytest.raises(InvalidTokenError) as caught:
        parse_jws("A" * (MAX_TOKEN_LENGTH + 1))
    assert caught.value.code == "too_large"


def test_claims_are_an_object_with_an_issuer() -> None:
    """The one claim that is used before the signature is verified, to look up who must have signed."""
    head = "eyJhbGciOiJSUzI1NiJ9"
    assert issuer_of(parse_jws(f"{head}.eyJpc3MiOiJ4In0.").claims) == "x"
    for payload in ("W10", "A", "e30="):
        with pytest.raises(MalformedTokenError):
            assert parse_jws(f"{head}.{payload}.").claims
    for claims, code in (
        ({}, "missing_claim"),
        ({"iss": None}, "missing_claim"),
        ({"iss": 1}, "invalid_claim"),
        ({"sub": "spiffe:"}, "missing_claim"),
    ):
        with pytest.raises(InvalidTokenError) as caught:
            issuer_of(claims)
        assert caught.value.code == code


def test_a_spiffe_identity_names_its_trust_domain() -> None:
    """In its subject, where it names no issuer (JWT-SVID section 3)."""
    assert issuer_of({"sub": "spiffe://acme.dev/ns/web"}) == "spiffe://acme.dev"
    assert issuer_of({"sub": "spiffe://acme.dev", "iss": None}) == "spiffe://acme.dev"
    assert issuer_of({"sub": "spiffe://acme.dev/web", "iss": "https://i/"}) == "https://i/"


def test_a_long_type_costs_what_any_member_of_a_header_does() -> None:
    """Letters that take long to lower are compared with nothing; the control has them under another name."""

    def read(name: str) -> None:
        for number in range(20):
            header = {"alg": "RS256", name: "\u0130" * 5000, "number": number}
            octets = json.dumps(header, ensure_ascii=False).encode()
            parse_jws(f"{encode_base64url(octets)}.e30.AAAA")

    assert cost(lambda: read("typ")) < 2 * cost(lambda: read("note"))
