"""The fixtures under their former name, for a ``conftest.py`` that has it; pytest finds them without."""

from jwks_auth.testing.fixtures import fake_issuer, served_issuer, with_token

__all__ = ["fake_issuer", "served_issuer", "with_token"]
