"""Holds an app to the table of cases. An app takes a request and gives an :class:`Answer`."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from jwks_auth.testing import FakeIssuer
from tests.contract.cases import Case

__all__ = ["Answer", "App", "HTTPApp", "check"]

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case, repeated ones kept."""

    status: int
    headers: Headers
    body: bytes

    def values(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for found, value in self.headers if found.lower() == name]


class App(Protocol):
    """An app under test: over a test client or a socket."""

    def request(self, method: str, target: str, headers: Headers) -> Answer:
        """One request; *target* is path and query, *headers* may repeat a name."""
        ...


@dataclass(frozen=True, slots=True)
class HTTPApp:
    """An app behind a real server at *url*."""

    url: str

    def request(self, method: str, target: str, headers: Headers) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.putrequest(method, target)
            for name, value in headers:
                connection.putheader(name, value)
            connection.putheader("Content-Length", "0")
            connection.endheaders()
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()


def check(app: App, case: Case, issuer: FakeIssuer, body_of: Any = json.loads) -> None:
    """Send *case* to *app* and compare status, every challenge and the body.

    *body_of* reads a body into the table's shape, for a framework with a shape of its own (DRF's ``detail``).
    """
    target = case.path + (f"?{case.query}" if case.query else "")
    headers = [("Authorization", value) for value in case.values(issuer)]
    answer = app.request(case.method, target, headers)
    challenges = [] if case.challenge is None else [case.challenge]
    assert (answer.status, answer.values("www-authenticate")) == (case.status, challenges), answer.body
    if case.method == "HEAD":
        assert answer.body == b""
    elif case.body is not None:
        assert answer.values("content-type")[0].startswith("application/json")
        assert body_of(answer.body) == case.body
