"""The event loop is never blocked, whatever the provider does."""

import asyncio
from collections import Counter
from itertools import chain
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, VerifiedToken
from tests.fault_server import FaultServer

KNOWN, UNKNOWN, CONNECTIONS = 500, 50, 10


async def get(app: FastAPI, raw: str) -> int:
    """One request's status, called as a server calls it: a client on this loop would be its heaviest load."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer " + raw.encode())],
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, asyncio.Event().wait, send)
    return int(sent[0]["status"])


async def in_turn(app: FastAPI, tokens: list[str]) -> list[int]:
    """The statuses of requests one after the other, as on one connection."""
    statuses = []
    for raw in tokens:
        statuses.append(await get(app, raw))
        await asyncio.sleep(0)  # where a server would read the next request
    return statuses


@pytest.mark.parametrize("answers", [True, False], ids=["late", "never"])
async def test_a_hanging_provider_does_not_delay_the_loop(answers: bool) -> None:
    """Requests with known keys are answered while some with unknown ones wait: for minutes, or until it answers.

    Were the loop held by one that waits, it could not get to what they wait for.
    """
    issuer = FakeIssuer()
    with FaultServer(issuer.jwks()) as provider:
        keys = {"JWKS_URI": provider.url, "TIMEOUT": 300, "WAIT": 300 if answers else 1}
        auth = JWTBearer({"ISSUER": issuer.issuer, "AUDIENCE": "api", **keys})
        app = FastAPI()

        @app.get("/")
        async def home(token: Annotated[VerifiedToken[Any], Depends(auth)]) -> None: ...

        known = [issuer.token()] * (KNOWN // CONNECTIONS)
        unknown = [issuer.token(kid=f"unknown-{n}") for n in range(UNKNOWN)]
        await get(app, known[0])
        provider.hold()
        refused = asyncio.gather(*(in_turn(app, unknown[n::CONNECTIONS]) for n in range(CONNECTIONS)))
        await asyncio.to_thread(provider.wait_for_requests, 2)
        passed = await asyncio.gather(*(in_turn(app, known) for _ in range(CONNECTIONS)))
        assert Counter(chain(*passed)) == {200: KNOWN}
        if answers:
            assert not refused.done()
            provider.let_go()
        assert set(chain(*await refused)) <= {401, 503}
