"""ML-DSA keys (FIPS 204, RFC 9964), whose signatures a quantum computer can't forge, beside all other public keys.

They need ``cryptography`` 47 or later.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

__all__ = ["ML_DSA", "ML_DSA_PRIVATE", "MLDSAPublicKey", "PublicKey", "key_types", "name_of"]


class MLDSAPublicKey(Protocol):
    """A public key of any of the three sizes."""

    def verify(self, signature: bytes, data: bytes) -> None:
        """Raise ``InvalidSignature`` unless *signature* is this key's."""

    def public_bytes_raw(self) -> bytes:
        """Return the octets that a JWK's ``pub`` holds."""


PublicKey: TypeAlias = (
    rsa.RSAPublicKey
    | ec.EllipticCurvePublicKey
    | ed25519.Ed25519PublicKey
    | ed448.Ed448PublicKey
    | MLDSAPublicKey
)


def key_types(module: Any, half: str) -> dict[str, Any]:
    """Return the classes of ``Public`` or ``Private`` keys in *module* by algorithm; none if there is no module."""
    names = {f"ML-DSA-{size}": f"MLDSA{size}{half}Key" for size in (44, 65, 87)}
    return {alg: getattr(module, name) for alg, name in names.items() if hasattr(module, name)}


_NAME = "cryptography.hazmat.primitives.asymmetric.mldsa"

_MODULE = import_module(_NAME) if find_spec(_NAME) else None

ML_DSA: Mapping[str, Any] = key_types(_MODULE, "Public")
"""The classes of public keys by algorithm; empty if ``cryptography`` is too old."""

ML_DSA_PRIVATE: Mapping[str, Any] = key_types(_MODULE, "Private")
"""The classes of private keys, for tests that sign."""


def name_of(key: object) -> str | None:
    """Return the algorithm of an ML-DSA public key; ``None`` for any other key."""
    return next((alg for alg, kind in ML_DSA.items() if isinstance(key, kind)), None)
