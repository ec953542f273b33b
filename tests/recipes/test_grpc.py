"""gRPC, by the recipe: real servers and channels on this machine, sync and aio, with calls of all four kinds."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from jwks_auth.testing import FakeIssuer
from tests.needs import need_module
from tests.patience import PATIENCE
from tests.recipes.page import Page

KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
METHODS: dict[str, Any] = {
    "/test.Orders/scoped": {"scopes": "orders:read"},
    "/test.Orders/open": None,
    "/test.Orders/optional": {"optional": True},
}


def service(recipe: Any) -> dict[str, Any]:
    """Methods that say who calls them; those with the name of a kind are of that kind."""

    def who(request: Any) -> bytes:
        token = recipe.TOKEN.get()
        return (token.subject if token else "nobody").encode()

    def unary(request: Any, context: Any) -> bytes:
        return who(list(request) if not isinstance(request, bytes) else request)

    def stream(request: Any, context: Any) -> Iterator[bytes]:
        yield from [unary(request, context)] * 2

    return {"unary": unary, "stream": stream, "who": who}


def aservice(recipe: Any) -> dict[str, Any]:
    """The same, async."""
    who = service(recipe)["who"]

    async def unary(request: Any, context: Any) -> bytes:
        await asyncio.sleep(0)
        answer: bytes = who(request)
        return answer

    async def stream(request: Any, context: Any) -> AsyncIterator[bytes]:
        for _ in range(2):
            yield await unary(request, context)

    return {"unary": unary, "stream": stream}


def handlers(grpc: Any, methods: dict[str, Any]) -> Any:
    """A service without protobuf: octets in, octets out."""

    def handler(kind: str) -> Any:
        return getattr(grpc, f"{kind}_rpc_method_handler")(methods[kind.rpartition("_")[2]])

    named = {kind: handler(kind) for kind in KINDS}
    named |= {name.rpartition("/")[2]: handler("unary_unary") for name in METHODS}
    return grpc.method_handlers_generic_handler("test.Orders", named)


def sync_server(grpc: Any, recipe: Any, jwt: Any) -> Iterator[int]:
    """A server with threads, few enough for calls to share one."""
    server = grpc.server(ThreadPoolExecutor(2), interceptors=[recipe.Interceptor(jwt)])
    server.add_generic_rpc_handlers([handlers(grpc, service(recipe))])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None).wait(PATIENCE)


def aio_server(grpc: Any, recipe: Any, jwt: Any) -> Iterator[int]:
    """A server on an event loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[Any, int]:
        server = grpc.aio.server(interceptors=[recipe.AsyncInterceptor(jwt)])
        server.add_generic_rpc_handlers([handlers(grpc, aservice(recipe))])
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    def on_loop(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE)

    server, port = on_loop(start())
    yield port
    on_loop(server.stop(None))
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()


class Client:
    """A channel to a server; calls return the answers, or the status and trailing metadata of a refusal."""

    def __init__(self, grpc: Any, port: int) -> None:
        self.grpc = grpc
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")

    def call(self, name: str, *values: str, kind: str = "unary_unary") -> Any:
        """One call with these values of ``authorization``."""
        asking, answering = kind.split("_")
        method = getattr(self.channel, kind)(f"/test.Orders/{name}")
        metadata = [("authorization", value) for value in values]
        request = b"x" if asking == "unary" else iter([b"x", b"y"])
        try:
            answer = method(request, metadata=metadata, timeout=PATIENCE)
            return answer if answering == "unary" else list(answer)
        except self.grpc.RpcError as error:
            return error.code().name, dict(error.trailing_metadata())


SERVERS: dict[str, Callable[..., Iterator[int]]] = {"sync": sync_server, "aio": aio_server}


@pytest.fixture(scope="module", params=SERVERS)
def client(request: pytest.FixtureRequest) -> Iterator[tuple[Client, FakeIssuer]]:
    """A client of a server of each kind, and its issuer."""
    grpc, _ = need_module("grpc"), need_module("grpc.aio")
    issuer = FakeIssuer()
    with Page("grpc").imported() as recipe:
        jwt = recipe.JWT({**issuer.settings(), "REALM": "orders"}, METHODS)
        for port in SERVERS[request.param](grpc, recipe, jwt):
            made = Client(grpc, port)
            yield made, issuer
            made.channel.close()


def bearer(issuer: FakeIssuer, **claims: Any) -> str:
    """The value of a good token."""
    return issuer.headers(**claims)["Authorization"]


@pytest.mark.parametrize("kind", KINDS)
def test_calls_of_all_kinds_are_guarded(client: tuple[Client, FakeIssuer], kind: str) -> None:
    """A method without rules asks for a good token, and knows its sender."""
    caller, issuer = client
    answer = caller.call(kind, bearer(issuer, sub="u1"), kind=kind)
    assert answer == (b"u1" if kind.endswith("unary") else [b"u1", b"u1"])
    status, trailing = caller.call(kind, kind=kind)
    assert (status, trailing["www-authenticate"]) == ("UNAUTHENTICATED", 'Bearer realm="orders"')


REFUSED: dict[str, tuple[Callable[[FakeIssuer], list[str]], str]] = {
    "no token": (lambda issuer: [], "UNAUTHENTICATED"),
    "no scope": (lambda issuer: [bearer(issuer)], "PERMISSION_DENIED"),
    "an expired token": (lambda issuer: [bearer(issuer, expires_in=-100)], "UNAUTHENTICATED"),
    "two tokens": (lambda issuer: [bearer(issuer)] * 2, "UNAUTHENTICATED"),
    "no value": (lambda issuer: ["Bearer"], "UNAUTHENTICATED"),
    "another issuer's token": (lambda issuer: [bearer(FakeIssuer())], "UNAUTHENTICATED"),
}


@pytest.mark.parametrize("way", REFUSED)
def test_refusals_have_the_status_of_their_kind(client: tuple[Client, FakeIssuer], way: str) -> None:
    """The challenge is in the trailing metadata; a token in two values is refused."""
    caller, issuer = client
    values, code = REFUSED[way]
    status, trailing = caller.call("scoped", *values(issuer))
    assert status == code
    assert trailing["www-authenticate"].startswith('Bearer realm="orders"')
    assert caller.call("scoped", bearer(issuer, sub="u1", scope="orders:read")) == b"u1"


def test_open_and_optional_methods(client: tuple[Client, FakeIssuer]) -> None:
    """An open method looks at no token; an optional one refuses a bad one."""
    caller, issuer = client
    assert caller.call("open") == b"nobody"
    assert caller.call("open", "Bearer") == b"nobody"
    assert caller.call("open", bearer(issuer, sub="u1")) == b"nobody"
    assert caller.call("optional") == b"nobody"
    assert caller.call("optional", bearer(issuer, sub="u1")) == b"u1"
    assert caller.call("optional", bearer(issuer, expires_in=-100))[0] == "UNAUTHENTICATED"


def test_no_call_sees_the_token_of_another(client: tuple[Client, FakeIssuer]) -> None:
    """Calls by turns and at once, on the same threads and the same loop."""
    caller, issuer = client
    senders = [f"u{number}" if number % 3 else None for number in range(60)]

    def ask(sender: str | None) -> Any:
        return caller.call("optional", *([] if sender is None else [bearer(issuer, sub=sender)]))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, senders))
    assert answers == [(sender or "nobody").encode() for sender in senders]


@pytest.mark.parametrize("kind", ["unary_stream", "stream_stream"])
def test_a_stream_ends_with_its_token(client: tuple[Client, FakeIssuer], kind: str) -> None:
    """One that has expired, within the leeway, opens a stream without an answer."""
    caller, issuer = client
    assert caller.call(kind, bearer(issuer, sub="u1", expires_in=-5), kind=kind) == []


def test_a_method_that_does_not_exist(client: tuple[Client, FakeIssuer]) -> None:
    """It is not implemented, as without the interceptor."""
    assert client[0].call("nothing")[0] == "UNIMPLEMENTED"


def test_an_issuer_that_is_down_is_no_fault_of_the_caller() -> None:
    """The status tells the client to try again, and when."""
    grpc, _ = need_module("grpc"), need_module("grpc.aio")
    issuer = FakeIssuer()
    settings = issuer.settings()
    issuer.outage()
    with Page("grpc").imported() as recipe:
        for port in sync_server(grpc, recipe, recipe.JWT(settings, {})):
            status, trailing = Client(grpc, port).call("open", bearer(issuer))
    assert status == "UNAVAILABLE"
    assert int(trailing["retry-after"]) > 0


def test_the_example_runs() -> None:
    """It makes a server."""
    need_module("grpc")
    assert "server" in Page("grpc").used()
