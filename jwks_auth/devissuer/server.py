"""The HTTP server of a dev issuer: requests with limits, in a thread each, and no header that we did not choose."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from jwks_auth.devissuer.web import Answer, Request

__all__ = ["Server"]

_MOST_OCTETS = 256 * 1024
_SECONDS = 30.0


class Server:
    """Listens on *host* and *port* from its making on; raises ``OSError``. *answer* gives each answer."""

    def __init__(self, host: str, port: int) -> None:
        made = _Server6 if ":" in host else _Server
        self._http = made((host, port), _Handler)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port, which the system chooses for 0."""
        return int(self._http.server_address[1])

    def start(self, answer: Callable[[Request], Answer | None]) -> None:
        """Answer requests from now on."""
        self._http.answer = answer
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a browser keeps connections open that it may never use
    request_queue_size = 128
    answer: Callable[[Request], Answer | None]

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # clients may close connections at any time
            super().handle_error(request, client_address)


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS

    def version_string(self) -> str:
        return "dev-issuer"

    def do_GET(self) -> None:
        self._respond()

    do_HEAD = do_POST = do_OPTIONS = do_GET

    def _respond(self) -> None:
        self.close_connection = True
        body = self._body()
        if body is None:
            return
        path, _, query = self.path.partition("?")
        if not path.startswith("/"):  # as a proxy is asked
            path = "/" + path.partition("://")[2].partition("/")[2]
        answer = cast("_Server", self.server).answer(Request(self.command, path, query, self.headers, body))
        if answer is not None:
            self._send(answer)

    def _body(self) -> bytes | None:
        """Return the body; ``None`` if it is refused."""
        length = self.headers.get_all("Content-Length", ["0"])
        if "Transfer-Encoding" in self.headers or len(length) > 1 or not length[0].isdecimal():
            self._send(Answer(411))
            return None
        digits = length[0].lstrip("0") or "0"
        if len(digits) > len(str(_MOST_OCTETS)) or int(digits) > _MOST_OCTETS:
            self._send(Answer(413))
            return None
        return self.rfile.read(int(digits))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, *args: Any) -> None:
        """Log nothing: the control page shows what was asked."""
