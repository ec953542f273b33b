"""``PyJWKClient``: PyJWT's class of the same name, with keys that stay available.

A drop-in for ``jwt.PyJWKClient`` (2.15): the same parameters, request, defaults, methods and exceptions. What
is deliberately different is listed in ``docs/migrations/pyjwt.md``.
"""

from __future__ import annotations

import ssl
from os import PathLike
from typing import TYPE_CHECKING, Any

import jwt

from jwks_auth.client.endpoint import Endpoint, copied
from jwks_auth.client.errors import ClientConfigurationError, UnknownKeyError, translated
from jwks_auth.client.options import check_objects, check_rules, check_uri
from jwks_auth.client.view import KeySetView, SetCache, Views, header_of, value_of
from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.http import Answer, Discovery, Network, without_query
from jwks_auth.keys import (
    FetchResult,
    Health,
    KeySource,
    LoadRequest,
    Lookup,
    OnEvent,
    RecentKids,
    Rules,
    SharedLoad,
    Snapshot,
)
from jwks_auth.runtime import RawToken
from jwks_auth.stores import KeySetStore, shared_store

if TYPE_CHECKING:
    from jwks_auth.http import Session

__all__ = ["DiscoveredClient", "PyJWKClient"]


class PyJWKClient(jwt.PyJWKClient):
    """Keys of one JWKS endpoint, fetched once for all threads and event loops, and kept through outages.

    The parameters up to *cooldown_duration* are PyJWT's. Durations are seconds. *timeout* bounds a whole
    fetch; *wait* (default: *timeout*) bounds a caller's wait for one. While the endpoint fails, keys past *lifespan*
    are used for *stale_if_error* more; 0 means never. With *accept_empty*, a set without usable keys replaces the old
    keys instead of counting as a failure. *session* is a ``requests.Session`` for proxies and client certificates; it
    is not changed. *ca_file* holds authorities that are trusted beside the system's; *bearer_file*, a token that is
    read and sent with each fetch. *store* is shared with other processes: an object, or a URL (``redis://...``,
    ``file:/directory``). *on_event* is called with refreshes and failures
    (:class:`~jwks_auth.keys.events.KeyEvent`).

    A wrong parameter raises an error that is both a ``ConfigurationError`` and a ``PyJWKClientError``.
    """

    _discovery: Discovery | None = None

    def __init__(
        self,
        uri: str,
        cache_keys: bool = False,
        max_cached_keys: int | None = 16,
        cache_jwk_set: bool = True,
        lifespan: float = 300,
        headers: dict[str, Any] | None = None,
        timeout: float = 30,
        ssl_context: ssl.SSLContext | None = None,
        cooldown_duration: float = 30,
        *,
        wait: float | None = None,
        stale_if_error: float = 3600,
        accept_empty: bool = False,
        session: Session | None = None,
        ca_file: str | PathLike[str] | None = None,
        bearer_file: str | PathLike[str] | None = None,
        store: KeySetStore | str | None = None,
        max_response_bytes: int = 1_048_576,
        on_event: OnEvent | None = None,
    ) -> None:
        check_uri(uri)
        self.uri, self.headers = uri, {} if headers is None else headers
        self.timeout, self.ssl_context, self.cooldown_duration = timeout, ssl_context, cooldown_duration
        network = Network(
            session=session, ca_file=ca_file, bearer_file=bearer_file, max_bytes=max_response_bytes
        )
        check_objects(self.headers, max_cached_keys, network, ssl_context=ssl_context, on_event=on_event)
        rules = Rules(
            lifespan=lifespan if cache_jwk_set or cache_keys else 1.0,
            stale_if_error=stale_if_error,
            cooldown=cooldown_duration,
            timeout=timeout,
            wait=timeout if wait is None else wait,
        )
        check_rules(rules, max_response_bytes)
        self._endpoint = Endpoint(self, self._discovery, network, accept_empty=accept_empty)
        recent = None if cache_jwk_set else RecentKids(max_cached_keys if cache_keys else 0)
        load = self._load if store is None else self._sharing(store, rules, 4 * max_response_bytes)
        self.source = KeySource(load, rules, uri=without_query(uri), recent=recent, on_event=on_event)
        self._views = Views()
        self.jwk_set_cache = None
        if cache_jwk_set:
            self.jwk_set_cache = SetCache(
                lifespan, state=lambda: self.source.state, show=self.get_jwk_set, fill=self._fill
            )

    # What PyJWT's class offers

    def fetch_data(self) -> Any:
        """Fetch and return the key set document: the one method to override or patch.

        A refresh calls it once, in a thread of its own. Any other call also puts the document in the cache, as
        PyJWT's does. If the endpoint answers that nothing has changed (304), it returns the document from before. An
        override may return a ``dict`` or a ``PyJWKSet``.
        """
        endpoint = self._endpoint
        if (request := endpoint.request) is not None:
            return copied(endpoint.fetch(request.held).document)
        answer = endpoint.fetch(held := self.source.snapshot)
        self._publish(answer.document, answer, held)
        return copied(answer.document)

    def get_jwk_set(self, refresh: bool = False) -> jwt.PyJWKSet:
        """Return the whole set, with keys for encryption; *refresh* always asks the endpoint."""
        return self._views.of(value_of(self.source.lookup(_WHOLE, force=refresh))).jwk_set

    def get_signing_keys(self, refresh: bool = False) -> list[jwt.PyJWK]:
        """Return the keys that may verify signatures and have a kid."""
        return self._views.of(value_of(self.source.lookup(_WHOLE, force=refresh))).listed()

    def get_signing_key(self, kid: str | None) -> jwt.PyJWK:
        """Return the key named *kid*; for ``None``, the only key of the set.

        A kid that is not in the cache causes a fetch, as often as *cooldown_duration* allows. Raises
        ``PyJWKClientError`` for a kid that is not in the set, and ``PyJWKClientConnectionError`` if the set can't be
        fetched.
        """
        snapshot = self.source.fresh()
        if snapshot is not None:
            try:
                return snapshot.found[kid]  # type: ignore[index,no-any-return]
            except (KeyError, TypeError):
                pass  # not looked up yet, not in the set, or not hashable
        return value_of(self.source.lookup(self._lookup(kid, None)))

    def get_signing_key_from_jwt(self, token: str | bytes) -> jwt.PyJWK:
        """Return the key that *token*'s header names; raise ``jwt.DecodeError`` if it is no token."""
        sent = RawToken(token)
        del token
        kid, alg = sent.read(header_of)
        # A method that was overridden, or patched by a test, is called for tokens without a kid too, as in PyJWT.
        if kid is not None or getattr(self.get_signing_key, "__func__", None) is not _GET_SIGNING_KEY:
            return self.get_signing_key(kid)
        return value_of(self.source.lookup(self._lookup(kid, alg)))

    # The same for event loops

    async def aget_jwk_set(self, refresh: bool = False) -> jwt.PyJWKSet:
        """Do as :meth:`get_jwk_set`, without holding the event loop."""
        return self._views.of(value_of(await self.source.alookup(_WHOLE, force=refresh))).jwk_set

    async def aget_signing_keys(self, refresh: bool = False) -> list[jwt.PyJWK]:
        """Do as :meth:`get_signing_keys`, without holding the event loop."""
        return self._views.of(value_of(await self.source.alookup(_WHOLE, force=refresh))).listed()

    async def aget_signing_key(self, kid: str | None) -> jwt.PyJWK:
        """Do as :meth:`get_signing_key`, without holding the event loop."""
        return value_of(await self.source.alookup(self._lookup(kid, None)))

    async def aget_signing_key_from_jwt(self, token: str | bytes) -> jwt.PyJWK:
        """Do as :meth:`get_signing_key_from_jwt`, without holding the event loop."""
        sent = RawToken(token)
        del token
        return value_of(await self.source.alookup(self._lookup(*sent.read(header_of))))

    def warm_up(self, refresh: bool = False) -> None:
        """Fetch the keys now, unless they are in the cache; *refresh* always asks the endpoint.

        Raises as :meth:`get_jwk_set`, but not for keys that PyJWT can't represent.
        """
        value_of(self.source.lookup(_WHOLE, force=refresh))

    async def awarm_up(self, refresh: bool = False) -> None:
        """Do as :meth:`warm_up`, without holding the event loop."""
        value_of(await self.source.alookup(_WHOLE, force=refresh))

    def health(self) -> Health:
        """Return state, age, last error, next attempt and number of keys. Never waits."""
        return self.source.health()

    def view_of(self, snapshot: Snapshot) -> KeySetView:
        """Return the keys in *snapshot* as PyJWT's objects."""
        return self._views.of(snapshot)

    # Between the source and fetch_data

    def _load(self, request: LoadRequest) -> FetchResult:
        endpoint = self._endpoint
        with endpoint.meeting(request, self.source.voice.observer):
            result = endpoint.read(self.fetch_data(), endpoint.answer, request.held)
        self._views.prepare(result, request.held)
        return result

    def _publish(self, document: Any, answer: Answer | None, held: Snapshot) -> None:
        try:
            self.source.publish(self._endpoint.read(document, answer, held))
        except KeySourceError as exc:
            raise translated(exc) from exc.__cause__

    def _fill(self, document: Any) -> None:
        if document is None:
            self.source.publish(None)
        else:
            self._publish(document, None, self.source.snapshot)

    def _sharing(self, store: KeySetStore | str, rules: Rules, most_bytes: int) -> SharedLoad:
        try:
            opened = shared_store(store)
        except ConfigurationError as exc:
            raise ClientConfigurationError(str(exc)) from exc
        return SharedLoad(
            self._load,
            opened,
            rules,
            name=self._endpoint.record_name(),
            on_failure=lambda kind: self.source.note_store_failure(kind),
            most_bytes=most_bytes,
        )

    def _lookup(self, kid: str | None, alg: str | None) -> Lookup[jwt.PyJWK]:
        if kid is not None and not isinstance(kid, str):
            raise UnknownKeyError  # a list, from an unchecked header, is not hashable

        def pick(snapshot: Snapshot) -> jwt.PyJWK | None:
            view = self._views.of(snapshot)
            if kid is None:
                # None is no kid, but an overriding match_kid may have a key for it.
                return self.match_kid(view.signing_keys, kid) or view.only(alg)  # type: ignore[arg-type]
            found = self.match_kid(view.signing_keys, kid)
            # An overriding match_kid may decide otherwise later, as to drop a key that the provider still publishes.
            return snapshot.remember(kid, found) if self.match_kid is jwt.PyJWKClient.match_kid else found

        return Lookup(pick, kid)


class DiscoveredClient(PyJWKClient):
    """A client that finds the keys' address in the issuer's metadata when it first needs them."""

    def __init__(self, discovery: Discovery, **options: Any) -> None:
        self._discovery = discovery
        super().__init__(discovery.urls[0], **options)


_GET_SIGNING_KEY = PyJWKClient.get_signing_key
_WHOLE: Lookup[Snapshot] = Lookup(lambda snapshot: snapshot)
