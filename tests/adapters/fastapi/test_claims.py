"""Typed claims: models of three kinds, and claims that don't fit them."""

import dataclasses
import typing
from typing import Annotated, Any

import pydantic
import pytest
import typing_extensions
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from jwks_auth import ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, VerifiedToken


class Model(pydantic.BaseModel):
    """Claims as a pydantic model."""

    email: str
    tier: typing.Literal["gold", "silver"] = "silver"


@dataclasses.dataclass
class Record:
    """Claims as a dataclass."""

    email: str
    tier: str = "silver"


class Document(typing.TypedDict):
    """Claims as a TypedDict of the standard library's."""

    email: str
    tier: typing.NotRequired[typing.Literal["gold", "silver"]]


class PartialDocument(typing.TypedDict, total=False):
    """Every key optional but one."""

    email: typing.Required[str]
    tier: str


class ExtendedDocument(typing_extensions.TypedDict):
    """Claims as a TypedDict of typing_extensions'."""

    email: str


MODELS: list[Any] = [Model, Record, Document, PartialDocument, ExtendedDocument]


def client_for(issuer: FakeIssuer, model: Any) -> TestClient:
    """A client of an app with one route."""
    auth = JWTBearer(issuer.settings(), claims=model)
    app = FastAPI()

    @app.get("/")
    def home(token: Annotated[Any, Depends(auth)]) -> Any:
        claims = token.claims
        assert token["sub"] == token.subject == "u1"
        return claims["email"] if isinstance(claims, dict) else claims.email

    return TestClient(app)


@pytest.mark.parametrize("model", MODELS)
def test_claims_become_the_model(issuer: FakeIssuer, model: Any) -> None:
    """``token.claims`` is the model; the token's own attributes stay."""
    client = client_for(issuer, model)
    assert client.get("/", headers=issuer.headers(sub="u1", email="a@b.c")).json() == "a@b.c"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("claims", [{}, {"email": 7}, {"email": None}, {"email": ["a"]}])
def test_claims_that_do_not_fit_are_401(issuer: FakeIssuer, model: Any, claims: dict[str, Any]) -> None:
    """Not 422, as the client did not fill in a form, and not 500."""
    answer = client_for(issuer, model).get("/", headers=issuer.headers(sub="u1", **claims))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert "invalid claim" in answer.json()["detail"]


def test_the_rejection_keeps_the_values_to_itself(issuer: FakeIssuer) -> None:
    """pydantic's error shows what it was given, so it is nowhere in the chain."""
    auth = JWTBearer(issuer.settings(), claims=Model)
    app = FastAPI()
    seen: list[BaseException] = []

    @app.exception_handler(401)
    async def answer(request: Any, exc: Exception) -> Any:
        from starlette.responses import Response

        link: BaseException | None = exc
        while link is not None:
            seen.append(link)
            link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
        return Response(status_code=401)

    @app.get("/")
    def home(token: Annotated[VerifiedToken[Model], Depends(auth)]) -> None: ...

    TestClient(app).get("/", headers=issuer.headers(email="a@b.c", tier="s3cret"))
    assert seen
    assert "s3cret" not in "".join(map(str, seen))


@pytest.mark.parametrize("model", [42, typing.Generator, object(), "Missing"])
def test_what_pydantic_can_not_validate_fails_at_construction(issuer: FakeIssuer, model: Any) -> None:
    """The message says what is expected."""
    with pytest.raises(ConfigurationError, match=r"claims=.*expected a pydantic model"):
        JWTBearer(issuer.settings(), claims=model)


def test_a_model_with_an_unusable_field_is_named(issuer: FakeIssuer) -> None:
    """The name of the thing is in the message."""

    class Opaque:
        pass

    @dataclasses.dataclass
    class Broken:
        thing: Opaque

    with pytest.raises(ConfigurationError, match="claims=Broken"):
        JWTBearer(issuer.settings(), claims=Broken)


def test_an_optional_bearer_fills_the_model_too(issuer: FakeIssuer) -> None:
    """Where there is a token, it has typed claims."""
    auth = JWTBearer(issuer.settings(), claims=Model, optional=True)
    app = FastAPI()

    @app.get("/")
    def home(token: Annotated[VerifiedToken[Model] | None, Depends(auth)]) -> Any:
        return token and token.claims.tier

    client = TestClient(app)
    assert client.get("/").json() is None
    assert client.get("/", headers=issuer.headers(email="a@b.c", tier="gold")).json() == "gold"
    assert client.get("/", headers=issuer.headers(tier="gold")).status_code == 401
