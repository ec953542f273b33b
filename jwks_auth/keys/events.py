"""Events of a key source: one frozen value each, for logs, metrics and signals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jwks_auth.jose import RefusedKey
from jwks_auth.runtime import dataclass

__all__ = ["KeyEvent", "OnEvent"]


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """Something that happened to a key source.

    ======================  ==============================================================================
    ``name``                fields that are filled
    ======================  ==============================================================================
    ``refresh_started``     ``reason``
    ``refresh_ok``          ``added`` and ``removed`` key ids, ``skipped`` members with their reasons
    ``refresh_failed``      ``kind``, ``retry_in`` seconds
    ``stale_served``        none: a key past its lifespan was used, because renewing it fails
    ``unknown_kid``         ``action``: ``awaited`` a fetch, or ``refused`` at once
    ``store_failed``        ``kind``
    ``tenant_dropped``      none: the tenant ``uri`` left the cache for another (``Tenants(on_event=...)``)
    ======================  ==============================================================================

    A bad signature counts as an unknown kid if the key or the token has no kid.
    """

    name: str
    uri: str
    reason: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    skipped: tuple[RefusedKey, ...] = ()
    kind: str | None = None
    retry_in: float | None = None
    action: str | None = None


OnEvent = Callable[[KeyEvent], object]
"""A callback that is called in the thread of the event, never under a lock.

It must not block. If it raises, the exception is logged.
"""
