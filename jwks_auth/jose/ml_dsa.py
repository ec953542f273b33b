"""Public keys of every kind, ML-DSA (FIPS 204, RFC 9964) among them, which a quantum computer can't forge with.

ML-DSA is there only where ``cryptography`` has it, which came with its version 47.
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
        """Raise ``InvalidSignature`` for a signature that is not its own."""

    def public_bytes_raw(self) -> bytes:
        """The octets that ``pub`` holds."""


PublicKey: TypeAlias = (
    rsa.RSAPublicKey
    | ec.EllipticCurvePublicKey
    | ed25519.Ed25519PublicKey
    | ed448.Ed448PublicKey
    | MLDSAPublicKey
)


def key_types(module: Any, half: str) -> dict[str, Any]:
    """The classes of ``Public`` or ``Private`` keys in *module* by algorithm; none where there is no module."""
    names = {f"ML-DSA-{size}": f"MLDSA{size}{half}Key" for size in (44, 65, 87)}
    return {alg: getattr(module, name) for alg, name in names.items() if hasattr(module, name)}


_NAME = "cryptography.hazmat.primitives.asymmetric.mldsa"

_MODULE = import_module(_NAME) if find_spec(_NAME) else None

ML_DSA: Mapping[str, Any] = key_types(_MODULE, "Public")
"""The classes of public keys by algorithm; empty where ``cryptography`` is too old."""

ML_DSA_PRIVATE: Mapping[str, Any] = key_types(_MODULE, "Private")
"""Those of private keys, for tests that sign."""


def name_of(key: object) -> str | None:
    """The algorithm of a public key; ``None`` for one of another kind."""
    return next((alg for alg, kind in ML_DSA.items() if isinstance(key, kind)), None)
