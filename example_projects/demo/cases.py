"""What the demo asks, in order, and what every application must answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jwks_auth.testing import FakeIssuer

__all__ = ["Case", "demo_cases"]


@dataclass(frozen=True, slots=True)
class Case:
    """A request and its one right answer.

    *prepare* does something to the issuer first; *authorization* makes the header's values, sent one by one.
    *patient*: an answer of 503 is obeyed, and the request repeated once its ``Retry-After`` is over.
    """

    name: str
    path: str
    status: int
    authorization: Callable[[], Sequence[str]] = tuple
    challenge: str | None = None
    prepare: Callable[[], object] = lambda: None
    patient: bool = False


def demo_cases(issuer: FakeIssuer) -> list[Case]:
    """The demo, from a cold start with the issuer down to an outage that nobody notices."""
    return [*_cold_start(issuer), *_access(issuer), *_bad_tokens(issuer), *_keys(issuer)]


def _cold_start(issuer: FakeIssuer) -> list[Case]:
    good = _bearer(issuer)
    return [
        Case("issuer down at start", "/me", 503, good, prepare=issuer.outage),
        Case("issuer back, good token", "/me", 200, good, prepare=issuer.recover, patient=True),
    ]


def _access(issuer: FakeIssuer) -> list[Case]:
    lacks = "The access token does not allow this request"
    needs_scope = f'{_challenge("insufficient_scope", lacks)}, scope="orders:read"'
    return [
        Case("public route, no token", "/public", 200),
        Case("optional route, no token", "/optional", 200),
        Case("no token", "/me", 401, challenge='Bearer realm="api"'),
        Case("good token", "/me", 200, _bearer(issuer)),
        Case("missing scope", "/orders", 403, _bearer(issuer, scope="orders:write"), needs_scope),
        Case("right scope", "/orders", 200, _bearer(issuer, scope="orders:read")),
        Case("missing role", "/admin", 403, _bearer(issuer), _challenge("insufficient_scope", lacks)),
        Case("right role", "/admin", 200, _bearer(issuer, roles=["admin"])),
    ]


def _bad_tokens(issuer: FakeIssuer) -> list[Case]:
    wrong_audience = _bearer(issuer, aud="another-api")
    bad_signature = _invalid("The access token's signature is invalid")
    two = _challenge("invalid_request", "The request carries more than one set of credentials")
    return [
        Case(
            "wrong audience", "/me", 401, wrong_audience, _invalid("The access token is for another audience")
        ),
        Case(
            "expired", "/me", 401, _bearer(issuer, expires_in=-3600), _invalid("The access token has expired")
        ),
        Case("tampered", "/me", 401, lambda: [f"Bearer {_tampered(issuer.token())}"], bad_signature),
        Case(
            "tampered, optional route",
            "/optional",
            401,
            lambda: [f"Bearer {_tampered(issuer.token())}"],
            bad_signature,
        ),
        Case(
            "alg none",
            "/me",
            401,
            _bearer(issuer, alg="none"),
            _invalid("The access token's algorithm is not allowed"),
        ),
        Case("two Authorization headers", "/me", 400, lambda: [*_bearer(issuer)(), *_bearer(issuer)()], two),
    ]


def _keys(issuer: FakeIssuer) -> list[Case]:
    first = issuer.kid
    unknown_key = _invalid("The access token is signed with an unknown key")

    def replace_key() -> None:
        issuer.rotate()
        issuer.withdraw(first)

    return [
        Case("key rotation, new key", "/me", 200, _bearer(issuer), prepare=replace_key),
        Case("withdrawn key", "/me", 401, _bearer(issuer, kid=first), unknown_key),
        Case("issuer outage, known key", "/me", 200, _bearer(issuer), prepare=issuer.outage),
        Case("issuer outage, unknown key", "/me", 401, _bearer(issuer, kid="unknown"), unknown_key),
    ]


def _bearer(issuer: FakeIssuer, **claims: object) -> Callable[[], list[str]]:
    return lambda: [issuer.headers(**claims)["Authorization"]]


def _challenge(error: str, description: str) -> str:
    return f'Bearer realm="api", error="{error}", error_description="{description}"'


def _invalid(description: str) -> str:
    return _challenge("invalid_token", description)


def _tampered(token: str) -> str:
    """The token, promoted to administrator by somebody without the key."""
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = json.dumps({**claims, "roles": ["admin"]}).encode()
    return f"{header}.{base64.urlsafe_b64encode(forged).decode().rstrip('=')}.{signature}"
