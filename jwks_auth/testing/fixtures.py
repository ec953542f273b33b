"""Fixtures for pytest, which finds them by itself where this library is installed.

They do nothing until a test names one, and no framework is imported before. ``-p no:jwks_auth`` leaves them out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from jwks_auth.testing.issuer import FakeIssuer

__all__ = ["async_jwt_client", "fake_issuer", "jwt_client", "served_issuer", "sign_in", "with_token"]

_KITS = {
    "flask": "jwks_auth_flask.testing",
    "connexion": "jwks_auth_flask.testing",
    "starlette": "jwks_auth_fastapi.testing",
    "fastapi": "jwks_auth_fastapi.testing",
    "jwks_auth_fastapi": "jwks_auth_fastapi.testing",
}


@pytest.fixture
def fake_issuer(request: pytest.FixtureRequest) -> Iterator[FakeIssuer]:
    """A fake issuer, new for each test, which your own ``app`` fixture trusts meanwhile, or else the Django project.

    An ``app`` fixture that asks for this one is configured by it.
    """
    with _trust(_app(request)) as issuer:
        yield issuer


@pytest.fixture
def served_issuer() -> Iterator[FakeIssuer]:
    """An issuer behind a real HTTP server on loopback, closed after the test."""
    from jwks_auth.testing.issuer import FakeIssuer

    with FakeIssuer.serve() as issuer:
        yield issuer


@pytest.fixture
def with_token(fake_issuer: FakeIssuer) -> Callable[..., Any]:
    """``with_token(client, sub="u1").get("/orders")``, with any framework's client and a token of ``fake_issuer``."""
    from jwks_auth.testing.clients import with_token

    def of_issuer(client: Any, **claims: Any) -> Any:
        own = hasattr(client, "with_token")
        return with_token(client, issuer=None if own else fake_issuer, **claims)

    return of_issuer


@pytest.fixture
def jwt_client(request: pytest.FixtureRequest, fake_issuer: FakeIssuer) -> Any:
    """``jwt_client.with_token(sub="u1").get("/orders")``: a test client of your ``app`` fixture, or of the project."""
    app = _app(request)
    kit = _kit_of(app)
    if kit is not None:
        options = {"issuer": fake_issuer}
        return kit.JWTClient(
            *([app, app.response_class] if hasattr(app, "response_class") else [app]), **options
        )
    if _is_django():
        return import_module("jwks_auth_django.test").JWTClient()
    raise LookupError(
        "jwt_client: found no fixture app, and no Django project: write one that returns your app"
    )


@pytest.fixture
def async_jwt_client(request: pytest.FixtureRequest, fake_issuer: FakeIssuer) -> Iterator[Any]:
    """``await async_jwt_client.with_token(sub="u1").get("/")``; what its requests write is undone after the test.

    It is for Django; for others httpx has an async client, and :func:`with_token` gives it a token.
    """
    if not _is_django():
        raise LookupError("async_jwt_client: found no Django project: use httpx.AsyncClient, and with_token")
    undoing = import_module("jwks_auth_django.undoing")
    with undoing.undone() if undoing.writes(request) else nullcontext():
        yield import_module("jwks_auth_django.test").AsyncJWTClient()


@pytest.fixture
def sign_in() -> Iterator[Callable[..., None]]:
    """``sign_in(app, auth, sub="u1", scopes=["orders:read"])``, for the rest of the test, in FastAPI."""
    kit = import_module("jwks_auth_fastapi.testing")
    with ExitStack() as stack:
        yield lambda app, auth, **claims: stack.enter_context(kit.signed_in(app, auth, **claims))


def _trust(app: Any) -> AbstractContextManager[FakeIssuer]:
    if (kit := _kit_of(app)) is not None:
        trust: AbstractContextManager[FakeIssuer] = kit.trust_fake_issuer(app)
        return trust
    if _is_django():
        return import_module("jwks_auth_django.test").trust_fake_issuer()  # type: ignore[no-any-return]
    from jwks_auth.testing.issuer import FakeIssuer

    return nullcontext(FakeIssuer())


def _app(request: pytest.FixtureRequest) -> Any:
    """Return the fixture ``app``; ``None`` if there is none, or if it is being made of this one."""
    try:
        return request.getfixturevalue("app")
    except pytest.FixtureLookupError as error:
        if error.argname not in ("app", "fake_issuer"):  # the latter: it is made of this one
            raise
        return None


def _kit_of(app: Any) -> Any:
    """Return the module for tests of the framework that *app* is of; ``None`` for anything else."""
    roots = [each.__module__.partition(".")[0] for each in type(app).__mro__]
    found = next((_KITS[root] for root in roots if root in _KITS), None)
    return None if found is None else import_module(found)


def _is_django() -> bool:
    conf = sys.modules.get("django.conf")
    return conf is not None and conf.settings.configured and hasattr(conf.settings, "JWKS_AUTH")
