"""Octets that processes share: the protocol of a store, and the stores that come with the library.

A store does not read the records it keeps: the room ``keys`` writes and judges them.
"""

from jwks_auth.stores.cache import CacheStore
from jwks_auth.stores.file import FileStore
from jwks_auth.stores.protocol import KeySetStore, MemoryStore, SealedStore, StoreError
from jwks_auth.stores.redis import RedisStore
from jwks_auth.stores.revocations import MOST_REVOCATIONS, MemoryRevocations, Revocation, Revocations, short
from jwks_auth.stores.shared_revocations import CacheRevocations, RedisRevocations
from jwks_auth.stores.url import opened_revocations, opened_store, shared_store

__all__ = [
    "MOST_REVOCATIONS",
    "CacheRevocations",
    "CacheStore",
    "FileStore",
    "KeySetStore",
    "MemoryRevocations",
    "MemoryStore",
    "RedisRevocations",
    "RedisStore",
    "Revocation",
    "Revocations",
    "SealedStore",
    "StoreError",
    "opened_revocations",
    "opened_store",
    "shared_store",
    "short",
]
