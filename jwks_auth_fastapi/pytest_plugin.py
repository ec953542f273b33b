"""The fixtures under their former name, for a ``conftest.py`` that has it; pytest finds them without."""

from jwks_auth.testing import fixtures

__all__ = ["fake_issuer", "jwt_client", "served_issuer", "sign_in", "with_token"]

fake_issuer = fixtures.fake_issuer
jwt_client = fixtures.jwt_client
served_issuer = fixtures.served_issuer
sign_in = fixtures.sign_in
with_token = fixtures.with_token
