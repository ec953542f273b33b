"""Outcomes of a refresh that differ from a failure of its own."""

from __future__ import annotations

from jwks_auth.errors import KeySourceError

__all__ = ["Deferred", "SharedFailure"]


class Deferred(KeySourceError):
    """A refresh that ended without an answer and without a failure: waiting lookups try again."""

    def __init__(self, detail: str = "another process is fetching the keys") -> None:
        super().__init__(detail, kind="deferred")


class SharedFailure(KeySourceError):
    """A failure that all processes share: the *failures* in a row among them, and *seconds* until the next attempt.

    *told* is true if another process met it.
    """

    def __init__(self, detail: str, *, kind: str, failures: int, seconds: float, told: bool = False) -> None:
        super().__init__(detail, kind=kind, retry_after=seconds)
        self.failures, self.seconds, self.told = failures, seconds, told
