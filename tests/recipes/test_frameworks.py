"""Litestar, aiohttp and Quart, by the recipes: each answers every case of the contract as the adapters do."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jwks_auth.testing import FakeIssuer
from tests.contract import test_sources
from tests.contract.cases import CASES, SETTINGS, Case
from tests.contract.logouts import LOGOUTS, Logout, check_logout
from tests.contract.routes import TABLE, Route
from tests.contract.runner import Answer, App, Headers, HTTPApp, check
from tests.contract.test_sources import Settled
from tests.django_site.asgi_client import call
from tests.needs import need_module
from tests.patience import PATIENCE
from tests.recipes.page import Page

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def settings(issuer: FakeIssuer) -> dict[str, Any]:
    """What each app is configured with."""
    return {**issuer.settings(), **SETTINGS}


class ASGIApp:
    """An ASGI application, called as a server would."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def request(self, method: str, target: str, headers: Headers, body: bytes = b"") -> Answer:
        """One request."""
        return asyncio.run(call(self.app, method, target, headers, body))


def quart(recipe: Any, issuer: FakeIssuer, *, sync: bool = False) -> Iterator[App]:
    """The contract's routes in Quart, as async or sync views."""
    app = need_module("quart").Quart("contract")
    jwt = recipe.JWT(settings(issuer))
    jwt.init_app(app)

    def add(path: str, route: Route) -> None:
        def answer() -> Any:
            return route.answer(recipe.current_token()), 200, route.headers

        async def aanswer() -> Any:
            return answer()

        view = answer if sync else aanswer
        guarded = view if route.options is None else jwt.require(**route.options)(view)
        app.add_url_rule(path, path, guarded, methods=METHODS)

    for path, route in TABLE.items():
        add(path, route)
    yield ASGIApp(app)


def litestar(recipe: Any, issuer: FakeIssuer) -> Iterator[App]:
    """The contract's routes in Litestar."""
    package = need_module("litestar")
    jwt = recipe.JWT(settings(issuer))

    def handlers(path: str, route: Route) -> list[Any]:
        guards = [] if route.options is None else [jwt.require(**route.options)]

        async def answer(request: package.Request) -> package.Response:  # type: ignore[name-defined]
            token = request.scope.get("auth")
            return package.Response(route.answer(token), status_code=200, headers=route.headers)

        answer.__annotations__ = {"request": package.Request, "return": package.Response}
        return [package.route(path, http_method=METHODS, guards=guards)(answer)]

    routes = [handler for path, route in TABLE.items() for handler in handlers(path, route)]
    yield ASGIApp(package.Litestar(routes, plugins=[jwt], openapi_config=None, logging_config=None))


def aiohttp(recipe: Any, issuer: FakeIssuer) -> Iterator[App]:
    """The contract's routes in aiohttp, behind its own server."""
    web = need_module("aiohttp.web")
    app = web.Application()
    jwt = recipe.JWT(settings(issuer))
    jwt.setup(app)

    def add(path: str, route: Route) -> None:
        async def answer(request: Any) -> Any:
            return web.json_response(route.answer(recipe.token_of(request)), headers=route.headers)

        guarded = answer if route.options is None else jwt.require(**route.options)(answer)
        for method in METHODS:
            app.router.add_route(method, path, guarded)

    for path, route in TABLE.items():
        add(path, route)
    loop, runner = asyncio.new_event_loop(), web.AppRunner(app)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    port = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield HTTPApp(f"http://127.0.0.1:{port}")
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


APPS: dict[str, tuple[str, Callable[[Any, FakeIssuer], Iterator[App]]]] = {
    "quart": ("quart", quart),
    "quart sync": ("quart", lambda recipe, issuer: quart(recipe, issuer, sync=True)),
    "litestar": ("litestar", litestar),
    "aiohttp": ("aiohttp", aiohttp),
}


@pytest.fixture(scope="module", params=APPS)
def app(request: pytest.FixtureRequest) -> Iterator[tuple[App, FakeIssuer]]:
    """An app made by a recipe, and its issuer."""
    name, make = APPS[request.param]
    need_module(name)
    issuer = FakeIssuer()
    with Page(name).imported() as recipe:
        for made in make(recipe, issuer):
            yield made, issuer


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract(app: tuple[App, FakeIssuer], case: Case) -> None:
    """Status, challenges, body and what caches are told are the table's."""
    check(app[0], case, app[1])


@pytest.mark.parametrize("row", LOGOUTS, ids=lambda row: row.name)
def test_logouts(app: tuple[App, FakeIssuer], row: Logout) -> None:
    """The answers, and whose tokens are good after, are those of every other framework."""
    check_logout(app[0], row, app[1])


@pytest.fixture(scope="module", params=APPS)
def app_with_sources(request: pytest.FixtureRequest) -> Iterator[tuple[App, FakeIssuer]]:
    """The same with tokens in other headers and in cookies."""
    name, make = APPS[request.param]
    need_module(name)
    issuer: Any = Settled(FakeIssuer())
    with Page(name).imported() as recipe:
        for made in make(recipe, issuer):
            yield made, issuer.issuer


IN_PLACES = [*test_sources.CASES, *test_sources.FORGED, *test_sources.OF_THE_CORE]


@pytest.mark.parametrize("case", IN_PLACES, ids=lambda case: case.name)
def test_tokens_in_other_places(app_with_sources: tuple[App, FakeIssuer], case: Any) -> None:
    """They are taken and refused alike, and no page of another site sends a cookie's."""
    test_sources.run(app_with_sources[0], case, app_with_sources[1])


@pytest.mark.parametrize("made_by", APPS)
def test_problem_details(made_by: str) -> None:
    """The type of a refusal's body is that of the form in the settings."""
    name, make = APPS[made_by]
    need_module(name)
    issuer: Any = Settled(FakeIssuer(), {"ERROR_BODY": "problem+json"})
    with Page(name).imported() as recipe:
        for made in make(recipe, issuer):
            answer = made.request("GET", "/me", [])
            assert json.loads(answer.body)["title"] == "Unauthorized"
            assert answer.values("content-type") == ["application/problem+json"]


@pytest.mark.parametrize("name", sorted({name for name, _ in APPS.values()}))
def test_a_recipe_is_short_and_its_example_runs(name: str) -> None:
    """It has fewer than 80 lines, and what uses it can be pasted."""
    need_module(name)
    page = Page(name)
    assert len(page.module.splitlines()) < 80
    assert "app" in page.used()


async def test_quarts_websockets() -> None:
    """One without a token is refused before it is accepted; one with a token knows its sender."""
    quart = need_module("quart")
    testing = need_module("quart.testing.connections")
    issuer, app = FakeIssuer(), quart.Quart("sockets")
    with Page("quart").imported() as recipe:
        jwt = recipe.JWT(settings(issuer))
        jwt.init_app(app)

        @app.websocket("/ws")
        @jwt.require()
        async def socket() -> None:
            await quart.websocket.send(recipe.current_token().subject)

        client = app.test_client()
        async with client.websocket("/ws", headers=issuer.headers(sub="u1")) as connection:
            assert await connection.receive() == "u1"
        with pytest.raises(testing.WebsocketResponseError) as refused:
            async with client.websocket("/ws") as connection:
                await connection.receive()
        assert refused.value.response.status_code == 401
        assert refused.value.response.headers["WWW-Authenticate"].startswith("Bearer realm=")


def test_litestars_websockets() -> None:
    """The same; Litestar closes what its guards refuse."""
    litestar, testing = need_module("litestar"), need_module("litestar.testing")
    issuer = FakeIssuer()
    with Page("litestar").imported() as recipe:
        jwt = recipe.JWT(settings(issuer))

        async def socket(socket: litestar.WebSocket) -> None:  # type: ignore[name-defined]
            await socket.accept()
            await socket.send_text(socket.auth.subject)
            await socket.close()

        socket.__annotations__ = {"socket": litestar.WebSocket, "return": None}
        handler = litestar.handlers.websocket("/ws", guards=[jwt.require()])(socket)
        client = testing.TestClient(
            litestar.Litestar([handler], plugins=[jwt], openapi_config=None, logging_config=None)
        )
        with client, client.websocket_connect("/ws", headers=issuer.headers(sub="u1")) as connection:
            assert connection.receive_text() == "u1"
        disconnect = need_module("litestar.exceptions").WebSocketDisconnect
        with client, pytest.raises(disconnect), client.websocket_connect("/ws") as connection:
            connection.receive_text()


async def test_aiohttps_views_and_applications_below() -> None:
    """A class's method is guarded, and so is what an application below serves; an unknown page is found missing."""
    web, utils = need_module("aiohttp.web"), need_module("aiohttp.test_utils")
    issuer = FakeIssuer()
    with Page("aiohttp").imported() as recipe:
        jwt = recipe.JWT(settings(issuer))

        class Orders(web.View):  # type: ignore[name-defined,misc]
            @jwt.require(scopes="orders:read")
            async def get(self) -> Any:
                return web.json_response({"of": recipe.token_of(self.request).subject})

        app, below = web.Application(), web.Application()
        jwt.setup(app)
        below.router.add_view("/orders", Orders)
        app.add_subapp("/v1", below)
        async with utils.TestClient(utils.TestServer(app)) as client:
            assert (await client.get("/v1/orders")).status == 401
            assert (await client.get("/v1/orders", headers=issuer.headers())).status == 403
            good = await client.get("/v1/orders", headers=issuer.headers(sub="u1", scope="orders:read"))
            assert await good.json() == {"of": "u1"}
            assert (await client.get("/unknown", headers={"Authorization": "Bearer"})).status == 404
