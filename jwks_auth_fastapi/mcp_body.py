"""A request's body, read before the application reads it again."""

from __future__ import annotations

from collections import deque

from starlette.types import Message, Receive

__all__ = ["Body", "TooLarge"]


class TooLarge(Exception):
    """The body is longer than allowed."""


class Body:
    """The body that *receive* brings, of at most *longest* bytes."""

    def __init__(self, receive: Receive, longest: int) -> None:
        self._receive = receive
        self._longest = longest
        self._read: deque[Message] = deque()

    async def read(self) -> bytes:
        """Return the whole body, or what had come when the client went. Raises :class:`TooLarge`."""
        found = bytearray()
        more = True
        while more:
            message = await self._receive()
            self._read.append(message)
            found += message.get("body", b"")
            more = message.get("more_body", False)
            if len(found) > self._longest:
                raise TooLarge
        return bytes(found)

    async def again(self) -> Message:
        """Return the next message, those that were read first."""
        return self._read.popleft() if self._read else await self._receive()
