"""What a request costs in Flask: this extension, flask-jwt-extended, and a hand-written PyJWT decorator.

``python -m benchmarks.http_flask [--requests 2000] [--rounds 9] [--json FILE]``

Requests are WSGI calls in this process, so that no server blurs the microseconds in question; the variants
take turns, and each figure is the median of its rounds. The floor is a public view that calls ``verify`` on
a constant token: what is above it is the extension's own. The bar: at most 0.6 of one RS256 verification.
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask_jwt_extended
import jwt
from flask import Flask, abort, request
from werkzeug.test import EnvironBuilder

from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import JWKSAuth, current_token, require_jwt

BAR = 0.6
Run = Callable[[], Any]


def view() -> dict[str, Any]:
    """The same small answer everywhere."""
    return {"orders": []}


def calls(app: Flask, token: str) -> Run:
    """One request to *app*, as a WSGI server makes it."""
    environ = EnvironBuilder("/orders", headers={"Authorization": f"Bearer {token}"}).get_environ()

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        assert status == "200 OK", status

    def call() -> None:
        for _ in app.wsgi_app(dict(environ), start_response):  # type: ignore[arg-type]
            pass

    return call


def ours(issuer: FakeIssuer, decorate: Callable[[Any], Any]) -> Flask:
    """An app with this extension, its view decorated by *decorate*."""
    app = Flask("ours")
    app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"), JWKS_AUTH_JWKS=issuer.jwks())
    JWKSAuth(app)
    app.add_url_rule("/orders", view_func=decorate(view))
    return app


def flask_jwt_extended_app(issuer: FakeIssuer) -> Flask:
    """The usual extension, with a fixed public key: it knows no key sets."""
    app = Flask("extended")
    app.config.update(
        JWT_ALGORITHM="RS256",
        JWT_PUBLIC_KEY=issuer.key.public_pem(),
        JWT_DECODE_AUDIENCE="api",
        JWT_DECODE_ISSUER=issuer.issuer,
        JWT_DECODE_LEEWAY=30,
    )
    flask_jwt_extended.JWTManager(app)
    app.add_url_rule("/orders", view_func=flask_jwt_extended.jwt_required()(view))
    return app


def by_hand(issuer: FakeIssuer) -> Flask:
    """What tutorials show: PyJWT in a decorator, with the key from PyJWT's own set."""
    keys = jwt.PyJWKSet.from_dict(issuer.jwks())
    app = Flask("by hand")

    def required(guarded: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(guarded)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                abort(401)
            try:
                key = keys[jwt.get_unverified_header(token)["kid"]]
                jwt.decode(
                    token, key.key, algorithms=["RS256"], audience="api", issuer=issuer.issuer, leeway=30
                )
            except (jwt.InvalidTokenError, KeyError):
                abort(401)
            return guarded(*args, **kwargs)

        return wrapper

    app.add_url_rule("/orders", view_func=required(view))
    return app


def variants(issuer: FakeIssuer) -> dict[str, Run]:
    """Everything that is measured, by name."""
    token = issuer.token(sub="u1", scope="orders:read", type="access")
    public = ours(issuer, lambda view: view)
    verifier = public.extensions["jwks_auth"]["default"].authenticator.verifier
    key = issuer.key.jwk()
    algorithm = jwt.PyJWK(key)
    signed, _, signature = token.rpartition(".")
    raw_signature = jwt.utils.base64url_decode(signature)

    def verifying(view: Any) -> Any:
        return lambda: (verifier.verify(token), view())[1]

    def using_the_token(view: Any) -> Any:
        return require_jwt(scopes="orders:read")(lambda: current_token.subject and view())

    return {
        "RS256 signature alone": lambda: algorithm.Algorithm.verify(
            signed.encode(), algorithm.key, raw_signature
        ),
        "verify()": lambda: verifier.verify(token),
        "public view": calls(public, token),
        "public view calling verify()": calls(ours(issuer, verifying), token),
        "@require_jwt": calls(ours(issuer, require_jwt), token),
        "@require_jwt(scopes=...), current_token": calls(ours(issuer, using_the_token), token),
        "flask-jwt-extended": calls(flask_jwt_extended_app(issuer), token),
        "PyJWT by hand": calls(by_hand(issuer), token),
    }


def measure(runs: dict[str, Run], requests: int, rounds: int) -> dict[str, float]:
    """Microseconds per call: the median of *rounds*, in which all take turns."""
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            began = time.perf_counter()
            for _ in range(requests):
                run()
            samples[name].append((time.perf_counter() - began) / requests * 1e6)
    return {name: statistics.median(times) for name, times in samples.items()}


def main() -> None:
    """Measure and print; exit 1 above the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = measure(variants(FakeIssuer()), options.requests, options.rounds)
    for name, microseconds in found.items():
        print(f"{name:42}{microseconds:8.1f} us")
    own = found["@require_jwt"] - found["public view calling verify()"]
    share = own / found["RS256 signature alone"]
    print(f"\nthe extension's own: {own:.1f} us = {share:.2f} of one RS256 signature check, ", end="")
    print(f"{own / found['verify()']:.2f} of one verify(); the bar is {BAR}")
    if options.json:
        options.json.write_text(json.dumps({**found, "own": own, "share": share}, indent=2))


if __name__ == "__main__":
    main()
