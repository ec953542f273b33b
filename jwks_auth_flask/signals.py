"""Blinker signals; the sender is the Flask app. Receivers may be coroutine functions."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from blinker import NamedSignal, Namespace
from flask import Flask

from jwks_auth_flask.internals import served_by

__all__ = ["keys_refresh_failed", "keys_refreshed", "token_rejected", "token_verified"]

_signals = Namespace()

token_verified = _signals.signal("token-verified")
"""A token was accepted; sent once in a request. ``token``: the :class:`~jwks_auth.VerifiedToken`."""

token_rejected = _signals.signal("token-rejected")
"""A request with credentials was refused. ``error``: the core's exception; ``error.code`` is stable."""

keys_refreshed = _signals.signal("keys-refreshed")
"""An issuer's keys were fetched, mostly in a background thread. ``event``: the core's event."""

keys_refresh_failed = _signals.signal("keys-refresh-failed")
"""An issuer's keys could not be fetched; those in hand stay in use. ``event``: the core's event."""


def send(signal: NamedSignal, **values: Any) -> None:
    """Send for the current app."""
    if signal.receivers:
        app = served_by()
        signal.send(app, _async_wrapper=app.ensure_sync, **values)


async def asend(signal: NamedSignal, **values: Any) -> None:
    """Do as :func:`send`, on the event loop of an async view, where ``ensure_sync`` can't wait."""
    if signal.receivers:
        app = served_by()
        await signal.send_async(app, _sync_wrapper=at_once, **values)


def at_once(function: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return a coroutine function that calls *function* and is never suspended."""

    async def call(*args: Any, **values: Any) -> Any:
        return function(*args, **values)

    return call


def send_event(app: Flask, event: Any) -> None:
    """Send the core's event about an issuer's keys, mostly from a background thread."""
    signal = _BY_EVENT.get(event.name)
    if signal is not None:
        signal.send(app, _async_wrapper=app.ensure_sync, event=event)


_BY_EVENT = {"refresh_ok": keys_refreshed, "refresh_failed": keys_refresh_failed}
