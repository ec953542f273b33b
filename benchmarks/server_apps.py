"""The applications of ``benchmarks.servers``: one route, guarded in the way that ``BENCHMARK_APP`` names."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.request import urlopen

import jwt

__all__ = ["VARIANTS", "make"]

ISSUER, JWKS_URI = os.environ.get("BENCHMARK_ISSUER", ""), os.environ.get("BENCHMARK_JWKS_URI", "")
AUDIENCE = "api"
SETTINGS = {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "JWKS_URI": JWKS_URI, "ALLOW_FAKE_ISSUER": True}
ORDERS = {"orders": []}


def claims_by_hand() -> Callable[[str], Any]:
    """PyJWT's documentation: the key from the token, then decode."""
    client = jwt.PyJWKClient(JWKS_URI)

    def claims(raw: str) -> Any:
        key = client.get_signing_key_from_jwt(raw)
        return jwt.decode(raw, key.key, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)

    return claims


def ours(cached: bool) -> dict[str, Any]:
    """Our settings."""
    return {**SETTINGS, "TOKEN_CACHE": 1024} if cached else SETTINGS


# --- Flask under gunicorn


def flask(guard: str) -> Any:
    """A Flask app."""
    from flask import Flask

    app = Flask("benchmark")
    app.add_url_rule("/orders", view_func=_FLASK[guard](app, lambda: ORDERS))
    return app


def _flask_ours(app: Any, view: Any, *, cached: bool = False) -> Any:
    from jwks_auth_flask import JWKSAuth, require_jwt

    app.config.from_mapping({f"JWKS_AUTH_{name}": value for name, value in ours(cached).items()})
    JWKSAuth(app)
    return require_jwt(view)


def _flask_jwt_extended(app: Any, view: Any) -> Any:
    import flask_jwt_extended

    app.config.update(
        JWT_ALGORITHM="RS256",
        JWT_PUBLIC_KEY=jwt.PyJWKClient(JWKS_URI).get_signing_keys()[0].key,  # it knows no key sets
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_ISSUER=ISSUER,
    )
    flask_jwt_extended.JWTManager(app)
    return flask_jwt_extended.jwt_required()(view)


def _flask_auth0(app: Any, view: Any) -> Any:
    from authlib.integrations.flask_oauth2 import ResourceProtector
    from authlib.oauth2.rfc7523 import JWTBearerTokenValidator
    from joserfc.jwk import KeySet

    class Validator(JWTBearerTokenValidator):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(KeySet.import_key_set(json.loads(urlopen(JWKS_URI).read())))
            essential = {"essential": True}
            self.claims_options = {
                "exp": essential,
                "aud": {**essential, "value": AUDIENCE},
                "iss": {**essential, "value": ISSUER},
            }

    protector = ResourceProtector()
    protector.register_token_validator(Validator())
    return protector(None)(view)


def _flask_by_hand(app: Any, view: Any) -> Any:
    from flask import abort, g, request

    claims = claims_by_hand()

    @wraps(view)
    def guarded() -> Any:
        scheme, _, raw = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            abort(401)
        try:
            g.claims = claims(raw)
        except jwt.PyJWTError:
            abort(401)
        return view()

    return guarded


_FLASK: dict[str, Callable[[Any, Any], Any]] = {
    "no authentication": lambda app, view: view,
    "jwks-auth": _flask_ours,
    "jwks-auth, TOKEN_CACHE": lambda app, view: _flask_ours(app, view, cached=True),
    "flask-jwt-extended": _flask_jwt_extended,
    "Auth0 quickstart": _flask_auth0,
    "PyJWKClient by hand": _flask_by_hand,
}

# --- Django REST framework under gunicorn


def django(guard: str) -> Any:
    """A project with one view of Django REST framework."""
    import django as framework
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    settings.configure(
        SECRET_KEY="only for a benchmark, but long enough",
        ALLOWED_HOSTS=["*"],
        LOGGING_CONFIG=None,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "jwks_auth_django"],
        JWKS_AUTH=ours(guard.endswith("TOKEN_CACHE")),
        SIMPLE_JWT={
            "ALGORITHM": "RS256",
            "JWK_URL": JWKS_URI,
            "AUDIENCE": AUDIENCE,
            "ISSUER": ISSUER,
            "USER_ID_CLAIM": "sub",
            "TOKEN_TYPE_CLAIM": None,
        },
        REST_FRAMEWORK={"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]},
        ROOT_URLCONF=__name__,
    )
    framework.setup()
    from django.urls import path
    from rest_framework.permissions import IsAuthenticated
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class Orders(APIView):
        authentication_classes = _DJANGO[guard]()
        permission_classes = [IsAuthenticated] if authentication_classes else []

        def get(self, request: Any) -> Response:
            return Response(ORDERS)

    globals()["urlpatterns"] = [path("orders", Orders.as_view())]
    return get_wsgi_application()


def _drf_ours() -> list[Any]:
    from jwks_auth_django.rest_framework import JWTAuthentication

    return [JWTAuthentication]


def _drf_simplejwt() -> list[Any]:
    from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication

    return [JWTStatelessUserAuthentication]


def _drf_by_hand() -> list[Any]:
    from django.contrib.auth.models import AnonymousUser
    from rest_framework.authentication import BaseAuthentication, get_authorization_header
    from rest_framework.exceptions import AuthenticationFailed

    claims = claims_by_hand()

    class Person(AnonymousUser):
        is_authenticated = True  # type: ignore[assignment]

    class ByHand(BaseAuthentication):
        def authenticate(self, request: Any) -> Any:
            scheme, _, raw = get_authorization_header(request).decode().partition(" ")
            if scheme.lower() != "bearer":
                return None
            try:
                return Person(), claims(raw)
            except jwt.PyJWTError as error:
                raise AuthenticationFailed from error

    return [ByHand]


_DJANGO: dict[str, Callable[[], list[Any]]] = {
    "no authentication": list,
    "jwks-auth": _drf_ours,
    "jwks-auth, TOKEN_CACHE": _drf_ours,
    "simplejwt, JWK_URL": _drf_simplejwt,
    "PyJWKClient by hand": _drf_by_hand,
}

# --- FastAPI under uvicorn


def fastapi(guard: str) -> Any:
    """A FastAPI app."""
    from fastapi import Depends, FastAPI

    app = FastAPI(openapi_url=None)
    dependency = _FASTAPI[guard]()

    if dependency is None:

        @app.get("/orders")
        async def open_orders() -> dict[str, Any]:
            return ORDERS
    else:

        @app.get("/orders")
        async def orders(found: Any = Depends(dependency)) -> dict[str, Any]:
            return ORDERS

    return app


def _fastapi_ours(cached: bool = False) -> Any:
    from jwks_auth_fastapi import JWTBearer

    return JWTBearer(ours(cached))


def _fastapi_azure() -> Any:
    from benchmarks.http_fastapi import AzureStyle

    class Keys:
        issuer = ISSUER

        def jwks(self) -> Any:
            return json.loads(urlopen(JWKS_URI).read())

    return AzureStyle(Keys())  # type: ignore[arg-type]


def _fastapi_by_hand() -> Any:
    from fastapi import Depends, HTTPException
    from fastapi.security import HTTPBearer

    claims = claims_by_hand()

    def current(token: Any = Depends(HTTPBearer())) -> Any:  # noqa: B008
        try:
            return claims(token.credentials)
        except jwt.PyJWTError as error:
            raise HTTPException(401) from error

    return current


_FASTAPI: dict[str, Callable[[], Any]] = {
    "no authentication": lambda: None,
    "jwks-auth": _fastapi_ours,
    "jwks-auth, TOKEN_CACHE": lambda: _fastapi_ours(cached=True),
    "fastapi-azure-auth style": _fastapi_azure,
    "Auth0 quickstart, PyJWKClient by hand": _fastapi_by_hand,
}

VARIANTS = {"Flask": _FLASK, "Django REST framework": _DJANGO, "FastAPI": _FASTAPI}
"""The guards of each framework; the first is none."""

_MAKERS = {"Flask": flask, "Django REST framework": django, "FastAPI": fastapi}


def make(framework: str, guard: str) -> Any:
    """The application of *framework* with that *guard*."""
    return _MAKERS[framework](guard)


if "BENCHMARK_APP" in os.environ:
    app = make(*os.environ["BENCHMARK_APP"].split(":"))
