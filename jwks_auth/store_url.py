"""A store named by a URL, for settings that are text."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from jwks_auth.errors import ConfigurationError
from jwks_auth.store import KeySetStore
from jwks_auth.store_file import FileStore
from jwks_auth.store_redis import RedisStore

__all__ = ["opened_store"]

_REDIS = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}


def opened_store(store: KeySetStore | str) -> KeySetStore:
    """*store*, or the one at a URL: ``redis://...``, ``rediss://...``, ``valkey://...`` or
    ``file:/directory``.

    Nothing is connected yet. Raises ``ConfigurationError`` for anything else.
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
        # Not the whole of it: a store's URL may hold a password.
        raise ConfigurationError(
            f"store: found {scheme!r}:..., expected redis://host/0, file:/directory or an object"
        )
    return FileStore(path)
