"""What type checkers know of the core: mypy strict reads this, nothing runs it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_type

import redis
import valkey

from jwks_auth import (
    ANY_AUDIENCE,
    IDTokenVerifier,
    Issuer,
    KeySet,
    Policy,
    Tenants,
    TokenVerifier,
    VerifiedToken,
    verify_jws,
)
from jwks_auth.adapters import RawToken
from jwks_auth.stores.protocol import KeySetStore, MemoryStore, SealedStore
from jwks_auth.stores.redis import RedisClient, RedisStore
from jwks_auth.verifier.explain import Explanation


@dataclass
class Claims:
    """A user's own model."""

    email: str


def only_gold(token: VerifiedToken, now: float) -> None:
    """A validator."""
    Policy(claims={"tier": "gold"}).check(token)


async def is_revoked(token: VerifiedToken) -> bool:
    """A question asked last."""
    return "jti" not in token


async def find(issuer: str) -> Issuer | None:
    """A tenant."""
    return Issuer(issuer)


async def use(raw: str) -> None:
    """Bare use has plain claims; a model puts its own type in their place."""
    verifier = TokenVerifier(
        [
            Issuer(
                "https://id.example/",
                profile="rfc9068",
                allowed_clients=["web"],
                required_claims=("tid",),
                max_age=60,
            ),
            Issuer(provider="google", audience="client"),
            Issuer(
                "https://id.example/realms/a", provider="keycloak", required_claims={"tenant": ["a", "b"]}
            ),
            "https://other.example/",
        ],
        ANY_AUDIENCE,
        validators=[only_gold],
        is_revoked=is_revoked,
        tenants=Tenants(find, hosts=["id.example"]),
    )
    token = verifier.verify(raw, audience=["a", "b"])
    assert_type(token, VerifiedToken)
    assert_type(token.claims, Mapping[str, Any])
    assert_type(await verifier.averify(raw), VerifiedToken)
    typed = token.with_claims(Claims("a@b.example"))
    assert_type(typed, VerifiedToken[Claims])
    assert_type(typed.claims.email, str)
    assert_type(token.scopes, frozenset[str])
    assert_type(token.audience, tuple[str, ...])
    assert_type(token.actor, str | None)
    assert_type(token.actors, tuple[str, ...])
    assert_type(token.raw, str | None)
    assert_type(token.issuer, str | None)
    assert_type(token.expires_at, float | None)
    assert_type(token.confirmation, Mapping[str, Any] | None)
    assert_type(copy.deepcopy(token), VerifiedToken)
    assert_type(Policy(scopes="a") & ~Policy(roles="b") | Policy(any_scope=["c"]), Policy)
    assert_type(verify_jws(raw, KeySet.from_dict({"keys": []})), bytes)
    assert_type(KeySet.read("-----BEGIN PUBLIC KEY-----"), KeySet)
    assert_type(KeySet.from_pem({"kid": b"-----BEGIN PUBLIC KEY-----"}), KeySet)
    assert_type(Issuer("https://id.example/", jwks="-----BEGIN PUBLIC KEY-----"), Issuer)
    assert_type(verifier.explain(raw), Explanation)
    sign_in = IDTokenVerifier(
        Issuer("https://id.example/"), "web", algorithms=["RS256"], leeway=5, max_age=60
    )
    assert_type(sign_in.verify(raw, nonce="n", access_token=RawToken("a"), code="c"), VerifiedToken)
    assert_type(await sign_in.averify(raw, nonce=None), VerifiedToken)
    assert_type(verifier.verify(RawToken(raw)), VerifiedToken)


def stores() -> list[KeySetStore]:
    """A store takes redis-py's client and valkey-py's, and each store is one."""
    clients: list[RedisClient] = [redis.Redis(), valkey.Valkey()]
    return [MemoryStore(), *(SealedStore(RedisStore(client), "a secret of the fleet") for client in clients)]


def policies() -> list[Policy]:
    """Options have names and types, though they are declared in one place."""
    return [
        Policy(scopes="a b", acr="urn:acme:mfa", person=True),
        Policy(scpoes="a"),  # type: ignore[call-arg]
        Policy(max_auth_age="60"),  # type: ignore[arg-type]
    ]
