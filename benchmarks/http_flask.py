"""What a request costs in Flask: this extension, flask-jwt-extended, and a hand-written PyJWT decorator.

``python -m benchmarks.http_flask [--requests 100] [--rounds 100] [--json FILE]``

Requests are WSGI calls in this process, so that no server blurs the microseconds in question. The variants take
turns, in another order each round, and the best round of each counts: what is measured is the work, not the
neighbours. The floor is a public view that calls ``verify`` on a constant token: what is above it is the
extension's own. The bar: at most 0.6 of one RS256 signature check.
"""

from __future__ import annotations

import argparse
import functools
import json
import random
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
BARE, FLOOR, OURS = "RS256 signature alone", "public view calling verify()", "@require_jwt"
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


def ours(issuer: FakeIssuer, decorate: Callable[[Any], Any], *, required: bool = False) -> Flask:
    """An app with this extension, its view decorated by *decorate*."""
    app = Flask("ours")
    app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"), JWKS_AUTH_JWKS=issuer.jwks())
    app.config["JWKS_AUTH_ALLOW_FAKE_ISSUER"] = True
    app.config["JWKS_AUTH_REQUIRED"] = required
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
        BARE: lambda: algorithm.Algorithm.verify(signed.encode(), algorithm.key, raw_signature),
        "verify()": lambda: verifier.verify(token),
        "public view": calls(public, token),
        FLOOR: calls(ours(issuer, verifying), token),
        OURS: calls(ours(issuer, require_jwt), token),
        "@require_jwt(scopes=...), current_token": calls(ours(issuer, using_the_token), token),
        "JWKS_AUTH_REQUIRED": calls(ours(issuer, lambda view: view, required=True), token),
        "flask-jwt-extended": calls(flask_jwt_extended_app(issuer), token),
        "PyJWT by hand": calls(by_hand(issuer), token),
    }


def measure(runs: dict[str, Run], requests: int, rounds: int) -> dict[str, float]:
    """Microseconds per call, in the best of *rounds*."""
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name in random.sample(list(runs), len(runs)):  # nobody always follows the same neighbour
            run = runs[name]
            began = time.perf_counter()
            for _ in range(requests):
                run()
            samples[name].append((time.perf_counter() - began) / requests * 1e6)
    return {name: min(times) for name, times in samples.items()}


def main() -> None:
    """Measure and print; exit 1 above the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    best = measure(variants(FakeIssuer()), options.requests, options.rounds)
    for name, microseconds in best.items():
        print(f"{name:42}{microseconds:8.1f} us")
    own = best[OURS] - best[FLOOR]
    share = own / best[BARE]
    print(f"\nthe extension's own: {own:.1f} us = {share:.2f} of one RS256 signature check; the bar is {BAR}")
    if options.json:
        options.json.write_text(json.dumps({**best, "own": own, "share": share}, indent=2))
    raise SystemExit(share > BAR)


if __name__ == "__main__":
    main()
