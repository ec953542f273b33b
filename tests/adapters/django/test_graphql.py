"""The guide's recipes for Strawberry and Graphene, as they stand: refusals of the endpoint, and of single fields."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.test import Client
from django.views.decorators.csrf import csrf_exempt

from jwks_auth.testing import FakeIssuer
from tests.adapters.django.test_guide import SNIPPETS
from tests.django_site import settings as site
from tests.django_site.asgi_client import call

RECIPES = {"strawberry": SNIPPETS["graphql.md"][0], "graphene": SNIPPETS["graphql.md"][1]}


def run(recipe: str, *, open_in_part: bool = False) -> dict[str, Any]:
    """The recipe's URLs; if it is to be *open_in_part*, without its guard, as the guide says."""
    code = RECIPES[recipe]
    if open_in_part:
        code = code.replace("require_jwt(", "csrf_exempt(")
    guide: Any = ModuleType(f"tests.guide_to_{recipe}")
    guide.csrf_exempt = csrf_exempt
    sys.modules[guide.__name__] = guide  # Strawberry looks for annotations there
    exec(compile(code, f"docs/how-to/django/graphql.md: {recipe}", "exec"), vars(guide))
    return {f"/{each.pattern}": each.callback for each in guide.urlpatterns}


@pytest.fixture(params=RECIPES)
def recipe(request: pytest.FixtureRequest) -> str:
    """Each of them."""
    name: str = request.param
    return name


def ask(query: str, **headers: str) -> Any:
    """The answer to a query, with its status."""
    return Client().post("/graphql", {"query": query}, content_type="application/json", headers=headers)


STACKS = pytest.mark.parametrize("stack", [[], site.WITH_MIDDLEWARE], ids=["alone", "behind the middleware"])


@STACKS
def test_fields_are_allowed_by_policies(
    project: Any, issuer: FakeIssuer, recipe: str, stack: list[str]
) -> None:
    """A field whose policy refuses is an error with our code; the others are answered."""
    project(run(recipe), MIDDLEWARE=stack)
    both = "{ me orders }"
    assert ask(both, **issuer.headers(sub="u1", scope="orders:read")).json() == {
        "data": {"me": "u1", "orders": ["first"]}
    }
    refused = ask("{ orders }", **issuer.headers(sub="u1")).json()["errors"]
    assert [each["extensions"]["code"] for each in refused] == ["insufficient_scope"]
    assert refused[0]["path"] == ["orders"]
    assert ask("{ me }", **issuer.headers(sub="u1")).json() == {"data": {"me": "u1"}}


@STACKS
def test_the_endpoint_refuses_as_a_view_does(
    project: Any, issuer: FakeIssuer, recipe: str, stack: list[str]
) -> None:
    """401 with its challenge, before any field is asked; 503 while there are no keys."""
    project(run(recipe), MIDDLEWARE=stack)
    for headers in ({}, {"Authorization": "Bearer nonsense"}, issuer.headers(exp=1)):
        answer = ask("{ me }", **headers)
        assert (answer.status_code, answer["WWW-Authenticate"].split(",")[0]) == (401, 'Bearer realm="api"')
    project(run(recipe), MIDDLEWARE=stack)
    with issuer.outage():
        assert ask("{ me }", **issuer.headers()).status_code == 503


def test_an_endpoint_that_is_open_in_part(project: Any, issuer: FakeIssuer, recipe: str) -> None:
    """Behind the middleware alone, a field says ``missing_token``; a bad token is refused as a whole."""
    project(run(recipe, open_in_part=True), MIDDLEWARE=site.WITH_MIDDLEWARE)
    assert ask("{ me }").json() == {"data": {"me": ""}}
    refused = ask("{ orders }").json()["errors"]
    assert [each["extensions"]["code"] for each in refused] == ["missing_token"]
    assert ask("{ orders }", **issuer.headers(scope="orders:read")).json() == {"data": {"orders": ["first"]}}
    assert ask("{ me }", Authorization="Bearer nonsense").status_code == 401


async def test_on_an_event_loop(project: Any, issuer: FakeIssuer, recipe: str) -> None:
    """Under ASGI too: Strawberry's async view, and Graphene's in a thread."""
    project(run(recipe), MIDDLEWARE=site.WITH_MIDDLEWARE)
    headers = list(issuer.headers(sub="u1", scope="orders:read").items())
    answer = await call(ASGIHandler(), "GET", "/graphql?query=%7Borders%7D", headers)
    assert json.loads(answer.body) == {"data": {"orders": ["first"]}}
    answer = await call(ASGIHandler(), "GET", "/graphql?query=%7Borders%7D", ())
    assert answer.status == 401


def test_nothing_of_a_token_is_in_an_error(project: Any, issuer: FakeIssuer, recipe: str) -> None:
    """Messages are constants, whatever the claims are."""
    project(run(recipe), MIDDLEWARE=[])
    told = ask("{ orders }", **issuer.headers(scope="a-secret-scope", sub="a-secret-name")).content.decode()
    assert "insufficient_scope" in told
    assert "secret" not in told
