"""The answer to a request that is refused, ready to be sent."""

from __future__ import annotations

import json
from dataclasses import dataclass

__all__ = ["Rejection"]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A finished answer: an adapter copies it, or shows ``error`` and ``description`` in its own shape.

    ``headers`` may name one header twice: copy them as pairs, or :attr:`fields` where a framework can't.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    error: str
    description: str

    @property
    def fields(self) -> dict[str, str]:
        """The headers by name, several values of one joined by commas (RFC 9110 section 5.3)."""
        fields: dict[str, str] = {}
        for name, value in self.headers:
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
        return fields

    @property
    def body(self) -> bytes:
        """The JSON body, ``{"error", "error_description"}``; its type is ``application/json``."""
        return json.dumps(self.document).encode()

    @property
    def document(self) -> dict[str, str]:
        """The JSON body as a dict."""
        return {"error": self.error, "error_description": self.description}
