"""Holds an app to the table of cases. An app takes a request and gives an :class:`Answer`."""

from __future__ import annotations

import http.client
import json
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from jwks_auth.testing import FakeIssuer
from tests.contract.cases import METADATA, Case
from tests.patience import PATIENCE

__all__ = ["Answer", "App", "HTTPApp", "check", "refusals_logged"]

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

    def request(self, method: str, target: str, headers: Headers, body: bytes = b"") -> Answer:
        """One request; *target* is path and query, *headers* may repeat a name."""
        ...


@dataclass(frozen=True, slots=True)
class HTTPApp:
    """An app behind a real server at *url*."""

    url: str

    def request(self, method: str, target: str, headers: Headers, body: bytes = b"") -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        try:
            given = any(name.lower() == "host" for name, _ in headers)
            connection.putrequest(method, target, skip_host=given)
            for name, value in headers:
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()


def check(
    app: App,
    case: Case,
    issuer: FakeIssuer,
    body_of: Any = json.loads,
    *,
    told: bool = True,
    knows_route: bool = True,
) -> None:
    """Send *case* to *app*; compare status, challenges, what caches are told, body, and what the log is told.

    *body_of* reads a body into the table's shape, for a framework with a shape of its own (DRF's ``detail``).
    *told*: the app logs in this process. *knows_route*: what refuses a bad token knows the scopes of the route and
    its audience, and not by a middleware.
    """
    query = case.query if isinstance(case.query, str) else case.query(issuer)
    target = case.path + (f"?{query}" if query else "")
    headers = [("Authorization", value) for value in case.values(issuer)]
    with refusals_logged() as lines:
        answer = app.request(case.method, target, headers)
    challenge = ", ".join(answer.values("www-authenticate")) or None
    wanted = case.challenge
    if (
        not knows_route
        and case.is_before_the_route
        and wanted is not None
        and "insufficient_user" not in wanted
    ):
        wanted = re.sub(r', scope="[^"]*"', "", wanted)
    assert (answer.status, challenge) == (case.status, wanted), answer.body
    check_caching(answer, case)
    for name, value in case.headers.items():
        assert answer.values(name) == [value]
    assert len(lines) == (case.status >= 400 and case.challenge is not None if told else 0), lines
    if case.method == "HEAD":
        assert answer.body == b""
    elif case.body is not None:
        assert answer.values("content-type")[0].startswith("application/json")
        text = json.dumps(case.body).replace('"ISSUER"', json.dumps(issuer.issuer))
        assert body_of(answer.body) == json.loads(text)


def check_caching(answer: Answer, case: Case) -> None:
    """Hold what *answer* tells shared caches against *case*."""
    varies = [name.strip().lower() for value in answer.values("vary") for name in value.split(",")]
    if case.path != "/public" and METADATA not in case.path:  # which a middleware may have looked at
        assert varies.count("authorization") == 1, varies
    assert answer.values("cache-control") == ([] if case.cache_control is None else [case.cache_control])


@contextmanager
def refusals_logged() -> Iterator[list[str]]:
    """What the core logs of refusals, in this process."""
    log, lines = logging.getLogger("jwks_auth"), list[str]()

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage().startswith("request refused: "):
                lines.append(record.getMessage().partition(";")[0])

    handler, before = Lines(), log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
