"""The test project, its database, and projects of a few views for one test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from jwks_auth.testing import FakeIssuer

if find_spec("django") is None:
    collect_ignore_glob = ["*"]
else:
    import_module("tests.django_site")  # loads Django

Project = Callable[..., None]


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer the settings can trust."""
    return FakeIssuer()


@pytest.fixture
def project(issuer: FakeIssuer) -> Iterator[Project]:
    """``project({"/me": view}, MIDDLEWARE=..., LEEWAY=0)``: views, Django's settings, and those of ``JWKS_AUTH``."""
    from django.conf import settings
    from django.test import override_settings
    from django.urls import path

    django_names = {
        "MIDDLEWARE",
        "AUTHENTICATION_BACKENDS",
        "CACHES",
        "DEBUG",
        "INSTALLED_APPS",
        "ALLOWED_HOSTS",
        "LOGIN_URL",
        "DATABASES",
    }

    with contextlib.ExitStack() as stack:

        def use(views: dict[str, Any] | None = None, *, audience: Any = "api", **given: Any) -> None:
            own = {name: value for name, value in given.items() if name in django_names}
            jwks = {name: value for name, value in given.items() if name not in django_names}
            urls = tuple(path(route.lstrip("/"), view) for route, view in (views or {}).items())
            if views is not None:
                own["ROOT_URLCONF"] = urls
            stack.enter_context(
                override_settings(JWKS_AUTH={**issuer.settings(audience=audience), **jwks}, **own)
            )

        yield use
    assert settings.JWKS_AUTH == {"ISSUER": "https://issuer.example/", "AUDIENCE": "api"}


@pytest.fixture(scope="session")
def schema() -> Iterator[None]:
    """The tables of the test project, in a file of their own."""
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    yield
    connections.close_all()
    if connections["default"].vendor != "sqlite":
        return
    for file in Path(connections["default"].settings_dict["NAME"]).parent.glob(
        Path(connections["default"].settings_dict["NAME"]).name + "*"
    ):
        file.unlink()


@pytest.fixture
def database(schema: None) -> Iterator[None]:
    """Empty tables."""
    yield
    from django.contrib.auth.models import Group, User
    from django.contrib.sessions.models import Session

    from jwks_auth_django.models import JWTIdentity

    for model in (User, Group, Session, JWTIdentity):  # identities outlive their accounts
        model.objects.all().delete()
