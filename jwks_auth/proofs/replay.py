"""``Replay``: the store of proofs that were used, asked last, once a request and for a limited time."""

from __future__ import annotations

import inspect
import logging
from concurrent.futures import Future
from functools import partial
from typing import Any

from jwks_auth.challenge import fields
from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.proofs.memory import MemoryReplay
from jwks_auth.runtime import DaemonPool, elapsed
from jwks_auth.stores import RedisStore, opened_store

__all__ = ["Replay", "replay_store"]

log = logging.getLogger("jwks_auth")

_PATIENCE = 0.25
_SILENCE = 10.0
"""Seconds between lines in the log, as each request may fail."""

_PREFIX = "jwks_auth:dpop:"


def replay_store(setting: Any, *, seconds: float, clock: Any) -> Any:
    """Return the store that ``DPOP_REPLAY`` names; ``None`` for ``"off"``. Raises ``ConfigurationError``."""
    if setting == "memory":
        return MemoryReplay(seconds, clock=clock)
    if setting == "off":
        return None
    if not isinstance(setting, str):
        if not callable(getattr(setting, "first", None)):
            raise ConfigurationError(
                f"DPOP_REPLAY: found a {type(setting).__name__}, expected an object with first(name, ttl)"
            )
        return setting
    if setting.startswith("cache:"):
        raise ConfigurationError("DPOP_REPLAY: found a cache of Django's, which only Django knows")
    try:
        store = opened_store(setting)
    except ConfigurationError as error:
        raise ConfigurationError(f"DPOP_REPLAY: {error}") from None
    if not isinstance(store, RedisStore):
        raise ConfigurationError(
            'DPOP_REPLAY: found a directory, expected "memory", redis://host/0, "cache:<alias>" or an object'
        )
    return store


class Replay:
    """*store*, with a limit of a quarter of a second; while it fails requests are refused, unless it *fails_open*."""

    def __init__(self, store: Any, *, fails_open: bool = False) -> None:
        self._store, self._fails_open = store, fails_open
        self._told_at = -_SILENCE
        self._is_async = inspect.iscoroutinefunction(store.first)
        self._pool = None if isinstance(store, MemoryReplay) else DaemonPool()

    def first(self, name: str, ttl: float) -> bool:
        """Return whether the proof *name* is used for the first time; raise ``KeySourceError`` if that is unknown."""
        if self._pool is None:
            return bool(self._guarded(partial(self._store.first, name, ttl)))
        asked = self._pool.submit(partial(_answered, self._store.first, _PREFIX + name, ttl))
        return bool(self._guarded(partial(_within_patience, asked)))

    async def afirst(self, name: str, ttl: float) -> bool:
        """Do as :meth:`first`, without blocking the event loop."""
        if self._pool is None:
            return self.first(name, ttl)
        import asyncio

        try:
            if self._is_async:
                return bool(await asyncio.wait_for(self._store.first(_PREFIX + name, ttl), _PATIENCE))
            asked = self._pool.submit(partial(_answered, self._store.first, _PREFIX + name, ttl))
            return bool(await asyncio.wait_for(asyncio.wrap_future(asked), _PATIENCE))
        except Exception as exc:  # noqa: BLE001 - the store may be a user's own
            return self._failed(exc)

    def _guarded(self, call: Any) -> Any:
        try:
            return call()
        except Exception as exc:  # noqa: BLE001 - the store may be a user's own
            return self._failed(exc)

    def _failed(self, exc: Exception) -> bool:
        """Return true, for a proof that was not asked for, or raise ``KeySourceError``."""
        if elapsed() - self._told_at >= _SILENCE:
            self._told_at = elapsed()
            kind, done = type(exc).__name__, "accepted" if self._fails_open else "refused"
            log.warning(_TOLD, done, kind, extra=fields("replay_store_failed", kind=kind))
        if self._fails_open:
            return True
        if isinstance(exc, KeySourceError):
            raise exc
        raise KeySourceError("the store of used proofs failed", kind="replay") from exc


_TOLD = "proofs are %s unseen: the store of those that were used failed (%s)"


def _answered(first: Any, name: str, ttl: float) -> Any:
    answer = first(name, ttl)
    if not inspect.isawaitable(answer):
        return answer
    import asyncio

    async def awaited() -> Any:
        return await asyncio.wait_for(answer, _PATIENCE)

    return asyncio.run(awaited())


def _within_patience(asked: Future[Any]) -> Any:
    try:
        return asked.result(_PATIENCE)
    finally:
        asked.cancel()  # one that is still in line is not begun
