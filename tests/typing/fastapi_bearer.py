"""What type checkers know of ``JWTBearer``: mypy strict and pyright read this, nothing runs it."""

import dataclasses
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, TypedDict, assert_type

import pydantic
from fastapi import Depends, FastAPI, Security, WebSocket
from fastapi.security import SecurityScopes
from starlette.endpoints import HTTPEndpoint
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse

from jwks_auth_fastapi import (
    JWKSAuthSettings,
    JWTBearer,
    OpenAPISettings,
    Policy,
    VerifiedToken,
    token_of,
    until_expiry,
)
from jwks_auth_fastapi.starlette import require_jwt


class Model(pydantic.BaseModel):
    """Claims as a pydantic model."""

    email: str


@dataclasses.dataclass
class Record:
    """Claims as a dataclass."""

    email: str


class Document(TypedDict):
    """Claims as a TypedDict."""

    email: str


settings = JWKSAuthSettings(issuer="https://issuer.example/", audience=["api"])
from_file = JWKSAuthSettings(_env_file=".env", leeway=5, openapi=OpenAPISettings())


class Own(JWKSAuthSettings):
    """Settings of a service, with one of its own."""

    database_url: str = "sqlite://"


own = Own(issuer="https://issuer.example/", audience="api", database_url="postgresql://")
assert_type(own.leeway, float | None)
assert_type(own.database_url, str)
plain = JWTBearer(settings)
maybe = JWTBearer(settings, optional=True)
stated = JWTBearer(issuer="https://issuer.example/", audience=["api"], leeway=5, require_warm_up=True)
stated_model = JWTBearer(issuer="https://issuer.example/", audience="api", claims=Model, optional=True)
model = JWTBearer(settings, claims=Model)
record = JWTBearer({"ISSUER": "https://issuer.example/"}, claims=Record, audience="api")
document = plain.variant(claims=Document)
both = maybe.variant(claims=Document, audience="reports")
twin = model.variant(audience="reports", issuer="https://issuer.example/", websocket_subprotocol=True)
twin_maybe = model.variant(optional=True)
other_maybe = model.variant(claims=Document, optional=True)
late = JWTBearer()
late.configure({"ISSUER": "https://issuer.example/", "AUDIENCE": "api"}, app=FastAPI())
maybe_model = JWTBearer(settings, claims=Model, optional=True, openapi=OpenAPISettings(kind="bearer"))


async def dependencies(conn: HTTPConnection, scopes: SecurityScopes) -> None:
    """What each bearer gives to a route."""
    assert_type(await plain(conn, scopes), VerifiedToken)
    assert_type((await plain(conn, scopes)).claims, Mapping[str, Any])
    assert_type(await maybe(conn, scopes), VerifiedToken | None)
    assert_type(await stated(conn, scopes), VerifiedToken)
    assert_type(await stated_model(conn, scopes), VerifiedToken[Model] | None)
    assert_type(await model(conn, scopes), VerifiedToken[Model])
    assert_type((await model(conn, scopes)).claims.email, str)
    assert_type(await record(conn, scopes), VerifiedToken[Record])
    assert_type((await document(conn, scopes)).claims["email"], str)
    assert_type(await both(conn, scopes), VerifiedToken[Document] | None)
    assert_type(await twin(conn, scopes), VerifiedToken[Model])
    assert_type(await twin_maybe(conn, scopes), VerifiedToken[Model] | None)
    assert_type(await other_maybe(conn, scopes), VerifiedToken[Document] | None)
    assert_type(await late(conn, scopes), VerifiedToken)
    assert_type(await maybe_model(conn, scopes), VerifiedToken[Model] | None)
    assert_type(await plain.optional(conn, scopes), VerifiedToken | None)
    assert_type(await model.optional(conn, scopes), VerifiedToken[Model] | None)
    assert_type(await model.requires(Policy(roles="admin"))(), VerifiedToken[Model])
    assert_type(await model.requires(any_role=["admin"], issuer="https://a.example/")(), VerifiedToken[Model])
    assert_type(await model.requires(audience="reports", optional=True)(), VerifiedToken[Model] | None)


def load_user(token: VerifiedToken[Model]) -> str:
    """A user by the token's typed claims."""
    return token.claims.email


async def aload_user(token: VerifiedToken[Model], limit: int = 10) -> int | None:
    """A user that may not exist."""
    return limit


class Loader:
    """A loader that is an object, and one that is a method."""

    async def __call__(self, token: VerifiedToken) -> bytes | None:
        """Load."""
        return None

    async def load(self, token: VerifiedToken) -> float:
        """Load."""
        return 1.0


async def yielding(token: VerifiedToken) -> AsyncIterator[str | None]:
    """A loader with something to do afterwards."""
    yield token.subject


def yielding_sync(token: VerifiedToken) -> Iterator[int]:
    """The same, sync."""
    yield 1


async def users() -> None:
    """What a user dependency gives."""
    assert_type(await plain.user(Loader())(), bytes)
    assert_type(await plain.user(Loader().load)(), float)
    assert_type(await plain.user(yielding)(), str)
    assert_type(await plain.user(yielding_sync)(), int)
    assert_type(await model.user(load_user)(), str)
    assert_type(await model.user(aload_user)(), int)


app = FastAPI(lifespan=plain.lifespan, responses=plain.responses)
app.dependency_overrides[plain] = plain.fake(sub="u1", scopes=["orders:read"])
Reader = Annotated[VerifiedToken[Model], Security(model, scopes=["orders:read"])]


@app.get("/orders")
def orders(token: Reader, user: Annotated[str, Depends(model.user(load_user))]) -> str:
    """A route as users write it."""
    return token.claims.email + user


@require_jwt
def bare(request: Request) -> JSONResponse:
    """A Starlette endpoint."""
    return JSONResponse([])


@require_jwt(scopes="orders:read", person=True)
async def called(request: Request) -> JSONResponse:
    """A Starlette endpoint that asks for a scope."""
    return JSONResponse([])


assert_type(bare(Request({"type": "http"})), JSONResponse)


def talk(websocket: WebSocket, token: VerifiedToken) -> None:
    """Streams and connections that end with their token."""
    assert_type(until_expiry(token, ["a"]), Iterator[str])
    assert_type(until_expiry(token, yielding(token)), AsyncIterator[str | None])
    assert_type(until_expiry(websocket, token), AbstractAsyncContextManager[None])
    assert_type(token_of(websocket), VerifiedToken | None)


async def answers(request: Request) -> None:
    """A guarded function is still what it was."""
    assert_type(await called(request), JSONResponse)


@require_jwt(any_role=["ops"])
class Endpoint(HTTPEndpoint):
    """A guarded class is still a class."""


assert_type(Endpoint, type[Endpoint])
