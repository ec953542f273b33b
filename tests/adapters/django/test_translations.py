"""Texts that people read are translated; what programs read stays as it is."""

from __future__ import annotations

import ast
import asyncio
import json
import string
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.checks import run_checks
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django.utils.translation import override
from ninja import NinjaAPI
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from jwks_auth import ForbiddenError
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.ninja import JWTBearer
from tests.adapters.django.catalogue import LOCALES, calls, compiled, messages, read
from tests.django_site import settings as site
from tests.django_site.asgi_client import call

CATALOGUES = sorted(LOCALES.glob("*/LC_MESSAGES/django.po"))
LOCALE = "django.middleware.locale.LocaleMiddleware"
GERMAN = "Das Zugriffstoken ist abgelaufen"


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """LocaleMiddleware leaves a language behind, in the thread of the test."""
    with override("en-us"):
        yield


@pytest.mark.parametrize("po", CATALOGUES, ids=lambda po: po.parts[-3])
def test_every_message_is_translated(po: Any) -> None:
    """None is missing or idle, and each keeps its placeholders; run the catalogue's module after a change."""
    told, asked = read(po), messages()
    assert told.keys() - {""} == asked.keys()
    for name, texts in told.items():
        assert all(texts), name
        if name:
            for text in texts:
                assert fields(text) == fields(name), name


def fields(text: str) -> list[tuple[str, str]]:
    """The placeholders, of both kinds."""
    named = sorted((field, how or "") for _, field, _, how in string.Formatter().parse(text) if field)
    return [*named, *([("%d", "")] * text.count("%d"))]


@pytest.mark.parametrize("po", CATALOGUES, ids=lambda po: po.parts[-3])
def test_the_compiled_catalogue_is_the_written_one(po: Any) -> None:
    """The file that Django reads is packed beside it."""
    assert po.with_suffix(".mo").read_bytes() == compiled(po)


def test_german_is_among_them() -> None:
    """A glob that finds nothing proves nothing."""
    assert [po.parts[-3] for po in CATALOGUES] == ["de"]
    assert len(messages()) > 100


def test_every_message_of_a_check_can_be_translated() -> None:
    """A literal that is passed unmarked would stay English."""
    plain = [
        ast.unparse(arg)
        for told in calls("jwks_auth_django.checks", {"error", "warning"})
        for arg in told.args[1:]
        if isinstance(arg, ast.Constant | ast.JoinedStr)
    ]
    assert plain == []


class Report(APIView):
    """DRF."""

    permission_classes = [IsAuthenticated]


def shown(request: HttpRequest) -> HttpResponse:
    """Anything."""
    return HttpResponse()


@require_jwt
def own(request: HttpRequest) -> HttpResponse:
    """Refuse with a text of the project's own, which Django knows to translate."""
    raise ForbiddenError("closed", "Please enter your username.")


def urls() -> tuple[Any, ...]:
    """A guard of each kind."""
    api = NinjaAPI(urls_namespace="translations", docs_url=None, openapi_url=None)
    api.get("/x", auth=JWTBearer())(shown)
    return (
        path("view", require_jwt(shown)),
        path("drf", Report.as_view()),
        path("ninja/", api.urls),
        path("plain", shown),
        path("own", own),
    )


@pytest.mark.parametrize("target", ["/view", "/drf", "/ninja/x"])
@pytest.mark.parametrize("server", ["WSGI", "ASGI"])
def test_bodies_speak_the_reader_s_language(
    project: Any, issuer: FakeIssuer, target: str, server: str
) -> None:
    """The description is translated in each adapter's own body; the challenge and the code are not."""
    project(MIDDLEWARE=[LOCALE, *site.WITHOUT_MIDDLEWARE])
    with override_settings(ROOT_URLCONF=urls()):
        assert asked(server, target, issuer, "de") == (GERMAN, True, "de")
        assert asked(server, target, issuer, "en") == ("The access token has expired", True, "en")


def test_the_middleware_s_bodies_too(project: Any, issuer: FakeIssuer) -> None:
    """Behind LocaleMiddleware, or by LANGUAGE_CODE without it."""
    project(MIDDLEWARE=[LOCALE, *site.WITH_MIDDLEWARE])
    with override_settings(ROOT_URLCONF=urls()):
        assert asked("WSGI", "/plain", issuer, "de")[0] == GERMAN
    project(MIDDLEWARE=site.WITH_MIDDLEWARE)
    with override_settings(ROOT_URLCONF=urls()), override("de"):
        assert asked("WSGI", "/plain", issuer, "en")[0] == GERMAN


def asked(server: str, target: str, issuer: FakeIssuer, language: str) -> tuple[str, bool, str]:
    """The description, whether what programs read is unchanged, and the language of the answer."""
    sent = {**issuer.headers(expires_in=-900), "Accept-Language": language}
    if server == "ASGI":
        answer = asyncio.run(call(ASGIHandler(), "GET", target, list(sent.items())))
        headers, body = dict(answer.headers), json.loads(answer.body)
    else:
        response = Client().get(target, headers=sent)
        headers, body = dict(response.headers), json.loads(response.content)
    challenge = headers["WWW-Authenticate"]
    english = 'error="invalid_token", error_description="The access token has expired"' in challenge
    assert body.get("error", "invalid_token") == "invalid_token"
    return body.get("error_description") or body["detail"], english, headers.get("Content-Language", "")


def test_a_project_s_own_text_is_translated_by_its_own_catalogue(project: Any, issuer: FakeIssuer) -> None:
    """As far as any installed catalogue has it."""
    project(MIDDLEWARE=[LOCALE, *site.WITHOUT_MIDDLEWARE])
    with override_settings(ROOT_URLCONF=urls()):
        sent = {**issuer.headers(), "Accept-Language": "de"}
        told = Client().get("/own", headers=sent).json()
        assert (told["error"], told["error_description"].startswith("Please")) == ("closed", True)


@pytest.mark.parametrize("po", CATALOGUES, ids=lambda po: po.parts[-3])
def test_a_reason_fits_a_websocket(po: Any) -> None:
    """A description may be the reason of a close, which has at most 123 octets (RFC 6455 section 5.5.1)."""
    for name, (text, *_) in read(po).items():
        if name.startswith(("The access token", "The token", "The request", "The ID token", "A ")):
            assert len(text.encode()) <= 123, name


def test_checks_and_the_admin() -> None:
    """Messages, hints, and the names of models and fields."""
    with override("de"), override_settings(JWKS_AUTH={"AUDIENCE": "api"}, ROOT_URLCONF=()):
        (found,) = [each for each in run_checks() if each.id == "jwks_auth_django.E001"]
        assert (found.msg, found.hint[:9]) == ('JWKS_AUTH["ISSUER"] fehlt', "Seine URL")
        assert str(apps.get_app_config("jwks_auth_django").verbose_name) == "Anmeldung mit JWT"
        meta = JWTIdentity._meta
        assert [str(meta.get_field(name).verbose_name) for name in ("issuer", "blocked_at")] == [
            "Aussteller",
            "gesperrt am",
        ]
        actions = admin.site.get_model_admin(JWTIdentity).actions
        assert [
            str(getattr(admin.site.get_model_admin(JWTIdentity), each).short_description) for each in actions
        ][:1] == ["Ausgewählte Identitäten sperren"]
        assert str(JWTIdentity(issuer="https://a.example/", subject="u1")) == "u1 bei https://a.example/"
