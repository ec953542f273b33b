"""The contract's routes as Flask apps: sync and async views, in process and under servers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from jwks_auth_flask import JWKSAuth, current_token, public, require_jwt
from tests.contract.cases import MFA, OTHER_RESOURCE, SETTINGS, SHARED
from tests.contract.runner import Answer, Headers

__all__ = ["TestClientApp", "create_app", "create_warm_app"]

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def subject() -> dict[str, Any]:
    """The ``sub`` of the request's token, if there is one."""
    return {"sub": current_token.subject if current_token else None}


def shared() -> Any:
    """The same, in an answer that says it is public."""
    return subject(), {"Cache-Control": SHARED}


def orders() -> dict[str, Any]:
    """An empty list."""
    return {"orders": []}


ROUTES = [
    ("/public", None, lambda: {}),
    ("/me", {}, subject),
    ("/orders", {"scopes": "orders:read"}, orders),
    ("/both", {"scopes": "orders:read orders:write"}, orders),
    ("/any", {"any_scope": ["orders:read", "orders:admin"]}, orders),
    ("/admin", {"any_role": ["admin", "root"]}, lambda: {"admin": True}),
    ("/reports", {"audience": "reports"}, subject),
    ("/optional", {"optional": True}, subject),
    ("/v2", {"audience": OTHER_RESOURCE}, subject),
    ("/mfa", {"acr": [MFA, "urn:acme:otp"], "max_auth_age": 300}, lambda: {"mfa": True}),
    ("/mfa-orders", {"acr": MFA, "scopes": ["orders:read", "orders:write"]}, orders),
    ("/mfa-optional", {"acr": MFA, "optional": True}, subject),
    ("/shared", {"optional": True}, shared),
]


def create_app(
    settings: Mapping[str, Any] | None = None, views: str = "sync", app: Flask | None = None
) -> Flask:
    """The contract's app, configured by the environment unless told; *views*: ``"sync"`` or ``"async"``."""
    app = Flask(__name__) if app is None else app
    given = {name: value for name, value in os.environ.items() if name.startswith("JWKS_AUTH_")}
    app.config.from_mapping({f"JWKS_AUTH_{name}": value for name, value in SETTINGS.items()})
    app.config.from_mapping(given if settings is None else settings)
    app.config.from_mapping(JWKS_AUTH_AUDIENCE=SETTINGS["AUDIENCE"], JWKS_AUTH_REALM=SETTINGS["REALM"])
    JWKSAuth(app)
    for path, options, view in ROUTES:
        handler = view if views == "sync" else _asynchronous(view)
        guarded = public(handler) if options is None else require_jwt(**options)(handler)
        app.add_url_rule(path, path.strip("/"), guarded, methods=METHODS)
    return app


def create_warm_app() -> Flask:
    """The same, with the keys in hand: under ``--preload`` workers are forked from a process that has them."""
    app = create_app()
    app.extensions["jwks_auth"]["default"].authenticator.warm_up()
    return app


def _asynchronous(view: Any) -> Any:
    async def asynchronous() -> Any:
        return view()

    return asynchronous


@dataclass(frozen=True, slots=True)
class TestClientApp:
    """An app under Flask's test client."""

    __test__ = False

    client: FlaskClient

    def request(self, method: str, target: str, headers: Headers, body: bytes = b"") -> Answer:
        """One request; repeated headers reach the app as a WSGI server would hand them over."""
        response = self.client.open(target, method=method, headers=list(headers), data=body)
        return Answer(response.status_code, list(response.headers), response.data)
