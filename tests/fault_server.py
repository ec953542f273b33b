"""A key endpoint that misbehaves on a real socket, in whichever way a test names."""

from __future__ import annotations

import gzip
import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from types import TracebackType
from typing import Any, Self

from tests.patience import PATIENCE

__all__ = ["FaultServer"]

JSON_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * (32 << 20))


class FaultServer:
    """Answers each connection once, as :attr:`mode` says, and counts them.

    ``document`` is what a good answer holds, ``headers`` are added to it, ``delay`` is the pause between the drops of a
    drip. ``seen`` are the heads of the requests. With *tls* it speaks https. Between :meth:`hold` and :meth:`let_go`
    a good answer waits, however long a busy machine takes to get to where it is waited for.
    """

    def __init__(self, document: Any, *, tls: ssl.SSLContext | None = None) -> None:
        self.document = document
        self.mode = "ok"
        self.headers = ""
        self.delay = 0.05
        self.seen: list[str] = []
        self._tls = tls
        self._open: list[socket.socket] = []
        self._stop, self._free, self._came = threading.Event(), threading.Event(), threading.Condition()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        scheme, port = "http" if self._tls is None else "https", self._listener.getsockname()[1]
        self.url = f"{scheme}://127.0.0.1:{port}/keys"
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._free.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(PATIENCE)

    @property
    def requests(self) -> int:
        """How many requests have come."""
        return len(self.seen)

    def wait_for_requests(self, count: int) -> None:
        """Return once *count* requests have come."""
        with self._came:
            assert self._came.wait_for(lambda: self.requests >= count, PATIENCE), "the requests did not come"

    def hold(self) -> None:
        """From now on let every request wait."""
        self._free.clear()
        self.mode = "held"

    def let_go(self) -> None:
        """Answer them, and those to come at once."""
        self.mode = "ok"
        self._free.set()

    def _spawn(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self._spawn(lambda connection=connection: self._answer(connection))  # type: ignore[misc]

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            if self.mode == "blurt":  # before it is asked anything
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            head = b""
            while b"\r\n\r\n" not in head:
                received = connection.recv(65536)
                if not received:
                    return
                head += received
            self._read_form(connection, head)
            with self._came:
                self.seen.append(head.decode("latin-1"))
                self._came.notify_all()
            getattr(self, f"_{self.mode}")(connection)
            connection.close()

    def _read_form(self, connection: socket.socket, head: bytes) -> None:
        """Read what was posted: unread octets would reset the connection at its end."""
        told, _, body = head.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: ([0-9]+)", told)
        left = int(length[1]) - len(body) if length else 0
        while left > 0 and (received := connection.recv(65536)):
            left -= len(received)

    def _good(self) -> bytes:
        return self.document if isinstance(self.document, bytes) else json.dumps(self.document).encode()

    def _send(self, connection: socket.socket, body: bytes, head: str = JSON_HEAD) -> None:
        connection.sendall(f"{head}{self.headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def _drip(self, connection: socket.socket, octets: bytes) -> None:
        for octet in octets:
            if self._stop.wait(self.delay):
                return
            connection.sendall(bytes([octet]))

    def _ok(self, connection: socket.socket) -> None:
        self._send(connection, self._good())

    def _slow(self, connection: socket.socket) -> None:
        body = self._good()  # what was published when it was asked for
        self._stop.wait(self.delay)
        self._send(connection, body)

    def _held(self, connection: socket.socket) -> None:
        body = self._good()
        self._free.wait()
        self._send(connection, body)

    def _error500(self, connection: socket.socket) -> None:
        self._send(connection, b"oops", "HTTP/1.1 500 Internal Server Error\r\n")

    def _busy(self, connection: socket.socket) -> None:
        self._send(connection, b"", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 120\r\n")

    def _created(self, connection: socket.socket) -> None:
        self._send(connection, self._good(), "HTTP/1.1 201 Created\r\n")

    def _gone(self, connection: socket.socket) -> None:
        self._send(connection, b"", "HTTP/1.1 404 Not Found\r\n")

    def _gone_for_good(self, connection: socket.socket) -> None:
        self._send(connection, b"", "HTTP/1.1 410 Gone\r\n")

    def _unavailable_once(self, connection: socket.socket) -> None:
        self.mode = "ok"
        self._send(connection, b"", "HTTP/1.1 503 Service Unavailable\r\n")

    def _html(self, connection: socket.socket) -> None:
        self._send(connection, b"<html><body>Sign in</body></html>")

    def _empty(self, connection: socket.socket) -> None:
        self._send(connection, b"")

    def _braces(self, connection: socket.socket) -> None:
        self._send(connection, b"{}")

    def _array(self, connection: socket.socket) -> None:
        self._send(connection, b"[]")

    def _no_keys(self, connection: socket.socket) -> None:
        self._send(connection, b'{"keys": []}')

    def _hang(self, connection: socket.socket) -> None:
        self._stop.wait()

    def _drip_body(self, connection: socket.socket) -> None:
        connection.sendall(f"{JSON_HEAD}Content-Length: 100000\r\n\r\n".encode())
        self._drip(connection, b" " * 100_000)

    def _drip_body_briefly(self, connection: socket.socket) -> None:
        body = self._good()
        connection.sendall(f"{JSON_HEAD}Content-Length: {len(body) + 10}\r\n\r\n".encode() + body)
        self._drip(connection, b" " * 10)

    def _drip_endless(self, connection: socket.socket) -> None:
        connection.sendall(f"{JSON_HEAD}\r\n".encode())
        self._drip(connection, self._good() + b" " * 100_000)

    def _drip_headers(self, connection: socket.socket) -> None:
        self._drip(connection, (JSON_HEAD + "X-Padding: " + "x" * 100_000).encode())

    def _huge(self, connection: socket.socket) -> None:
        connection.sendall(f"{JSON_HEAD}Content-Length: {64 << 20}\r\n\r\n".encode())
        for _ in range(64):
            connection.sendall(b" " * (1 << 20))

    def _gzip_bomb(self, connection: socket.socket) -> None:
        self._send(connection, _bomb(), JSON_HEAD + "Content-Encoding: gzip\r\n")

    def _redirect(self, connection: socket.socket) -> None:
        self._send(connection, b"", f"HTTP/1.1 302 Found\r\nLocation: {self.url}/elsewhere\r\n")

    def _closing(self, connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_RDWR)

    def _no_tunnel(self, connection: socket.socket) -> None:
        self._send(connection, b"", "HTTP/1.1 407 Say the secret word\r\n")

    def _redirect_endless(self, connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {self.url}/elsewhere\r\n\r\n".encode())
        while not self._stop.is_set():
            connection.sendall(b" " * (1 << 16))

    def _unchanged(self, connection: socket.socket) -> None:
        self._send(connection, b"", "HTTP/1.1 304 Not Modified\r\n")

    def _reset(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _reset_once(self, connection: socket.socket) -> None:
        self.mode = "ok"
        self._reset(connection)

    def _truncated(self, connection: socket.socket) -> None:
        body = self._good()
        connection.sendall(f"{JSON_HEAD}Content-Length: {len(body) + 10}\r\n\r\n".encode() + body)

    def _utf16(self, connection: socket.socket) -> None:
        self._send(connection, json.dumps(self.document).encode("utf-16"))

    def _latin1(self, connection: socket.socket) -> None:
        self._send(connection, b'{"keys": [], "name": "\xe9"}')

    def _bom(self, connection: socket.socket) -> None:
        self._send(connection, b"\xef\xbb\xbf" + self._good())

    def _nested(self, connection: socket.socket) -> None:
        self._send(connection, b'{"keys":' + b"[" * 40_000 + b"]" * 40_000 + b"}")

    def _nested_little(self, connection: socket.socket) -> None:
        self._send(connection, b'{"keys":' + b"[" * 900 + b"]" * 900 + b"}")

    def _many_keys(self, connection: socket.socket) -> None:
        self._send(connection, json.dumps({"keys": [{"kty": "x"}] * 10_000}).encode())

    def _negative_chunk(self, connection: socket.socket) -> None:
        connection.sendall(f"{JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n-1\r\n".encode())
        for _ in range(64):
            connection.sendall(b" " * (1 << 20))

    def _bad_chunk(self, connection: socket.socket) -> None:
        connection.sendall(f"{JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n".encode())

    def _chunked(self, connection: socket.socket) -> None:
        body = self._good()
        head = f"{JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode()
        connection.sendall(head + body + b"\r\n0\r\n\r\n")

    def _unmeasured(self, connection: socket.socket) -> None:
        connection.sendall(f"{JSON_HEAD}\r\n".encode() + self._good())

    def _garbage(self, connection: socket.socket) -> None:
        connection.sendall(bytes(range(256)) * 40)

    def _endless_headers(self, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not self._stop.is_set():
            connection.sendall(b"X-Header: value\r\n" * 100)
