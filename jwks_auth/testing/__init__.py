"""Test an API without a provider: real keys, real signatures, the real verifier, no network.

:class:`FakeIssuer` is an identity provider that a test owns. It is for tests and demonstrations only: its keys are
reused within the process, and anybody who has it can sign anything.
"""

from typing import TYPE_CHECKING

from jwks_auth.later import later

if TYPE_CHECKING:
    from jwks_auth.testing.amended import beside
    from jwks_auth.testing.certificates import ClientCertificate
    from jwks_auth.testing.clients import trusted_issuer, with_token
    from jwks_auth.testing.discovery import assert_discoverable
    from jwks_auth.testing.hostile import hostile_tokens
    from jwks_auth.testing.issuer import FakeIssuer
    from jwks_auth.testing.keys import SigningKey
    from jwks_auth.testing.protected import assert_rows_protected
    from jwks_auth.testing.refusing import aassert_refuses, assert_refuses
    from jwks_auth.testing.senders import FakeClient
    from jwks_auth.testing.trust import Trust, trusting_settings

__all__ = [
    "ClientCertificate",
    "FakeClient",
    "FakeIssuer",
    "SigningKey",
    "Trust",
    "aassert_refuses",
    "assert_discoverable",
    "assert_refuses",
    "assert_rows_protected",
    "beside",
    "hostile_tokens",
    "trusted_issuer",
    "trusting_settings",
    "with_token",
]

if not TYPE_CHECKING:  # pytest imports the fixtures of this package at every start
    __getattr__, __dir__ = later(
        __name__,
        {
            "aassert_refuses": "jwks_auth.testing.refusing",
            "assert_discoverable": "jwks_auth.testing.discovery",
            "assert_refuses": "jwks_auth.testing.refusing",
            "assert_rows_protected": "jwks_auth.testing.protected",
            "beside": "jwks_auth.testing.amended",
            "ClientCertificate": "jwks_auth.testing.certificates",
            "FakeClient": "jwks_auth.testing.senders",
            "FakeIssuer": "jwks_auth.testing.issuer",
            "hostile_tokens": "jwks_auth.testing.hostile",
            "SigningKey": "jwks_auth.testing.keys",
            "Trust": "jwks_auth.testing.trust",
            "trusted_issuer": "jwks_auth.testing.clients",
            "trusting_settings": "jwks_auth.testing.trust",
            "with_token": "jwks_auth.testing.clients",
        },
    )
