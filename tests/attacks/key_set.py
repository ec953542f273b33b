"""Attacks by what an issuer publishes: keys that are weak, meant for something else, or hard to tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from jwks_auth.jose.base64url import decode_base64url, encode_base64url
from tests.attacks import forge
from tests.attacks.attack import Attack
from tests.attacks.forge import header, public_jwk, resigned, token

RSA_JWK = public_jwk("RS256", forge.RSA_KEY, kid="RS256", alg="RS256", use="sig")
EC_JWK = public_jwk("ES256", forge.EC_KEY, kid="ES256", alg="ES256", use="sig")
ED_JWK = public_jwk("EdDSA", forge.ED_KEY, kid="EdDSA", alg="EdDSA", use="sig")
OTHER_JWK = public_jwk("RS256", forge.ATTACKER_KEY, kid="other", alg="RS512")
X = decode_base64url(EC_JWK["x"].encode())


def published(*members: Any) -> dict[str, Any]:
    """A set of these members, and of another key that is good, so that there always is one."""
    return {"keys": [OTHER_JWK, *members]}


def changed(jwk: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The JWK with other members; one that becomes ``...`` is left out."""
    return {name: value for name, value in {**jwk, **changes}.items() if value is not ...}


FAULTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "use_enc": (RSA_JWK, {"use": "enc"}),
    "use_in_capitals": (RSA_JWK, {"use": "SIG"}),
    "key_ops_sign": (RSA_JWK, {"key_ops": ["sign"]}),
    "key_ops_mixed": (RSA_JWK, {"key_ops": ["verify", "encrypt"]}),
    "alg_of_another_hash": (RSA_JWK, {"alg": "RS512"}),
    "alg_of_another_padding": (RSA_JWK, {"alg": "PS256"}),
    "alg_of_another_type": (RSA_JWK, {"alg": "ES256"}),
    "alg_hs256": (RSA_JWK, {"alg": "HS256"}),
    "alg_none": (RSA_JWK, {"alg": "none"}),
    "alg_a_list": (RSA_JWK, {"alg": ["RS256"]}),
    "use_for_certificates": (RSA_JWK, {"use": "x509-svid"}),
    "kty_oct": (RSA_JWK, {"kty": "oct", "k": "AAAA"}),
    "kty_in_small_letters": (RSA_JWK, {"kty": "rsa"}),
    "kty_missing": (RSA_JWK, {"kty": ...}),
    "private": (RSA_JWK, {"d": "AQAB"}),
    "private_zero": (RSA_JWK, {"d": 0}),
    "private_list": (RSA_JWK, {"oth": [None]}),
    "kid_in_small_letters": (RSA_JWK, {"kid": "rs256"}),
    "kid_with_a_space": (RSA_JWK, {"kid": "RS256 "}),
    "kid_a_list": (RSA_JWK, {"kid": ["RS256"]}),
    "n_with_padding_inside": (RSA_JWK, {"n": RSA_JWK["n"][:4] + "==" + RSA_JWK["n"][4:]}),
    "n_with_a_space": (RSA_JWK, {"n": RSA_JWK["n"] + " "}),
    "e_even": (RSA_JWK, {"e": "AQAA"}),
    "e_a_number": (RSA_JWK, {"e": 65537}),
    "x_and_y_swapped": (EC_JWK, {"x": EC_JWK["y"], "y": EC_JWK["x"]}),
    "y_of_another_key": (EC_JWK, {"y": encode_base64url(bytes(31) + b"\1")}),
    "x_cut": (EC_JWK, {"x": EC_JWK["x"][:-2]}),
    "x_with_two_zeros_before": (EC_JWK, {"x": encode_base64url(bytes(2) + X)}),
    "x_with_a_one_before": (EC_JWK, {"x": encode_base64url(b"\1" + X)}),
    "x_with_a_zero_behind": (EC_JWK, {"x": encode_base64url(X + b"\0")}),
    "crv_missing": (EC_JWK, {"crv": ...}),
    "crv_of_the_same_size": (EC_JWK, {"crv": "secp256k1"}),
    "crv_for_key_agreement": (ED_JWK, {"crv": "X25519"}),
    "ed25519_as_ed448": (ED_JWK, {"crv": "Ed448"}),
}
"""A key, and how its JWK is changed so that the right signature is not to be taken."""


WRITTEN_OTHERWISE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "alg_null": (RSA_JWK, {"alg": None}),
    "use_empty": (RSA_JWK, {"use": ""}),
    "key_ops_of_none": (RSA_JWK, {"key_ops": []}),
    "private_null": (RSA_JWK, {"d": None, "p": "", "oth": []}),
    "n_padded": (RSA_JWK, {"n": RSA_JWK["n"] + "=="}),
    "n_in_standard_base64": (RSA_JWK, {"n": RSA_JWK["n"].replace("-", "+").replace("_", "/")}),
    "x_with_a_zero_before": (EC_JWK, {"x": encode_base64url(b"\0" + X)}),
    "use_for_svids": (EC_JWK, {"use": "jwt-svid"}),
}
"""The same key, as some provider writes it."""


def key_sets() -> Iterator[Attack]:
    """BCP-7, BCP-8, JOSE-5, JOSE-6, JOSE-7, JOSE-8, JOSE-11: what is published is not yet a key to use."""
    for name, (jwk, fault) in FAULTS.items():
        signed = lambda alg=jwk["alg"]: token(alg=alg)  # noqa: E731
        bad = published(changed(jwk, fault))
        yield Attack(f"key_set_{name}", signed, "unknown_key", signed, bad, published(jwk))
    yield from weak_keys()
    yield from ambiguous_keys()
    yield from sound_sets()


def weak_keys() -> Iterator[Attack]:
    """Keys under which others than the issuer can sign; the signature is what they would make of it."""
    small = rsa.generate_private_key(65537, 1024)
    small_set = published(public_jwk("RS256", small, kid="RS256"))
    yield Attack("key_set_rsa_of_1024_bits", lambda: token(key=small), "unknown_key", token, small_set)
    one = published(changed(RSA_JWK, {"e": "AQ"}))  # whatever is encoded is its own signature
    yield Attack(
        "key_set_rsa_exponent_one", lambda: resigned("RS256", forge.pkcs1_encoded), "unknown_key", token, one
    )
    for name, (point, signature) in {
        "identity": (b"\1" + bytes(31), b"\1" + bytes(63)),
        "order_four": (bytes(32), bytes(64)),
    }.items():
        bad = published(changed(ED_JWK, {"x": encode_base64url(point)}))
        forged = lambda signature=signature: resigned("EdDSA", lambda data: signature)  # noqa: E731
        yield Attack(f"key_set_ed25519_{name}", forged, "unknown_key", lambda: token(alg="EdDSA"), bad)


def ambiguous_keys() -> Iterator[Attack]:
    """A kid names one key, and of keys without one it must be plain which is meant."""
    twin = public_jwk("RS256", forge.ATTACKER_KEY, kid="twin", alg="RS256")
    unnamed = lambda: token(header(kid=...))  # noqa: E731
    four = [RSA_JWK, *({**twin, "kid": f"twin{number}"} for number in range(3))]
    five, few = published(*four, twin), published(*four)
    yield Attack("key_set_no_kid_and_five_keys_that_fit", unnamed, "unknown_key", unnamed, five, few)
    es = lambda: token(header("ES256", kid=...), alg="ES256")  # noqa: E731
    yield Attack("key_set_no_kid_and_no_key_that_fits", es, "unknown_key", unnamed, few, few)
    yield from nameless_keys(twin)
    both = published(RSA_JWK, {**twin, "kid": "RS256"})
    forged = lambda: token(key=forge.ATTACKER_KEY)  # noqa: E731
    yield Attack("key_set_second_key_of_a_kid", forged, "bad_signature", token, both, both)
    composed = published({**RSA_JWK, "kid": "caf\u00e9"})
    for name, kid in {
        "decomposed": "cafe\u0301",
        "upper_case": "CAF\u00c9",
        "without_accent": "cafe",
    }.items():
        forged = lambda kid=kid: token(header(kid=kid))  # noqa: E731
        control = lambda: token(header(kid="caf\u00e9"))  # noqa: E731
        yield Attack(f"key_set_kid_{name}", forged, "unknown_key", control, composed, composed)


def nameless_keys(other: dict[str, Any]) -> Iterator[Attack]:
    """A key without a kid stands in for a kid that no key has, where it is the only one, and for nothing else."""
    nameless, other = changed(RSA_JWK, {"kid": ...}), changed(other, {"kid": ...})
    alone = published(nameless)
    for name, members in {
        "and_another": [nameless, other],
        "beside_the_one_named": [nameless, {**EC_JWK, "kid": "RS256"}],
        "beside_a_refused_one": [nameless, {**other, "kid": "RS256", "use": "enc"}],
    }.items():
        yield Attack(f"key_set_nameless_{name}", token, "unknown_key", token, published(*members), alone)
    forged = lambda: token(key=forge.ATTACKER_KEY)  # noqa: E731
    yield Attack("key_set_nameless_and_anothers_signature", forged, "bad_signature", token, alone, alone)
    named = published(
        RSA_JWK, other
    )  # the attacker's key is in the set, but is not the one that the token names
    yield Attack("key_set_named_but_signed_by_a_nameless", forged, "bad_signature", token, named, named)
    for_rs512 = published({**nameless, "alg": "RS512"})
    yield Attack("key_set_nameless_for_another_hash", token, "unknown_key", token, for_rs512, alone)


def sound_sets() -> Iterator[Attack]:
    """What is no attack: one kid for keys of different types, keys without alg, and a set full of foreign members."""
    shared = {"keys": [{**jwk, "kid": "one"} for jwk in (RSA_JWK, EC_JWK, ED_JWK)]}
    for alg in ("RS256", "ES256", "EdDSA"):
        signed = lambda alg=alg: token(header(alg, kid="one"), alg=alg)  # noqa: E731
        yield Attack(f"key_set_shared_kid_is_fine_for_{alg}", signed, None, signed, shared, shared)
    for alg in ("RS256", "PS256"):
        signed = lambda alg=alg: token(header(alg, kid="RS256"), alg=alg)  # noqa: E731
        free = published(changed(RSA_JWK, {"alg": ...}))
        yield Attack(f"key_set_without_alg_is_fine_for_{alg}", signed, None, signed, free, free)
    nameless = changed(RSA_JWK, {"kid": ...})
    yield Attack("key_set_kid_missing_is_fine", token, None, token, published(nameless), published(RSA_JWK))
    for name, (jwk, written) in WRITTEN_OTHERWISE.items():
        signed = lambda alg=jwk["alg"]: token(alg=alg)  # noqa: E731
        yield Attack(
            f"key_set_{name}_is_fine", signed, None, signed, published(changed(jwk, written)), published(jwk)
        )
    foreign = [
        None,
        1,
        "key",
        [],
        {},
        {"kty": "oct", "k": "AAAA", "kid": "RS256"},
        {"kty": "AKP"},
        {"kid": []},
    ]
    junk = {"keys": [*foreign, *(changed(jwk, fault) for jwk, fault in FAULTS.values()), RSA_JWK]}
    yield Attack("key_set_full_of_faults_is_fine", token, None, token, junk)
