"""A client's keys for a verifier, chosen as the client chooses them."""

from __future__ import annotations

from typing import Any, Protocol

import jwt

from jwks_auth.client.view import KeySetView
from jwks_auth.jose import KeySet, VerificationKey
from jwks_auth.keys import KeyProvider, KeySource, Lookup, Snapshot, key_lookup, resolved
from jwks_auth.runtime import ask

__all__ = ["keys_of"]


class Client(Protocol):
    """The part of a client that is needed."""

    source: KeySource

    @property
    def match_kid(self) -> Any:
        """The method that chooses a key by its kid."""

    def view_of(self, snapshot: Snapshot) -> KeySetView:
        """Return the keys in *snapshot* as PyJWT's objects."""


def keys_of(client: Client) -> KeyProvider:
    """Return a key provider over *client*, whose ``match_kid`` counts as it is now: PyJWT's, or a program's own."""
    if client.match_kid is jwt.PyJWKClient.match_kid:
        return client.source
    return _MatchedKeys(client)


class _MatchedKeys:
    """The keys of *client*, whose ``match_kid`` is a program's own.

    That is given PyJWT's view of the keys which may verify signatures, and returns one of them or ``None``; raising
    PyJWT's error is ``None``, too. Whichever it is, a key verifies no other algorithms than its own.
    """

    def __init__(self, client: Client) -> None:
        self._client, self._source = client, client.source

    @property
    def key_set(self) -> KeySet:
        """The keys in hand, for people to look at; empty before the first fetch. Never waits."""
        return self._source.key_set

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """Return the key, if it is fresh. Never waits. Raises ``KeySourceError`` for a failing method."""
        snapshot = self._source.fresh()
        return None if snapshot is None else self._matched(snapshot, kid, alg)

    def resolve(self, kid: str | None, alg: str, *, tried: VerificationKey | None = None) -> VerificationKey:
        """Return the key in whatever state, waiting only where that can help; raises as the client's source does."""
        return resolved(self._source.lookup(self._lookup(kid, alg, tried)), tried)

    async def aresolve(
        self, kid: str | None, alg: str, *, tried: VerificationKey | None = None
    ) -> VerificationKey:
        """As :meth:`resolve`, without holding the event loop."""
        return resolved(await self._source.alookup(self._lookup(kid, alg, tried)), tried)

    def _lookup(self, kid: str | None, alg: str, tried: VerificationKey | None) -> Lookup[VerificationKey]:
        return key_lookup(lambda snapshot: self._matched(snapshot, kid, alg), kid, tried)

    def _matched(self, snapshot: Snapshot, kid: str | None, alg: str) -> VerificationKey | None:
        view = self._client.view_of(snapshot)
        key = view.key_of(ask(self._match, view.signing_keys, kid))
        if key is None and kid is None:
            return snapshot.keys.select(None, alg)
        return key if key is not None and alg in key.algorithms else None

    def _match(self, signing_keys: list[jwt.PyJWK], kid: Any) -> Any:
        try:
            return self._client.match_kid(signing_keys, kid)
        except jwt.PyJWKClientError:
            return None
