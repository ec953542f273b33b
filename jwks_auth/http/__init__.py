"""Outgoing requests: the transport with its limits, one fetch of a document, and an issuer's metadata.

The only room that imports ``requests`` and ``urllib3``. It keeps no keys and knows no cache.
"""

from typing import TYPE_CHECKING

from jwks_auth.http.answer import Answer, FetchError, Posted
from jwks_auth.http.discovery import Discovery, Metadata, checked_issuer
from jwks_auth.http.network import Network
from jwks_auth.http.urls import checked_url, http_allowed, is_loopback, origin_of, without_query
from jwks_auth.later import later

if TYPE_CHECKING:
    from jwks_auth.http.fetch import Fetcher
    from jwks_auth.http.transport import Session, proxy_of

__all__ = [
    "Answer",
    "Discovery",
    "FetchError",
    "Fetcher",
    "Metadata",
    "Network",
    "Posted",
    "Session",
    "checked_issuer",
    "checked_url",
    "http_allowed",
    "is_loopback",
    "origin_of",
    "proxy_of",
    "without_query",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = later(
        __name__,
        {
            "Fetcher": "jwks_auth.http.fetch",
            "Session": "jwks_auth.http.transport",
            "proxy_of": "jwks_auth.http.transport",
        },
    )
