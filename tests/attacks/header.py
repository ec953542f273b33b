"""Attacks by what the header says: the algorithm, the key, extensions and the kind of token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.attacks import forge
from tests.attacks.attack import Attack, of_claims, of_header
from tests.attacks.forge import assemble, claims, header, resigned, segment, token

NOT_ALLOWED = [
    *("none", "None", "NONE", "nOnE", "", "rs256", "RS256 ", " RS256", "RS-256", "RS256\0", "RS256,none"),
    *(
        "\uff32\uff33256",
        "RSA-OAEP",
        "RSA1_5",
        "dir",
        "ES256K",
        "Ed448",
        "ML-DSA-44",
        "RS1",
        "SHA256",
        "sig",
        "constructor",
    ),
]
NOT_A_NAME = {
    "missing": ...,
    "null": None,
    "a_number": 256,
    "true": True,
    "a_list": ["RS256"],
    "an_object": {},
}


def algorithms() -> Iterator[Attack]:
    """BCP-1, BCP-4, BCP-5, JOSE-7: the allow-list and the key decide, never the token."""
    for alg in NOT_ALLOWED:
        bad = {"alg": alg, "kid": "RS256"}
        yield of_header(f"alg_{alg or 'empty'!r}_with_a_signature", "algorithm_not_allowed", bad)
    for alg, kid in product(("none", "None", "nonE", ""), ("RS256", "other", ...)):
        head = segment(header(alg=alg, kid=kid))
        yield Attack(
            f"alg_{alg or 'empty'}_without_a_signature_kid_{kid}",
            lambda head=head: assemble(head, segment(claims()), lambda _: b""),
            "algorithm_not_allowed",
        )
    for name, value in NOT_A_NAME.items():
        yield of_header(f"alg_{name}", "malformed", {"alg": value, "kid": "RS256"})
    yield from confused_with_secrets()
    yield from keys_of_other_algorithms()


def secrets() -> dict[str, bytes]:
    """Every form of a public key that a library could take for a shared secret."""
    rsa, spki = forge.RSA_KEY.public_key(), PublicFormat.SubjectPublicKeyInfo
    pem, jwk = rsa.public_bytes(Encoding.PEM, spki), json.dumps(forge.KEY_SET["keys"][0])
    return {
        "pem": pem,
        "pem_without_newline": pem.rstrip(b"\n"),
        "pem_of_windows": pem.replace(b"\n", b"\r\n"),
        "pkcs1_pem": rsa.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "der": rsa.public_bytes(Encoding.DER, spki),
        "modulus": rsa.public_numbers().n.to_bytes(256, "big"),
        "modulus_as_in_the_jwk": forge.KEY_SET["keys"][0]["n"].encode(),
        "jwk": jwk.encode(),
        "ec_pem": forge.EC_KEY.public_key().public_bytes(Encoding.PEM, spki),
        "ec_point": forge.EC_KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        "ed25519": forge.ED_KEY.public_key().public_bytes_raw(),
        "kid": b"RS256",
        "empty": b"",
    }


def confused_with_secrets() -> Iterator[Attack]:
    """A MAC under the public key, said to be one or said to be a signature."""
    for (name, secret), size in product(secrets().items(), ("256", "384", "512")):
        head = segment(header(alg=f"HS{size}", kid="RS256"))
        signer = forge.mac(secret, f"sha{size}")
        yield Attack(
            f"hs_confusion_HS{size}_{name}",
            lambda head=head, signer=signer: assemble(head, segment(claims()), signer),
            "algorithm_not_allowed",
        )
    for (name, secret), alg in product(secrets().items(), forge.ALGORITHMS):
        yield Attack(
            f"hs_confusion_mac_called_{alg}_{name}",
            lambda alg=alg, secret=secret: resigned(alg, forge.mac(secret)),
            "bad_signature",
            lambda alg=alg: token(alg=alg),
        )


def keys_of_other_algorithms() -> Iterator[Attack]:
    """A key verifies what its JWK says, even where the same numbers would do for another algorithm."""
    for alg, kid in product(forge.ALGORITHMS, forge.ALGORITHMS):
        if alg != kid:
            yield Attack(
                f"alg_{alg}_with_the_kid_of_{kid}",
                lambda alg=alg, kid=kid: token(header(alg=alg, kid=kid), alg=alg),
                "unknown_key",
                lambda alg=alg: token(alg=alg),
            )
            yield Attack(
                f"alg_{alg}_over_a_signature_of_{kid}",
                lambda alg=alg, kid=kid: token(header(alg), alg=kid),
                "bad_signature",
                lambda alg=alg: token(alg=alg),
            )
    yield Attack(
        "key_of_EdDSA_used_for_Ed25519",
        lambda: token(header(alg="Ed25519", kid="EdDSA"), alg="EdDSA"),
        "unknown_key",
        lambda: token(alg="EdDSA"),
    )


def embedded_keys() -> Iterator[Attack]:
    """BCP-12, 9068-4: keys come from the issuer, never from the token."""
    jwk = forge.public_jwk("RS256", forge.ATTACKER_KEY, kid="RS256")
    members: dict[str, Any] = {
        "jwk": jwk,
        "jwks": {"keys": [jwk]},
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/cert",
        "x5c": ["MIIB"],
        "x5t": "AAAA",
        "x5t#S256": "AAAA",
        "iss": "https://evil.example/",
    }
    for name, value in members.items():
        good = {name: value}
        for which, kid, code in (
            ("a_known_kid", "RS256", "bad_signature"),
            ("no_kid", ..., "bad_signature"),  # one key of the set fits RS256, and it is not the attacker's
            ("an_unknown_kid", "evil", "unknown_key"),
        ):
            yield Attack(
                f"embedded_{name}_with_{which}",
                lambda good=good, kid=kid: token(header(**{"kid": kid, **good}), key=forge.ATTACKER_KEY),
                code,
                lambda good=good: token(header(**good)),  # as a member nobody reads it does no harm
            )


UNKNOWN_KIDS = {
    "unknown": "other",
    "lower_case": "rs256",
    "space": "RS256 ",
    "newline": "RS256\n",
    "nul": "RS256\0",
    "path": "../../../../dev/null",
    "sql": "RS256' OR '1'='1",
    "command": "RS256|/usr/bin/id",
    "ldap": "*)(kid=*",
    "url": "https://evil.example/key",
    "file": "file:///proc/sys/kernel/randomize_va_space",
    "prototype": "__proto__",
    "empty": "",
    "full_width": "\uff32\uff33256",
    "very_long": "k" * 5000,
}
NOT_A_KID = {"null": None, "a_number": 1, "a_list": ["RS256"], "an_object": {}, "true": True}


def kids() -> Iterator[Attack]:
    """JOSE-3, JOSE-8, BCP-12: a kid is a string, compared exactly, and leads nowhere but into the set."""
    for name, kid in UNKNOWN_KIDS.items():
        yield of_header(f"kid_{name}", "unknown_key", {"kid": kid})
    for name, kid in NOT_A_KID.items():
        yield of_header(f"kid_{name}", "malformed", {"kid": kid})
    yield of_header("kid_missing_where_one_key_fits_is_fine", None, {"kid": ...})


CRITICAL = {
    "unknown": ["exp"],
    "url": ["http://openbanking.org.uk/iat"],
    "b64": ["b64"],
    "empty": [],
    "registered": ["alg"],
    "itself": ["crit"],
    "absent_member": ["absent"],
    "empty_name": [""],
    "not_a_list": "b64",
    "an_object": {"b64": True},
    "null": None,
    "false": False,
    "duplicate": ["x", "x"],
    "of_numbers": [1],
    "nested": [["b64"]],
}


def critical_headers() -> Iterator[Attack]:
    """JOSE-1, JOSE-10: nothing is critical to us, and b64 is never false in a JWT."""
    members = {"b64": True, "exp": 1, "x": 1, "http://openbanking.org.uk/iat": 1}
    for name, crit in CRITICAL.items():
        yield of_header(f"crit_{name}", "critical_header", {**members, "crit": crit}, **members)
    for name, b64 in {"false": False, "null": None, "zero": 0, "one": 1, "a_string": "false"}.items():
        yield of_header(f"b64_{name}", "critical_header", {"b64": b64}, b64=True)
    unencoded = segment(header(b64=False, crit=["b64"]))
    plain = lambda: json.dumps(claims()).replace(".", "\\u002e")  # noqa: E731
    yield Attack("b64_unencoded_payload", lambda: assemble(unencoded, plain()), "critical_header")
    yield Attack("b64_detached_payload", lambda: assemble(unencoded, ""), "critical_header")


OTHER_TYPES = [
    *("dpop+jwt", "logout+jwt", "secevent+jwt", "id_token+jwt", "token-introspection+jwt", "vc+sd-jwt"),
    *("JOSE", "JOSE+JSON", "JWE", "application/json", "", "/", "jwt/", "application/", " at+jwt", "at+jwt "),
    *("at+jwt\0", "at+jwt; charset=utf-8", "at+jwt,JWT", "text/at+jwt", "application/application/at+jwt"),
    *("\uff41t+jwt", "appl\u0130cation/jwt", "at jwt", "at%2Bjwt"),
]
FINE_TYPES = ("JWT", "jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt", "application/jwt", ...)
OTHER_KINDS: dict[str, dict[str, Any]] = {
    "at_hash": {"at_hash": "x"},
    "c_hash": {"c_hash": "x"},
    "events": {"events": {}},
    "token_use_id": {"token_use": "id"},
    "token_use_in_capitals": {"token_use": "ACCESS"},
    "token_use_a_list": {"token_use": ["access"]},
    "at_hash_and_token_use": {"at_hash": "x", "token_use": "access"},
}


def types() -> Iterator[Attack]:
    """9068-1, BCP-13, BCP-14, 9700-3: another kind of token is refused by its name."""
    for typ in OTHER_TYPES:
        yield of_header(f"typ_{typ!r}", "wrong_type", {"typ": typ})
    for typ in FINE_TYPES:
        yield of_header(f"typ_{typ!r}_is_fine", None, {"typ": typ})
    for name, value in {"null": None, "a_number": 1, "true": True, "a_list": ["at+jwt"]}.items():
        yield of_header(f"typ_{name}", "malformed", {"typ": value})
    for name, bad in OTHER_KINDS.items():
        yield of_claims(f"another_kind_by_{name}", "wrong_type", bad)
    for name, cnf in {"jkt": {"jkt": "x"}, "x5t": {"x5t#S256": "x"}, "nothing": {}, "a_list": []}.items():
        yield of_claims(f"bound_by_cnf_{name}", "bound_token", {"cnf": cnf})
    yield of_claims("events_null_is_fine", None, {"events": None})
    yield of_claims("bound_by_cnf_null_is_fine", None, {"cnf": None})
    yield of_claims("token_use_access_is_fine", None, {"token_use": "access"})
