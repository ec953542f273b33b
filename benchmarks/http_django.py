"""What a request costs in Django: middleware, decorator, DRF with ours and with simplejwt, PyJWT by hand.

``python -m benchmarks.http_django [--requests 100] [--rounds 75] [--json FILE]``

Requests are WSGI calls in this process, so that no server blurs the microseconds in question, which are CPU
time; the variants take turns, and each figure is the median of its rounds. The floor is a public view that
calls ``verify`` on a constant token: what is above it is the adapter's own. The bar: at most half of one RS256
verification, for middleware and decorator together.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
import jwt
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from jwks_auth.testing import FakeIssuer

BAR = 0.5
OURS = "jwks_auth_django.middleware.JWTAuthenticationMiddleware"
Run = Callable[[], Any]


def configure(issuer: FakeIssuer) -> None:
    """A project of the smallest size."""
    simplejwt = {
        "ALGORITHM": "RS256",
        "JWK_URL": f"{issuer.issuer}/.well-known/jwks.json",
        "AUDIENCE": "api",
        "ISSUER": issuer.issuer,
        "LEEWAY": 30,
        "USER_ID_CLAIM": "sub",
        "TOKEN_TYPE_CLAIM": None,
    }
    settings.configure(
        SECRET_KEY="only for a benchmark, but long enough",
        ALLOWED_HOSTS=["*"],
        LOGGING_CONFIG=None,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "jwks_auth_django"],
        AUTHENTICATION_BACKENDS=["jwks_auth_django.backends.JWTAuthenticationBackend"],
        JWKS_AUTH={**issuer.settings(), "JWKS": issuer.jwks(), "ALLOW_FAKE_ISSUER": True},
        SIMPLE_JWT=simplejwt,
        REST_FRAMEWORK={
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        },
        ROOT_URLCONF=(),
    )
    django.setup()


def view(request: HttpRequest) -> HttpResponse:
    """The same small answer everywhere."""
    return HttpResponse(b'{"orders": []}', content_type="application/json")


def calls(token: str, view: Any, *middleware: str) -> Run:
    """One request to *view* behind *middleware*, as a WSGI server makes it."""
    urls = (path("orders", view),)
    with override_settings(MIDDLEWARE=list(middleware)):
        handler = WSGIHandler()
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/orders",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http",
    }

    def start_response(status: str, headers: Any) -> None:
        assert status == "200 OK", status

    def call() -> None:
        settings.ROOT_URLCONF = urls
        response = handler(dict(environ), start_response)
        for _ in response:
            pass
        response.close()

    return call


def by_hand(issuer: FakeIssuer) -> Any:
    """What tutorials show: PyJWT in a middleware, with the keys at hand."""
    keys = jwt.PyJWKSet.from_dict(issuer.jwks())

    def middleware(get_response: Any) -> Any:
        def handle(request: Any) -> Any:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                return HttpResponse(status=401)
            try:
                key = keys[jwt.get_unverified_header(token)["kid"]]
                request.claims = jwt.decode(
                    token, key.key, algorithms=["RS256"], audience="api", issuer=issuer.issuer, leeway=30
                )
            except (jwt.InvalidTokenError, KeyError):
                return HttpResponse(status=401)
            return get_response(request)

        return handle

    return middleware


def drf(authentication: Any) -> Any:
    """The same answer from DRF."""
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class View(APIView):
        authentication_classes = [authentication]

        def get(self, request: Any) -> Response:
            return Response({"orders": []})

    return View.as_view()


def variants(issuer: FakeIssuer) -> dict[str, Run]:
    """Everything that is measured, by name."""
    from rest_framework.authentication import BaseAuthentication
    from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication

    from jwks_auth_django import require_jwt
    from jwks_auth_django.conf import configuration
    from jwks_auth_django.rest_framework import JWTAuthentication
    from jwks_auth_django.users import TokenUser

    token = issuer.token(sub="u1", scope="orders:read")
    verifier = configuration().authenticator.verifier
    algorithm = jwt.PyJWK(issuer.key.jwk())
    signed, _, signature = token.rpartition(".")
    raw_signature = jwt.utils.base64url_decode(signature)

    def verifying(request: HttpRequest) -> HttpResponse:
        verifier.verify(token)
        return view(request)

    class Constant(BaseAuthentication):
        """Verifies, and does nothing else."""

        def authenticate(self, request: Any) -> Any:
            verified = verifier.verify(token)
            return TokenUser(verified), verified

    globals()["pyjwt_middleware"] = by_hand(issuer)
    return {
        "RS256 signature alone": lambda: algorithm.Algorithm.verify(
            signed.encode(), algorithm.key, raw_signature
        ),
        "verify()": lambda: verifier.verify(token),
        "public view": calls(token, view),
        "public view calling verify()": calls(token, verifying),
        "middleware": calls(token, view, OURS),
        "@require_jwt": calls(token, require_jwt(view)),
        "middleware and @require_jwt(scopes=...)": calls(
            token, require_jwt(scopes="orders:read")(view), OURS
        ),
        "PyJWT by hand, a middleware": calls(token, view, f"{__name__}.pyjwt_middleware"),
        "DRF calling verify()": calls(token, drf(Constant)),
        "DRF, JWTAuthentication": calls(token, drf(JWTAuthentication)),
        "DRF, simplejwt with JWK_URL": calls(token, drf(JWTStatelessUserAuthentication)),
    }


def measure(runs: dict[str, Run], requests: int, rounds: int) -> dict[str, float]:
    """Microseconds per call: the median of *rounds*, in which all take turns."""
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            gc.collect()
            began = time.process_time()
            for _ in range(requests):
                run()
            samples[name].append((time.process_time() - began) / requests * 1e6)
    return {name: statistics.median(times) for name, times in samples.items()}


def main() -> None:
    """Measure and print; exit 1 above the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=75)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with FakeIssuer.serve() as issuer:
        configure(issuer)
        found = measure(variants(issuer), options.requests, options.rounds)
    for name, microseconds in found.items():
        print(f"{name:42}{microseconds:8.1f} us")
    shares = {}
    for name in ("middleware", "@require_jwt", "middleware and @require_jwt(scopes=...)"):
        own = found[name] - found["public view calling verify()"]
        shares[name] = own / found["verify()"]
        print(f"\n{name}: {own:.1f} us of its own = {shares[name]:.2f} of one verify()", end="")
    print(f"; the bar is {BAR}")
    if options.json:
        options.json.write_text(json.dumps({**found, "shares": shares}, indent=2))
    raise SystemExit(max(shares.values()) > BAR)


if __name__ == "__main__":
    main()
