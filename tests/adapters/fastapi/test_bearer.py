"""``JWTBearer`` as a dependency: scopes, levels, options, users, and one verification per request."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Security
from fastapi.testclient import TestClient

from jwks_auth import ConfigurationError
from jwks_auth.adapters import Authenticator
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, Policy, RequestRejected, VerifiedToken

Token = VerifiedToken[Any]


@dataclass
class Claims:
    """What some routes want of the claims."""

    email: str


class CountingKeys:
    """The issuer's keys, counting how often one is looked up: once for each token that is verified."""

    def __init__(self, issuer: FakeIssuer) -> None:
        self.issuer, self.lookups = issuer, 0

    def __call__(self) -> dict[str, Any]:
        """The document, as it is now."""
        self.lookups += 1
        return self.issuer.jwks()


def test_depends_gives_the_verified_token(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """A route sees the token, its claims and its scopes."""
    app = FastAPI()

    @app.get("/me")
    def me(token: Annotated[Token, Depends(auth)]) -> dict[str, Any]:
        return {"sub": token.subject, "email": token["email"], "scopes": sorted(token.scopes)}

    answer = TestClient(app).get("/me", headers=issuer.headers(sub="u1", email="a@b.c", scope="x y"))
    assert answer.json() == {"sub": "u1", "email": "a@b.c", "scopes": ["x", "y"]}


def test_levels_add_up_and_verify_once(issuer: FakeIssuer) -> None:
    """App, router and route ask for scopes; all are needed, and the token is verified once."""
    keys = CountingKeys(issuer)
    auth = JWTBearer({**issuer.settings(), "JWKS": keys})
    app = FastAPI(dependencies=[Security(auth, scopes=["app"])])
    router = APIRouter(dependencies=[Security(auth, scopes=["router"])])

    @router.get("/orders")
    def orders(token: Annotated[Token, Security(auth, scopes=["route"])]) -> dict[str, Any]:
        return {"sub": token.subject}

    app.include_router(router)
    client = TestClient(app)
    before = keys.lookups
    assert client.get("/orders", headers=issuer.headers(scope="app router route")).status_code == 200
    assert keys.lookups == before + 1
    for lacking in ("app router", "app route", "router route"):
        assert client.get("/orders", headers=issuer.headers(scope=lacking)).status_code == 403
    assert app.openapi()["paths"]["/orders"]["get"]["security"] == [{"JWTBearer": ["app", "router", "route"]}]


def test_nothing_of_ours_is_a_parameter(issuer: FakeIssuer) -> None:
    """No query, header, cookie or body parameter appears, whatever way a route is guarded."""
    auth = JWTBearer(issuer.settings(), websocket_subprotocol=True)

    def load_user(token: Token, tenant: Annotated[str, Depends(lambda: "acme")]) -> str:
        return f"{tenant}/{token.subject}"

    app = FastAPI(dependencies=[Depends(auth)])
    guards = [auth, auth.optional, auth.requires(Policy(roles="admin")), auth.user(load_user)]
    for index, guard in enumerate(guards):
        app.add_api_route(f"/{index}", _answer(guard), methods=["POST"])
    app.add_api_route("/ready", auth.health)
    for path in app.openapi()["paths"].values():
        for operation in path.values():
            assert "parameters" not in operation
            assert "requestBody" not in operation
            assert "422" not in operation["responses"]


def _answer(guard: Any) -> Any:
    def route(value: Annotated[Any, Security(guard, scopes=["x"])]) -> None:
        """Guarded."""

    return route


def test_optional_takes_a_missing_token_and_no_bad_one(issuer: FakeIssuer) -> None:
    """``optional=True``: nothing sent is ``None``, a bad token is 401."""
    auth = JWTBearer(issuer.settings(), optional=True)
    app = FastAPI()

    @app.get("/")
    def home(token: Annotated[Token | None, Depends(auth)]) -> Any:
        return token and token.subject

    client = TestClient(app)
    assert client.get("/").json() is None
    assert client.get("/", headers=issuer.headers(sub="u1")).json() == "u1"
    assert client.get("/", headers=issuer.headers(expires_in=-3600)).status_code == 401
    assert client.get("/", headers={"Authorization": "Bearer"}).status_code == 400


def test_a_token_sent_where_it_is_optional_needs_the_scopes(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """Missing is fine; a token that lacks what is asked is not."""
    app = FastAPI()

    @app.get("/", dependencies=[Security(auth.optional, scopes=["x"])])
    def home() -> None: ...

    client = TestClient(app)
    assert client.get("/").status_code == 200
    assert client.get("/", headers=issuer.headers()).status_code == 403
    assert client.get("/", headers=issuer.headers(scope="x")).status_code == 200


def test_requires_holds_a_policy(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """``auth.requires(policy)`` gives the token or 403; ``None`` where none was sent and that is fine."""
    policy = Policy(scopes="orders:read") & (Policy(any_role=["ops"]) | Policy(claims={"tier": "gold"}))
    app = FastAPI()

    @app.get("/orders")
    def orders(token: Annotated[Token, Depends(auth.requires(policy))]) -> Any:
        return token.subject

    @app.get("/maybe")
    def maybe(token: Annotated[Token | None, Depends(auth.optional.requires(policy))]) -> Any:
        return token and token.subject

    client = TestClient(app)
    for path in ("/orders", "/maybe"):
        gold = issuer.headers(sub="u1", scope="orders:read", tier="gold")
        assert client.get(path, headers=gold).json() == "u1"
        refused = client.get(path, headers=issuer.headers(roles=["ops"]))
        assert refused.status_code == 403
        assert 'scope="orders:read"' in refused.headers["www-authenticate"]
    assert client.get("/orders").status_code == 401
    assert client.get("/maybe").json() is None


@pytest.mark.parametrize("sync", [True, False])
def test_user_is_loaded_with_dependencies_of_its_own(issuer: FakeIssuer, auth: JWTBearer, sync: bool) -> None:
    """``auth.user(load_user)`` hands the token over, beside what *load_user* asks for itself."""
    users = {"u1": "Ada"}

    def database() -> dict[str, str]:
        return users

    def load_user(token: Token, db: Annotated[dict[str, str], Depends(database)]) -> str | None:
        return db.get(token.subject or "")

    async def aload_user(token: Token, db: dict[str, str] = Depends(database)) -> str | None:
        return db.get(token.subject or "")

    app = FastAPI()
    current_user = auth.user(load_user if sync else aload_user)

    @app.get("/me")
    def me(user: Annotated[str, Security(current_user, scopes=["profile"])]) -> str:
        return user

    client = TestClient(app)
    assert client.get("/me", headers=issuer.headers(sub="u1", scope="profile")).json() == "Ada"
    assert client.get("/me", headers=issuer.headers(sub="u1")).status_code == 403
    unknown = client.get("/me", headers=issuer.headers(sub="u2", scope="profile"))
    assert unknown.status_code == 401
    assert "may not sign in" in unknown.headers["www-authenticate"]


def test_user_may_clean_up_after_itself(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """A *load_user* that yields is a dependency like any other."""
    events: list[str] = []

    def load_user(token: Token) -> Iterator[str]:
        events.append("loaded")
        yield "Ada"
        events.append("released")

    app = FastAPI()
    current_user = auth.user(load_user)

    @app.get("/me")
    def me(user: Annotated[str, Depends(current_user)]) -> str:
        return user

    assert TestClient(app).get("/me", headers=issuer.headers()).json() == "Ada"
    assert events == ["loaded", "released"]


def test_user_of_an_optional_bearer_may_be_nobody(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """*load_user* gets what the dependency gives, so ``None`` where no token was sent."""
    app = FastAPI()

    @app.get("/")
    def home(user: Annotated[Any, Depends(auth.optional.user(lambda token: token and token.subject))]) -> Any:
        return user

    client = TestClient(app)
    assert client.get("/").json() is None
    assert client.get("/", headers=issuer.headers(sub="u1")).json() == "u1"


def test_load_user_without_a_parameter_is_refused(auth: JWTBearer) -> None:
    """It could not be told whose user to load."""
    with pytest.raises(ConfigurationError, match="expected the token"):
        auth.user(lambda: None)


def test_audience_of_a_route(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """A bearer on the same authenticator can ask for another audience; keys and verification are shared."""
    reports = JWTBearer(auth.authenticator, audience="reports")
    app = FastAPI()

    @app.get("/reports")
    def read(token: Annotated[Token, Depends(reports)]) -> None: ...

    client = TestClient(app)
    assert client.get("/reports", headers=issuer.headers(aud="reports")).status_code == 200
    assert client.get("/reports", headers=issuer.headers(aud="api")).status_code == 401


def test_two_bearers_with_settings_of_their_own_do_not_share_a_verification() -> None:
    """A token that one authenticator trusts is nothing to another."""
    ours, theirs = FakeIssuer("https://a.example/"), FakeIssuer("https://b.example/")
    first, second = JWTBearer(ours.settings()), JWTBearer(theirs.settings())
    app = FastAPI(dependencies=[Depends(first)])

    @app.get("/", dependencies=[Depends(second)])
    def home() -> None: ...

    assert TestClient(app).get("/", headers=ours.headers()).status_code == 401


def test_two_authorization_headers_are_400(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """``headers.get`` would have shown the first alone."""
    app = FastAPI()

    @app.get("/")
    def home(token: Annotated[Token, Depends(auth)]) -> None: ...

    good = issuer.headers()["Authorization"]
    twice = [("Authorization", good), ("Authorization", good)]
    assert TestClient(app).get("/", headers=twice).status_code == 400


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer \xff",
        "Bearer a b",
        "Bearer a.b.c",
        "\x01",
        "Bearer " + "a" * 100_000,
        "bearer\ta",
    ],
)
def test_no_header_makes_a_422_or_500(auth: JWTBearer, value: str) -> None:
    """Whatever is sent, the answer is 400 or 401 with a challenge."""
    app = FastAPI()

    @app.get("/")
    def home(token: Annotated[Token, Depends(auth)]) -> None: ...

    answer = TestClient(app).get("/", headers=[(b"Authorization", value.encode("latin-1"))])
    assert answer.status_code in (400, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer realm=")


def test_the_error_of_the_core_is_the_cause(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """A handler can read the stable code and the answer."""
    seen: list[RequestRejected] = []
    app = FastAPI()

    @app.exception_handler(RequestRejected)
    async def answer(request: Request, exc: RequestRejected) -> Any:
        from starlette.responses import JSONResponse

        seen.append(exc)
        return JSONResponse({"code": exc.reason}, exc.status_code, exc.headers)

    @app.get("/")
    def home(token: Annotated[Token, Depends(auth)]) -> None: ...

    response = TestClient(app).get("/", headers=issuer.headers(expires_in=-3600))
    assert (response.status_code, response.json()) == (401, {"code": "expired"})
    assert seen[0].rejection.headers[0] == ("WWW-Authenticate", response.headers["www-authenticate"])
    assert "expired" in str(seen[0].__cause__)


def test_keys_that_can_not_be_had_are_503(issuer: FakeIssuer) -> None:
    """An outage is not the client's fault."""
    auth = JWTBearer(issuer.settings())
    app = FastAPI()

    @app.get("/")
    def home(token: Annotated[Token, Depends(auth)]) -> None: ...

    with issuer.outage():
        answer = TestClient(app).get("/", headers=issuer.headers())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1


def test_wrong_settings_fail_at_construction() -> None:
    """The name of the setting is in the message."""
    with pytest.raises(ConfigurationError, match="ISSUER"):
        JWTBearer({"AUDIENCE": "api"})
    with pytest.raises(ConfigurationError, match="AUDIENZ"):
        JWTBearer({"ISSUER": "https://issuer.example/", "AUDIENZ": "api"})


def test_impossible_scopes_are_refused_when_the_bearer_is_asked(auth: JWTBearer) -> None:
    """A space inside a scope can match no token."""
    with pytest.raises(ConfigurationError):
        auth.requirement(["a b"])


def test_every_refusal_reaches_the_hook(issuer: FakeIssuer) -> None:
    """Also those that this adapter makes: policies, typed claims, users."""
    codes: list[str] = []
    authenticator = Authenticator(issuer.settings(), on_rejected=lambda error: codes.append(error.code))
    auth = JWTBearer(authenticator)
    app = FastAPI()
    guards = [
        auth.requires(Policy(roles="admin")),
        auth.user(lambda token: None),
        JWTBearer(authenticator, claims=Claims),
        JWTBearer(authenticator, audience="reports"),
    ]
    for index, guard in enumerate(guards):
        app.add_api_route(f"/{index}", lambda: None, dependencies=[Depends(guard)])
    client = TestClient(app)
    for index in range(len(guards)):
        client.get(f"/{index}", headers=issuer.headers())
    assert codes == ["insufficient_scope", "user_refused", "invalid_claim", "wrong_audience"]


def test_optional_of_optional_is_the_same(auth: JWTBearer) -> None:
    """And it is made once."""
    assert auth.optional is auth.optional
    assert auth.optional.optional is auth.optional


def test_a_token_is_never_made_of_a_request_body(auth: JWTBearer) -> None:
    """Without ``Security`` FastAPI takes a parameter from the body: anybody could write themselves a token."""
    app = FastAPI()
    with pytest.raises(ConfigurationError, match="Security"):

        @app.post("/orders")
        def order(token: VerifiedToken) -> None: ...

    with pytest.raises(ConfigurationError, match="Security"):

        @app.post("/typed")
        def typed(token: VerifiedToken[Claims]) -> None: ...


def test_requires_takes_a_policy(auth: JWTBearer) -> None:
    """A scope's name alone is refused when the route is declared."""
    with pytest.raises(ConfigurationError, match="expected Policy"):
        auth.requires("admin")  # type: ignore[arg-type]


def test_explain_asks_what_a_route_does(issuer: FakeIssuer) -> None:
    """Scopes, a policy, and the scheme's model of claims, whose errors are shown by field."""
    auth = JWTBearer(issuer.settings(), claims=Claims)
    good = issuer.token(email="a@b.example", scope="a")
    assert auth.explain(good, scopes=["a"]).failed is None
    assert auth.explain(good).failed is None
    for explanation in (auth.explain(good, scopes=["b"]), auth.explain(good, policy=Policy(roles="ops"))):
        assert explanation.failed is not None
        assert (explanation.failed.name, explanation.failed.code) == ("route", "insufficient_scope")
    lacking = auth.explain(issuer.token(), scopes=[]).failed
    assert lacking is not None
    assert lacking.found.startswith("email: Field required")
