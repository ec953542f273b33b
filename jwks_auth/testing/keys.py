"""Private keys that sign test tokens, in the compact form of RFC 7515."""

from __future__ import annotations

import json
import secrets
import weakref
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Protocol, cast, runtime_checkable

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jwt.algorithms import get_default_algorithms

from jwks_auth.jose import ML_DSA_PRIVATE, RefusedKey, jwk_from_pem, parse_jwk, thumbprint
from jwks_auth.runtime import dataclass

__all__ = ["SigningKey"]


@runtime_checkable
class MLDSAPrivateKey(Protocol):
    """A private key of ML-DSA, if ``cryptography`` has them."""

    def public_key(self) -> Any:
        """The public half."""

    def sign(self, data: bytes) -> bytes:
        """The signature of *data*."""


PrivateKey = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | MLDSAPrivateKey
)


class MLDSASigner:
    """Signs with ML-DSA, in the manner of PyJWT's algorithms."""

    def sign(self, data: bytes, key: MLDSAPrivateKey) -> bytes:
        """The signature of *data*."""
        return key.sign(data)


_SIGNERS: dict[str, Any] = {**get_default_algorithms(), **dict.fromkeys(ML_DSA_PRIVATE, MLDSASigner())}
_SIGNERS |= dict.fromkeys(("Ed25519", "Ed448"), _SIGNERS["EdDSA"])

_spare_rsa_keys: list[rsa.RSAPrivateKey] = []


def _rsa_key() -> rsa.RSAPrivateKey:
    # Making an RSA key costs some 50 ms, which a suite with an issuer per test would pay again and again.
    try:
        return _spare_rsa_keys.pop()
    except IndexError:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)


_GENERATORS: dict[str, Callable[[], PrivateKey]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), _rsa_key),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES256K": lambda: ec.generate_private_key(ec.SECP256K1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "Ed448": ed448.Ed448PrivateKey.generate,
    **{alg: kind.generate for alg, kind in ML_DSA_PRIVATE.items()},
}


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class SigningKey:
    """A key that signs with one algorithm.

    Make a good one with :meth:`generate`. The constructor takes anything PyJWT can sign with, so that a
    test can forge: ``SigningKey("k1", "none", None)`` leaves tokens unsigned, and ``SigningKey(kid,
    "HS256", key.public_pem())`` signs with the public key's text, the classic confusion attack.
    """

    kid: str
    alg: str
    private: PrivateKey | bytes | None = field(repr=False)

    @classmethod
    def generate(cls, alg: str = "RS256", *, kid: str | None = None) -> SigningKey:
        """Return a new key; *kid* is random by default. Raises ``ValueError`` for an unsupported algorithm.

        No two keys in use are the same. RSA keys of garbage-collected objects are used again.
        """
        if alg not in _GENERATORS:
            raise ValueError(
                f"can't make a key for {alg!r}: expected one of {', '.join(sorted(_GENERATORS))}"
            )
        private = _GENERATORS[alg]()
        key = cls(kid or f"{alg.lower()}-{secrets.token_hex(4)}", alg, private)
        if isinstance(private, rsa.RSAPrivateKey):
            weakref.finalize(key, _spare_rsa_keys.append, private).atexit = False
        return key

    def jwk(self) -> dict[str, Any]:
        """The public half as a member of a JWKS, with ``kid``, ``alg`` and ``use`` (RFC 7517)."""
        public = jwk_from_pem(self.public_pem(), kid=self.kid, alg=self.alg)
        public.pop("key_ops", None)  # "use" says the same, and few providers send both
        return {**public, "use": "sig"}

    def public_members(self) -> dict[str, Any]:
        """The public half alone, as it stands in the header of a DPoP proof."""
        return {name: value for name, value in self.jwk().items() if name not in ("kid", "alg", "use")}

    def thumbprint(self) -> str:
        """The key's thumbprint, ``cnf.jkt`` of tokens that are bound to it (RFC 7638)."""
        return thumbprint(self.jwk())

    def public_pem(self) -> bytes:
        """The public half as PEM (SubjectPublicKeyInfo), for ``KeySet.from_pem``."""
        public = self._generated().public_key()
        pem: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem

    def private_pem(self) -> bytes:
        """Both halves as PEM (PKCS #8), for :meth:`from_pem`. Whoever has it can sign."""
        private: Any = self._generated()
        pem: bytes = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem

    @classmethod
    def from_pem(cls, kid: str, alg: str, pem: str) -> SigningKey:
        """Return the key in *pem*; raise ``ValueError`` for what is no private key, or none for *alg*."""
        found = cls(kid, alg, cast("PrivateKey", load_pem_private_key(pem.encode(), None)))
        if alg not in _GENERATORS or isinstance(parse_jwk(found.jwk()), RefusedKey):
            raise ValueError(f"found no key for {alg!r}")
        return found

    def sign(self, payload: bytes, header: Mapping[str, Any] | None = None) -> str:
        """A token with this payload, byte for byte: JSON or not. *header* overrides ``alg`` and ``kid``.

        A header member of ``None`` is left out. The key's own algorithm signs, whatever the header says.
        """
        merged = {"alg": self.alg, "kid": self.kid, **(header or {})}
        kept = {name: value for name, value in merged.items() if value is not None}
        signing_input = f"{_segment(json.dumps(kept).encode())}.{_segment(payload)}"
        return f"{signing_input}.{_segment(self.sign_octets(signing_input.encode('ascii')))}"

    def sign_octets(self, octets: bytes) -> bytes:
        """The bare signature of *octets*."""
        signature: bytes = _SIGNERS[self.alg].sign(octets, self.private)
        return signature

    def _generated(self) -> PrivateKey:
        if not isinstance(self.private, PrivateKey):
            raise ValueError(f"a key that signs with {self.alg} has no public half")
        return self.private


def _segment(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
