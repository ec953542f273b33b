"""Real servers for a test: started on loopback, stopped afterwards."""

from __future__ import annotations

import atexit
import contextlib
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence

from tests.patience import PATIENCE, eventually

__all__ = ["as_user", "free_port", "running"]


def free_port() -> int:
    """A port that the system gives to nobody else; servers, which set ``SO_REUSEADDR``, can take it."""
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    atexit.register(probe.close)
    port: int = probe.getsockname()[1]
    return port


def as_user(command: Sequence[str], user: str | None) -> list[str]:
    """*command*, made to run as *user* by a program: a fork of these threads that changes its user may crash."""
    if user is None:
        return [*command]
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]


@contextlib.contextmanager
def running(command: Sequence[str], port: int, *, user: str | None = None) -> Iterator[int]:
    """*command*, run by *user*, once it takes connections on *port*."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(as_user(command, user), stdout=quiet, stderr=quiet)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL's word for at once
        process.wait(PATIENCE)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    eventually(lambda: _listens(port) or process.poll() is not None)
    if process.poll() is not None or not _listens(port):
        raise RuntimeError(f"{process.args!r} does not listen on port {port}")


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE):
        return True
    return False
