"""``auth.variant(...)``: a twin for some routes, which shares everything else with the bearer it was made of."""

from typing import Annotated, Any

import pydantic
import pytest
from fastapi import Depends, FastAPI, Security, WebSocket
from fastapi.testclient import TestClient

from jwks_auth import ConfigurationError, Policy
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, VerifiedToken
from jwks_auth_fastapi.testing import SignIn

Token = VerifiedToken[Any]
OTHER = "https://partner.example/"
ALIAS = "https://partner.example"


class Claims(pydantic.BaseModel):
    """Typed claims."""

    email: str


@pytest.fixture
def auth(issuer: FakeIssuer) -> JWTBearer:
    """A bearer of two issuers."""
    entry = issuer.settings()
    partner = {"ISSUER": OTHER, "ISSUER_ALIASES": [ALIAS], "JWKS": issuer.jwks}
    return JWTBearer(
        {"ISSUERS": [{name: entry[name] for name in ("ISSUER", "JWKS")}, partner], "AUDIENCE": "api"}
    )


@pytest.fixture
def app(auth: JWTBearer) -> FastAPI:
    """A route for each way to differ."""
    app = FastAPI()
    variants = {
        "/me": auth,
        "/reports": auth.variant(audience="reports"),
        "/partner": auth.variant(issuer=OTHER),
        "/mail": auth.variant(claims=Claims),
        "/maybe": auth.variant(optional=True),
        "/all": auth.variant(audience="reports").variant(claims=Claims).optional,
    }

    def route(path: str, scheme: JWTBearer[Any]) -> None:
        def endpoint(token: Annotated[Any, Depends(scheme)]) -> Any:
            return token and [token.issuer, getattr(token.claims, "email", None)]

        app.add_api_route(path, endpoint)
        policy = Depends(scheme.requires(Policy(roles="admin")))
        app.add_api_route(f"{path}/admin", lambda: "in", dependencies=[policy])
        app.add_api_route(f"{path}/read", lambda: "in", dependencies=[Security(scheme, scopes=["read"])])

    for path, scheme in variants.items():
        route(path, scheme)
    return app


def test_a_variant_asks_for_what_it_names(app: FastAPI, issuer: FakeIssuer) -> None:
    """Each route takes the tokens of its variant, and refuses those of others."""
    client = TestClient(app)
    sent: dict[str, dict[str, Any]] = {
        "api": {},
        "reports": {"aud": "reports"},
        "partner": {"iss": OTHER},
        "mail": {"email": "a@b.c"},
        "both": {"aud": "reports", "email": "a@b.c"},
    }
    paths = ["/me", "/reports", "/partner", "/mail", "/maybe", "/all"]
    passed = {
        name: {
            path for path in paths if client.get(path, headers=issuer.headers(**claims)).status_code == 200
        }
        for name, claims in sent.items()
    }
    assert passed == {
        "api": {"/me", "/maybe"},
        "reports": {"/reports"},
        "partner": {"/me", "/partner", "/maybe"},
        "mail": {"/me", "/mail", "/maybe"},
        "both": {"/reports", "/all"},
    }
    assert {path for path in paths if client.get(path).status_code == 200} == {"/maybe", "/all"}


def test_a_variant_is_the_same_scheme_in_openapi(app: FastAPI) -> None:
    """One scheme, whatever the order of routes."""
    assert list(app.openapi()["components"]["securitySchemes"]) == ["JWTBearer"]


def test_a_fake_stands_in_for_each_variant(app: FastAPI, auth: JWTBearer, sign_in: SignIn) -> None:
    """With the variant's issuer and audience, and claims in its model; scopes and policies are still checked."""
    sign_in(app, auth, sub="u1", email="a@b.c", scopes=["read"], roles=["admin"])
    client = TestClient(app)
    first = auth.authenticator.issuers[0].issuer
    assert client.get("/me").json() == client.get("/maybe").json() == [first, None]
    assert client.get("/partner").json() == [OTHER, None]
    assert client.get("/mail").json() == client.get("/all").json() == [first, "a@b.c"]
    for path in ("/me", "/reports", "/partner", "/mail", "/maybe", "/all"):
        assert [client.get(path + rest).status_code for rest in ("", "/admin", "/read")] == [200, 200, 200]
    sign_in(app, auth, sub="u1")
    assert client.get("/reports/admin").status_code == client.get("/partner/read").status_code == 403
    assert client.get("/mail").status_code == 401, "a fake without the model's claims"
    sign_in(app, auth, iss="https://nobody.example/")
    assert client.get("/partner").status_code == 401, "a fake of another issuer, as it was asked for"


def test_another_bearer_in_its_place_stands_in_for_each_variant(app: FastAPI, auth: JWTBearer) -> None:
    """Real tokens of a fake issuer reach all routes by one override."""
    other = FakeIssuer("https://test.example/")
    app.dependency_overrides[auth] = JWTBearer({**other.settings(), "AUDIENCE": ["api", "reports"]})
    client = TestClient(app)
    headers = other.headers(aud="reports", email="a@b.c")
    assert [client.get(path, headers=headers).status_code for path in ("/me", "/maybe", "/all")] == [200] * 3
    assert client.get("/mail", headers=headers).json() == [other.issuer, "a@b.c"]


def test_a_variant_takes_tokens_of_websockets(auth: JWTBearer, issuer: FakeIssuer) -> None:
    """``websocket_subprotocol`` is for the routes that use the variant; the control is the bearer itself."""
    app = FastAPI()

    def route(path: str, scheme: JWTBearer[Any]) -> None:
        @app.websocket(path)
        async def talk(websocket: WebSocket, token: Annotated[Token, Depends(scheme)]) -> None:
            await websocket.accept("bearer")
            await websocket.send_text(str(token.subject))

    route("/browsers", auth.variant(websocket_subprotocol=True))
    route("/services", auth)
    client = TestClient(app)
    offered = ["bearer", issuer.token(sub="u1")]
    with client.websocket_connect("/browsers", subprotocols=offered) as socket:
        assert socket.receive_text() == "u1"
    with pytest.raises(Exception), client.websocket_connect("/services", subprotocols=offered):  # noqa: B017, PT011
        pass


def test_one_verification_for_a_bearer_and_its_variants(auth: JWTBearer) -> None:
    """They share the authenticator, and with it keys and what is remembered of a request."""
    assert auth.variant(audience="reports").authenticator is auth.optional.authenticator is auth.authenticator


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"audiense": "x"}, TypeError, r"variant\(\) got an unexpected .*'audiense'.*audience"),
        ({"leeway": 5}, TypeError, "say it in the settings"),
        ({"audience": None}, ConfigurationError, "audience: found None"),
        ({"claims": None}, ConfigurationError, "claims: found None"),
        ({"claims": dict}, ConfigurationError, "claims"),
        ({"issuer": ALIAS}, ConfigurationError, "alias"),
        ({"audience": ""}, ConfigurationError, "audience"),
    ],
)
def test_a_wrong_variant_is_refused_when_it_is_made(
    auth: JWTBearer, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    """Unknown names, nothing in place of something, a name that no verified token has."""
    with pytest.raises(error, match=text):
        auth.variant(**options)
