"""Lambda handlers, by the recipe: each kind of event gets the contract's answers, in its own form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from jwks_auth.testing import FakeIssuer
from tests.contract import test_sources
from tests.contract.cases import CASES, SETTINGS, Case
from tests.contract.routes import TABLE, Route
from tests.contract.runner import Answer, Headers, check
from tests.contract.test_sources import Settled
from tests.recipes.page import Page

Event = dict[str, Any]


def several(headers: Headers) -> dict[str, list[str]]:
    """Every value of each header."""
    return {name: [value for found, value in headers if found == name] for name, _ in headers}


def version_1(method: str, path: str, query: str, headers: Headers) -> Event:
    """A REST API's event: the last value of each header, and all of them."""
    values = several(headers)
    return {
        "httpMethod": method,
        "path": path,
        "headers": {name: each[-1] for name, each in values.items()} or None,
        "multiValueHeaders": values or None,
        "queryStringParameters": {name: each[-1] for name, each in parse_qs(query).items()} or None,
        "multiValueQueryStringParameters": parse_qs(query) or None,
    }


def version_2(method: str, path: str, query: str, headers: Headers) -> Event:
    """An HTTP API's event, as a function URL's: names in lower case, values joined, cookies apart."""
    values = several([(name.lower(), value) for name, value in headers])
    cookies = values.pop("cookie", [])
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "cookies": cookies,
        "headers": {"host": "api.example", **{name: ",".join(each) for name, each in values.items()}},
        "requestContext": {"http": {"method": method, "path": path}},
    }


def load_balancer(method: str, path: str, query: str, headers: Headers) -> Event:
    """A load balancer's event without headers of several values: the last one wins before we see any."""
    return {
        "httpMethod": method,
        "path": path,
        "headers": {name.lower(): ",".join(each) for name, each in several(headers).items()},
        "queryStringParameters": {name: each[-1] for name, each in parse_qs(query).items()},
    }


EVENTS: dict[str, Callable[..., Event]] = {
    "1.0": version_1,
    "2.0": version_2,
    "load balancer": load_balancer,
}


class LambdaApp:
    """The contract's routes in one function, called with events of one kind."""

    def __init__(self, recipe: Any, issuer: FakeIssuer, event: Callable[..., Event]) -> None:
        self.jwt = recipe.JWT({**issuer.settings(), **SETTINGS})
        self.event = event
        self.handlers = {path: self.handler(route) for path, route in TABLE.items()}

    def handler(self, route: Route) -> Any:
        """A handler of one route."""

        def answer(event: Event, context: Any, token: Any = None) -> dict[str, Any]:
            headers = {"Content-Type": "application/json", **route.headers}
            return {"statusCode": 200, "headers": headers, "body": json.dumps(route.answer(token))}

        return answer if route.options is None else self.jwt.require(**route.options)(answer)

    def request(self, method: str, target: str, headers: Headers) -> Answer:
        """One event, and the answer that the gateway makes of the function's."""
        path, _, query = target.partition("?")
        event = self.event(method, path, query, headers)
        answer = self.jwt.discover(event, None)
        if answer is None:
            answer = self.handlers[path](event, None)
        json.dumps(answer)
        pairs = [*answer["headers"].items()]
        pairs += [
            (name, value) for name, each in answer.get("multiValueHeaders", {}).items() for value in each
        ]
        body = b"" if method == "HEAD" else answer["body"].encode()
        return Answer(answer["statusCode"], pairs, body)


@pytest.fixture(scope="module", params=EVENTS)
def app(request: pytest.FixtureRequest) -> Iterator[tuple[LambdaApp, FakeIssuer]]:
    """A function for one kind of event, and its issuer."""
    issuer = FakeIssuer()
    with Page("lambda").imported() as recipe:
        yield LambdaApp(recipe, issuer, EVENTS[request.param]), issuer


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract(app: tuple[LambdaApp, FakeIssuer], case: Case) -> None:
    """Status, challenges, body and what caches are told are the table's."""
    check(app[0], case, app[1])


@pytest.fixture(scope="module", params=EVENTS)
def app_with_sources(request: pytest.FixtureRequest) -> Iterator[tuple[LambdaApp, FakeIssuer]]:
    """The same with tokens in other headers and in cookies."""
    issuer: Any = Settled(FakeIssuer())
    with Page("lambda").imported() as recipe:
        yield LambdaApp(recipe, issuer, EVENTS[request.param]), issuer.issuer


IN_PLACES = [*test_sources.CASES, *test_sources.FORGED, *test_sources.OF_THE_CORE]


@pytest.mark.parametrize("case", IN_PLACES, ids=lambda case: case.name)
def test_tokens_in_other_places(app_with_sources: tuple[LambdaApp, FakeIssuer], case: Any) -> None:
    """They are taken and refused alike, and no page of another site sends a cookie's."""
    test_sources.run(app_with_sources[0], case, app_with_sources[1])


def test_the_example_runs() -> None:
    """It refuses an event without a token, and is short."""
    page = Page("lambda")
    assert len(page.module.splitlines()) < 90
    handler = page.used()["handler"]
    answer = handler(version_2("GET", "/orders", "", [("x", "y")]), None)
    assert (answer["statusCode"], answer["headers"]["WWW-Authenticate"]) == (
        401,
        'Bearer realm="api", scope="orders:read"',
    )


ODD: dict[str, Event] = {
    "no headers": {"headers": None, "multiValueHeaders": None},
    "a value that is none": {"headers": {"Authorization": None}},
    "a number": {"headers": {"Authorization": 7}},
    "no list": {"multiValueHeaders": {"Authorization": None}},
    "an empty list": {"multiValueHeaders": {"Authorization": []}},
    "lines": {"headers": {"Authorization": "Bearer a\r\nb"}},
}


@pytest.mark.parametrize("name", ODD)
def test_odd_events_are_refused(name: str) -> None:
    """Consoles and tests send what no gateway does; nothing of it is an error of the function."""
    handler = Page("lambda").used()["handler"]
    event = {"httpMethod": "GET", "path": "/orders", **ODD[name]}
    assert handler(event, None)["statusCode"] in (400, 401)


@pytest.mark.parametrize("kind", EVENTS)
def test_the_parts_of_an_event_are_found(kind: str) -> None:
    """Cookies, the URL and the method, for the sources and proofs that ask for them."""
    headers = [("Host", "api.example"), ("Cookie", "a=1; t=x"), ("DPoP", "proof")]
    with Page("lambda").imported() as recipe:
        sent = recipe.credentials_in(EVENTS[kind]("POST", "/orders", "page=1", headers), {})
    assert (sent.method, sent.query, sent.url) == ("POST", "page=1", "https://api.example/orders?page=1")
    assert (sent.cookies("t"), sent.values("dpop")) == (("x",), ("proof",))
