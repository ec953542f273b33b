"""A test client that sends a token."""

from __future__ import annotations

from typing import Any, Self

from starlette.testclient import TestClient
from starlette.types import ASGIApp

from jwks_auth.testing import FakeClient, FakeIssuer

__all__ = ["JWTClient"]


class JWTClient(TestClient):
    """Starlette's test client, with one more method: :meth:`with_token`.

    ``JWTClient(app, issuer=issuer)``, for an application with ``issuer.settings()``, which verifies as it does in
    production. *options* are those of ``TestClient``.
    """

    def __init__(self, app: ASGIApp, *, issuer: FakeIssuer, **options: Any) -> None:
        super().__init__(app, **options)
        self.issuer = issuer
        self._options = options

    def with_token(self, *, dpop: bool = False, **claims: Any) -> Self:
        """A client like this one whose requests carry a token with *claims* (see ``FakeIssuer.token``).

        ``client.with_token(sub="u1", scope="orders:read").get("/orders")``. Cookies are not shared. With *dpop* the
        token is bound to a key, and each request has a proof of its own.
        """
        if dpop:
            return self._proving(self.issuer.client(dpop=True), claims)
        headers = {**(self._options.get("headers") or {}), **self.issuer.headers(**claims)}
        return type(self)(self.app, issuer=self.issuer, **{**self._options, "headers": headers})

    def _proving(self, sender: FakeClient, claims: dict[str, Any]) -> Self:
        token = sender.token(**claims)

        def prove(request: Any) -> Any:
            if "Authorization" not in request.headers:
                request.headers.update(sender.headers(request.method, str(request.url), token=token))
            return request

        client = type(self)(self.app, issuer=self.issuer, **self._options)
        client.auth = prove
        return client
