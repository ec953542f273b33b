"""``Watch``: the verification of a token that came without a request, to be counted or not."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

__all__ = ["Watch"]


class Watch:
    """A verification without a request, which nobody counts. ``token`` is for the token, once its issuer is known."""

    token: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        """End it; nothing is done of an error."""
