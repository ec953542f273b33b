"""A provider with a token endpoint, for the agent: client credentials and resource indicators, on loopback."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs

from jwks_auth.testing import FakeIssuer

__all__ = ["CLIENT", "Provider"]

CLIENT = ("agent", "a-secret-of-the-demo")


class Provider:
    """The provider for as long as the ``with`` block lasts."""

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._server.fake = FakeIssuer(self.issuer)  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: ThreadingHTTPServer

    def do_GET(self) -> None:
        fake: FakeIssuer = self.server.fake  # type: ignore[attr-defined]
        known = {"/jwks": fake.jwks()}
        for name in ("openid-configuration", "oauth-authorization-server"):
            known[f"/.well-known/{name}"] = _metadata(fake.issuer)
        self._send(200 if self.path in known else 404, known.get(self.path, {}))

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        if self.path != "/token" or self.headers.get("Authorization") != _basic():
            return self._send(401, {"error": "invalid_client"})
        fake: FakeIssuer = self.server.fake  # type: ignore[attr-defined]
        asked = {name: values[0] for name, values in form.items()}
        token = fake.token(
            sub=CLIENT[0], client_id=CLIENT[0], aud=asked["resource"], scope=asked.get("scope", "")
        )
        return self._send(200, {"access_token": token, "token_type": "Bearer", "expires_in": 300})

    def _send(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The table shows what was asked."""


def _metadata(issuer: str) -> dict[str, object]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/auth",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }


def _basic() -> str:
    return "Basic " + base64.b64encode(":".join(CLIENT).encode()).decode()
