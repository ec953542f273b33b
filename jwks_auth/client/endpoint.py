"""The address of a client's keys, and which refresh a fetch belongs to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import jwt

from jwks_auth.client.errors import translated
from jwks_auth.errors import KeySourceError
from jwks_auth.http import Answer, Fetcher, Session
from jwks_auth.keys import GRACE, LoadRequest, RefreshReason, Snapshot
from jwks_auth.runtime import BoundedCalls

__all__ = ["Endpoint"]


class Endpoint:
    """Fetches for *client*, as its ``uri``, ``headers``, ``timeout`` and ``ssl_context`` are at that moment."""

    def __init__(self, client: jwt.PyJWKClient, *, session: Session | None, max_bytes: int) -> None:
        self._client, self._session, self._max_bytes = client, session, max_bytes
        self._etag_from: str | None = None
        self._here = threading.local()
        self._calls = BoundedCalls()

    @property
    def request(self) -> LoadRequest | None:
        """The refresh that this thread is making, if it is making one."""
        return getattr(self._here, "request", None)

    @property
    def answer(self) -> Answer | None:
        """The last answer fetched."""
        return getattr(self._here, "answer", None)

    @contextmanager
    def filling(self, request: LoadRequest) -> Iterator[None]:
        """Make this thread's fetches part of *request*."""
        self._here.request, self._here.answer = request, None
        try:
            yield
        finally:
            self._here.request = self._here.answer = None

    def fetch(self, held: Snapshot) -> Answer:
        """The key set document; after a 304 the one *held*. Raises ``KeySourceError``."""
        uri, request = self._client.uri, self.request
        # An ETag is one address's word, and discovery may have brought another.
        etag = held.loaded.etag if self._etag_from == uri else None
        revalidate = request is None or request.reason in (RefreshReason.UNKNOWN_KID, RefreshReason.EXPLICIT)
        answer = self.fetch_from(uri, etag, revalidate=revalidate)
        if answer.document is None:
            answer = Answer(held.loaded.raw, answer.etag or etag, answer.max_age)
        self._etag_from, self._here.answer = uri, answer
        return answer

    def fetch_from(self, url: str, etag: str | None = None, *, revalidate: bool = False) -> Answer:
        """Any document of the provider, within the time of the refresh; raises ``KeySourceError``."""
        client, request = self._client, self.request
        fetcher = Fetcher(
            headers=client.headers,
            timeout=client.timeout,
            ssl_context=client.ssl_context,
            session=self._session,
            max_bytes=self._max_bytes,
        )
        fetch = partial(fetcher.fetch, url, etag=etag, revalidate=revalidate)
        try:
            if request is not None:
                return fetch(deadline=request.deadline)
            # A refresh that hangs is given up by its source; this one is nobody's but the caller's.
            return self._calls.result(fetch, client.timeout + GRACE)
        except TimeoutError as exc:
            raise translated(KeySourceError("the fetch hangs past its deadline", kind="timeout")) from exc
        except KeySourceError as exc:
            raise translated(exc) from exc.__cause__
