"""A test client that sends a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from jwks_auth.testing import ClientCertificate, FakeClient, FakeIssuer

__all__ = ["JWTClient"]


class JWTClient(TestClient):
    """Starlette's test client, with one more method: :meth:`with_token`.

    ``JWTClient(app, issuer=issuer)``, for an application with ``issuer.settings()``, which verifies as it does in
    production. *scope* is what the server tells beside a request's own scope; *options* are ``TestClient``'s.
    """

    def __init__(
        self, app: ASGIApp, *, issuer: FakeIssuer, scope: Mapping[str, Any] | None = None, **options: Any
    ) -> None:
        super().__init__(_with_scope(app, scope or {}), **options)
        self.issuer, self._bare = issuer, app
        self._options = options

    def with_token(
        self,
        *,
        dpop: bool = False,
        certificate: bool | str | bytes | ClientCertificate = False,
        sender: FakeClient | None = None,
        **claims: Any,
    ) -> Self:
        """A client like this one whose requests carry a token with *claims* (see ``FakeIssuer.token``).

        ``client.with_token(sub="u1", scope="orders:read").get("/orders")``. Cookies are not shared. With *dpop* the
        token is bound to a key, and each request has a proof of its own; with *certificate* it is bound to that, which
        arrives in the connection's handshake and in the header of ``FakeClient``. *sender* is a client of the issuer
        to send it instead: one that has been told the settings of a proxy.
        """
        if sender is None and (dpop or certificate):
            sender = self.issuer.client(dpop=dpop, certificate=certificate)
        if sender is not None:
            return self._proving(sender, claims)
        headers = {**(self._options.get("headers") or {}), **self.issuer.headers(**claims)}
        return self._like(headers=headers)

    def _like(self, **options: Any) -> Self:
        return type(self)(self._bare, issuer=self.issuer, **{**self._options, **options})

    def _proving(self, sender: FakeClient, claims: dict[str, Any]) -> Self:
        token = sender.token(**claims)

        def prove(request: Any) -> Any:
            if "Authorization" not in request.headers:
                request.headers.update(sender.headers(request.method, str(request.url), token=token))
            return request

        client = self._like(scope=sender.in_scope())
        client.auth = prove
        return client


def _with_scope(app: ASGIApp, known: Mapping[str, Any]) -> ASGIApp:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, **known} if scope["type"] != "lifespan" else scope, receive, send)

    return serve if known else app
