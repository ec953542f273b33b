"""Test a Flask app with real tokens and no provider; with pytest see ``jwks_auth_flask.pytest_plugin``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Self

from flask import Flask
from flask.testing import FlaskClient

from jwks_auth import testing
from jwks_auth.adapters import Credentials
from jwks_auth.testing import (
    ClientCertificate,
    FakeClient,
    FakeIssuer,
    aassert_refuses,
    assert_refuses,
    with_token,
)
from jwks_auth_flask.connexion import flask_app_of
from jwks_auth_flask.extension import JWKSAuth
from jwks_auth_flask.request_auth import EXTENSION, RequestAuth
from jwks_auth_flask.routes import Protection, protections
from jwks_auth_flask.trust import trust_fake_issuer

__all__ = [
    "JWTClient",
    "aassert_refuses",
    "assert_discoverable",
    "assert_protected",
    "assert_refuses",
    "trust_fake_issuer",
    "with_token",
]


class _Row(NamedTuple):
    path: str
    methods: str
    guard: str | None
    doubt: str | None


class JWTClient(FlaskClient):
    """Flask's test client, with one more method: :meth:`with_token`.

    ``app.test_client_class = JWTClient; client = app.test_client(issuer=issuer)``. The app is configured with
    ``issuer.settings(prefix="JWKS_AUTH_")`` and verifies as it does in production.
    """

    def __init__(self, *args: Any, issuer: FakeIssuer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.issuer = issuer

    sender: tuple[FakeClient, str] | None = None

    def with_token(
        self,
        *,
        dpop: bool = False,
        certificate: bool | str | bytes | ClientCertificate = False,
        sender: FakeClient | None = None,
        **claims: Any,
    ) -> Self:
        """A client like this one whose requests carry a token with *claims* (see ``FakeIssuer.token``).

        ``client.with_token(sub="u1", scopes="orders:read").get("/orders")``. Cookies are not shared.
        With *dpop* the token is bound to a key, and each request has a proof of its own; with *certificate* it is bound
        to that, which arrives as the app's settings say. *sender* is a client of the issuer to send it instead.
        """
        other = type(self)(self.application, self.response_wrapper, issuer=self.issuer)
        auth: RequestAuth = next(iter(self.application.extensions[EXTENSION].values()))
        shared = auth.authenticator.settings.shared
        sender = sender or self.issuer.client(dpop=dpop, certificate=certificate).behind(shared)
        token = sender.token(**claims)
        other.environ_base = {**self.environ_base, **sender.in_environ(), **_in_environ(sender.passed_on())}
        if sender.key is not None:
            other.sender = (sender, token)
            return other
        name, value = auth.authenticator.header_for(token)
        if name == "Cookie":  # the client replaces the header by that of its own cookies
            cookie, _, token = value.partition("=")
            other.set_cookie(cookie, token)
        else:
            other.environ_base |= _in_environ({name: value})
        return other

    def run_wsgi_app(self, environ: dict[str, Any], buffered: bool = False) -> Any:
        """Add a proof for this request, unless it has a token of its own."""
        if self.sender is not None and "HTTP_AUTHORIZATION" not in environ:
            sender, token = self.sender
            url = Credentials.from_wsgi(environ).url
            headers = sender.headers(environ["REQUEST_METHOD"], url, token=token)
            environ |= _in_environ(headers)
        return super().run_wsgi_app(environ, buffered)


def _in_environ(headers: Mapping[str, str]) -> dict[str, str]:
    return {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}


def assert_protected(app: Flask, *, public: Collection[str] = ()) -> None:
    """Fail if a route lets requests without a token through, or may, and its rule is not among *public*.

    Static files and views marked with ``@public`` count as public. Routes with an optional token must be named, like
    other public ones. A rule in *public* without a route fails too.
    """
    found = protections(flask_app_of(app))
    testing.assert_rows_protected(map(_row, found), public)


def _row(found: Protection) -> _Row:
    required = [
        str(each) for each in found.requirements if not each.optional
    ]  # beside which others don't matter
    guard = " and ".join(required) or found.guard
    return _Row(found.rule.rule, found.method, guard, found.doubt)


def assert_discoverable(client: FlaskClient, auth: JWKSAuth) -> None:
    """Fail unless the app of *client* serves the metadata of the ``RESOURCE`` of *auth*, to anybody (RFC 9728)."""
    testing.assert_discoverable(client, auth.authenticator(client.application))
