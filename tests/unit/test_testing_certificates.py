"""Certificates that a test owns: each form is read as the proxy's, and a real handshake takes them."""

from __future__ import annotations

import ssl
from hashlib import sha256
from pathlib import Path

import pytest

from jwks_auth import InvalidTokenError
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.proofs.certificate_forms import READERS, digest_of
from jwks_auth.testing import ClientCertificate, FakeIssuer

OURS = ClientCertificate.generate("ours")


@pytest.mark.parametrize("form", READERS)
def test_each_form_is_that_of_a_proxy(form: str) -> None:
    """The reader of the form gives the certificate's digest."""
    assert digest_of(form, OURS.field(form)) == sha256(OURS.der).digest()


def test_an_unknown_form_is_named() -> None:
    """The error lists those there are."""
    with pytest.raises(ValueError, match="found 'jks', expected one of rfc9440, "):
        OURS.field("jks")


@pytest.mark.parametrize("given", [OURS.pem, OURS.pem.encode(), OURS.der], ids=["text", "PEM", "DER"])
def test_a_certificate_of_ones_own(given: str | bytes) -> None:
    """In PEM or DER; its key stays where it is."""
    made = ClientCertificate(given)
    assert (made.pem, made.der, made.confirmation) == (OURS.pem, OURS.der, OURS.confirmation)
    with pytest.raises(ValueError, match="without its key"):
        assert made.key_pem


def test_it_is_good_for_a_handshake(tmp_path: Path) -> None:
    """Key and certificate belong together."""
    file = tmp_path / "client.pem"
    file.write_text(OURS.key_pem + OURS.pem)
    ssl.create_default_context().load_cert_chain(file)
    assert ClientCertificate.generate().confirmation != OURS.confirmation


SECRET = {"HEADER": "X-Proxy", "VALUE": "only-the-proxy-knows"}


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("secret", [None, SECRET], ids=["any proxy", "a secret"])
@pytest.mark.parametrize("dpop", [False, True], ids=["certificate", "certificate and key"])
def test_a_client_s_tokens_are_worth_nothing_without_it(
    form: str, secret: dict[str, str] | None, dpop: bool
) -> None:
    """Its headers admit it at a service with its settings; its token alone does not."""
    issuer, url = FakeIssuer(), "https://api.example/orders"
    client = issuer.client(certificate=OURS.pem, dpop=dpop)
    client.CLIENT_CERTIFICATE, client.PROXY_SECRET = {"HEADER": "X-Certificate", "FORMAT": form}, secret
    service = Authenticator({**issuer.settings(), **client.settings()}, in_tests=True)
    headers = client.headers("GET", url, sub="u1")
    token = service.authenticate(Credentials.from_headers(headers.items(), url=url))
    assert token is not None
    assert token.proofs == {"mtls", *(["dpop"] if dpop else [])}
    stolen = client.headers("GET", url, sub="u1")
    del stolen["X-Certificate"]
    with pytest.raises(InvalidTokenError) as caught:
        service.authenticate(Credentials.from_headers(stolen.items(), url=url))
    assert caught.value.code == "missing_certificate"


def test_clients_with_certificates_of_each_kind() -> None:
    """``True`` makes one; ``False`` none."""
    issuer = FakeIssuer()
    assert issuer.client().certificate is None
    assert issuer.client().settings() == {}
    assert issuer.client(certificate=OURS).certificate is OURS
    made = issuer.client(certificate=True)
    assert made.certificate is not None
    assert made.certificate.key_pem
    assert made.confirmation == made.certificate.confirmation
