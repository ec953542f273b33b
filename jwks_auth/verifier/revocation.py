"""One worker's copy of the revocations: judged by on each request, renewed in the background.

Requests wait for a renewal only if the copy is old: in a new process, in one that was idle or frozen, and while the
store is away.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from math import inf
from threading import Lock
from typing import Any
from weakref import WeakSet

from jwks_auth.challenge import fields
from jwks_auth.claims import VerifiedToken, needed_issuer
from jwks_auth.errors import ConfigurationError, InvalidTokenError, KeySourceError
from jwks_auth.runtime import elapsed, in_background
from jwks_auth.stores import Revocation, Revocations, opened_revocations
from jwks_auth.verifier.revoked import Revoked

__all__ = ["RevocationCopy", "revocation_copy"]

log = logging.getLogger(__name__)

_YOUNG = 1.0  # seconds; an older copy is renewed
_OLD = 10.0  # seconds; an older copy is not judged by
_WAIT = 0.25  # seconds that a request waits for a renewal
_PAUSE = 1.0  # seconds between renewals that fail
_HANGS = 1.0  # seconds after which a renewal is waited for no more
_LOST = 30.0  # seconds after which a renewal that hangs keeps no other from beginning
_MOST_HANGING = 2


class _Renewal:
    """One reading of the store, by a thread of its own."""

    def __init__(self, now: float) -> None:
        self.began, self._process = now, os.getpid()
        self.ended: Future[None] = Future()
        self.ended.set_running_or_notify_cancel()  # so that a cancelled request does not cancel it for the others

    def runs(self, now: float, seconds: float) -> bool:
        """Return whether it has run for less than *seconds*; its thread may be a parent process's."""
        return not self.ended.done() and self._process == os.getpid() and now - self.began < seconds


class RevocationCopy:
    """The revocations in *store*. One that *fails_open* lets tokens pass while the store can't be read.

    *clock* gives seconds since 1970; *age_clock*, seconds that never decrease. *spawn* runs a function in a thread.
    """

    def __init__(
        self,
        store: Revocations,
        *,
        clock: Callable[[], float],
        fails_open: bool = False,
        age_clock: Callable[[], float] = elapsed,
        spawn: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        self.store, self._fails_open = store, fails_open
        self._clock, self._age_clock, self._spawn = clock, age_clock, spawn
        self._revoked = Revoked()
        self._read_at, self._position = -inf, None
        self._next_try = -inf
        self._failed = False
        self._renewal: _Renewal | None = None
        self._hanging: tuple[_Renewal, ...] = ()
        self._lock = Lock()
        _copies.add(self)
        listeners: Any = getattr(store, "listeners", None)
        if listeners is not None:
            listeners.add(self)

    def check(self, token: VerifiedToken) -> None:
        """Raise ``InvalidTokenError`` if *token* is revoked, and ``KeySourceError`` if that can't be told."""
        age = self._age_clock() - self._read_at
        if age > _YOUNG:
            renewal = self._renew()
            if age > _OLD and renewal is not None:
                with suppress(TimeoutError):
                    renewal.ended.result(_WAIT)
        self._judge(token)

    async def acheck(self, token: VerifiedToken) -> None:
        """Do as :meth:`check`, without blocking the event loop."""
        age = self._age_clock() - self._read_at
        if age > _YOUNG:
            renewal = self._renew()
            if age > _OLD and renewal is not None:
                import asyncio  # which only async services load

                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.wrap_future(renewal.ended), _WAIT)
        self._judge(token)

    def warm_up(self) -> None:
        """Read the store now, so that the first request need not wait; raise ``KeySourceError`` if that fails."""
        renewal = self._renew()
        if renewal is not None:
            with suppress(TimeoutError):
                renewal.ended.result(_HANGS)
        self._check_age()

    async def awarm_up(self) -> None:
        """Do as :meth:`warm_up`, without blocking the event loop."""
        import asyncio

        await asyncio.to_thread(self.warm_up)

    def learn(self, revocation: Revocation) -> None:
        """Take a revocation that was made in this process."""
        self._revoked.add(revocation)

    def _judge(self, token: VerifiedToken) -> None:
        if self._revoked.cover(token):
            raise InvalidTokenError("revoked")
        needed_issuer(token, "revocation")
        self._check_age()

    def _check_age(self) -> None:
        if not self._fails_open and self._age_clock() - self._read_at > _OLD:
            raise KeySourceError("revocation: the store can't be read", kind="store")

    def _renew(self) -> _Renewal | None:
        """Return the renewal in progress, or a new one; ``None`` while none may begin."""
        now = self._age_clock()
        renewal = self._renewal
        if renewal is not None and renewal.runs(now, _HANGS):
            return renewal
        if not self._lock.acquire(blocking=False):
            return self._renewal  # another thread begins one
        try:
            return self._renewal if self._renewal is not renewal else self._begun(now)
        finally:
            self._lock.release()

    def _begun(self, now: float) -> _Renewal | None:
        before = self._hanging if self._renewal is None else (*self._hanging, self._renewal)
        self._hanging = tuple(each for each in before if each.runs(now, _LOST))
        self._renewal = None
        if now < self._next_try or len(self._hanging) >= _MOST_HANGING:
            return None
        self._renewal = renewal = _Renewal(now)
        try:
            self._spawn(lambda: self._read(renewal))
        except RuntimeError as exc:  # no more threads
            self._end(renewal, exc)
        return renewal

    def _read(self, renewal: _Renewal) -> None:
        try:
            found, position = self.store.read(self._position)
            self._revoked.purge(self._clock())
            for each in found:
                self._revoked.add(each)
        except Exception as exc:  # noqa: BLE001 - a store may raise anything
            self._end(renewal, exc)
            return
        if renewal.began > self._read_at:  # a later one may have ended before
            self._position, self._read_at = position, renewal.began
        self._end(renewal, None)

    def _end(self, renewal: _Renewal, error: Exception | None) -> None:
        if error is not None:
            self._next_try = self._age_clock() + _PAUSE
        if self._failed != (error is not None):
            self._failed = error is not None
            if error is None:
                log.info("the store of revocations can be read again", extra=fields("revocations_read"))
            else:  # without the text, which may hold the store's URL
                kind = type(error).__name__
                told = fields("revocations_failed", kind=kind)
                log.error("the store of revocations can't be read: %s", kind, extra=told)
        renewal.ended.set_result(None)


def revocation_copy(
    given: Revocations | str | None, fails: str, clock: Callable[[], float]
) -> RevocationCopy | None:
    """Return a copy of the store *given*, an object or its URL; raise ``ConfigurationError``."""
    if fails not in ("closed", "open"):
        raise ConfigurationError(f"revocation_fails: found {fails!r}, expected 'closed' or 'open'")
    if given is None:
        if fails != "closed":
            raise ConfigurationError("revocation_fails: found no revocation that it could be about")
        return None
    return RevocationCopy(opened_revocations(given), clock=clock, fails_open=fails == "open")


_copies: WeakSet[RevocationCopy] = WeakSet()


def _after_fork_in_child() -> None:
    for copy in _copies:
        copy._lock = Lock()  # a thread that the child lacks may have held it


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
