"""The adapter that ``docs/how-to/adapters.md`` shows answers as all the others do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from jwks_auth.adapters import Authenticator
from jwks_auth.testing import FakeIssuer
from tests.contract.cases import CASES, SETTINGS, Case
from tests.contract.routes import TABLE
from tests.contract.runner import Answer, Headers, check

DOCS = Path(__file__).parent.parent.parent / "docs" / "how-to" / "adapters.md"

SNIPPETS = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def answering(document: Callable[[Any], dict[str, Any]], *headers: tuple[str, str]) -> WSGI:
    """An app that answers with what *document* makes of the token."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/json"), *headers])
        return [json.dumps(document(environ.get("jwks_auth.token"))).encode()]

    return app


class WSGIApp:
    """The contract's routes, guarded by the documented adapter and called as a server would call them."""

    def __init__(self, issuer: FakeIssuer) -> None:
        namespace: dict[str, Any] = {}
        for snippet in SNIPPETS:
            exec(snippet, namespace)
        guard = namespace["require_jwt"]
        authenticator = Authenticator({**issuer.settings(), **SETTINGS})
        self.discoverable = partial(namespace["discoverable"], authenticator)
        self.routes: dict[str, WSGI] = {}
        for path, route in TABLE.items():
            view = answering(route.answer, *route.headers.items())
            self.routes[path] = view if route.options is None else guard(authenticator, **route.options)(view)

    def request(self, method: str, target: str, headers: Headers) -> Answer:
        """Call the app with the environ a WSGI server makes: repeated headers joined, HEAD without a body."""
        path, _, query = target.partition("?")
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
        for name, value in headers:
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        started: list[Any] = []
        app = self.discoverable(lambda environ, start: self.routes[path](environ, start))
        body = b"".join(app(environ, lambda *args: started.extend(args)))
        return Answer(int(started[0][:3]), started[1], b"" if method == "HEAD" else body)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract(case: Case) -> None:
    """Status, challenges and body are the table's."""
    issuer = FakeIssuer()
    check(WSGIApp(issuer), case, issuer)


def test_an_adapter_is_short() -> None:
    """A whole one takes fewer than forty lines."""
    assert len(SNIPPETS[0].splitlines()) < 40
