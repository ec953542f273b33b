"""One tenant, and the directory that settings name by its dotted path."""

from __future__ import annotations

from jwks_auth import Issuer, Tenants
from jwks_auth.testing import FakeIssuer

PATH = "tests.tenant_directory.TENANTS"

ACME = FakeIssuer("https://login.example/acme")


def find(name: str) -> Issuer | None:
    """Acme's issuer."""
    return Issuer(name, jwks=ACME.jwks) if name == ACME.issuer else None


TENANTS = Tenants(find, hosts=["login.example"])


def tokens() -> dict[str, int]:
    """Good and bad tokens, and the status that each is answered with."""
    return {
        ACME.token(): 200,
        ACME.token(aud="other"): 401,
        ACME.token(iss="https://login.example/nobody"): 401,
        FakeIssuer("https://issuer.example/").token(): 401,
        FakeIssuer(ACME.issuer).token(): 401,
    }
