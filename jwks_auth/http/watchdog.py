"""Sockets that are shut once their time is up."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from jwks_auth.http.connect import connected

__all__ = ["Watchdog", "watched"]


class Watchdog:
    """Shuts the sockets it watches once its time is up, which ends any read or write on them.

    *timer* is a class such as ``threading.Timer``.
    """

    def __init__(self, seconds: float, *, timer: type[threading.Timer] = threading.Timer) -> None:
        self.seconds = seconds
        self.barked = False
        self._sockets: list[socket.socket] = []
        self._timer = timer(seconds, self._bark)
        self._timer.daemon = True

    def watch(self, sock: socket.socket) -> socket.socket:
        """Watch *sock*, unless it is a test's stand-in, and return it."""
        try:
            # A duplicate, because wrapping a socket in TLS detaches the file descriptor from the original.
            self._sockets.append(sock.dup())
        except OSError:
            raise
        except Exception:  # noqa: BLE001 - a test tool's own, as gevent's sockets are no subclass of Python's either
            return sock
        if self.barked:
            self._bark()
        return sock

    def _bark(self) -> None:
        self.barked = True
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Watchdog:
        try:
            self._timer.start()
        except RuntimeError as exc:  # no more threads, or the interpreter is shutting down
            raise OSError("no thread could be started") from exc
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        for sock in self._sockets:
            sock.close()


def watched(connection: Any, watchdog: Watchdog) -> Any:
    """Return the class *connection* with a watchdog, or unchanged if it connects in its own way (SOCKS)."""
    if getattr(connection, "_new_conn", None) is not HTTPConnection._new_conn:
        return connection

    def connect(self: Any) -> socket.socket:
        try:
            sock = connected(self._dns_host, self.port, self.timeout, options=self.socket_options or ())
        except socket.gaierror as exc:
            raise NameResolutionError(self.host, self, exc) from exc
        except TimeoutError as exc:
            raise ConnectTimeoutError(self, "no address answered in time") from exc
        except OSError as exc:
            raise NewConnectionError(self, "no connection could be made") from exc
        return watchdog.watch(sock)

    return type(connection.__name__, (connection,), {"_new_conn": connect})
