"""An identity provider with pages, to develop against: people to pick, tokens with any claims, faults on demand.

``jwks-auth serve`` runs it on loopback. Its keys carry ``FakeIssuer``'s mark, so that no service in production takes
its tokens.
"""

from jwks_auth.devissuer.serve import DevServer, Options

__all__ = ["DevServer", "Options"]
