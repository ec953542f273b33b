"""A client's keys for a verifier, chosen as the client chooses them."""

from __future__ import annotations

from typing import Any

import jwt

from jwks_auth.client.client import PyJWKClient
from jwks_auth.jose import KeySet, VerificationKey
from jwks_auth.keys import Lookup, Snapshot, resolved, wanted_key
from jwks_auth.runtime import ask

__all__ = ["ClientKeys"]


class ClientKeys:
    """A key provider over *client*, whose ``match_kid`` may be a program's own.

    That is given PyJWT's view of the keys which may verify signatures, and returns one of them or ``None``; raising
    PyJWT's error is ``None``, too. Whichever it is, a key verifies no other algorithms than its own.
    """

    def __init__(self, client: PyJWKClient) -> None:
        self._client, self._source = client, client.source

    @property
    def key_set(self) -> KeySet:
        """The keys in hand, for people to look at; empty before the first fetch. Never waits."""
        return self._source.key_set

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """The key, if it is fresh. Never waits and starts nothing. Raises ``KeySourceError`` for a failing method."""
        if self._client.match_kid is jwt.PyJWKClient.match_kid:
            return self._source.find(kid, alg)
        snapshot = self._source.cache.snapshot
        return self._matched(snapshot, kid, alg) if self._source.clock() < snapshot.fresh_until else None

    def resolve(self, kid: str | None, alg: str, *, tried: VerificationKey | None = None) -> VerificationKey:
        """The key in whatever state, waiting only where that can help; raises as the client's source does."""
        return resolved(self._source.lookup(self._wanted(kid, alg, tried)), tried)

    async def aresolve(
        self, kid: str | None, alg: str, *, tried: VerificationKey | None = None
    ) -> VerificationKey:
        """As :meth:`resolve`, without holding the event loop."""
        return resolved(await self._source.alookup(self._wanted(kid, alg, tried)), tried)

    def _wanted(self, kid: str | None, alg: str, tried: VerificationKey | None) -> Lookup[VerificationKey]:
        if self._client.match_kid is jwt.PyJWKClient.match_kid:
            return wanted_key(lambda snapshot: snapshot.keys.select(kid, alg), kid, tried)
        return wanted_key(lambda snapshot: self._matched(snapshot, kid, alg), kid, tried)

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
