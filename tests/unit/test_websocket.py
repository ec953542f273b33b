"""WebSockets in messages of ASGI: a refusal before the accept, and the time that a token leaves."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from jwks_auth import MissingTokenError
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.request.websocket import (
    POLICY_VIOLATION,
    as_request,
    handshake_of,
    may_answer,
    refusal_messages,
    seconds_left,
)
from jwks_auth.testing import FakeIssuer
from tests.unit.test_credentials import scope

ANSWERS = {"extensions": {"websocket.http.response": {}}}


def socket(**more: Any) -> dict[str, Any]:
    """The scope of a WebSocket."""
    return scope(**{"type": "websocket", "scheme": "wss", **more})


def test_a_server_that_can_answer_sends_the_whole_refusal() -> None:
    """Status, challenge, type and body, as over HTTP."""
    issuer = FakeIssuer()
    rejection = Authenticator(issuer.settings()).rejection(MissingTokenError(), Credentials([]))
    assert may_answer(socket(**ANSWERS))
    start, body = refusal_messages(rejection, socket(**ANSWERS))
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    sent = dict(start["headers"])
    assert sent[b"www-authenticate"] == b'Bearer realm="api"'
    assert sent[b"content-type"] == b"application/json"
    assert body == {"type": "websocket.http.response.body", "body": rejection.body}


def test_any_other_server_is_told_to_close() -> None:
    """With the constant description as the reason."""
    rejection = Authenticator(FakeIssuer().settings()).rejection(MissingTokenError(), Credentials([]))
    assert not may_answer(socket())
    assert refusal_messages(rejection, socket()) == [
        {"type": "websocket.close", "code": POLICY_VIOLATION, "reason": rejection.description}
    ]


@pytest.mark.parametrize(("given", "read"), [("ws", "http"), ("wss", "https"), ("junk", "http")])
def test_a_handshake_is_a_get_request(given: str, read: str) -> None:
    """Its query is text, whatever its octets are."""
    request = as_request(socket(scheme=given, query_string=b"a=\xff"))
    assert (request["type"], request["method"], request["scheme"]) == ("http", "GET", read)
    assert request["query_string"] == "a=\xff"


def test_an_environment_of_a_handshake_offers_its_tokens() -> None:
    """A mapping that a bridge to WSGI makes has no other place for them."""
    environ: dict[str, Any] = dict(handshake_of(socket(subprotocols=["bearer", "a.b.c"])))
    sent = Credentials.from_wsgi({"REQUEST_METHOD": "GET", **environ})
    assert list(sent.offered) == ["a.b.c"]
    assert sent.is_handshake


def test_a_token_leaves_the_time_to_its_end() -> None:
    """One without an end never closes the connection."""
    issuer = FakeIssuer()
    assert seconds_left(issuer.verified(exp=1000), 990) == 10
    assert seconds_left(issuer.verified(exp=None), 990) == inf
