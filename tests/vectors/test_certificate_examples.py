"""The examples of RFC 8705 and RFC 9440: a certificate, the claim that names it, and the header that has it."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509

from jwks_auth import InvalidTokenError
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.jose.base64url import encode_base64url
from jwks_auth.proofs.certificate_forms import digest_of
from jwks_auth.testing import FakeIssuer

CNF = {"x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"}
PEM = """-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
"""
DER = base64.b64decode("".join(PEM.splitlines()[1:-1]))
FIELD = (
    ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVka"
    "WF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8Yn"
    "XXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVH"
    "SMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmR"
    "jQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5Xar"
    "mPk0wmuydBVoU4hBVZ1yhk=:"
)

HEADERS = {
    "rfc9440": f":{base64.b64encode(DER).decode()}:",
    "pem-urlencoded": quote(PEM, safe=""),
    "pem": PEM.replace("\n", " ").strip(),
    "der-base64": base64.b64encode(DER).decode(),
    "xfcc": f'By=spiffe://a;Cert="{quote(PEM, safe="")}"',
}


def sent(form: str, **more: Any) -> bool:
    """Send a token with the claim of the example; return whether the certificate in *form* is its own."""
    issuer = FakeIssuer()
    service = Authenticator(
        {
            **issuer.settings(),
            "MTLS": "accept",
            "CLIENT_CERTIFICATE": {"HEADER": "Client-Cert", "FORMAT": form},
            "TRUSTED_PROXIES": "10.0.0.0/8",
        },
        in_tests=True,
    )
    headers = [*issuer.headers(cnf=CNF).items(), ("Client-Cert", HEADERS[form])]
    token = service.authenticate(Credentials.from_headers(headers, **more))
    return token is not None and token.sender == "mtls"


@pytest.mark.parametrize("form", HEADERS)
def test_the_certificate_of_rfc_8705_is_that_of_its_claim(form: str) -> None:
    """MTLS-2, appendix A: whatever form a trusted proxy writes; from anybody else it is not read."""
    assert sent(form, peer="10.1.2.3")
    with pytest.raises(InvalidTokenError) as caught:
        sent(form, peer="192.0.2.1")
    assert caught.value.code == "missing_certificate"


def test_the_header_of_rfc_9440_has_its_certificate() -> None:
    """Appendix A: the digest is that of the certificate of the client BC."""
    certificate = x509.load_der_x509_certificate(base64.b64decode(FIELD[1:-1]))
    assert certificate.subject.rfc4514_string() == "CN=BC"
    assert digest_of("rfc9440", FIELD) == certificate.fingerprint(certificate.signature_hash_algorithm)
    assert encode_base64url(digest_of("pem", PEM) or b"") == CNF["x5t#S256"]
