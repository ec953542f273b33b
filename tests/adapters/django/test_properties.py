"""Whatever a client sends, no answer is a 5xx, and sync and async stacks agree."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from tests.django_site import settings as site
from tests.django_site.asgi_client import call

HEADER = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=80),
    st.builds(
        "{} {}".format, st.sampled_from(["Bearer", "bearer", "Basic"]), st.text("aA.=-_,\"' \t", max_size=60)
    ),
    st.builds("Bearer {}.{}.{}".format, *[st.text("aAeJ09-_", max_size=30)] * 3),
)
QUERY = st.text("access_token=&%+a", max_size=30)


@require_jwt
def view(request: HttpRequest) -> HttpResponse:
    """Guarded."""
    return HttpResponse()


@pytest.mark.parametrize(
    "stack", [site.WITHOUT_MIDDLEWARE, site.WITH_MIDDLEWARE], ids=["guard", "middleware"]
)
def test_no_header_makes_a_5xx(project: Any, issuer: FakeIssuer, stack: list[str]) -> None:
    """Any text a server may hand over is 400 or 401, the same on WSGI and ASGI, with a challenge."""
    project({"/me": view}, MIDDLEWARE=stack)
    wsgi, asgi = Client(), ASGIHandler()

    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    @given(HEADER, QUERY)
    def check(value: str, query: str) -> None:
        response = wsgi.generic("POST", f"/me?{query}", HTTP_AUTHORIZATION=value)
        answer = asyncio.run(call(asgi, "POST", f"/me?{query}", [("Authorization", value)]))
        assert response.status_code == answer.status in (400, 401)
        assert [response["WWW-Authenticate"]] == answer.values("www-authenticate")
        assert response.content == answer.body

    check()
