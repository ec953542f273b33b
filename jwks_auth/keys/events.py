"""Events of a key source: one frozen value each, for logs, metrics and signals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jwks_auth.jose import RefusedKey

__all__ = ["KeyEvent", "OnEvent"]


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """Something that happened to a key source.

    ======================  ==============================================================================
    ``name``                which fields are filled
    ======================  ==============================================================================
    ``refresh_started``     ``reason``
    ``refresh_ok``          ``added`` and ``removed`` key ids, ``skipped`` members with their reasons
    ``refresh_failed``      ``kind``, ``retry_in`` seconds
    ``stale_served``        a key past its lifespan was used, because renewing it fails
    ``unknown_kid``         ``action``: ``awaited`` a fetch, or ``refused`` at once
    ``store_failed``        ``kind``
    ======================  ==============================================================================

    A bad signature under a key without a kid, or of a token without one, counts as an unknown kid.
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
"""Called in whichever thread the event happens in, never under a lock.

It must not block; if it raises, that is logged.
"""
