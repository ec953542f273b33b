"""For an application's own tests: a client with tokens, overrides that end, and a check that no route is open.

With pytest see ``jwks_auth_fastapi.pytest_plugin``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette

from jwks_auth.testing import aassert_refuses, assert_discoverable, assert_refuses, with_token
from jwks_auth_fastapi.audit import audit
from jwks_auth_fastapi.client import JWTClient
from jwks_auth_fastapi.places import applications
from jwks_auth_fastapi.trust import trust_fake_issuer

__all__ = [
    "JWTClient",
    "SignIn",
    "aassert_refuses",
    "assert_discoverable",
    "assert_protected",
    "assert_refuses",
    "signed_in",
    "trust_fake_issuer",
    "with_token",
]

if TYPE_CHECKING:  # at run time Starlette alone will do
    from fastapi import FastAPI

    from jwks_auth_fastapi.bearer import JWTBearer

SignIn = Callable[..., None]
"""Sign a user in for the test, with the claims as keywords: what the fixture ``sign_in`` gives."""


@contextmanager
def signed_in(app: FastAPI, auth: JWTBearer[Any], **claims: Any) -> Iterator[None]:
    """``with signed_in(app, auth, sub="u1", scopes=["orders:read"]):``, arguments as of ``auth.fake``."""
    before = app.dependency_overrides
    app.dependency_overrides = {**before, auth: auth.fake(**claims)}
    try:
        yield
    finally:
        app.dependency_overrides = before


def assert_protected(app: Starlette, *, public: Collection[str] = ()) -> None:
    """Fail if a route lets requests without a token through and its path is not among *public*.

    FastAPI's documentation pages, those of mounted applications too, and routes marked with ``public`` count as public.
    Routes with an optional token must be named, like other public ones. A path in *public* without a route fails too.
    """
    routes = audit(app)
    allowed = {*public, *_documentation(app)}
    closed = ("required", "public")
    forgotten = [str(route) for route in routes if route.guard not in closed and route.path not in allowed]
    assert not forgotten, f"routes that need no token, or may not: {forgotten}"
    unknown = sorted(set(public) - {route.path for route in routes})
    assert not unknown, f"no such routes: {unknown}"
    wrong = [str(route) for route in routes if route.problems]
    assert not wrong, f"routes that ask wrongly: {wrong}"


def _documentation(app: Starlette) -> set[str]:
    names = ("openapi_url", "docs_url", "redoc_url", "swagger_ui_oauth2_redirect_url")
    return {
        at + path for at, each in applications(app) for name in names if (path := getattr(each, name, None))
    }
