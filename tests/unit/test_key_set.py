"""Key sets: read member by member, and how a token's key is chosen (JOSE-5, JOSE-8)."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from jwks_auth import ConfigurationError, InvalidTokenError, KeySet
from jwks_auth.jose.jwk import MAX_KEYS
from jwks_auth.jose.key_set import MOST_TRIED
from jwks_auth.keys.supplied import StaticKeys
from tests.unit.test_jwk import EC, ED, RSA

BAD: list[Any] = [None, 1, {}, {"kty": "oct", "k": "AAAA"}, {**RSA, "d": "AQAB"}, {**EC, "y": EC["x"]}]


def test_jose_5_one_bad_member_never_spoils_the_set() -> None:
    """Good keys are used wherever they stand; each bad one has its reason."""
    keys = KeySet.from_dict({"keys": [*BAD, {**RSA, "kid": "r"}, *BAD, {**EC, "kid": "e"}], "unknown": 1})
    assert keys.kids() == {"r", "e"}
    assert len(keys.refused) == 2 * len(BAD)
    assert all(refused.reason for refused in keys.refused)


@pytest.mark.parametrize(
    "document", [None, [], {}, {"keys": None}, {"keys": {}}, {"keys": "x"}, {"keys": [{}] * (MAX_KEYS + 1)}]
)
def test_jose_5_what_is_no_set_is_a_mistake_of_configuration(document: object) -> None:
    """``keys`` is required, is a list, and has a bound."""
    with pytest.raises(ConfigurationError, match="key set"):
        KeySet.from_dict(document)


def test_an_empty_set_is_legal() -> None:
    """Whether it will do is for whoever uses it."""
    assert KeySet.from_dict({"keys": BAD}).keys == ()


def test_json_is_read_as_strictly_as_a_token() -> None:
    """Text or octets; duplicates and what is no object are refused."""
    text = json.dumps({"keys": [{**ED, "kid": "d"}]})
    assert KeySet.from_json(text).kids() == KeySet.from_json(text.encode()).kids() == {"d"}
    for wrong in ("[]", '{"keys": [], "keys": []}', "<html>"):
        with pytest.raises(ConfigurationError, match="not a JSON object"):
            KeySet.from_json(wrong)


def test_a_thread_beside_an_event_loop_may_pause_between_members() -> None:
    """A large set takes milliseconds to parse, for which the loop would stand still."""
    pauses: list[int] = []
    document = {"keys": [{**EC, "kid": str(number)} for number in range(5)]}
    assert len(KeySet.from_dict(document, pause=lambda: pauses.append(1)).keys) == len(pauses) == 5


def test_a_trust_list_is_taken_whole() -> None:
    """A thousand keys for signatures, and thousands beside them that say they are for something else."""
    signing = [{**EC, "kid": str(number)} for number in range(MAX_KEYS)]
    others = [{**RSA, "use": "enc"}, {**EC, "use": "x509-svid"}, {**RSA, "alg": "RSA-OAEP"}] * 1_000
    keys = KeySet.from_dict({"keys": [*others, *signing]})
    assert (len(keys.keys), len(keys.refused)) == (MAX_KEYS, len(others))
    for members in ([*others, *signing, {}], [{}] * (MAX_KEYS + 1), [{"use": "enc"}] * 10_001):
        with pytest.raises(ConfigurationError, match="expected at most"):
            KeySet.from_dict({"keys": members})


def test_keys_for_another_use_cost_few_pauses() -> None:
    """They are told apart in no time, and a pause takes some."""
    pauses: list[int] = []
    document = {"keys": [{"use": "enc"}] * 200 + [{**EC, "kid": "e"}]}
    assert KeySet.from_dict(document, pause=lambda: pauses.append(1)).kids() == {"e"}
    assert len(pauses) == 5


def test_why_a_set_is_unusable_is_told_in_a_few_words() -> None:
    """However many keys it refuses for however many reasons."""
    keys = KeySet.from_dict({"keys": [{**EC, "use": f"use{number}"} for number in range(100)]})
    assert keys.why_unusable.startswith("use is use0, not sig; use is use1, not sig; ")
    assert keys.why_unusable.endswith("; 92 other reasons")


def test_jose_8_the_kid_names_the_key() -> None:
    """An unknown kid never falls back to another key."""
    keys = KeySet.from_dict({"keys": [{**RSA, "kid": "a"}, {**EC, "kid": "b"}]})
    assert keys.select("a", "RS256") is keys.keys[0]
    assert keys.select("a", "ES256") is None
    assert keys.select("c", "RS256") is None
    assert keys.select("A", "RS256") is None


def test_jose_8_one_kid_on_keys_of_different_types_is_legal() -> None:
    """The algorithm tells them apart."""
    keys = KeySet.from_dict({"keys": [{**RSA, "kid": "a"}, {**EC, "kid": "a"}, {**ED, "kid": "a"}]})
    assert [keys.select("a", alg) for alg in ("RS256", "ES256", "EdDSA")] == list(keys.keys)
    assert keys.refused == ()


def test_jose_8_one_kid_on_two_keys_for_one_algorithm_keeps_the_first() -> None:
    """Otherwise a kid would not name a key; keys bound to different algorithms stay."""
    first, second = {**RSA, "kid": "a", "alg": "RS256"}, {**RSA, "kid": "a", "alg": "PS256"}
    assert len(KeySet.from_dict({"keys": [first, second]}).keys) == 2
    keys = KeySet.from_dict({"keys": [first, second, {**RSA, "kid": "a"}]})
    assert len(keys.keys) == 2
    assert keys.refused[0].reason == "kid is taken by another key of the set"


def test_jose_8_without_a_kid_the_keys_that_fit_are_tried() -> None:
    """Whichever has signed serves a token without one, where they are few."""
    one = KeySet.from_dict({"keys": [{**RSA, "kid": "a"}, EC]})
    assert one.select(None, "RS256") is one.keys[0]
    assert one.select(None, "ES256") is one.keys[1]
    assert one.select(None, "EdDSA") is None
    two = KeySet.from_dict({"keys": [{**RSA, "kid": "a", "alg": "RS256"}, {**RSA, "kid": "b"}]})
    either = two.select(None, "RS256")
    assert either is not None
    assert (either.kid, either.algorithms, dict(either.jwk)) == (None, {"RS256"}, {})
    assert either is two.select(None, "RS256")
    assert two.select(None, "PS256") is two.keys[1]
    many = KeySet.from_dict({"keys": [RSA] * (MOST_TRIED + 1)})
    assert many.select(None, "RS256") is None
    assert [keys.fitting("RS256") for keys in (one, two, many)] == [1, 2, MOST_TRIED + 1]


def test_jose_8_a_key_without_a_kid_serves_where_it_can_only_be_meant() -> None:
    """The only one of its kind, for a kid that no key has, be it one that is refused."""
    keys = KeySet.from_dict({"keys": [{**RSA, "kid": "a"}, {**EC, "use": "enc", "kid": "b"}, EC]})
    assert keys.select("x", "ES256") is keys.keys[1]
    assert keys.select("x", "RS256") is keys.select("a", "ES256") is keys.select("b", "ES256") is None
    assert keys.may_hold("a")
    assert keys.may_hold("x")
    nobody = KeySet.from_dict({"keys": [EC, EC]})
    assert nobody.select("x", "ES256") is None
    assert not nobody.may_hold("x")


async def test_static_keys_never_wait() -> None:
    """What is not in a static set never will be."""
    provider = StaticKeys(KeySet.from_dict({"keys": [{**RSA, "kid": "a"}]}))
    assert (
        provider.find("a", "RS256") is provider.resolve("a", "RS256") is await provider.aresolve("a", "RS256")
    )
    assert provider.find("b", "RS256") is None
    with pytest.raises(InvalidTokenError) as caught:
        await provider.aresolve("b", "RS256")
    assert caught.value.code == "unknown_key"


PRIVATE: list[Any] = [
    rsa.generate_private_key(65537, 2048),
    ec.generate_private_key(ec.SECP384R1()),
    ed25519.Ed25519PrivateKey.generate(),
    ed448.Ed448PrivateKey.generate(),
]


@pytest.mark.parametrize("key", PRIVATE, ids=["RSA", "P-384", "Ed25519", "Ed448"])
def test_a_public_key_in_pem_is_a_set_of_one(key: Any) -> None:
    """As text or octets, with a kid and an algorithm where they are given."""
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (parsed,) = KeySet.from_pem(pem.decode(), kid="k").keys
    assert parsed.kid == "k"
    assert "d" not in parsed.jwk
    with pytest.raises(ConfigurationError, match="at odds"):
        KeySet.from_pem(pem, alg="HS256")


def test_a_certificate_in_pem_gives_its_key() -> None:
    """Its dates are not looked at: it is a container here."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "id.example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, PRIVATE[1].public_key(), 1, now, now + timedelta(days=1))
    pem = builder.sign(PRIVATE[1], hashes.SHA256()).public_bytes(Encoding.PEM)
    assert KeySet.from_pem(pem, alg="ES384").keys[0].algorithms == {"ES384"}


def test_jose_11_a_private_key_in_pem_is_refused() -> None:
    """A verifier has no business with it."""
    pem = PRIVATE[0].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ConfigurationError, match="private key"):
        KeySet.from_pem(pem)


def test_other_pem_is_refused() -> None:
    """Text that is no PEM or no text, keys that sign nothing, and those of types still to come."""
    exchange = x25519.X25519PrivateKey.generate().public_key()
    pem = exchange.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    brainpool = ec.generate_private_key(ec.BrainpoolP256R1()).public_key()
    foreign = brainpool.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    certificate = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    unknown = b64encode(bytes.fromhex("302a300506032b6578032100") + bytes(32)).decode()
    future = f"-----BEGIN PUBLIC KEY-----\n{unknown}\n-----END PUBLIC KEY-----\n"
    for wrong in ("hello", "\ud800", b"\xff", pem, foreign, certificate, future):
        with pytest.raises(ConfigurationError, match="expected a public key or a certificate"):
            KeySet.from_pem(wrong)
