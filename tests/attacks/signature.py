"""Attacks on the signature of each scheme, at its edges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from tests.attacks import forge
from tests.attacks.attack import Attack
from tests.attacks.forge import resigned, sign, tampered, token

CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "first_bit": lambda data: bytes([data[0] ^ 128]) + data[1:],
    "last_bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "cut": lambda data: data[:-1],
    "half": lambda data: data[: len(data) // 2],
    "zero_before": lambda data: b"\0" + data,
    "zero_after": lambda data: data + b"\0",
    "reversed": lambda data: data[::-1],
    "all_zero": lambda data: bytes(len(data)),
    "one": lambda data: bytes(len(data) - 1) + b"\1",
    "all_ones": lambda data: b"\xff" * len(data),
    "empty": lambda data: b"",
    "twice": lambda data: data + data,
}


def signatures() -> Iterator[Attack]:
    """JOSE-9, BCP-6: every signature scheme at its edges."""
    for alg in forge.ALGORITHMS:
        for name, change in CHANGES.items():
            yield of_signature(
                f"{alg}_{name}", lambda data, alg=alg, change=change: change(sign(data, alg)), alg
            )
        yield of_signature(f"{alg}_of_other_claims", lambda data, alg=alg: sign(data + b"x", alg), alg)
        yield of_signature(f"{alg}_of_the_payload", lambda data, alg=alg: sign(data.split(b".")[1], alg), alg)
    yield from pkcs1_signatures()
    yield from rsa_signatures()
    yield from pss_signatures()
    yield from ecdsa_signatures()
    yield from eddsa_signatures()


def of_signature(name: str, signer: Callable[[bytes], bytes], alg: str) -> Attack:
    """A good token of *alg* but for how its signature is made."""
    return Attack(f"signature_{name}", lambda: resigned(alg, signer), "bad_signature", lambda: token(alg=alg))


SHAPES: dict[str, dict[str, Any]] = {
    "garbage_after_the_hash": {"garbage": b"\0" * 8, "fill": 194},
    "garbage_and_short_padding": {"garbage": b"\xaa" * 100, "fill": 102},
    "block_type_two": {"block": 2},
    "block_type_zero": {"block": 0},
    "padding_of_zeros": {"octet": b"\0"},
    "hash_at_the_left": {"fill": 8},
    "no_null_parameter": {"info": forge.SHA256_INFO_WITHOUT_NULL},
    "no_digest_info": {"info": b""},
    "sha1": {"info": forge.SHA1_INFO, "digest": "sha1"},
    "sha1_called_sha256": {"digest": "sha1"},
    "sha512": {"digest": "sha512"},
}


def pkcs1_signatures() -> Iterator[Attack]:
    """Encodings made with the private key, so that only strict checking tells them from the right one."""
    exact = lambda: resigned("RS256", forge.pkcs1)  # noqa: E731  the forger's encoder, used rightly
    for name, shape in SHAPES.items():
        forged = lambda shape=shape: resigned("RS256", lambda data: forge.pkcs1(data, **shape))  # noqa: E731
        yield Attack(f"rsa_pkcs1_{name}", forged, "bad_signature", exact)


def rsa_signatures() -> Iterator[Attack]:
    """A signature as a number that is no smaller than the modulus, or that needs no key."""
    modulus = forge.RSA_KEY.public_key().public_numbers().n

    def plus_the_modulus(data: bytes) -> bytes:
        return (int.from_bytes(sign(data), "big") + modulus).to_bytes(257, "big").lstrip(b"\0")

    for alg in ("RS256", "PS256"):
        yield of_signature(f"{alg}_plus_the_modulus", plus_the_modulus, alg)
        for name, number in {"the_modulus": modulus, "minus_one": modulus - 1}.items():
            octets = number.to_bytes(256, "big")
            yield of_signature(f"{alg}_{name}", lambda data, octets=octets: octets, alg)


def pss_signatures() -> Iterator[Attack]:
    """RFC 7518 section 3.5: the salt is as long as the hash, and MGF1 uses the same hash."""
    sha1, sha256, sha384 = hashes.SHA1(), hashes.SHA256(), hashes.SHA384()
    for name, (digest, mgf, salt) in {
        "no_salt": (sha256, sha256, 0),
        "short_salt": (sha256, sha256, 20),
        "longer_salt": (sha256, sha256, 33),
        "longest_salt": (sha256, sha256, 222),
        "mgf_of_sha1": (sha256, sha1, 32),
        "mgf_of_sha384": (sha256, sha384, 32),
        "sha1": (sha1, sha1, 20),
        "sha384": (sha384, sha384, 48),
    }.items():
        pss = padding.PSS(padding.MGF1(mgf), salt)
        signer = lambda data, pss=pss, digest=digest: forge.RSA_KEY.sign(data, pss, digest)  # noqa: E731
        yield of_signature(f"pss_{name}", signer, "PS256")


ORDER = forge.CURVE_ORDER
NUMBERS: dict[str, Callable[[int, int], tuple[int, int]]] = {
    "r_zero": lambda r, s: (0, s),
    "s_zero": lambda r, s: (r, 0),
    "both_zero": lambda r, s: (0, 0),
    "r_one": lambda r, s: (1, s),
    "s_one": lambda r, s: (r, 1),
    "r_is_the_order": lambda r, s: (ORDER, s),
    "s_is_the_order": lambda r, s: (r, ORDER),
    "both_are_the_order": lambda r, s: (ORDER, ORDER),
    "both_above_the_order": lambda r, s: (ORDER + 1, ORDER + 1),
    "both_one": lambda r, s: (1, 1),
    "both_largest": lambda r, s: (ORDER - 1, ORDER - 1),
    "swapped": lambda r, s: (s, r),
    "r_negated": lambda r, s: (ORDER - r, s),
    "both_negated": lambda r, s: (ORDER - r, ORDER - s),
}


def ecdsa_signatures() -> Iterator[Attack]:
    """r and s at the edges of their range, and other encodings."""
    good = lambda: token(alg="ES256")  # noqa: E731
    for name, change in NUMBERS.items():
        yield Attack(f"ecdsa_{name}", lambda change=change: forge.es256(change), "bad_signature", good)
    # (r, n - s) is as good a signature: RFC 7518 does not ask for the lower s, so a token must never be its own name.
    yield Attack("ecdsa_other_s", lambda: forge.es256(lambda r, s: (r, ORDER - s)), None, good)
    sha256, sha384 = hashes.SHA256(), hashes.SHA384()
    yield of_signature("ecdsa_der", lambda data: forge.EC_KEY.sign(data, ec.ECDSA(sha256)), "ES256")
    for name, spell in {
        "halves_padded": lambda good: b"\0" + good[:32] + b"\0" + good[32:],
        "point_format_before": lambda good: b"\4" + good,
        "little_endian": lambda good: good[31::-1] + good[:31:-1],
    }.items():
        signer = lambda data, spell=spell: spell(forge.raw_ecdsa(data, sha256))  # noqa: E731
        yield of_signature(f"ecdsa_{name}", signer, "ES256")
    yield Attack(
        "ecdsa_of_sha384",
        lambda: resigned("ES256", lambda data: forge.raw_ecdsa(data, sha384)),
        "bad_signature",
        lambda: resigned("ES256", lambda data: forge.raw_ecdsa(data, sha256)),
    )


def eddsa_signatures() -> Iterator[Attack]:
    """S plus the order (RFC 8032 section 5.1.7), and R of small order."""

    def larger(data: bytes) -> bytes:
        s = int.from_bytes(data[32:], "little") + forge.EDWARDS_ORDER
        return data[:32] + s.to_bytes(32, "little")

    changes: dict[str, Callable[[bytes], bytes]] = {
        "s_plus_the_order": larger,
        "s_zero": lambda data: data[:32] + bytes(32),
        "identity_and_zero": lambda data: b"\1" + bytes(63),
        "identity_and_its_own_s": lambda data: b"\1" + bytes(31) + data[32:],
        "sign_of_r_changed": lambda data: data[:31] + bytes([data[31] ^ 128]) + data[32:],
        "halves_swapped": lambda data: data[32:] + data[:32],
    }
    for name, change in changes.items():
        forged = lambda change=change: tampered(change, "EdDSA")  # noqa: E731
        yield Attack(f"eddsa_{name}", forged, "bad_signature", lambda: token(alg="EdDSA"))
