"""What JWTBearer adds to a FastAPI request: ``python -m benchmarks.http_fastapi [--rounds 60] [--requests 200]``.

Every app answers the same route, called as a server would call it but without a socket, in turns, so that
all see the same machine. The floor is a public route with an empty security dependency of JWTBearer's shape,
whose body calls ``verify`` on a constant token: the verification and FastAPI's own machinery are in it, so
what is above it is ours. The others are how people write it by hand.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Callable
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import (
    HTTPAuthorizationCredentials,
    HTTPBearer,
    OAuth2AuthorizationCodeBearer,
    SecurityScopes,
)
from fastapi.security.base import SecurityBase
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer

__all__ = ["measure"]


class Empty(SecurityBase):
    """A security dependency that does nothing, in JWTBearer's shape."""

    def __init__(self, model: Any) -> None:
        self.model, self.scheme_name = model, "Empty"

    async def __call__(self, conn: HTTPConnection, security_scopes: SecurityScopes) -> None:
        """Nothing."""


class User(BaseModel, extra="allow"):
    """Claims, as fastapi-azure-auth hands them to routes."""

    aud: str
    iss: str
    sub: str
    exp: int
    iat: int


def app_with(dependency: Any, body: Callable[[Any], Any]) -> FastAPI:
    """One route behind *dependency*."""
    app = FastAPI(openapi_url=None)

    async def route(given: Annotated[Any, Depends(dependency)]) -> dict[str, Any]:
        return {"sub": body(given)}

    app.add_api_route("/", route, response_model=None)
    return app


def by_hand(issuer: FakeIssuer) -> Any:
    """PyJWT in a dependency, as in tutorials, with the keys in memory already."""
    keys = jwt.PyJWKSet.from_dict(issuer.jwks())

    async def current(
        token: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
    ) -> dict[str, Any]:
        try:
            key = keys[jwt.get_unverified_header(token.credentials)["kid"]]
            claims: dict[str, Any] = jwt.decode(
                token.credentials, key, algorithms=["RS256"], audience="api", issuer=issuer.issuer
            )
        except (jwt.PyJWTError, KeyError) as error:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from error
        return claims

    return current


class AzureStyle(SecurityBase):
    """What fastapi-azure-auth does for each request, in our words: header, scopes, claims, then signature."""

    def __init__(self, issuer: FakeIssuer) -> None:
        self.issuer = issuer
        self.scheme = OAuth2AuthorizationCodeBearer(
            "https://issuer.example/authorize", "https://issuer.example/token"
        )
        self.model, self.scheme_name = self.scheme.model, self.scheme.scheme_name
        self.keys = {key.key_id: key.key for key in jwt.PyJWKSet.from_dict(issuer.jwks()).keys}

    async def __call__(self, request: Request, security_scopes: SecurityScopes) -> User:
        """The user of the token."""
        raw = await self.scheme(request) or ""
        header = jwt.get_unverified_header(raw)
        claims = jwt.decode(raw, options={"verify_signature": False})
        if not set(security_scopes.scopes) <= set(claims.get("scp", "").split(" ")):
            raise HTTPException(403)
        required = ["exp", "aud", "iat", "nbf", "sub"]
        checked = jwt.decode(
            raw,
            self.keys[header["kid"]],
            algorithms=["RS256"],
            audience="api",
            issuer=self.issuer.issuer,
            options={"require": [name for name in required if name in claims]},
        )
        user = User(**checked)
        request.state.user = user
        return user


def apps(issuer: FakeIssuer, raw: str) -> dict[str, FastAPI]:
    """Every app under measurement."""
    auth = JWTBearer(issuer.settings())
    verify = auth.authenticator.verifier.verify
    return {
        "empty dependency": app_with(Empty(auth.model), lambda _: "user"),
        "floor: empty dependency, verify in the route": app_with(
            Empty(auth.model), lambda _: verify(raw).subject
        ),
        "JWTBearer": app_with(auth, lambda token: token.subject),
        "PyJWT by hand": app_with(by_hand(issuer), lambda claims: claims["sub"]),
        "fastapi-azure-auth style": app_with(AzureStyle(issuer), lambda user: user.sub),
    }


async def call(app: FastAPI, raw: str) -> None:
    """One request."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"x"), (b"accept", b"*/*"), (b"authorization", b"Bearer " + raw.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "root_path": "",
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == 200, sent


async def _time(app: FastAPI, raw: str, requests: int) -> float:
    start = time.thread_time()
    for _ in range(requests):
        await call(app, raw)
    return (time.thread_time() - start) / requests * 1e6


async def measure(rounds: int = 60, requests: int = 200) -> dict[str, float]:
    """Median microseconds per request of each app, and of one RS256 verification."""
    issuer = FakeIssuer()
    raw = issuer.token(scope="orders:read")
    measured = apps(issuer, raw)
    verify = JWTBearer(issuer.settings()).authenticator.verifier.verify
    times: dict[str, list[float]] = {name: [] for name in (*measured, "verify")}
    for _ in range(rounds):
        for name, app in measured.items():
            times[name].append(await _time(app, raw, requests))
        start = time.thread_time()
        for _ in range(requests):
            verify(raw)
        times["verify"].append((time.thread_time() - start) / requests * 1e6)
    return {name: statistics.median(values[len(values) // 10 :]) for name, values in times.items()}


def main() -> None:
    """Print the table, and what the dependency adds as a share of a verification."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = asyncio.run(measure(options.rounds, options.requests))
    verify = found.pop("verify")
    floor = found["floor: empty dependency, verify in the route"]
    share = (found["JWTBearer"] - floor) / verify
    if options.json:
        print(json.dumps({"us": found, "verify_us": verify, "adapter_share": share}))
        return
    for name, us in found.items():
        print(f"{us:8.1f} us  {us - floor:+7.1f}  {name}")
    print(f"{verify:8.1f} us           one RS256 verification")
    print(f"JWTBearer adds {share:.2f} of a verification above the floor (bar: 0.3)")


if __name__ == "__main__":
    main()
