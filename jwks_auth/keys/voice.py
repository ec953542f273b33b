"""``Voice``: one source's events, told to the log, to the owner's callback and to an observer."""

from __future__ import annotations

import logging

from jwks_auth.challenge import escaped, fields
from jwks_auth.keys.events import KeyEvent, OnEvent
from jwks_auth.keys.observer import Observer
from jwks_auth.keys.state import CacheState

__all__ = ["Voice"]

_log = logging.getLogger("jwks_auth")


class Voice:
    """Tells of the source whose state is in *cache*, in the thread of the event. Call it without the lock.

    ``issuer`` is the configured name of the issuer whose keys these are, once it is known.
    """

    def __init__(self, cache: CacheState, on_event: OnEvent | None) -> None:
        self._cache, self._on_event = cache, on_event
        self.issuer: str | None = None
        self.observer: Observer | None = None

    def observe(self, observer: Observer) -> None:
        """Have *observer* see the source, unless another one does: clients may be shared."""
        self.observer = self.observer or observer

    def joined(self) -> None:
        """Tell that a lookup waits for the refresh in progress."""
        if self.observer is not None:
            self.observer.joined()

    def served_stale(self) -> None:
        """Tell that a key past its lifespan was used."""
        if self.observer is not None:
            self.observer.served_stale()
        self.tell(KeyEvent("stale_served", self._cache.uri))

    @property
    def is_heard(self) -> bool:
        """True if anybody listens besides the log."""
        return self._on_event is not None or self.observer is not None

    def tell(self, event: KeyEvent | None) -> None:
        """Log *event* and pass it to the owner."""
        if event is None:
            return
        told = fields(event.name, issuer=self.issuer, kind=event.kind)
        if event.name == "refresh_failed":
            why = self._cache.last_error or "over by now"
            _log.warning(
                "keys of %s: refresh failed (%s): %s", escaped(event.uri), event.kind, why, extra=told
            )
        elif event.name == "store_failed":
            _log.warning(
                "keys of %s: the store is of no use (%s)", escaped(event.uri), event.kind, extra=told
            )
        elif event.name == "refresh_started" and self.observer is not None:
            self.observer.started()
        self._pass_on(event)

    def _pass_on(self, event: KeyEvent) -> None:
        if self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:  # noqa: BLE001 - a user's callback must not cost a request its keys
                _log.exception("on_event failed", extra=fields("on_event_failed", issuer=self.issuer))
