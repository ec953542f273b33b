"""A real app of each framework, with the settings that a page shows; all of them answer what they read of a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from jwks_auth import VerifiedToken
from tests.needs import need_module

__all__ = ["APPS", "Answer"]

Answer = tuple[int, str]
"""The status and the body."""
Ask = Callable[[Mapping[str, str]], Answer]
"""Sends a request with some headers."""

SESSION = "tests.provider_pages.wire.session"


def read(token: VerifiedToken) -> dict[str, Any]:
    """Return what the pages show of a token."""
    several = {name: sorted(getattr(token, name)) for name in ("scopes", "roles", "permissions")}
    return {"subject": token.subject, "client_id": token.client_id, "is_service": token.is_service, **several}


def run(snippet: str, **names: Any) -> dict[str, Any]:
    """Run what the page shows, where *names* are known."""
    exec(compile(snippet, "docs/providers", "exec"), names)
    return names


@contextmanager
def django(snippet: str, route: Mapping[str, str]) -> Iterator[Ask]:
    """Serve a view of Django."""
    need_module("django")
    from django.http import HttpResponse, JsonResponse
    from django.test import Client, override_settings
    from django.urls import path

    import tests.django_site  # noqa: F401 - loads Django
    from jwks_auth_django import require_jwt

    @require_jwt(**route)  # type: ignore[misc]
    def view(request: Any) -> HttpResponse:
        return JsonResponse(read(request.token))

    def ask(headers: Mapping[str, str]) -> Answer:
        answer = Client().get("/", headers=headers)
        return answer.status_code, answer.content.decode()

    given = {**run(snippet)["JWKS_AUTH"], "SESSION": SESSION}
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=(path("", view),), MIDDLEWARE=[]):
        yield ask


@contextmanager
def flask(snippet: str, route: Mapping[str, str]) -> Iterator[Ask]:
    """Serve a view of Flask."""
    need_module("flask")
    from flask import Flask

    from jwks_auth_flask import JWKSAuth, current_token, require_jwt

    app = Flask(__name__)
    app.config["JWKS_AUTH_SESSION"] = SESSION
    run(snippet, app=app, JWKSAuth=JWKSAuth)

    @app.get("/")
    @require_jwt(**route)
    def view() -> dict[str, Any]:
        return read(current_token)

    def ask(headers: Mapping[str, str]) -> Answer:
        answer = app.test_client().get("/", headers=dict(headers))
        return answer.status_code, answer.text

    yield ask


@contextmanager
def fastapi(snippet: str, route: Mapping[str, str]) -> Iterator[Ask]:
    """Serve a route of FastAPI."""
    need_module("fastapi")
    from fastapi import Depends, FastAPI
    from fastapi.testclient import TestClient

    from jwks_auth_fastapi import JWKSAuthSettings, JWTBearer

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JWKS_AUTH_SESSION", SESSION)
        auth = run(snippet, JWKSAuthSettings=JWKSAuthSettings, JWTBearer=JWTBearer)["auth"]
    app = FastAPI(lifespan=auth.lifespan)
    guard = auth.requires(**route)

    @app.get("/")
    async def view(token: Any = Depends(guard)) -> dict[str, Any]:
        return read(token)

    with TestClient(app) as client:

        def ask(headers: Mapping[str, str]) -> Answer:
            answer = client.get("/", headers=dict(headers))
            return answer.status_code, answer.text

        yield ask


APPS = {"Django": django, "Flask": flask, "FastAPI": fastapi}
