"""The contract on Django: functions and classes, WSGI and ASGI, DRF and Ninja; middleware or decorator alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, JsonResponse
from django.test import Client, override_settings

from jwks_auth.testing import FakeIssuer
from tests.contract.cases import CASES, OWN, OWN_HANDLER, SETTINGS, Case
from tests.contract.runner import Answer, Headers, check
from tests.django_site.asgi_client import call


@dataclass(frozen=True, slots=True)
class WSGI:
    """Django's own client, with CSRF enforced; headers joined as WSGI servers join them."""

    def request(self, method: str, target: str, headers: Headers, body: bytes = b"") -> Answer:
        """One request through the sync handler."""
        sent: dict[str, str] = {}
        for name, value in headers:
            key = ("" if name == "Content-Type" else "HTTP_") + name.upper().replace("-", "_")
            sent[key] = f"{sent[key]},{value}" if key in sent else value
        response = Client(enforce_csrf_checks=True).generic(
            method, target, body, sent.pop("CONTENT_TYPE", ""), **sent
        )
        return Answer(response.status_code, list(response.items()), response.content)


@dataclass(frozen=True, slots=True)
class ASGI:
    """The ASGI application itself, on an event loop of its own."""

    def request(self, method: str, target: str, headers: Headers, body: bytes = b"") -> Answer:
        """One request through the async handler."""
        return asyncio.run(call(ASGIHandler(), method, target, headers, body))


SERVERS = {"WSGI": WSGI(), "ASGI": ASGI()}
SITES = {
    "functions": ("sync_urls", "WSGI"),
    "async functions": ("async_urls", "ASGI"),
    "async functions under WSGI": ("async_urls", "WSGI"),
    "functions under ASGI": ("sync_urls", "ASGI"),
    "classes": ("class_urls", "WSGI"),
    "classes under ASGI": ("class_urls", "ASGI"),
    "DRF": ("drf_urls", "WSGI"),
    "Ninja": ("ninja_urls", "WSGI"),
    "async Ninja": ("ninja_async_urls", "ASGI"),
}
STACKS = {"with the middleware": "WITH_MIDDLEWARE", "without": "WITHOUT_MIDDLEWARE"}
CLOSED = {"REQUIRED": True, "PUBLIC_PATHS": ["/public"]}
WAYS = [(site, stack) for site in SITES for stack in STACKS]
WAYS += [(site, "closed") for site in SITES]


@pytest.fixture(scope="module", params=WAYS, ids=" ".join)
def app(request: pytest.FixtureRequest) -> Iterator[tuple[Any, FakeIssuer, str, bool]]:
    """A site behind a stack of middleware; *closed*: denied by default."""
    site, stack = request.param
    urls, server = SITES[site]
    issuer = FakeIssuer()
    with override_settings(
        JWKS_AUTH={**issuer.settings(), **SETTINGS, **(CLOSED if stack == "closed" else {})},
        MIDDLEWARE=getattr(settings, STACKS.get(stack, "WITH_MIDDLEWARE")),
        ROOT_URLCONF=f"tests.django_site.{urls}",
    ):
        yield SERVERS[server], issuer, urls, stack == "without"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract(app: tuple[Any, FakeIssuer, str, bool], case: Case) -> None:
    """Every case, the same answer."""
    server, issuer, urls, knows_route = app

    def own_shape(body: bytes) -> Any:
        found = json.loads(body)
        return case.body if found == own_body(urls, case) else found

    check(server, case, issuer, own_shape, knows_route=knows_route)


def own_answer(exc: Any, context: Any) -> Any:
    """DRF's ``EXCEPTION_HANDLER`` as applications have it, which knows nothing of headers."""
    from rest_framework.response import Response  # once the settings are there

    return Response(OWN, status=exc.status_code)


def own_ninja_answer(request: HttpRequest, exc: Any) -> JsonResponse:
    """The same, in Ninja."""
    return JsonResponse(OWN, status=exc.status_code)


@pytest.fixture(scope="module", params=["DRF", "Ninja", "async Ninja"])
def with_own_handler(request: pytest.FixtureRequest) -> Iterator[tuple[Any, FakeIssuer]]:
    """A site whose own handler answers every error of DRF, or of Ninja."""
    from ninja.errors import HttpError  # once the settings are there

    urls, server = SITES[request.param]
    issuer = FakeIssuer()
    api: Any = getattr(import_module(f"tests.django_site.{urls}"), "api", None)
    handlers = {} if api is None else api._exception_handlers
    before = dict(handlers)
    if api is not None:
        api.add_exception_handler(HttpError, own_ninja_answer)
    with override_settings(
        JWKS_AUTH={**issuer.settings(), **SETTINGS},
        MIDDLEWARE=settings.WITHOUT_MIDDLEWARE,
        ROOT_URLCONF=f"tests.django_site.{urls}",
        REST_FRAMEWORK={**settings.REST_FRAMEWORK, "EXCEPTION_HANDLER": own_answer},
    ):
        yield SERVERS[server], issuer
    handlers.clear()
    handlers.update(before)


@pytest.mark.parametrize("case", OWN_HANDLER, ids=lambda case: case.name)
def test_contract_with_a_handler_of_ones_own(with_own_handler: tuple[Any, FakeIssuer], case: Case) -> None:
    """Status and challenges are the table's, whatever the handler leaves out."""
    server, issuer = with_own_handler
    check(server, case, issuer)


def own_body(urls: str, case: Case) -> dict[str, Any] | None:
    """What DRF and Ninja answer in place of a refusal in the table's shape."""
    description = (case.body or {}).get("error_description")
    if urls == "drf_urls" and case.status == 401 and "error=" not in (case.challenge or ""):
        return {"detail": "Authentication credentials were not provided."}
    if urls == "drf_urls" and case.status == 403:
        return {"detail": "You do not have permission to perform this action."}
    return {"detail": description} if urls.startswith(("drf", "ninja")) and description else None
