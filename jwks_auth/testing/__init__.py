"""Test an API without a provider: real keys, real signatures, the real verifier, no network.

:class:`FakeIssuer` is an identity provider that a test owns. It is for tests and demonstrations only: its keys are
reused within the process, and anybody who has it can sign anything.
"""

from jwks_auth.testing.discovery import assert_discoverable
from jwks_auth.testing.issuer import FakeIssuer
from jwks_auth.testing.keys import SigningKey

__all__ = [
    "FakeIssuer",
    "SigningKey",
    "assert_discoverable",
]
