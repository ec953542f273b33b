"""``PyJWKClient``, call-compatible with PyJWT's class of that name, and what only it needs.

The only room besides ``jose.jwk`` that knows PyJWT's types.
"""

from jwks_auth.client.client import PyJWKClient
from jwks_auth.client.discovered import ClientOptions, DiscoveredClient
from jwks_auth.client.keys import ClientKeys

__all__ = [
    "ClientKeys",
    "ClientOptions",
    "DiscoveredClient",
    "PyJWKClient",
]
