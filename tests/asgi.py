"""ASGI applications under test: a real uvicorn in a thread, on a port the system picks."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from tests.patience import PATIENCE, eventually

__all__ = ["serve"]


@contextmanager
def serve(app: Any, *, http: str = "h11", **options: Any) -> Iterator[str]:
    """The URL of *app* behind uvicorn, for as long as the block lasts; *http* is ``h11`` or ``httptools``."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    config = uvicorn.Config(
        app, http=http, loop="asyncio", log_config=None, timeout_graceful_shutdown=2, **options
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=asyncio.run, args=[server.serve(sockets=[listener])], daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started or not thread.is_alive())
        assert server.started, "uvicorn did not start"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listener.close()
