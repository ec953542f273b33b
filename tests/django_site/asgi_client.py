"""A client for ASGI applications that can send a header twice."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.contract.runner import Answer, Headers


async def call(app: Any, method: str, target: str, headers: Headers = (), content: bytes = b"") -> Answer:
    """One request to *app*."""
    path, _, query = target.partition("?")
    sent: list[dict[str, Any]] = []
    received = iter([{"type": "http.request", "body": content, "more_body": False}])

    async def receive() -> dict[str, Any]:
        try:
            return next(received)
        except StopIteration:
            await _forever()
            raise

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(_scope(method, path, query, headers), receive, send)
    start, *parts = sent
    decoded = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
    body = b"".join(part.get("body", b"") for part in parts)
    return Answer(start["status"], decoded, b"" if method == "HEAD" else body)  # servers drop it


def _scope(method: str, path: str, query: str, headers: Headers) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


async def _forever() -> None:
    await asyncio.Event().wait()
