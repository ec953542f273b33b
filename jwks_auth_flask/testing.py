"""Test a Flask app with real tokens and no provider; with pytest see ``jwks_auth_flask.pytest_plugin``."""

from __future__ import annotations

from typing import Any, Self

from flask.testing import FlaskClient

from jwks_auth.testing import FakeIssuer

__all__ = ["JWTClient"]


class JWTClient(FlaskClient):
    """Flask's test client, with one more method: :meth:`with_token`.

    ``app.test_client_class = JWTClient; client = app.test_client(issuer=issuer)``. The app is configured with
    ``issuer.settings(prefix="JWKS_AUTH_")`` and verifies as it does in production.
    """

    def __init__(self, *args: Any, issuer: FakeIssuer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.issuer = issuer

    def with_token(self, **claims: Any) -> Self:
        """A client like this one whose requests carry a token with *claims* (see ``FakeIssuer.token``).

        ``client.with_token(sub="u1", scopes="orders:read").get("/orders")``. Cookies are not shared.
        """
        other = type(self)(self.application, self.response_wrapper, issuer=self.issuer)
        authorization = self.issuer.headers(**claims)["Authorization"]
        other.environ_base = {**self.environ_base, "HTTP_AUTHORIZATION": authorization}
        return other
