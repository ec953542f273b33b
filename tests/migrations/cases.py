"""The requests that both apps get, in this order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.migrations.provider import Provider

__all__ = ["CASES", "Case", "Desk"]

AUDIENCE = "https://api.acme.dev"


@dataclass
class Desk:
    """Makes the tokens: *claims* are what the provider's have besides, *scope* is where scopes stand."""

    provider: Provider
    claims: dict[str, Any] = field(default_factory=dict)
    scope: str = "scope"

    def __post_init__(self) -> None:
        """Stay with the key that is there now."""
        self.kid = self.provider.kid
        self.provider.audience = self.claims.get("aud", AUDIENCE)

    def token(self, **changes: Any) -> str:
        """A good token of Ada's, with *changes*."""
        filled = {"sub": "ada", "email": "ada@acme.dev", "email_verified": True, self.scope: "orders:read"}
        return self.provider.token(**{"kid": self.kid, **filled, **self.claims, **changes})

    def bearer(self, **changes: Any) -> list[list[str]]:
        """A header with such a token."""
        return sent(f"Bearer {self.token(**changes)}")

    def confused(self) -> str:
        """A token signed with HMAC, for which the public key is the secret."""
        public = self.provider.key.public_pem()
        head = encoded(json.dumps({"alg": "HS256", "kid": self.kid, "typ": "at+jwt"}).encode())
        signed = f"{head}.{self.token().split('.')[1]}"
        return f"{signed}.{encoded(hmac.new(public, signed.encode(), hashlib.sha256).digest())}"

    def id_token(self) -> list[list[str]]:
        """The ID token of a client that has the same name as the API."""
        token = self.provider.id_token(kid=self.kid, nonce="n-0S6", **{**self.claims, "sub": "ada"})
        return sent(f"Bearer {token}")

    def rotated(self) -> list[list[str]]:
        """A token signed with a key that was published a moment ago."""
        return self.bearer(kid=self.provider.rotate())


def encoded(octets: bytes) -> str:
    """A segment of a token."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def sent(*values: str) -> list[list[str]]:
    """A header ``Authorization`` for each of *values*."""
    return [["Authorization", value] for value in values]


@dataclass
class Case:
    """A request, named as on the pages; *down*: the provider is; *alone*: nothing was asked of the app before."""

    name: str
    headers: Callable[[Desk], list[list[str]]]
    path: str = "/me"
    down: bool = False
    alone: bool = False

    @contextmanager
    def at(self, provider: Provider) -> Iterator[None]:
        """Bring the provider into the state that the case needs."""
        if not self.down:
            yield
            return
        with provider.outage():
            yield


CASES = [
    Case(
        "a good token, provider down, no keys fetched yet", lambda desk: desk.bearer(), down=True, alone=True
    ),
    Case("a good token", lambda desk: desk.bearer()),
    Case("a good token with the scope", lambda desk: desk.bearer(), "/orders"),
    Case("a good token without the scope", lambda desk: desk.bearer(**{desk.scope: "profile"}), "/orders"),
    Case("a good token without any scope", lambda desk: desk.bearer(**{desk.scope: None}), "/orders"),
    Case("a good token of somebody unknown", lambda desk: desk.bearer(sub="eve", email="eve@acme.dev")),
    Case("no header", lambda desk: []),
    Case("`Bearer` without a token", lambda desk: sent("Bearer")),
    Case("a token after `bearer` in lower case", lambda desk: sent(f"bearer {desk.token()}")),
    Case("credentials of the scheme `Basic`", lambda desk: sent("Basic YWRhOmFkYQ==")),
    Case("two tokens in two headers", lambda desk: [*desk.bearer(), *desk.bearer()]),
    Case("`Bearer abc`, which is no JWT", lambda desk: sent("Bearer abc")),
    Case("expired an hour ago", lambda desk: desk.bearer(expires_in=-3600)),
    Case("expired ten seconds ago", lambda desk: desk.bearer(expires_in=-10)),
    Case("no `exp`: never expires", lambda desk: desk.bearer(exp=None)),
    Case("issued twenty minutes ago, not expired", lambda desk: desk.bearer(iat=int(time.time()) - 1200)),
    Case("another service's `aud`", lambda desk: desk.bearer(aud="https://billing.acme.dev")),
    Case("no `aud`", lambda desk: desk.bearer(aud=None)),
    Case("another issuer's `iss`", lambda desk: desk.bearer(iss="https://login.other.dev")),
    Case("no `iss`", lambda desk: desk.bearer(iss=None)),
    Case("no `sub`", lambda desk: desk.bearer(sub=None)),
    Case("an ID token", lambda desk: desk.id_token()),
    Case("`alg` `none`", lambda desk: desk.bearer(alg="none")),
    Case("`HS256`, with the public key as secret", lambda desk: sent(f"Bearer {desk.confused()}")),
    Case("a stranger's signature", lambda desk: desk.bearer(key=desk.provider.stranger())),
    Case("no `kid`, rightly signed", lambda desk: desk.bearer(header={"kid": None})),
    Case("a key published a moment ago", lambda desk: desk.rotated()),
    Case("an unknown `kid`, rightly signed", lambda desk: desk.bearer(kid="unknown")),
    Case("a good token, provider down, keys fetched", lambda desk: desk.bearer(), down=True),
]
