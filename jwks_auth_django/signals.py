"""Signals, for counting and logging. A failing receiver does not affect the request."""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

__all__ = [
    "announce_keys",
    "keys_refresh_failed",
    "keys_refreshed",
    "token_rejected",
    "token_verified",
    "user_provisioned",
]

token_verified = Signal()
"""Sent once in a request: ``request``, ``token`` and ``user``; the sender is the user's class."""

token_rejected = Signal()
"""A request with credentials was refused: ``request`` and ``code``, a stable word such as ``expired``."""

user_provisioned = Signal()
"""A row was created for, or an account linked to, an identity: ``request``, ``user``, ``token`` and ``created``."""

keys_refreshed = Signal()
"""An issuer's keys were fetched: ``event``. Sent by the thread that fetched, outside any request."""

keys_refresh_failed = Signal()
"""Fetching an issuer's keys failed, and those in hand are kept: ``event``. Sent as :data:`keys_refreshed` is."""


def announce_keys(event: Any) -> None:
    """Turn a key source's event into a signal."""
    signal = {"refresh_ok": keys_refreshed, "refresh_failed": keys_refresh_failed}.get(event.name)
    if signal is not None:
        signal.send_robust(sender=type(event), event=event)
