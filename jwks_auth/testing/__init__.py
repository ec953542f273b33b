"""Test an API without a provider: real keys, real signatures, the real verifier, no network.

:class:`FakeIssuer` is an identity provider that a test owns. It is for tests and demonstrations only: its keys are
reused within the process, and anybody who has it can sign anything.
"""

from jwks_auth.testing.certificates import ClientCertificate
from jwks_auth.testing.discovery import assert_discoverable
from jwks_auth.testing.issuer import FakeIssuer
from jwks_auth.testing.keys import SigningKey
from jwks_auth.testing.senders import FakeClient
from jwks_auth.testing.trust import Trust, trusted_issuer

__all__ = [
    "ClientCertificate",
    "FakeClient",
    "FakeIssuer",
    "SigningKey",
    "Trust",
    "assert_discoverable",
    "trusted_issuer",
]
