"""``Bench``: a forger's bench, with the real keys of a fake issuer and a good token to start from."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from jwks_auth.testing.keys import SigningKey

__all__ = ["Bench", "Kinds", "Named", "decoded", "encoded"]

Named = Iterator[tuple[str, str]]
Kinds = dict[str, Any]


class Bench:
    """The good token that each attack starts from."""

    def __init__(self, issuer: Any, claims: dict[str, Any]) -> None:
        self.issuer, self._claims = issuer, claims
        self.good = issuer.presented(**claims)
        self.head, self.payload, self.signature = self.good.split(".")
        self.claims: dict[str, Any] = json.loads(decoded(self.payload))
        self.header: dict[str, Any] = json.loads(decoded(self.head))
        self.stranger = SigningKey.generate(issuer.key.alg, kid=issuer.kid)

    def signed(self, payload: Any = None, /, key: SigningKey | None = None, **header: Any) -> str:
        """A token of any payload and header, rightly signed; a member ``...`` is left out."""
        merged = {**self.header, **header}
        kept = {name: value for name, value in merged.items() if value is not ...}
        octets = (
            payload
            if isinstance(payload, bytes)
            else json.dumps(self.claims if payload is None else payload).encode()
        )
        return self.by_hand(kept, octets, key or self.issuer.key)

    @staticmethod
    def by_hand(header: dict[str, Any], payload: bytes, key: SigningKey) -> str:
        """A token whose header is exactly *header*, whatever it lacks."""
        signing = f"{encoded(json.dumps(header).encode())}.{encoded(payload)}"
        return f"{signing}.{encoded(key.sign_octets(signing.encode()))}"

    def with_claims(self, **changes: Any) -> str:
        """A token with other claims, rightly signed; one that becomes ``...`` is left out."""
        changed = {**self.claims, **changes}
        return self.signed({name: value for name, value in changed.items() if value is not ...})


def encoded(octets: bytes) -> str:
    """Return *octets* as a segment of a token."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decoded(segment: str) -> bytes:
    """Return the octets of a segment."""
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
