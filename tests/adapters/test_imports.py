"""Packages that the import of each adapter loads, after its framework."""

from __future__ import annotations

import pytest

from tests.unit.test_starts import BASE, loaded, packages

DJANGO = """
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"])
django.setup()
import django.contrib.auth.backends, django.views
"""
FASTAPI = "import fastapi, starlette.authentication, starlette.testclient\n"

CASES = {
    "jwks_auth_flask": ("import flask\n", {"flask", "jwks_auth_flask"}),
    "jwks_auth_fastapi": (FASTAPI, {"jwks_auth_fastapi", "starlette"}),
    "jwks_auth_django": (DJANGO, {"django", "jwks_auth_django"}),
    "jwks_auth_django.middleware": (DJANGO, {"django", "jwks_auth_django"}),
    "jwks_auth_django.rest_framework": (
        f"{DJANGO}import rest_framework.views, rest_framework.authentication\n",
        {"django", "rest_framework", "jwks_auth_django"},
    ),
    "jwks_auth_django.ninja": (f"{DJANGO}import ninja\n", {"django", "ninja", "jwks_auth_django"}),
}


@pytest.mark.parametrize("adapter", CASES)
def test_an_adapter_adds_the_core_and_pyjwt(adapter: str) -> None:
    """What fetches keys comes with the first client that is made, and what explains, with the first question."""
    framework, own = CASES[adapter]
    before, after = loaded(framework), loaded(f"{framework}import {adapter}")
    assert packages(after) - packages(before) <= {*BASE, *own}
    added = after - before
    assert not {
        each for each in added if each.partition(".")[0] in ("requests", "urllib3", "certifi", "asyncio")
    }
    assert not added & {"jwks_auth.verifier.explain", "jwks_auth.verifier.hints", "jwks_auth.http.fetch"}
