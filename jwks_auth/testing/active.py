"""The trusts that are in force now, in every thread."""

from __future__ import annotations

from threading import RLock
from typing import Any

from jwks_auth.testing.issuer import FakeIssuer

__all__ = ["active", "lock", "trusted_issuer"]

lock = RLock()

active: list[Any] = []
"""Each ``Trust``, with its *apps* and *issuer*; the one that began last is at the end."""


def trusted_issuer(app: Any = None) -> FakeIssuer | None:
    """Return the fake issuer that *app* trusts now, or else the one that was trusted last; ``None`` without a trust."""
    with lock:
        for trust in reversed(active):
            if app is not None and any(each is app for each in trust.apps):
                return found(trust)
        return found(active[-1]) if active else None


def found(trust: Any) -> FakeIssuer | None:
    """Return the issuer of a trust."""
    issuer: FakeIssuer | None = trust.issuer
    return issuer
