"""Signature algorithms (RFC 7518, 8037, 8812, 9864, 9964), and the only place where signatures are checked.

An algorithm is bound to a key once, when the key is parsed: padding, hash and sizes are prepared there, so that a
request makes one call into ``cryptography``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from jwks_auth.challenge import brief, several
from jwks_auth.errors import ConfigurationError
from jwks_auth.jose.ml_dsa import ML_DSA, MLDSAPublicKey
from jwks_auth.runtime import dataclass

__all__ = [
    "DEFAULT_ALGORITHMS",
    "OPT_IN_ALGORITHMS",
    "Algorithm",
    "SignatureCheck",
    "algorithm_of",
    "algorithms_for",
    "algorithms_in",
    "checked_algorithms",
    "key_type_of",
]


SignatureCheck: TypeAlias = Callable[[bytes, bytes], bool]
"""``check(signature, signing_input)`` returns whether the signature is this key's. It raises for no bytes."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One ``alg`` value, with the key type and curve it belongs to."""

    name: str
    kty: str
    crv: str | None
    bind: Callable[[Any], SignatureCheck]


def _rsa_pkcs1(digest: hashes.HashAlgorithm) -> Callable[[rsa.RSAPublicKey], SignatureCheck]:
    return lambda key: _rsa_check(key, padding.PKCS1v15(), digest)


def _rsa_pss(digest: hashes.HashAlgorithm) -> Callable[[rsa.RSAPublicKey], SignatureCheck]:
    # RFC 7518 section 3.5: the salt is as long as the hash, and MGF1 uses the same hash.
    pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
    return lambda key: _rsa_check(key, pss, digest)


def _rsa_check(
    key: rsa.RSAPublicKey, scheme: padding.AsymmetricPadding, digest: hashes.HashAlgorithm
) -> SignatureCheck:
    size = (key.key_size + 7) // 8
    verify = key.verify

    def check(signature: bytes, signing_input: bytes) -> bool:
        if len(signature) != size:
            return False
        try:
            verify(signature, signing_input, scheme, digest)
        except InvalidSignature:
            return False
        return True

    return check


def _ecdsa(digest: hashes.HashAlgorithm) -> Callable[[ec.EllipticCurvePublicKey], SignatureCheck]:
    def bind(key: ec.EllipticCurvePublicKey) -> SignatureCheck:
        scheme = ec.ECDSA(digest)  # it loads a module that no other kind of key needs
        size = (key.key_size + 7) // 8
        verify = key.verify

        def check(signature: bytes, signing_input: bytes) -> bool:
            if len(signature) != 2 * size:
                return False
            try:
                verify(_der_signature(signature[:size], signature[size:]), signing_input, scheme)
            except InvalidSignature:
                return False
            return True

        return check

    return bind


def _der_signature(r: bytes, s: bytes) -> bytes:
    """Return ``SEQUENCE { r INTEGER, s INTEGER }`` of two unsigned numbers; OpenSSL checks their range."""
    # By hand: the library's encode_dss_signature takes numbers, and octets to numbers and back costs twice as much.
    r = r.lstrip(b"\0")
    s = s.lstrip(b"\0")
    if not r or r[0] > 127:
        r = b"\0" + r
    if not s or s[0] > 127:
        s = b"\0" + s
    size = len(r) + len(s) + 4
    head = b"\x30%c" % size if size < 128 else b"\x30\x81%c" % size
    return b"%b\x02%c%b\x02%c%b" % (head, len(r), r, len(s), s)


def _eddsa(key: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey | MLDSAPublicKey) -> SignatureCheck:
    verify = key.verify

    def check(signature: bytes, signing_input: bytes) -> bool:
        try:
            verify(signature, signing_input)
        except InvalidSignature:
            return False
        return True

    return check


_ALGORITHMS = {
    algorithm.name: algorithm
    for algorithm in (
        Algorithm("RS256", "RSA", None, _rsa_pkcs1(hashes.SHA256())),
        Algorithm("RS384", "RSA", None, _rsa_pkcs1(hashes.SHA384())),
        Algorithm("RS512", "RSA", None, _rsa_pkcs1(hashes.SHA512())),
        Algorithm("PS256", "RSA", None, _rsa_pss(hashes.SHA256())),
        Algorithm("PS384", "RSA", None, _rsa_pss(hashes.SHA384())),
        Algorithm("PS512", "RSA", None, _rsa_pss(hashes.SHA512())),
        Algorithm("ES256", "EC", "P-256", _ecdsa(hashes.SHA256())),
        Algorithm("ES384", "EC", "P-384", _ecdsa(hashes.SHA384())),
        Algorithm("ES512", "EC", "P-521", _ecdsa(hashes.SHA512())),
        Algorithm("EdDSA", "OKP", "Ed25519", _eddsa),
        Algorithm("Ed25519", "OKP", "Ed25519", _eddsa),
        Algorithm("ES256K", "EC", "secp256k1", _ecdsa(hashes.SHA256())),
        Algorithm("Ed448", "OKP", "Ed448", _eddsa),
        # A key of type AKP has its one algorithm where others have a curve, and the same verify() as Edwards keys.
        *(Algorithm(name, "AKP", name, _eddsa) for name in ML_DSA),
    )
}

OPT_IN_ALGORITHMS = ("ES256K", "Ed448", *ML_DSA)
"""Algorithms that are allowed only if ``algorithms=`` names them."""

DEFAULT_ALGORITHMS = tuple(name for name in _ALGORITHMS if name not in OPT_IN_ALGORITHMS)
"""The allow-list if none is given. ``EdDSA`` means Ed25519; Ed448 has only its own name (RFC 9864)."""


def checked_algorithms(names: Iterable[str], *, label: str = "algorithms") -> frozenset[str]:
    """Return the allow-list of setting *label*; raise ``ConfigurationError`` if it is empty, or names an unknown one.

    ``none`` and the HS family are never supported: a verifier holds no secret (RFC 8725 section 3.1).
    """
    allowed = frozenset(several(names))
    unknown = sorted(str(name) for name in allowed - _ALGORITHMS.keys())
    if unknown or not allowed:
        raise ConfigurationError(
            f"{label}: found {', '.join(unknown) or 'an empty list'}; expected some of "
            f"{', '.join(_ALGORITHMS)}, spelled so; unsigned tokens and shared secrets are never accepted"
        )
    return allowed


def algorithms_for(kty: str, crv: str | None) -> dict[str, Algorithm]:
    """Return every algorithm that a key of this type and curve can verify, by name."""
    return {name: found for name, found in _ALGORITHMS.items() if (found.kty, found.crv) == (kty, crv)}


def algorithm_of(name: str, kty: str, crv: str | None) -> Algorithm | None:
    """Return the algorithm *name* if keys of this type and curve verify it."""
    found = _ALGORITHMS.get(name)
    return found if found is not None and found.kty == kty and found.crv == crv else None


def key_type_of(name: str) -> str | None:
    """Return the key type and curve of algorithm *name*, in words; ``None`` if it is not supported."""
    found = _ALGORITHMS.get(name)
    return None if found is None else f"{found.kty} {found.crv or ''}".strip()


def algorithms_in(member: Mapping[str, Any], kty: str) -> dict[str, Algorithm]:
    """Return the algorithm that ``alg`` names, or all of the key's type and curve; raise ``ValueError``."""
    crv = None if kty == "RSA" else member.get("alg" if kty == "AKP" else "crv")
    algorithms = algorithms_for(kty, crv if isinstance(crv, str) else None)
    if "alg" not in member:
        return algorithms
    alg = member["alg"]
    if isinstance(alg, str) and alg in algorithms:
        return {alg: algorithms[alg]}
    if not isinstance(alg, str):
        raise ValueError("alg is not a string")
    if alg.startswith("HS"):
        raise ValueError(f"alg and key type are at odds: {brief(alg)} signs with a shared secret")
    owner = key_type_of(alg)
    if owner is None:
        raise ValueError(f"alg {brief(alg)} is not supported")
    raise ValueError(f"alg and key type are at odds: {brief(alg)} is for {owner}")
