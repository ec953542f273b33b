"""Real server processes on loopback: started, asked over HTTP, and stopped without leaving anything."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

__all__ = ["Answer", "AppServer", "ServerFailed"]


class ServerFailed(RuntimeError):
    """A server ended, or never answered; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, header values by lower-case name, and the body."""

    status: int
    headers: Mapping[str, list[str]]
    body: bytes

    @property
    def challenge(self) -> str | None:
        """``WWW-Authenticate``, several joined as RFC 9110 allows."""
        return ", ".join(self.headers.get("www-authenticate", ())) or None


@dataclass
class AppServer:
    """A server process for as long as the ``with`` block lasts.

    *command* gets the listening socket as a file descriptor where it says ``{fd}``: the port is bound before
    the process starts, so none can be taken in between, and early requests wait in its queue instead of being
    refused. *env* gets the server's URL where it says ``{url}``. The process leads its own group, which ends as a
    whole, workers included: by ``SIGTERM``, and by ``SIGKILL`` after *patience* seconds. *timeout* seconds bound
    one request, and so the start.
    """

    name: str
    command: Sequence[str]
    cwd: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 60.0
    patience: float = 5.0

    def __enter__(self) -> Self:
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
            # Connections inherit it; uvicorn can't set it on sockets that come as a descriptor.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.port: int = listener.getsockname()[1]
            self._log = tempfile.TemporaryFile()
            fd = listener.fileno()
            self._process = subprocess.Popen(
                [part.replace("{fd}", str(fd)) for part in self.command],
                cwd=self.cwd,
                env={
                    **os.environ,
                    **{name: text.replace("{url}", self.url) for name, text in self.env.items()},
                },
                pass_fds=[fd],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    @property
    def url(self) -> str:
        """``http://127.0.0.1:<port>``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process that was started; its id is also that of its group."""
        return self._process.pid

    def request(
        self, path: str, headers: Iterable[tuple[str, str]] = (), *, method: str = "GET", body: bytes = b""
    ) -> Answer:
        """One request on its own connection; a header may be sent twice. Raises :class:`ServerFailed`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            connection.putrequest(method, path)
            for name, value in (*headers, ("Content-Length", str(len(body)))):
                connection.putheader(name, value)
            connection.endheaders(body)
            return _answer(connection.getresponse())
        except (OSError, http.client.HTTPException) as exc:
            raise ServerFailed(f"{self.name} gave no answer to {path} ({exc!r})\n{self.log()}") from exc
        finally:
            connection.close()

    def ended(self) -> int:
        """Wait for the process to end by itself, and return its exit status."""
        try:
            return self._process.wait(self.timeout)
        except subprocess.TimeoutExpired as exc:
            raise ServerFailed(f"{self.name} did not end\n{self.log()}") from exc

    def log(self, *, last: int = 4000) -> str:
        """The end of what the process has written."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), last, max(0, size - last)).decode(errors="replace")

    def __exit__(self, *_: object) -> None:
        try:
            self._stop(signal.SIGTERM, self.patience)
        except subprocess.TimeoutExpired:
            self._stop(signal.SIGKILL, None)
        finally:
            self._log.close()

    def _stop(self, number: signal.Signals, patience: float | None) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)
        self._process.wait(patience)
        with suppress(ProcessLookupError):  # workers whose parent went without them
            os.killpg(self.pid, signal.SIGKILL)


def gunicorn(name: str, app: str, *options: str, cwd: Path, env: Mapping[str, str]) -> AppServer:
    """A WSGI application under gunicorn; *options* are its command line's."""
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--bind", "fd://{fd}", *options, app]
    return AppServer(name, command, cwd, env)


def uvicorn(name: str, app: str, *options: str, cwd: Path, env: Mapping[str, str]) -> AppServer:
    """An ASGI application under uvicorn; *options* are its command line's."""
    command = [sys.executable, "-m", "uvicorn", "--no-access-log", "--fd", "{fd}", *options, app]
    return AppServer(name, command, cwd, env)


def _answer(response: http.client.HTTPResponse) -> Answer:
    headers: dict[str, list[str]] = {}
    for name, value in response.getheaders():
        headers.setdefault(name.lower(), []).append(value)
    return Answer(response.status, headers, response.read())
