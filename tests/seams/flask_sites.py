"""A Flask app that trusts one issuer, for attacks on what stands around the extension."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import JWKSAuth

__all__ = ["FlaskSite"]


class FlaskSite:
    """An issuer, the extension, an app of the class *flask*, and a client; other arguments are configuration."""

    def __init__(self, flask: type[Flask] = Flask, **config: Any) -> None:
        self.issuer = FakeIssuer()
        self.auth = JWKSAuth()
        self.app = flask("site")
        self.app.config.from_mapping(self.issuer.settings(prefix="JWKS_AUTH_"))
        self.app.config.update(config)
        self.auth.init_app(self.app)

    def route(self, path: str, view: Any, **options: Any) -> None:
        """Register *view* at *path*, under an endpoint of its own."""
        self.app.add_url_rule(path, path.strip("/") or "root", view, **options)

    def ask(self, path: str, method: str = "GET", **headers: str) -> TestResponse:
        """The answer to a request without a token; an underscore in a header's name is a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.app.test_client().open(path, method=method, headers=named)

    def ask_with_token(self, path: str, method: str = "GET", **claims: Any) -> TestResponse:
        """The answer to a request with a good token."""
        return self.app.test_client().open(path, method=method, headers=self.issuer.headers(**claims))
