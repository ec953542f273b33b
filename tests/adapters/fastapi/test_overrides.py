"""Tests of an application: ``auth.fake`` in ``dependency_overrides``, and the fixture around it."""

from contextlib import suppress
from typing import Annotated, Any

import httpx2
import pydantic
import pytest
from fastapi import Depends, FastAPI, Security, WebSocket
from fastapi.testclient import TestClient

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, Policy, VerifiedToken
from jwks_auth_fastapi.testing import SignIn, signed_in

Token = VerifiedToken[Any]
PATHS = ["/me", "/orders", "/admin", "/optional", "/user"]


@pytest.fixture
def app(auth: JWTBearer) -> FastAPI:
    """Every kind of guard."""
    app = FastAPI()

    def route(path: str, guard: Any) -> None:
        def endpoint(value: Annotated[Any, guard]) -> Any:
            return value.subject if isinstance(value, VerifiedToken) else value

        app.add_api_route(path, endpoint)

    route("/me", Depends(auth))
    route("/orders", Security(auth, scopes=["orders:read"]))
    route("/admin", Depends(auth.requires(Policy(roles="admin"))))
    route("/optional", Depends(auth.optional))
    route("/user", Depends(auth.user(lambda token: token.subject)))

    @app.websocket("/ws")
    async def talk(websocket: WebSocket, token: Annotated[Token, Depends(auth)]) -> None:
        await websocket.accept()
        await websocket.send_text(str(token.subject))

    return app


def test_an_override_reaches_every_route_and_policy(app: FastAPI, auth: JWTBearer) -> None:
    """Without a token in the request, and without keys."""
    app.dependency_overrides[auth] = auth.fake(sub="u1", scopes=["orders:read"], roles=["admin"])
    client = TestClient(app)
    assert {path: client.get(path).json() for path in PATHS} == dict.fromkeys(PATHS, "u1")
    with client.websocket_connect("/ws") as socket:
        assert socket.receive_text() == "u1"


def test_an_override_still_checks_scopes_and_policies(app: FastAPI, auth: JWTBearer) -> None:
    """A test that forgot a scope is told so, with the real answer."""
    app.dependency_overrides[auth] = auth.fake(sub="u1")
    client = TestClient(app)
    answers = {path: client.get(path).status_code for path in PATHS}
    assert answers == {"/me": 200, "/orders": 403, "/admin": 403, "/optional": 200, "/user": 200}
    assert 'scope="orders:read"' in client.get("/orders").headers["www-authenticate"]


async def test_an_async_client_on_asyncio(app: FastAPI, auth: JWTBearer) -> None:
    """The app and the test share one event loop."""
    app.dependency_overrides[auth] = auth.fake(sub="u1", scopes=["orders:read"])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/orders")).json() == "u1"


async def test_an_async_client_with_a_real_token(issuer: FakeIssuer, app: FastAPI) -> None:
    """No override is needed: a fake issuer signs, the real verifier verifies."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/me", headers=issuer.headers(sub="u2"))).json() == "u2"


def test_the_fixture_signs_in_until_the_test_ends(app: FastAPI, auth: JWTBearer, sign_in: SignIn) -> None:
    """``sign_in(app, auth, ...)``; again, for somebody else."""
    sign_in(app, auth, sub="u1")
    assert TestClient(app).get("/me").json() == "u1"
    sign_in(app, auth, sub="u2")
    assert TestClient(app).get("/me").json() == "u2"


def test_overrides_are_undone(app: FastAPI, auth: JWTBearer) -> None:
    """What was overridden before is so again, however the block ends."""
    app.dependency_overrides[print] = repr
    with suppress(LookupError), signed_in(app, auth, sub="u1"):
        assert TestClient(app).get("/me").json() == "u1"
        raise LookupError
    assert app.dependency_overrides == {print: repr}


def test_typed_claims_are_validated_when_the_fake_is_made(issuer: FakeIssuer) -> None:
    """A test author's mistake shows where it was made, with pydantic's own words."""

    class Claims(pydantic.BaseModel):
        email: str

    auth = JWTBearer(issuer.settings(), claims=Claims)
    token: VerifiedToken[Claims] = auth.fake(email="a@b.c").token
    assert token.claims.email == "a@b.c"
    with pytest.raises(pydantic.ValidationError):
        auth.fake(email=None)


def test_a_fake_follows_the_settings() -> None:
    """Scopes go where this issuer keeps them; issuer and times are filled in."""
    issuer = FakeIssuer()
    auth = JWTBearer({**issuer.settings(), "SCOPE_CLAIMS": ["permissions"]})
    token = auth.fake(scopes=["a", "b"], sub="u1").token
    assert token.scopes == auth.fake(scopes="a b").token.scopes == {"a", "b"}
    assert token.audience == ("api",)
    assert (token.issuer, token["permissions"]) == (issuer.issuer, ["a", "b"])
    assert token.expires_at > token.issued_at


def test_a_fake_of_any_audience() -> None:
    """There is none to fill in."""
    auth = JWTBearer({"ISSUER": "https://issuer.example/", "AUDIENCE": "ANY_AUDIENCE"})
    assert auth.fake().token.audience == ()
