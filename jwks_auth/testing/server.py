"""The HTTP server of a fake issuer: documents on loopback, with ETags, and outages on demand."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import parse_qsl, urlsplit

from jwks_auth.runtime import dataclass

__all__ = ["MODES", "Answer", "Form", "IssuerServer"]

MODES = ("error", "drop", "hang")
"""The kinds of outage: answer 503; close the connection without an answer; keep it open without an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a path: *document* (``None``: 404), or *text* in its place, or the current *outage*."""

    document: dict[str, Any] | None
    outage: str | None = None
    status: int = 200
    text: str | None = None
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Form:
    """A form that was posted, and the headers of its request, named as in ``Content-Type``."""

    fields: dict[str, str]
    headers: Mapping[str, str]


class IssuerServer:
    """Answers ``GET`` and ``POST`` on 127.0.0.1 with the answers of the callable given to :meth:`start`.

    The start of the ``with`` block binds a port, which is in :attr:`url`. Its end closes every connection, also those
    that hang, and waits for every thread.
    """

    def __enter__(self) -> Self:
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._thread: threading.Thread | None = None
        return self

    @property
    def url(self) -> str:
        """``http://127.0.0.1:<port>``."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def start(self, answer: Callable[..., Answer]) -> None:
        """Answer requests from now on, each in a thread of its own: *answer* gets the path, and the form of a POST."""
        self._http.answer = answer
        # The poll interval bounds the time that the end of the block takes; requests are answered at once.
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread:
            self._http.shutdown()
            self._thread.join()
        self._http.hang_up()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close() waits for them
    request_queue_size = 512
    answer: Callable[..., Answer]

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for connection in tuple(self._open):
            with suppress(OSError):  # the client may have closed it already
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # clients may close connections at any time
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._respond(None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        headers = {name.title(): value for name, value in self.headers.items()}
        self._respond(Form(dict(parse_qsl(body.decode())), headers))

    def _respond(self, form: Form | None) -> None:
        self.close_connection = True
        answer = cast("_Server", self.server).answer(
            urlsplit(self.path).path, *([] if form is None else [form])
        )
        if answer.outage == "hang":
            self.rfile.read(1)  # nothing comes: this waits until the client gives up
        elif answer.outage == "error":
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, b"down for a test")
        elif answer.outage is None:
            self._send_document(answer)

    def _send_document(self, answer: Answer) -> None:
        body = (json.dumps(answer.document) if answer.text is None else answer.text).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if answer.document is None:
            self._send(HTTPStatus.NOT_FOUND, b"no such document")
        elif self.headers["If-None-Match"] == etag:
            self._send(HTTPStatus.NOT_MODIFIED, b"", {"ETag": etag})
        else:
            self._send(HTTPStatus(answer.status), body, {"ETag": etag, "Content-Type": answer.media_type})

    def _send(self, status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Log nothing, to keep a test's output clean."""
