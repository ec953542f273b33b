"""A provider as peers need it: with a userinfo endpoint, without the mark of a test's keys, on request over TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jwks_auth import ANY_AUDIENCE, AuthError, Issuer, TokenVerifier
from jwks_auth.testing import FakeIssuer
from jwks_auth.testing.keys import SigningKey
from jwks_auth.testing.server import Answer, Form, IssuerServer

__all__ = ["Provider", "served"]

USERINFO = "/userinfo"


class Provider(FakeIssuer):
    """A fake issuer whose key set looks like a real one's."""

    def jwks(self) -> dict[str, Any]:
        """The key set, without the mark."""
        return {"keys": super().jwks()["keys"]}

    def stranger(self) -> SigningKey:
        """Somebody else's key, under the name of ours."""
        return SigningKey.generate("RS256", kid=self.kid)

    def userinfo(self, token: str) -> Answer:
        """The person behind a token of this issuer, whatever service it is for, as providers answer."""
        keys: Any = self.jwks()
        try:
            claims = (
                TokenVerifier(Issuer(self.issuer, jwks=keys), ANY_AUDIENCE, leeway=0).verify(token).claims
            )
        except AuthError:
            return Answer({"error": "invalid_token"}, self._outage, status=401)
        return Answer({"sub": claims.get("sub"), "email": claims.get("email")}, self._outage)


@contextmanager
def served(*, name: str | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Provider]:
    """Serve a provider on loopback; its tokens have *name* as issuer, or else its address (with *tls* as Auth0's)."""
    with IssuerServer() as server:
        url = server.url
        if tls is not None:
            listener = server._http
            listener.socket = tls.wrap_socket(
                listener.socket, server_side=True, do_handshake_on_connect=False
            )
            url = f"https://127.0.0.1:{listener.server_port}/"
        provider = Provider(url)
        provider._served = True
        provider.issuer = name or url
        server.start(provider._answer)
        with _userinfo(provider):
            yield provider


@contextmanager
def _userinfo(provider: Provider) -> Iterator[None]:
    """Serve the userinfo endpoint, whose requests have the token in a header."""
    with IssuerServer() as server:
        handler = server._http.RequestHandlerClass

        class Asked(handler):  # type: ignore[valid-type,misc]
            def _respond(self, form: Form | None) -> None:
                self.close_connection = True
                _, _, token = (self.headers["Authorization"] or "").partition(" ")
                answer = provider.userinfo(token)
                if answer.outage == "error":
                    self._send(503, b"down for a test")
                else:
                    self._tell(answer)

            def _tell(self, answer: Answer) -> None:
                if answer.status == 401:
                    challenge = 'Bearer error="invalid_token", error_description="The token is not valid"'
                    self._send(401, b"{}", {"WWW-Authenticate": challenge})
                else:
                    self._send_document(answer)

        server._http.RequestHandlerClass = Asked
        server.start(provider._answer)
        provider.userinfo_url = f"{server.url}{USERINFO}"
        yield
