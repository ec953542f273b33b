"""The fixtures under their former name, for a ``conftest.py`` that has it; pytest finds them without."""

from jwks_auth.testing import fixtures

__all__ = ["async_jwt_client", "fake_issuer", "jwt_client", "with_token"]

async_jwt_client = fixtures.async_jwt_client
fake_issuer = fixtures.fake_issuer
jwt_client = fixtures.jwt_client
with_token = fixtures.with_token
