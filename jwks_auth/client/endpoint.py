"""A client's key endpoint: fetching from it, and reading the document."""

from __future__ import annotations

import logging
import os
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import jwt

from jwks_auth.challenge import fields
from jwks_auth.client.errors import translated
from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.http import Answer, Discovery, Metadata, Network
from jwks_auth.jose import KeySet
from jwks_auth.keys import GRACE, FetchResult, LoadRequest, Observer, RefreshReason, Snapshot, observed
from jwks_auth.runtime import BoundedCalls, give_way

__all__ = ["NAME_IN_TOKENS", "Endpoint", "copied", "key_set_of"]

NAME_IN_TOKENS = "access_token_issuer"
"""The member of AD FS's metadata, and of the document that is kept here."""

log = logging.getLogger("jwks_auth")

_NO_KEYS = "The JWK Set did not contain any keys"  # PyJWT's words, as are those below


@contextmanager
def _faults_are_ours() -> Iterator[None]:
    """Give unexpected errors a kind of their own, so that an overriding ``fetch_data`` is not blamed for them."""
    try:
        yield
    except KeySourceError:
        raise
    except Exception as exc:
        # As text: an error report with the frames themselves would show the headers in them.
        told = "".join(traceback.format_exception(exc))
        log.error("reading keys failed unexpectedly:\n%s", told, extra=fields("keys_failed", kind="internal"))
        name = type(exc).__name__
        raise KeySourceError(f"reading keys failed unexpectedly: {name}", kind="internal") from exc


class Endpoint:
    """Fetches for *client*, with the ``uri``, ``headers``, ``timeout`` and ``ssl_context`` it has at the time.

    If no ``uri`` is configured, *discovery* finds it; headers and the *network*'s token are then sent only to the
    configured origins. With *accept_empty*, a set without usable keys is no failure.
    """

    def __init__(
        self,
        client: jwt.PyJWKClient,
        discovery: Discovery | None,
        network: Network,
        *,
        accept_empty: bool,
    ) -> None:
        # requests is loaded here, when a service starts, rather than in its first fetch: an event loop would notice.
        from jwks_auth.http import Fetcher

        self._fetcher = Fetcher
        self._client, self._discovery, self._network = client, discovery, network
        self._accept_empty = accept_empty
        self._etag_from: str | None = None
        self._here = threading.local()
        self._calls = BoundedCalls()

    @property
    def request(self) -> LoadRequest | None:
        """The load request of this thread, if there is one."""
        return getattr(self._here, "request", None)

    @property
    def answer(self) -> Answer | None:
        """The last answer fetched for that request."""
        return getattr(self._here, "answer", None)

    @property
    def proxy(self) -> str | None:
        """Host and port of the proxy that is asked for the keys; ``None`` if there is none."""
        from jwks_auth.http import proxy_of

        return proxy_of(self._client.uri, self._network.session)

    def metadata(self) -> Metadata | None:
        """Fetch the issuer's metadata and return it; ``None`` if there is no need. Raises ``KeySourceError``."""
        found = self._discovery
        return None if found is None else found.found(partial(self.fetch_from, named=found.named))

    @contextmanager
    def meeting(self, request: LoadRequest, observer: Observer | None = None) -> Iterator[None]:
        """Make this thread's fetches part of *request*, before the eyes of *observer*."""
        self._here.request, self._here.answer, self._here.observer = request, None, observer
        try:
            with observed(observer, "keys"):
                yield
        finally:
            self._here.request = self._here.answer = self._here.observer = None

    @_faults_are_ours()
    def fetch(self, held: Snapshot) -> Answer:
        """Return the key set document; after a 304 the one *held*. Raises ``KeySourceError``."""
        discovery = self._discovery
        if discovery is None:
            return self._fetch_keys(held)
        self._client.uri = discovery.address(partial(self._metadata, discovery.named))
        try:
            answer = self._fetch_keys(held)
        except KeySourceError as exc:
            discovery.note_failure(exc.kind)
            raise
        discovery.note_success()
        return _naming(answer, discovery.access_token_issuer)

    def _metadata(self, named: str, url: str) -> Answer:
        with observed(getattr(self._here, "observer", None), "metadata"):
            return self.fetch_from(url, named=named)

    def _fetch_keys(self, held: Snapshot) -> Answer:
        uri, request = self._client.uri, self.request
        # An ETag belongs to one address, and discovery may have found another.
        etag = held.result.etag if self._etag_from == uri else None
        revalidate = request is None or request.reason in (RefreshReason.UNKNOWN_KID, RefreshReason.EXPLICIT)
        named = "JWKS_URI" if self._discovery is None else "`jwks_uri`"
        answer = self.fetch_from(uri, etag, revalidate=revalidate, named=named)
        if answer.document is None:
            answer = Answer(held.result.raw, answer.etag or etag, answer.max_age)
        self._etag_from, self._here.answer = uri, answer
        return answer

    def record_name(self) -> str:
        """Return a name for these keys in a store, which no client with other keys has."""
        # With the issuer, because another issuer's metadata may be at the same address.
        issuer = [] if self._discovery is None else [self._discovery.issuer]
        headers = (f"{name}: {value}" for name, value in sorted(self._client.headers.items()))
        file = self._network.bearer_file
        return "\n".join([*issuer, self._client.uri, *headers, *([] if file is None else [os.fspath(file)])])

    def fetch_from(
        self, url: str, etag: str | None = None, *, named: str, revalidate: bool = False
    ) -> Answer:
        """Return any document of the provider, within the time of the refresh; raises ``KeySourceError``.

        *named* is the setting, or member of metadata, that names *url*.
        """
        client, request = self._client, self.request
        fetcher = self._fetcher(
            headers=client.headers,
            timeout=client.timeout,
            ssl_context=client.ssl_context,
            network=self._network,
            origins=None if self._discovery is None else self._discovery.origins,
        )
        fetch = partial(fetcher.fetch, url, named=named, etag=etag, revalidate=revalidate)
        try:
            if request is not None:
                return fetch(deadline=request.deadline)
            # The source gives up a refresh that hangs; this fetch belongs to the caller alone.
            return self._calls.result(fetch, client.timeout + GRACE)
        except TimeoutError as exc:
            raise translated(KeySourceError("the fetch hangs past its deadline", kind="timeout")) from exc
        except KeySourceError as exc:
            raise translated(exc) from exc.__cause__

    @_faults_are_ours()
    def read(self, document: Any, answer: Answer | None, held: Snapshot) -> FetchResult:
        """Return the keys in *document*, or those *held* if it is the same document. *answer* is the network's.

        Raises ``KeySourceError`` if it is no key set, or one without usable keys.
        """
        document = copied(document)
        unchanged = isinstance(document, dict) and document == held.result.document
        keys = held.keys if unchanged else key_set_of(document)
        if not keys.keys and not self._accept_empty:
            raise KeySourceError(_without_keys(keys), kind="no_usable_keys")
        if answer is None:  # an overriding fetch_data got its document elsewhere
            return FetchResult(document=document, keys=keys)
        return FetchResult(
            document=document, keys=keys, raw=answer.document, etag=answer.etag, max_age=answer.max_age
        )


def copied(document: Any) -> Any:
    """Return a copy of *document*, because an override or a program may change its keys in place."""
    if not isinstance(document, dict):
        return document
    if not isinstance(document.get("keys"), list):
        return dict(document)
    return {**document, "keys": [dict(key) if isinstance(key, dict) else key for key in document["keys"]]}


def key_set_of(document: Any) -> KeySet:
    """Return the usable keys in *document*, read with a pause before each; raises ``KeySourceError``."""
    if isinstance(document, jwt.PyJWKSet):
        return KeySet.from_dict({"keys": [key._jwk_data for key in document.keys]}, pause=give_way)
    if not isinstance(document, dict):
        raise KeySourceError("The JWKS endpoint did not return a JSON object", kind="not_an_object")
    try:
        return KeySet.read(document, pause=give_way)
    except ConfigurationError as exc:
        found = "The JWKS endpoint did not return a key set" if document.get("keys") else _NO_KEYS
        raise KeySourceError(f"{found}: {exc}", kind="not_a_key_set") from exc


def _naming(answer: Answer, name: str | None) -> Answer:
    """Return *answer* with the issuer's name in access tokens (AD FS), so that a store keeps it with the keys."""
    document = answer.document
    if document is None or not isinstance(document.get("keys"), list):
        return answer
    kept = {member: value for member, value in document.items() if member != NAME_IN_TOKENS}
    return replace(answer, document=kept if name is None else {**kept, NAME_IN_TOKENS: name})


def _without_keys(keys: KeySet) -> str:
    if not keys.refused:
        return f"{_NO_KEYS}: {keys.why_unusable}"
    return f"The JWKS endpoint did not contain any signing keys: {keys.why_unusable}"
