"""A server's answer: the document in it and its caching headers, or the reason why there is none."""

from __future__ import annotations

from typing import Any

from jwks_auth.errors import KeySourceError
from jwks_auth.runtime import dataclass

__all__ = ["Answer", "FetchError", "Posted"]


class FetchError(KeySourceError):
    """A document could not be fetched; ``http_status`` is the server's, if it answered with an error."""

    def __init__(
        self, detail: str, *, kind: str, retry_after: float | None = None, http_status: int | None = None
    ) -> None:
        super().__init__(detail, kind=kind, retry_after=retry_after or 1.0)
        self.http_status = http_status


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's good answer. ``document`` is ``None`` for a 304: the caller's copy is still current."""

    document: dict[str, Any] | None
    etag: str | None = None
    max_age: float | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A server's good answer to a form: its octets, and their media type in lower case."""

    body: bytes
    media_type: str
