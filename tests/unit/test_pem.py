"""Keys in PEM, from settings, a program or an endpoint, recognised by what they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from jwks_auth import ConfigurationError, Issuer, KeySet, KeySourceError, PyJWKClient, TokenVerifier
from jwks_auth.adapters import Settings
from jwks_auth.stores import MemoryStore
from tests.attacks import forge
from tests.fault_server import FaultServer


def public_pem(key: Any = forge.RSA_KEY) -> str:
    """The public half."""
    found: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return found.decode()


def certificate(key: Any = forge.RSA_KEY, *, days: int = -10) -> str:
    """A certificate that expired long ago."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "securetoken.example")])
    end = datetime.now(UTC) + timedelta(days=days)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, end - timedelta(days=1), end)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


PRIVATE_PEM = forge.EC_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PKCS1 = forge.RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
REQUEST = (
    x509.CertificateSigningRequestBuilder()
    .subject_name(x509.Name([]))
    .sign(forge.EC_KEY, hashes.SHA256())
    .public_bytes(Encoding.PEM)
    .decode()
)
MAPPING = {"RS256": certificate(), "ES256": public_pem(forge.EC_KEY)}
WRITTEN: dict[str, Any] = {
    "a key": public_pem(),
    "a key of PKCS 1": PKCS1,
    "octets": public_pem().encode(),
    "a certificate": certificate(),
    "a certificate with its text": "Certificate:\n    Data: 1\n" + certificate(),
    "line ends of Windows": public_pem().replace("\n", "\r\n"),
    "line ends of an environment": public_pem().replace("\n", "\\n"),
    "kids and PEM": MAPPING,
    "JSON of kids and PEM": json.dumps(MAPPING),
    "JSON of a set": json.dumps(forge.KEY_SET),
    "a set": forge.KEY_SET,
    "a KeySet": KeySet.from_dict(forge.KEY_SET),
}


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """An endpoint whose content type is JSON's, whatever it serves."""
    with FaultServer({}) as running:
        yield running


@pytest.mark.parametrize("how", WRITTEN)
def test_keys_may_be_given_in_any_of_these_forms(how: str) -> None:
    """To an ``Issuer``, by a callable, as a setting."""
    given = WRITTEN[how]
    for jwks in (given, lambda: given):
        assert TokenVerifier(Issuer(forge.ISSUER, jwks=jwks), forge.AUDIENCE).verify(forge.token())
        settings = Settings.from_mapping({"ISSUER": forge.ISSUER, "AUDIENCE": forge.AUDIENCE, "JWKS": jwks})
        assert settings.verifier().verify(forge.token())


SERVED = {
    name: text for name, text in WRITTEN.items() if isinstance(text, str | dict) and "environment" not in name
}


@pytest.mark.parametrize("how", SERVED)
@pytest.mark.parametrize("shared", [False, True], ids=["alone", "store"])
def test_an_endpoint_may_serve_any_of_these_forms(server: FaultServer, how: str, shared: bool) -> None:
    """And PyJWT's view of them is the same, for another process of a shared store too."""
    served = SERVED[how]
    server.document = (served if isinstance(served, str) else json.dumps(served)).encode()
    store = MemoryStore() if shared else None
    for _ in range(2):
        client = PyJWKClient(server.url, store=store)
        assert TokenVerifier(Issuer(forge.ISSUER, client=client), forge.AUDIENCE).verify(forge.token())
        key = client.get_jwk_set().keys[0]
        assert jwt.decode(forge.token(), key.key, ["RS256"], audience=forge.AUDIENCE)["sub"] == "user"
    assert server.requests == (1 if shared else 2)


def test_a_kid_of_a_mapping_names_its_key(server: FaultServer) -> None:
    """As in a key set: an unknown one is unknown."""
    server.document = json.dumps(MAPPING).encode()
    client = PyJWKClient(server.url)
    assert [key.key_id for key in client.get_signing_keys()] == ["RS256", "ES256"]
    assert client.fetch_data() == MAPPING
    with pytest.raises(jwt.PyJWKClientError):
        client.get_signing_key("other")


def test_an_overriding_fetch_data_may_return_kids_and_pem() -> None:
    """Wherever it has them from; what the caller then does with them is its own."""

    class Given(PyJWKClient):
        def fetch_data(self) -> Any:
            return MAPPING

    client = Given("https://id.example/")
    assert client.get_signing_key("ES256").key_type == "EC"
    assert [key.key_id for key in client.get_jwk_set().keys] == ["RS256", "ES256"]


def test_a_bad_pem_never_spoils_what_a_provider_serves(server: FaultServer) -> None:
    """It is refused with its reason, and so are weak keys."""
    weak = public_pem(rsa.generate_private_key(65537, 1024))
    served = {
        **MAPPING,
        "private": PRIVATE_PEM,
        "weak": weak,
        "text": "none",
        "number": 7,
        "request": REQUEST,
    }
    server.document = json.dumps(served).encode()
    client = PyJWKClient(server.url)
    client.warm_up()
    keys = client.source.key_set
    assert keys.kids() == {"RS256", "ES256"}
    assert {refused.kid: refused.reason for refused in keys.refused} == {
        "private": "found a private key; expected the public one (openssl pkey -pubout)",
        "weak": "RSA modulus is not between 2048 and 8192 bits",
        "text": "expected a public key or a certificate in PEM, its text and not its path",
        "number": "expected a public key or a certificate in PEM, its text and not its path",
        "request": "expected a public key or a certificate, found CERTIFICATE REQUEST",
    }


BAD = {
    "a private key": (PRIVATE_PEM, "found a private key; expected the public one"),
    "a request": (REQUEST, "expected a public key or a certificate, found CERTIFICATE REQUEST"),
    "a chain": (certificate() + certificate(forge.ATTACKER_KEY), "found 2 PEM blocks, expected one"),
    "junk": ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "found PUBLIC KEY"),
    "half a block": ("-----BEGIN ", "expected a public key or a certificate in PEM"),
}


@pytest.mark.parametrize("how", BAD)
def test_a_wrong_pem_is_named(server: FaultServer, how: str) -> None:
    """At start-up with the setting, what was found and what is expected; from an endpoint, as a failed fetch."""
    pem, reason = BAD[how]
    for jwks, where in ((pem, "PEM"), ({**MAPPING, "k1": pem}, "PEM of kid k1")):
        with pytest.raises(ConfigurationError, match=rf"\AJWKS: {where}: .*{reason}"):
            Settings.from_mapping({"ISSUER": forge.ISSUER, "AUDIENCE": "a", "JWKS": jwks})
        with pytest.raises(ConfigurationError, match=reason):
            Issuer(forge.ISSUER, jwks=jwks)
    server.document = pem.encode()
    with pytest.raises(KeySourceError, match=reason) as caught:
        PyJWKClient(server.url).warm_up()
    assert caught.value.kind == "not_a_key_set"


@pytest.mark.parametrize("wrong", ["/etc/keys/jwt.pem", "https://id.example/jwks", "", "[]", b"\xff"])
def test_text_that_is_no_key_is_told_what_is_expected(wrong: str | bytes) -> None:
    """A path or a URL, above all."""
    with pytest.raises(ConfigurationError, match=r"\AJWKS: key set: found text that is neither JSON nor PEM"):
        Settings.from_mapping({"ISSUER": forge.ISSUER, "AUDIENCE": "a", "JWKS": wrong})


def test_a_set_of_several_pem_is_whole_or_refused() -> None:
    """Where a program makes one itself."""
    assert KeySet.from_pem(MAPPING).kids() == {"RS256", "ES256"}
    with pytest.raises(ConfigurationError, match="PEM of kid k: found a private key"):
        KeySet.from_pem({**MAPPING, "k": PRIVATE_PEM})


def test_a_callable_with_a_bad_pem_keeps_the_good_ones() -> None:
    """It answers at run time, where a mistake must not stop the service."""
    issuer = Issuer(forge.ISSUER, jwks=lambda: {**MAPPING, "k": PRIVATE_PEM})
    assert issuer.keys.key_set.kids() == {"RS256", "ES256"}


def test_a_key_of_a_curve_nobody_signs_with_is_refused() -> None:
    """It is a good PEM all the same."""
    pem = public_pem(ec.generate_private_key(ec.BrainpoolP256R1()))
    with pytest.raises(ConfigurationError, match="expected a public key or a certificate"):
        KeySet.from_pem(pem)
