"""A client's keys for a verifier: the choice of a key, the issuer's name in tokens, and shared clients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Protocol, TypeVar, cast
from weakref import ref

import jwt

from jwks_auth.client.endpoint import NAME_IN_TOKENS, Endpoint
from jwks_auth.client.view import KeySetView
from jwks_auth.http import Metadata
from jwks_auth.jose import KeySet, VerificationKey
from jwks_auth.keys import KeyProvider, KeySource, Lookup, Snapshot, key_lookup, resolved
from jwks_auth.runtime import ask

__all__ = ["SharedClients", "keys_of", "metadata_of", "naming_of", "proxy_for"]


class Client(Protocol):
    """The part of a client that this module needs."""

    uri: str
    source: KeySource

    @property
    def match_kid(self) -> Any:
        """The method that chooses a key by its kid."""

    def view_of(self, snapshot: Snapshot) -> KeySetView:
        """Return the keys in *snapshot* as PyJWT's objects."""


ClientT = TypeVar("ClientT", bound=Client)


def keys_of(client: Client) -> KeyProvider:
    """Return a key provider over *client*, which uses its ``match_kid`` if a program has overridden it."""
    if client.match_kid is jwt.PyJWKClient.match_kid:
        return client.source
    return _MatchedKeys(client)


def naming_of(client: Client, issuer: str) -> Callable[[str], bool]:
    """Return a function that tells whether access tokens call *issuer* by a name, according to its metadata (AD FS).

    Before the metadata is read, a name counts if it or the issuer looks like AD FS, so that such a token causes the
    fetch.
    """
    is_adfs = issuer.rstrip("/").endswith("/adfs")

    def calls_tokens(name: str) -> bool:
        snapshot = client.source.snapshot
        document = snapshot.result.document
        if document is None:
            return is_adfs or name.endswith("/adfs/services/trust")
        return isinstance(document, dict) and document.get(NAME_IN_TOKENS) == name

    return calls_tokens


class Asking(Protocol):
    """The part of a client that says how its endpoint is reached."""

    _endpoint: Endpoint


def metadata_of(client: Asking) -> Metadata | None:
    """Fetch the metadata that *client* finds its keys by; ``None`` if it knows their address.

    Raises ``KeySourceError``.
    """
    return client._endpoint.metadata()


def proxy_for(client: Asking) -> str | None:
    """Return host and port of the proxy through which *client* gets its keys; ``None`` if there is none."""
    return client._endpoint.proxy


class SharedClients:
    """Clients of key endpoints: one for all issuers with the same endpoint and settings, as long as one uses it."""

    def __init__(self) -> None:
        self._by_uri: dict[str, list[tuple[Mapping[str, Any], ref[Any]]]] = {}
        self._lock = Lock()

    def shared(self, client: ClientT, options: Mapping[str, Any]) -> ClientT:
        """Return the first client made with the same *options*, to use in place of *client*."""
        with self._lock:
            alive = [(made_with, known) for made_with, known in self._by_uri.get(client.uri, ()) if known()]
            for made_with, known in alive:
                if made_with == options and (found := known()) is not None:
                    return cast("ClientT", found)
            self._by_uri[client.uri] = [*alive, (options, ref(client))]
        return client


class _MatchedKeys:
    """The keys of *client*, chosen by a program's own ``match_kid``.

    The method is called with PyJWT's view of the keys that may verify signatures, and returns one of them or ``None``;
    PyJWT's error counts as ``None``. The key still verifies its own algorithms only.
    """

    def __init__(self, client: Client) -> None:
        self._client, self._source = client, client.source

    @property
    def key_set(self) -> KeySet:
        """Return the keys in hand, for display; empty before the first fetch. Never waits."""
        return self._source.key_set

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """Return the key if it is fresh. Never waits. Raises ``KeySourceError`` if the method fails."""
        snapshot = self._source.fresh()
        return None if snapshot is None else self._matched(snapshot, kid, alg)

    def resolve(self, kid: str | None, alg: str, *, tried: VerificationKey | None = None) -> VerificationKey:
        """Return the key, waiting for a fetch only if that can help; raise as the client's source does."""
        return resolved(self._source.lookup(self._lookup(kid, alg, tried)), tried)

    async def aresolve(
        self, kid: str | None, alg: str, *, tried: VerificationKey | None = None
    ) -> VerificationKey:
        """Do as :meth:`resolve`, without holding the event loop."""
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
