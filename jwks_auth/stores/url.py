"""A store named by a URL, for settings that are text."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import unquote, urlsplit
from weakref import WeakSet

from jwks_auth.challenge import fields
from jwks_auth.errors import ConfigurationError
from jwks_auth.stores.file import FileStore
from jwks_auth.stores.protocol import KeySetStore, MemoryStore, SealedStore
from jwks_auth.stores.redis import RedisStore
from jwks_auth.stores.revocations import Revocations
from jwks_auth.stores.shared_revocations import RedisRevocations

__all__ = ["is_unsealed", "opened_revocations", "opened_store", "shared_store"]

log = logging.getLogger("jwks_auth.stores.protocol")

_told_of: set[int] = set()
_told_of_objects: WeakSet[Any] = WeakSet()

_REDIS = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}


def opened_store(store: KeySetStore | str) -> KeySetStore:
    """Return *store*, or the one at a URL: ``redis://``, ``rediss://``, ``valkey://`` or ``file:/directory``.

    It connects on its first use. Raises ``ConfigurationError`` for anything else.
    """
    if not isinstance(store, str):
        if not all(callable(getattr(store, name, None)) for name in ("get", "put", "lease")):
            raise ConfigurationError(f"store: found {store!r}, expected an object with get, put and lease")
        return store
    scheme, _, rest = store.partition(":")
    if scheme in _REDIS:
        return RedisStore.from_url(f"{_REDIS[scheme]}:{rest}")
    path = unquote(urlsplit(store).path)
    if scheme != "file" or not path:
        # Only the scheme: a store's URL may hold a password.
        raise ConfigurationError(
            f"store: found {scheme!r}:..., expected redis://host/0, file:/directory or an object"
        )
    return FileStore(path)


def opened_revocations(store: Revocations | str) -> Revocations:
    """Return *store*, or the one at a URL: ``redis://``, ``rediss://`` or ``valkey://``. It connects on its first use.

    Raises ``ConfigurationError`` for anything else.
    """
    if isinstance(store, str):
        scheme, _, rest = store.partition(":")
        if scheme in _REDIS:
            return RedisRevocations.from_url(f"{_REDIS[scheme]}:{rest}")
        raise ConfigurationError(
            f"revocation: found {scheme!r}:..., expected redis://host/0, or an object with revoke, read and once"
        )
    has_all = all(callable(getattr(store, name, None)) for name in ("revoke", "read", "once"))
    if isinstance(store, type) or not has_all:
        raise ConfigurationError(
            f"revocation: found a {type(store).__name__}, expected an object with revoke, read and once"
        )
    return store


def shared_store(store: KeySetStore | str) -> KeySetStore:
    """Return the store as :func:`opened_store` does; log a warning, once in a process, if it is not sealed."""
    opened = opened_store(store)
    if is_unsealed(opened) and _is_news(store):
        kind = store.partition(":")[0] if isinstance(store, str) else type(store).__name__
        log.warning(
            "the shared store of keys (%s) is not sealed: whoever can write to it can give this service keys, and sign "
            "tokens; set STORE_SECRET, or use a SealedStore",
            kind,
            extra=fields("unsealed_store"),
        )
    return opened


def is_unsealed(store: KeySetStore) -> bool:
    """Return whether others may write keys to *store*. A process's memory and this user's files are its own."""
    return not isinstance(store, SealedStore | MemoryStore | FileStore)


def _is_news(store: KeySetStore | str) -> bool:
    if isinstance(store, str):  # its URL may hold a password, so it is not kept
        news = hash(store) not in _told_of
        _told_of.add(hash(store))
        return news
    try:
        news = store not in _told_of_objects
        _told_of_objects.add(store)
    except TypeError:  # it can't be hashed, or weakly referred to
        return True
    return news
