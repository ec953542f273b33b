"""Certificates that a test owns: each form is read as the proxy's, and a real handshake takes them."""

from __future__ import annotations

import ssl
from hashlib import sha256
from pathlib import Path

import pytest

from jwks_auth.proofs.certificate_forms import READERS, digest_of
from jwks_auth.testing import ClientCertificate

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
