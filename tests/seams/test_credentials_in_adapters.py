"""Printed from a frame of an adapter's: neither the token nor the mapping that holds the header is a local of ours."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterator
from traceback import walk_tb
from typing import Any

import pytest
from django.contrib.auth import aauthenticate, authenticate
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from django.views.debug import technical_500_response
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from flask import Flask
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import HTTPConnection, Request
from starlette.routing import Route

from jwks_auth import KeySourceError, VerifiedToken
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.backends import JWTAuthenticationBackend
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend as StarletteBackend
from jwks_auth_fastapi.starlette import require_jwt as starlette_require_jwt
from jwks_auth_flask import JWKSAuth
from jwks_auth_flask import require_jwt as flask_require_jwt
from tests.seams.captured import is_ours, leaks, stack, trace
from tests.seams.faults import REFUSALS, faults
from tests.seams.sites import EVERY_SITE, Site


class Tattler(logging.Handler):
    """An ``on_rejected`` that prints all it can reach."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Look around."""
        error = sys.exc_info()[1]
        if record.getMessage().startswith("request refused") and error is not None:
            self.look()
            self.told.append(trace(error, ours=True))

    def look(self) -> None:
        """The frames of this moment."""
        self.told.append(stack())


@pytest.fixture
def tattler() -> Iterator[Tattler]:
    """One on the core's logger."""
    log = logging.getLogger("jwks_auth")
    level, handler = log.level, Tattler()
    log.setLevel(logging.DEBUG)
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)
    log.setLevel(level)


@pytest.fixture
def issuer() -> FakeIssuer:
    """A provider in this process."""
    return FakeIssuer()


@pytest.mark.parametrize("site", EVERY_SITE.values(), ids=EVERY_SITE)
def test_no_frame_of_an_adapter_prints_a_token(site: Site, issuer: FakeIssuer, tattler: Tattler) -> None:
    """Every refusal and every failing callback, looked at from inside the callback and from the refusal."""
    raw = issuer.token(sub="u1")
    sent = {name: ({}, values(issuer, raw)) for name, values in REFUSALS.items()}
    sent |= {name: (dict(made(issuer)), [f"Bearer {raw}"]) for name, made in faults(tattler.look).items()}
    for name, (settings, values) in sent.items():
        tattler.told.clear()
        with site({**issuer.settings(audience="api"), **settings}) as app:
            answer = app.request("GET", "/me", [("Authorization", value) for value in values])
        assert answer.status in (400, 401, 503)
        assert tattler.told
        assert not leaks("".join(tattler.told), values[0].rpartition(" ")[2]), name


def failure(call: Callable[[], Any]) -> BaseException:
    """What *call* raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
        call()
    return caught.value


class Broken(Exception):
    """A fault in the service's own code."""


def broken_loader(token: VerifiedToken) -> Any:
    """A user loader that fails."""
    raise Broken


async def abroken_loader(token: VerifiedToken) -> Any:
    """The same, awaited."""
    raise Broken


@pytest.mark.parametrize("loader", [broken_loader, abroken_loader])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_flask_user_loader_that_fails(loader: Any, kind: str, issuer: FakeIssuer) -> None:
    """What passes through Flask's own handling, up to the server."""
    app = Flask(__name__)
    app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"), PROPAGATE_EXCEPTIONS=True)
    auth = JWKSAuth(app)
    auth.user_loader(loader)

    async def view() -> str:
        return "ok"

    app.add_url_rule("/me", "me", flask_require_jwt(view if kind == "async" else lambda: "ok"))
    headers = issuer.headers(sub="u1")
    error = failure(lambda: app.test_client().get("/me", headers=headers))
    assert isinstance(error, Broken)
    assert not leaks(trace(error, ours=True), headers["Authorization"].removeprefix("Bearer "))


@pytest.mark.parametrize("loader", [broken_loader, abroken_loader])
def test_fastapi_user_loader_that_fails(loader: Any, issuer: FakeIssuer) -> None:
    """The same in FastAPI."""
    auth = JWTBearer(issuer.settings())
    app = FastAPI()

    loaded = Depends(auth.user(loader))

    async def me(user: Any = loaded) -> str:
        return "ok"

    app.add_api_route("/me", me)
    headers = issuer.headers(sub="u1")
    error = failure(lambda: TestClient(app).get("/me", headers=headers))
    assert isinstance(error, Broken)
    assert not leaks(trace(error, ours=True), headers["Authorization"].removeprefix("Bearer "))


class BrokenBackend(JWTAuthenticationBackend):
    """A backend whose own check fails."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Fail."""
        raise Broken


def starlette_routes(backend: StarletteBackend) -> dict[str, Any]:
    """Endpoints that fail, by the kind of guard around them."""

    async def endpoint(request: Request) -> Any:
        raise Broken

    def sync_endpoint(request: Request) -> Any:
        raise Broken

    class Orders(HTTPEndpoint):
        async def get(self, request: Request) -> Any:
            raise Broken

    class Guarded(HTTPEndpoint):
        get = starlette_require_jwt(backend=backend)(lambda self, request: sync_endpoint(request))

    guard = starlette_require_jwt(backend=backend)
    return {
        "function": guard(endpoint),
        "sync": guard(sync_endpoint),
        "class": guard(Orders),
        "method": Guarded,
    }


@pytest.mark.parametrize("kind", ["function", "sync", "class", "method"])
def test_starlette_guard_holds_no_header_while_an_endpoint_runs(kind: str, issuer: FakeIssuer) -> None:
    """Trackers print a request, which is a mapping, with its headers; Starlette's own frames hold it anyway."""
    routes = starlette_routes(StarletteBackend(issuer.settings()))
    client = TestClient(Starlette(routes=[Route("/me", routes[kind])]))
    error = failure(lambda: client.get("/me", headers=issuer.headers(sub="u1")))
    assert isinstance(error, Broken)
    held = {
        (is_ours(frame.f_code.co_filename), type(value).__name__)
        for frame, _ in walk_tb(error.__traceback__)
        for value in (*frame.f_locals.values(), *frame.f_locals.get("args", ()))
        if isinstance(value, HTTPConnection | dict) and "headers" in value
    }
    assert {is_in_ours for is_in_ours, _ in held} == {False}


BROKEN = {"AUTHENTICATION_BACKENDS": [f"{__name__}.BrokenBackend"]}


def project(issuer: FakeIssuer, views: dict[str, Any], **given: Any) -> override_settings:
    """A project of a few views without a user table."""
    jwks = {**issuer.settings(audience="api"), "USER": {"STORE": "token"}, **given.pop("JWKS_AUTH", {})}
    urls = tuple(path(route, view) for route, view in views.items())
    return override_settings(JWKS_AUTH=jwks, ROOT_URLCONF=urls, **given)


@pytest.mark.parametrize("is_async", [False, True])
def test_django_resolver_that_fails_on_the_debug_page(is_async: bool, issuer: FakeIssuer) -> None:
    """``DEBUG = True``: Django prints the locals of every frame, and hides none."""

    def view(request: HttpRequest) -> Any:
        raise AssertionError("nobody gets here")

    async def aview(request: HttpRequest) -> Any:
        raise AssertionError("nobody gets here")

    raw = issuer.token(sub="u1")
    with project(issuer, {"me": require_jwt(aview if is_async else view)}, DEBUG=True, **BROKEN):
        client = Client(raise_request_exception=False)
        response = client.get("/me", headers={"Authorization": f"Bearer {raw}"})
    assert response.status_code == 500
    page = response.content.decode()
    assert "Broken" in page
    assert "user_can_authenticate" in page
    assert not leaks(without_the_request(page), raw)


def without_the_request(page: str) -> str:
    """The debug page up to what Django itself prints of the request, which holds the header."""
    return page.partition('id="requestinfo"')[0]


@pytest.mark.parametrize("name", [*faults(lambda: None), "good"])
@pytest.mark.parametrize("is_async", [False, True])
def test_django_debug_page_of_a_refusal(name: str, is_async: bool, issuer: FakeIssuer) -> None:
    """``authenticate(bearer_token=...)``: what it raises, shown as a page with the locals of its causes' frames too."""
    settings = {} if name == "good" else dict(faults(lambda: None)[name](issuer))
    raw = issuer.token(sub="u1")
    given = {} if name != "good" else BROKEN
    with project(issuer, {}, JWKS_AUTH=settings, DEBUG=True, **given):
        backend = BrokenBackend() if name == "good" else JWTAuthenticationBackend()
        shown = {"bearer_token": raw}
        if is_async:
            error = failure(lambda: asyncio.run(backend.aauthenticate(None, **shown)))
        else:
            error = failure(lambda: backend.authenticate(None, **shown))
        shown.clear()
        page = technical_500_response(
            RequestFactory().get("/"), type(error), error, _below(error)
        ).content.decode()
    assert isinstance(error, KeySourceError | Broken)
    assert not leaks(trace(error), raw)
    assert "authenticate" in page
    assert not leaks(page, raw)


def _below(error: BaseException) -> Any:
    """The traceback from the first frame that is no test's."""
    trail = error.__traceback__
    while trail is not None and "tests/seams" in trail.tb_frame.f_code.co_filename:
        trail = trail.tb_next
    return trail


def test_the_debug_page_shows_the_locals_of_frames() -> None:
    """Control: a token in a frame of somebody's is on the page, ``sensitive_variables`` or not."""
    raw = FakeIssuer().token()
    with override_settings(DEBUG=True):
        error = failure(lambda: json.loads(raw))
        page = technical_500_response(
            RequestFactory().get("/"), type(error), error, _below(error)
        ).content.decode()
    assert leaks(page, raw)


async def test_djangos_own_authenticate_still_works(issuer: FakeIssuer) -> None:
    """Control: good tokens give users, junk gives nobody."""
    with project(issuer, {}):
        assert str(authenticate(bearer_token=issuer.token(sub="u1"))) == "u1"
        assert str(await aauthenticate(bearer_token=issuer.token(sub="u1"))) == "u1"
        assert authenticate(bearer_token="junk") is None
