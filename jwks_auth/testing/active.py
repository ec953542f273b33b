"""The trusts that are in force now, in every thread."""

from __future__ import annotations

from threading import RLock
from typing import Any

__all__ = ["active", "issuer_of", "lock"]

lock = RLock()

active: list[Any] = []
"""Each ``Trust``, with its *apps* and *issuer*; the one that began last is at the end."""


def issuer_of(app: Any = None) -> Any:
    """Return the fake issuer that *app* trusts now, or else the one that was trusted last; ``None`` without a trust."""
    with lock:
        for trust in reversed(active):
            if app is not None and any(each is app for each in trust.apps):
                return trust.issuer
        return active[-1].issuer if active else None
