"""``FakeClient``: a client of a fake issuer, which sends tokens and, if they are bound to its key, proofs."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from jwks_auth.proofs import hash_of
from jwks_auth.testing.keys import SigningKey

__all__ = ["FakeClient"]


class Tokens(Protocol):
    """The part of a ``FakeIssuer`` that a client needs."""

    def token(self, **claims: Any) -> str:
        """Return a signed token."""


class FakeClient:
    """A client that gets tokens of *issuer*; with *dpop* they are bound to a key of its own (RFC 9449).

    *alg* is the key's algorithm. ``nonce`` is put into each proof, once a test has set it to what a service gave.
    """

    def __init__(
        self,
        issuer: Tokens,
        *,
        dpop: bool = False,
        alg: str = "ES256",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer, self._clock = issuer, clock
        self.key = SigningKey.generate(alg) if dpop else None
        self.nonce: str | None = None

    @property
    def confirmation(self) -> dict[str, str] | None:
        """``cnf`` of its tokens; ``None``: they are bound to nothing."""
        return None if self.key is None else {"jkt": self.key.thumbprint()}

    def token(self, **claims: Any) -> str:
        """Return a token for this client; arguments as of ``FakeIssuer.token``."""
        return self._issuer.token(**{"cnf": self.confirmation, **claims})

    def headers(self, method: str, url: str, *, token: str | None = None, **claims: Any) -> dict[str, str]:
        """Return the headers of one request: *token*, or a new one with *claims*, and a proof for it."""
        sent = self.token(**claims) if token is None else token
        if self.key is None:
            return {"Authorization": f"Bearer {sent}"}
        return {"Authorization": f"DPoP {sent}", "DPoP": self.proof(method, url, sent)}

    def proof(
        self,
        method: str,
        url: str,
        token: str,
        *,
        header: Mapping[str, Any] | None = None,
        key: SigningKey | None = None,
        **claims: Any,
    ) -> str:
        """Return a proof; *claims* and *header* override its own, and ``None`` leaves one out. *key* signs instead."""
        if self.key is None:
            raise ValueError("this client proves nothing: make it with client(dpop=True)")
        filled = {
            "jti": str(uuid.uuid4()),
            "htm": method,
            "htu": url.partition("#")[0].partition("?")[0],
            "iat": int(self._clock()),
            "ath": hash_of(token),
            "nonce": self.nonce,
        }
        payload = {name: value for name, value in {**filled, **claims}.items() if value is not None}
        own = {"typ": "dpop+jwt", "kid": None, "jwk": self.key.public_members()}
        return (key or self.key).sign(json.dumps(payload).encode(), {**own, **(header or {})})
