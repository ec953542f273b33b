"""Token introspection (RFC 7662, RFC 9701): an issuer is asked about tokens that can't be read, or may be revoked.

Nothing of a request or a framework: a token comes as text, and goes to its own issuer alone.
"""

from typing import TYPE_CHECKING

from jwks_auth.later import later
from jwks_auth.verifier.introspection.options import MODES, Introspection

if TYPE_CHECKING:
    from jwks_auth.verifier.introspection.endpoint import IntrospectionEndpoint
    from jwks_auth.verifier.introspection.introspector import Introspector

__all__ = ["MODES", "Introspection", "IntrospectionEndpoint", "Introspector"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = later(
        __name__,
        {
            "IntrospectionEndpoint": "jwks_auth.verifier.introspection.endpoint",
            "Introspector": "jwks_auth.verifier.introspection.introspector",
        },
    )
