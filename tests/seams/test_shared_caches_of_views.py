"""Answers of Django's views of every kind, DRF's and Ninja's, with a shared cache in front of them."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from django.views import View
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.streaming import JSONL
from rest_framework.exceptions import NotFound
from rest_framework.response import Response
from rest_framework.views import APIView

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import RequireJWTMixin, require_jwt
from jwks_auth_django.conf import MIDDLEWARE as OURS
from jwks_auth_django.ninja import AsyncJWTBearer, JWTBearer
from jwks_auth_django.rest_framework import HasScopes, JWTAuthentication

PUBLIC = {"Cache-Control": "public, max-age=60, s-maxage=600"}
PRIVATE = "private, max-age=60"


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    """In parts."""
    return StreamingHttpResponse(iter([b"x"]), headers=PUBLIC)


async def streamed_async(request: HttpRequest) -> StreamingHttpResponse:
    """In parts, on an event loop."""

    async def parts() -> Any:
        yield b"x"

    return StreamingHttpResponse(parts(), headers=PUBLIC)


class Streamed(RequireJWTMixin, View):
    """A class."""

    def get(self, request: HttpRequest) -> FileResponse:
        """A file."""
        return FileResponse(io.BytesIO(b"x"), headers=PUBLIC)


class InDRF(APIView):
    """Guarded by DRF."""

    authentication_classes = [JWTAuthentication]
    permission_classes = [HasScopes("read")]

    def get(self, request: Any) -> Any:
        """A plain answer of Django's, or an error of DRF's."""
        if "missing" in request.query_params:
            raise NotFound
        return (
            HttpResponse("x", headers=PUBLIC) if "own" in request.query_params else Response(headers=PUBLIC)
        )


def ninja_urls() -> tuple[Any, ...]:
    """A new API, whose operations nobody has asked for yet."""
    api = NinjaAPI(urls_namespace=str(uuid.uuid4()), docs_url=None, auth=JWTBearer())

    @api.get("/own")
    def own(request: HttpRequest) -> HttpResponse:
        """Ninja leaves it as it is."""
        return HttpResponse("x", headers=PUBLIC)

    @api.get("/made")
    def made(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
        """Ninja makes the answer."""
        response["Cache-Control"] = PUBLIC["Cache-Control"]
        return {}

    @api.get("/async", auth=AsyncJWTBearer())
    async def made_async(request: HttpRequest) -> HttpResponse:
        """On an event loop."""
        return HttpResponse("x", headers=PUBLIC)

    @api.get("/error")
    def error(request: HttpRequest) -> None:
        """Ninja answers it."""
        raise HttpError(409, "no")

    @api.get("/invalid")
    def invalid(request: HttpRequest, n: int) -> None:
        """Ninja refuses what is no number."""

    @api.get("/lines", response=JSONL[int])
    def lines(request: HttpRequest) -> Any:
        """Sent one by one."""
        yield 1

    @api.get("/lines-async", response=JSONL[int], auth=AsyncJWTBearer())
    async def lines_async(request: HttpRequest) -> Any:
        """Sent one by one, on an event loop."""
        yield 1

    return (path("", api.urls),)


VIEWS: dict[str, Any] = {
    "a stream": require_jwt(streamed),
    "an async stream": require_jwt(streamed_async),
    "a file of a class": Streamed.as_view(),
    "DRF": InDRF.as_view(),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("middleware", [[], [OURS]])
async def test_answers_of_every_kind_of_view_are_not_for_everybody(
    project: Any, issuer: FakeIssuer, view: Any, middleware: list[str]
) -> None:
    """Streams and files too; a refusal depends on the header as well."""
    project({"/page": view}, MIDDLEWARE=middleware)
    answer = await AsyncClient().get("/page", headers=issuer.headers(scope="read"))
    assert (answer.status_code, answer["Cache-Control"]) == (200, PRIVATE)
    assert "Authorization" in answer["Vary"]
    assert "Authorization" in (await AsyncClient().get("/page"))["Vary"]


@pytest.mark.parametrize(
    ("query", "status", "caching"),
    [("?own=1", 200, PRIVATE), ("?missing=1", 404, None), ("", 403, None)],
)
def test_drf_s_answers_depend_on_the_header(
    project: Any, issuer: FakeIssuer, query: str, status: int, caching: str | None
) -> None:
    """Django's own responses, errors of DRF's, and a refusal for want of a scope."""
    project({"/page": InDRF.as_view()}, MIDDLEWARE=[])
    answer = Client().get(f"/page{query}", headers=issuer.headers(scope="read" if query else "write"))
    assert (answer.status_code, answer.get("Cache-Control")) == (status, caching)
    assert "Authorization" in answer["Vary"]


@pytest.mark.parametrize(
    ("route", "status", "caching"),
    [
        ("own", 200, PRIVATE),
        ("made", 200, PRIVATE),
        ("async", 200, PRIVATE),
        ("error", 409, None),
        ("invalid", 422, None),
        ("lines", 200, None),
        ("lines-async", 200, None),
    ],
)
def test_ninja_s_answers_are_not_for_everybody_without_the_middleware(
    project: Any, issuer: FakeIssuer, route: str, status: int, caching: str | None
) -> None:
    """From the first request on: what a view returns, what Ninja makes of it, and its errors."""
    project(MIDDLEWARE=[])
    with override_settings(ROOT_URLCONF=ninja_urls()):
        answers = [Client().get(f"/{route}", headers=issuer.headers()) for _ in range(2)]
        assert Client().get(f"/{route}")["Vary"] == "Authorization"
    assert [(a.status_code, a["Vary"], a.get("Cache-Control")) for a in answers] == [
        (status, "Authorization", caching)
    ] * 2
