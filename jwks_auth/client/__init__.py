"""``PyJWKClient``, call-compatible with PyJWT's class of that name, and what only it needs.

The only room besides ``jose.jwk`` that knows PyJWT's types.
"""

from jwks_auth.client.client import DiscoveredClient, PyJWKClient
from jwks_auth.client.keys import SharedClients, keys_of, metadata_of, naming_of, proxy_for
from jwks_auth.client.options import ClientOptions, KeyOptions

__all__ = [
    "ClientOptions",
    "DiscoveredClient",
    "KeyOptions",
    "PyJWKClient",
    "SharedClients",
    "keys_of",
    "metadata_of",
    "naming_of",
    "proxy_for",
]
