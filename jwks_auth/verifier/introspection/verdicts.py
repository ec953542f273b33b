"""Verdicts on tokens, and the part of their issuer that is needed for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from jwks_auth.claims import ClaimRules
from jwks_auth.jose import UnverifiedToken, VerificationKey
from jwks_auth.keys import KeyProvider
from jwks_auth.runtime import dataclass

__all__ = ["Active", "Answering", "Refusal", "Unusable"]


class Answering(Protocol):
    """An issuer that answers: its names, its rules, and the keys that may sign an answer."""

    @property
    def rules(self) -> ClaimRules:
        """The rules for its tokens."""

    @property
    def keys(self) -> KeyProvider:
        """Its keys."""

    @property
    def find(self) -> Callable[[str | None, str], VerificationKey | None]:
        """The method of its keys that never waits."""

    def goes_by(self, name: str) -> bool:
        """Return whether it may be called *name*."""

    def check_signature(self, token: UnverifiedToken, key: VerificationKey) -> None:
        """Raise ``InvalidTokenError`` unless *key* signed the token."""


class Unusable(ValueError):
    """An answer that is none, or not from whom it should be; its text says why, without quoting it."""


@dataclass(frozen=True, slots=True)
class Active:
    """The answer about a token that is active: its *claims*, and the same as the rules for times read them.

    It *is_news* unless another process was told it.
    """

    claims: dict[str, Any]
    dated: dict[str, Any]
    at: float
    is_news: bool = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer about a token that is refused."""

    code: str
    at: float
