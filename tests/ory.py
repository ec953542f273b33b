"""A server shaped as Ory Hydra: its admin endpoint for introspection, with what it tells and leaves out.

It asks for no credentials, or for one bearer token as Ory Network does; refresh tokens are active too; ``aud`` is an
empty list, or absent; claims of the service's own are in ``ext``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

__all__ = ["Hydra", "hydra"]

PATH = "/admin/oauth2/introspect"


class Hydra:
    """The server's tokens, and what it was asked."""

    def __init__(self, key: str | None) -> None:
        self.key = key
        self.issuer, self.url = "https://hydra.example/", ""
        self.told: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, str]] = []

    def tell(self, token: str, **claims: Any) -> str:
        """Have *token* be active, with *claims* beside those that Hydra tells of each; ``None`` leaves one out."""
        now = int(time.time())
        usual = {
            "active": True,
            "scope": "orders:read offline",
            "client_id": "shop",
            "sub": "u1",
            "exp": now + 3600,
            "iat": now,
            "nbf": now,
            "aud": [],
            "iss": self.issuer,
            "token_type": "Bearer",
            "token_use": "access_token",
        }
        self.told[token] = {name: each for name, each in {**usual, **claims}.items() if each is not None}
        return token

    def answer(
        self, path: str, authorization: str | None, form: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        """Return status and document."""
        if path != PATH:
            return 404, {"error": "not_found"}
        if self.key is not None and authorization != f"Bearer {self.key}":
            return 401, {"error": {"code": 401, "status": "Unauthorized"}}
        self.asked.append(form)
        return 200, self.told.get(form["token"], {"active": False})


@contextmanager
def hydra(key: str | None = None) -> Iterator[Hydra]:
    """Run one, which asks for the bearer token *key*, or for no credentials."""
    running = Hydra(key)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer a question."""
            octets = self.rfile.read(int(self.headers["Content-Length"]))
            form = {name: values[0] for name, values in parse_qs(octets.decode()).items()}
            status, document = running.answer(self.path, self.headers["Authorization"], form)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.url = f"http://127.0.0.1:{server.server_port}{PATH}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
