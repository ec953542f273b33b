"""Strawberry, by the recipe: rules on fields, behind FastAPI and Flask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jwks_auth.testing import FakeIssuer
from tests.needs import need_module
from tests.recipes.page import Page

ISSUER, AUDIENCE = "https://acme.eu.auth0.com/", "https://api.acme.dev"


def in_fastapi(app: Any) -> Callable[..., Any]:
    """A function that posts a query to a FastAPI app."""
    client = need_module("starlette.testclient").TestClient(app)
    return lambda query, headers: client.post("/graphql", json={"query": query}, headers=headers)


def in_flask(app: Any) -> Callable[..., Any]:
    """The same in Flask."""
    client = app.test_client()
    return lambda query, headers: client.post("/graphql", json={"query": query}, headers=headers)


WAYS = {"fastapi": (0, in_fastapi), "flask": (1, in_flask)}


class Endpoint:
    """An app of the page, and its issuer, whose URL stands in the place of the provider's."""

    def __init__(self, way: str, issuer: FakeIssuer) -> None:
        need_module("strawberry")
        at, posting = WAYS[way]
        page = Page("strawberry")
        page.uses[at] = page.uses[at].replace(ISSUER, issuer.issuer)
        self.issuer, self.post = issuer, posting(page.used(at)["app"])

    def headers(self, **claims: Any) -> dict[str, str]:
        """A token for the page's audience."""
        return self.issuer.headers(**{"sub": "u1", "aud": AUDIENCE, **claims})

    def ask(self, query: str, headers: dict[str, str]) -> Any:
        """The answer's document."""
        answer = self.post(query, headers)
        assert answer.status_code == 200
        return answer.json if isinstance(answer.json, dict) else answer.json()


@pytest.fixture(scope="module", params=WAYS)
def endpoint(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """Each app of the page."""
    with FakeIssuer.serve() as issuer:
        yield Endpoint(request.param, issuer)


def test_a_field_is_resolved_for_those_who_may_see_it(endpoint: Endpoint) -> None:
    """And the public ones for everybody."""
    granted = endpoint.headers(scope="orders:read")
    assert endpoint.ask("{ prices orders }", granted)["data"] == {"prices": "public", "orders": ["one of u1"]}
    assert endpoint.ask("{ prices }", {}) == {"data": {"prices": "public"}}


@pytest.mark.parametrize(("with_token", "code"), [(False, "missing_token"), (True, "insufficient_scope")])
def test_a_field_is_refused_in_its_place(endpoint: Endpoint, with_token: bool, code: str) -> None:
    """The code is among the error's extensions; an alias or a fragment is no way around."""
    headers = endpoint.headers() if with_token else {}
    for query in ("{ orders }", "{ prices hidden: orders }", "{ ...F } fragment F on Query { orders }"):
        document = endpoint.ask(query, headers)
        assert document["data"] is None
        assert [error["extensions"] for error in document["errors"]] == [{"code": code}]


def test_a_bad_token_is_refused_as_a_whole(endpoint: Endpoint) -> None:
    """Even where only public fields are asked for: it is never anonymous."""
    for headers in (
        endpoint.headers(expires_in=-100),
        endpoint.headers(aud="elsewhere"),
        FakeIssuer().headers(),
    ):
        answer = endpoint.post("{ prices }", headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="api", error="invalid_token"')


async def test_rules_hold_for_async_resolvers_and_optional_ones() -> None:
    """In a schema of any framework, with a token from anywhere."""
    strawberry = need_module("strawberry")
    issuer = FakeIssuer()
    verifier = need_module("jwks_auth.adapters").Authenticator(issuer.settings()).verifier
    with Page("strawberry").imported() as recipe:

        def find(info: Any) -> Any:
            return info.context

        async def orders() -> str:
            return "orders"

        def field(resolver: Any, **rules: Any) -> Any:
            return strawberry.field(resolver=resolver, extensions=[recipe.Requires(find, **rules)])

        kinds = {
            "__annotations__": {"strict": str, "loose": str},
            "strict": field(orders, scopes="a"),
            "loose": field(orders, optional=True),
        }
        query = strawberry.type(type("Query", (), kinds))
    schema = strawberry.Schema(query)
    for token, said in ((None, "missing_token"), (verifier.verify(issuer.token()), "insufficient_scope")):
        refused = await schema.execute("{ strict }", context_value=token)
        assert refused.errors[0].extensions == {"code": said}
        assert (await schema.execute("{ loose }", context_value=token)).data == {"loose": "orders"}
    granted = await schema.execute("{ strict }", context_value=verifier.verify(issuer.token(scope="a")))
    assert granted.data == {"strict": "orders"}


def test_a_websocket_offers_its_token_as_a_subprotocol() -> None:
    """Beside GraphQL's own, which is the one that is accepted; one without a token gets an error for the field."""
    strawberry, fastapi = need_module("strawberry"), need_module("fastapi")
    router, testclient = need_module("strawberry.fastapi"), need_module("starlette.testclient")
    bearer = need_module("jwks_auth_fastapi").JWTBearer
    issuer = FakeIssuer()
    auth = bearer({**issuer.settings(), "ALLOW_FAKE_ISSUER": True}, websocket_subprotocol=True)

    optional = fastapi.Depends(auth.optional)

    async def context(token: Any = optional) -> dict[str, Any]:
        return {"token": token}

    with Page("strawberry").imported() as recipe:

        def find(info: Any) -> Any:
            return info.context["token"]

        def who(self: Any, info: Any) -> str:
            return str(find(info).subject)

        who.__annotations__ = {"info": strawberry.Info, "return": str}
        rule = recipe.Requires(find)
        query = strawberry.type(
            type(
                "Query",
                (),
                {"__annotations__": {"who": str}, "who": strawberry.field(resolver=who, extensions=[rule])},
            )
        )
    app = fastapi.FastAPI()
    app.include_router(
        router.GraphQLRouter(strawberry.Schema(query), context_getter=context), prefix="/graphql"
    )

    def ask(*offered: str) -> Any:
        protocols = ["graphql-transport-ws", *offered]
        with testclient.TestClient(app).websocket_connect("/graphql", subprotocols=protocols) as socket:
            assert socket.accepted_subprotocol == "graphql-transport-ws"
            socket.send_json({"type": "connection_init"})
            assert socket.receive_json()["type"] == "connection_ack"
            socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": "{ who }"}})
            return socket.receive_json()["payload"]

    assert ask("bearer", issuer.token(sub="u1"))["data"] == {"who": "u1"}
    assert "missing_token" in str(ask())
    with pytest.raises(testclient.WebSocketDenialResponse) as refused:
        ask("bearer", issuer.token(expires_in=-100))
    assert refused.value.status_code == 401
