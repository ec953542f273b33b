"""NEW"""

from __future__ import annotations

import ssl
from typing import Any, TypedDict

from jwks_auth.client.client import PyJWKClient
from jwks_auth.errors import KeySourceError
from jwks_auth.http import Discovery, Session
from jwks_auth.keys import OnEvent
from jwks_auth.stores import KeySetStore

__all__ = ["ClientOptions", "DiscoveredClient"]


class DiscoveredClient(PyJWKClient):
    """A client that asks the issuer's metadata where the keys are, when it first needs them."""

    def __init__(self, discovery: Discovery, **options: Any) -> None:
        self._discovery = discovery
        super().__init__(discovery.urls[0], **options)

    def fetch_data(self) -> Any:
        """The key set document, from wherever the issuer says it is."""
        self.uri = self._discovery.jwks_uri(self._endpoint.fetch_from)
        try:
            document = super().fetch_data()
        except KeySourceError as exc:
            self._discovery.note_failure(exc.kind)
            raise
        self._discovery.note_success()
        return document

    def _record_name(self) -> str:
        # Another issuer's metadata may be at the same address; who took that one's keys would not see that it is.
        return f"{self._discovery.issuer}\n{super()._record_name()}"


class ClientOptions(TypedDict, total=False):
    """Options that :class:`Issuer` hands on to the :class:`PyJWKClient` it makes.

    Defaults and meaning are the client's.
    """

    headers: dict[str, Any] | None
    ssl_context: ssl.SSLContext | None
    session: Session | None
    store: KeySetStore | str | None
    lifespan: float
    cooldown_duration: float
    stale_if_error: float
    cache_jwk_set: bool
    cache_keys: bool
    max_cached_keys: int
    accept_empty: bool
    max_response_bytes: int
    on_event: OnEvent | None
