"""Headers for shared caches, and the challenge of a refusal, on all answers to guarded connections.

A route may return a response of its own, raise, stream, or accept a WebSocket. All of these are sent, so ``send`` adds
the headers.
"""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jwks_auth.adapters import finished_headers
from jwks_auth_fastapi.internals import send_cell

__all__ = ["Finished", "finishing"]

_WATCHED = "jwks_auth.watched"
_STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})


def finishing(scope: Scope, send: Send) -> Send:
    """Return a *send* that finishes the answer on the connection of *scope*.

    The server's ``send`` is replaced in the outermost layer of Starlette, so that the errors that the layers around a
    route answer are finished too.
    """
    if scope.get(_WATCHED):
        return send
    scope[_WATCHED] = True
    cell = send_cell(send)
    deliver: Send = send if cell is None else cell.cell_contents

    async def finished(message: Message) -> None:
        await deliver(_finished(scope, message))

    if cell is None:
        return finished
    cell.cell_contents = finished
    return send


class Finished:
    """An ASGI application whose answers are finished."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Call the application with such a ``send``. This is no coroutine, so no frame of it holds the header."""
        return self.app(scope, receive, finishing(scope, send))


def _finished(scope: Scope, message: Message) -> Message:
    if message["type"] not in _STARTS:
        return message
    given = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.get("headers", ())]
    headers = finished_headers(scope, given, message.get("status"))
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return {**message, "headers": raw}
