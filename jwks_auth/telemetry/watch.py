"""``Watch``: the verification of a token that came without a request, to be counted or not."""

from __future__ import annotations

from types import TracebackType
from typing import Self, TypeVar

__all__ = ["UNWATCHED", "TokenT", "Watch"]

TokenT = TypeVar("TokenT")


class Watch:
    """A verification without a request, which nobody counts."""

    __slots__ = ()

    def about(self, token: TokenT) -> TokenT:
        """Return *token*, whose issuer is known now."""
        return token

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        """End it; nothing is done of an error."""


UNWATCHED = Watch()
"""One for all, as it remembers nothing."""
