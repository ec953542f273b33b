"""Streams that end with their token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, request, stream_with_context

from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import current_token, require_jwt, token_of, until_expiry


def test_a_stream_ends_with_its_token(app: Flask, issuer: FakeIssuer) -> None:
    """By a fake clock; the stream still has its request."""
    clock = [0.0]

    def ticks() -> Iterator[str]:
        while True:
            clock[0] += 1
            yield f"data: {current_token.subject}\n\n"

    def events() -> Response:
        token: Any = token_of(request)
        clock[0] = token.expires_at - 5
        stream = stream_with_context(until_expiry(token, ticks(), clock=lambda: clock[0]))
        return Response(stream, mimetype="text/event-stream")

    app.add_url_rule("/events", view_func=require_jwt(events))
    answer = app.test_client().get("/events", headers=issuer.headers(sub="u1"))
    assert answer.text == "data: u1\n\n" * 4
    assert app.test_client().get("/events").status_code == 401
