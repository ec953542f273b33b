"""The certificate of a request: each source, what contradicts it in the settings, and functions that fail."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

import pytest

from jwks_auth import ANY_PROXY, AuthError, ConfigurationError, Issuer, KeySourceError, TokenVerifier
from jwks_auth.adapters import Authenticator, Credentials, Requirement, Settings
from jwks_auth.testing import FakeIssuer

ISSUER = FakeIssuer()
DER = b"0\x82a certificate"
PEM = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(DER).decode()}\n-----END CERTIFICATE-----\n"
THUMBPRINT = base64.urlsafe_b64encode(sha256(DER).digest()).rstrip(b"=").decode()
HEADER = {"HEADER": "Client-Cert", "FORMAT": "der-base64"}
SECRET = {"HEADER": "X-Proxy", "VALUE": "only-the-proxy-knows"}


def service(**settings: Any) -> Authenticator:
    """A service that takes bound tokens."""
    return Authenticator({**ISSUER.settings(), "MTLS": "accept", **settings}, in_tests=True)


def code(made: Authenticator, *headers: tuple[str, str], **more: Any) -> str:
    """The code of the refusal of a bound token with these parts of a request; the way it was proved if admitted."""
    sent = [*ISSUER.headers(cnf={"x5t#S256": THUMBPRINT}).items(), *headers]
    try:
        token = made.authenticate(Credentials.from_headers(sent, **more))
    except AuthError as error:
        return error.code
    return str(token and token.sender)


@pytest.mark.parametrize(
    "certificate", [PEM, PEM.encode(), DER, f"\n{PEM}", PEM.replace("\n", "\r\n")], ids=str
)
def test_the_servers_own_certificate(certificate: Any) -> None:
    """``tls`` takes it in PEM or DER; a function's is taken in the same forms."""
    assert code(service(CLIENT_CERTIFICATE="tls"), certificate=certificate) == "mtls"
    assert code(service(CLIENT_CERTIFICATE=lambda credentials: certificate)) == "mtls"


@pytest.mark.parametrize(
    "certificate", [b"x", "x", PEM * 2, PEM[:-40], "é", b"-----BEGIN \xff", 3, [DER], {}], ids=str
)
def test_a_certificate_of_another_shape_is_wrong(certificate: Any) -> None:
    """Failing to read it never skips the check."""
    assert code(service(CLIENT_CERTIFICATE="tls"), certificate=certificate) == "wrong_certificate"
    assert code(service(CLIENT_CERTIFICATE=lambda credentials: certificate)) == "wrong_certificate"


@pytest.mark.parametrize("certificate", [None, "", b""])
def test_a_connection_without_certificate(certificate: Any) -> None:
    """MTLS-3: it is missing, whatever the source; a header is not a substitute."""
    forged = ("Client-Cert", base64.b64encode(DER).decode())
    assert code(service(CLIENT_CERTIFICATE="tls"), forged, certificate=certificate) == "missing_certificate"
    assert code(service(CLIENT_CERTIFICATE=lambda credentials: certificate), forged) == "missing_certificate"


def test_a_function_sees_the_request() -> None:
    """It gets the credentials, with the mapping that a server made."""
    made = service(CLIENT_CERTIFICATE=lambda credentials: credentials.kept["certificate"])
    assert code(made, kept={"certificate": DER}) == "mtls"


def test_a_function_that_fails_is_the_services_fault() -> None:
    """The answer is 503, not a verdict on the token, and never 200."""
    made = service(CLIENT_CERTIFICATE=lambda credentials: credentials.kept["certificate"])
    with pytest.raises(KeySourceError):
        made.authenticate(Credentials.from_headers(ISSUER.headers(cnf={"x5t#S256": THUMBPRINT}).items()))


@pytest.mark.parametrize(
    ("trust", "sent", "wanted"),
    [
        ({"TRUSTED_PROXIES": "10.0.0.0/8"}, {"peer": "10.0.0.1"}, "mtls"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8"}, {"peer": "192.0.2.1"}, "missing_certificate"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8"}, {}, "missing_certificate"),
        ({"TRUSTED_PROXIES": ANY_PROXY}, {}, "mtls"),
        ({"PROXY_SECRET": SECRET}, {}, "missing_certificate"),
    ],
    ids=str,
)
def test_a_forged_header_from_an_untrusted_peer_is_not_read(trust: Any, sent: Any, wanted: str) -> None:
    """MTLS-4: even the right certificate is missing where nobody who is believed has sent it."""
    forged = ("Client-Cert", base64.b64encode(DER).decode())
    assert code(service(CLIENT_CERTIFICATE=HEADER, **trust), forged, **sent) == wanted


def test_an_untrusted_peer_s_header_of_any_shape_is_not_read() -> None:
    """Junk of anybody is no wrong certificate: it is none, however often it is sent."""
    made = service(CLIENT_CERTIFICATE=HEADER, TRUSTED_PROXIES="10.0.0.0/8")
    for value in ("", "junk", "A" * 100_000):
        assert code(made, ("Client-Cert", value), ("Client-Cert", value)) == "missing_certificate"


def test_the_secret_admits_and_is_compared_whole() -> None:
    """With it the header is read."""
    made = service(CLIENT_CERTIFICATE=HEADER, PROXY_SECRET=SECRET)
    header = ("Client-Cert", base64.b64encode(DER).decode())
    assert code(made, header, ("X-Proxy", SECRET["VALUE"])) == "mtls"
    assert code(made, header, ("X-Proxy", SECRET["VALUE"] + "x")) == "missing_certificate"


def test_two_headers_of_a_believed_proxy_are_a_wrong_certificate() -> None:
    """Nobody could say which of them the proxy wrote."""
    made = service(CLIENT_CERTIFICATE=HEADER, TRUSTED_PROXIES=ANY_PROXY)
    right = ("Client-Cert", base64.b64encode(DER).decode())
    assert code(made, right) == "mtls"
    assert code(made, right, right) == "wrong_certificate"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"MTLS": "accept"}, r'JWKS\["CLIENT_CERTIFICATE"\] is missing'),
    ({"MTLS": "require"}, r'JWKS\["CLIENT_CERTIFICATE"\] is missing'),
    ({"MTLS": "on"}, r"MTLS.*expected one of off, accept, require"),
    (
        {"CLIENT_CERTIFICATE": HEADER},
        r'JWKS\["CLIENT_CERTIFICATE"\]: anybody could send the header Client-Cert',
    ),
    ({"TRUSTED_PROXIES": "10.0.0.0/8"}, r'JWKS\["TRUSTED_PROXIES"\] has no effect'),
    ({"CLIENT_CERTIFICATE": "tls", "PROXY_SECRET": SECRET}, r'JWKS\["PROXY_SECRET"\] has no effect'),
    ({"CLIENT_CERTIFICATE": len, "TRUSTED_PROXIES": ANY_PROXY}, r'JWKS\["TRUSTED_PROXIES"\] has no effect'),
    (
        {"CLIENT_CERTIFICATE": HEADER, "TRUSTED_PROXIES": "10.0.0.0/8", "PROXY_SECRET": SECRET},
        "exclude each other",
    ),
    (
        {"CLIENT_CERTIFICATE": HEADER, "PROXY_SECRET": {**SECRET, "HEADER": "client-cert"}},
        "the certificate's own",
    ),
]


@pytest.mark.parametrize(("settings", "message"), WRONG, ids=[str(at) for at in range(len(WRONG))])
def test_wrong_settings_are_named_at_start_up(settings: dict[str, Any], message: str) -> None:
    """What contradicts itself, and a header that anybody could send, is a ``ConfigurationError``."""
    with pytest.raises(ConfigurationError, match=message):
        Authenticator(
            Settings.from_mapping({**ISSUER.settings(), **settings}, label='JWKS["{}"]'), in_tests=True
        )


def test_one_issuer_s_mode_needs_a_source_too() -> None:
    """An issuer's own ``MTLS`` counts, in settings and in code."""
    keys = {"ISSUER": ISSUER.issuer, "JWKS": ISSUER.fetch_jwks, "AUDIENCE": "api"}
    with pytest.raises(ConfigurationError, match="CLIENT_CERTIFICATE is missing"):
        Authenticator({"ISSUERS": [{**keys, "MTLS": "accept"}]}, in_tests=True)
    made = Issuer(ISSUER.issuer, jwks=ISSUER.fetch_jwks, audience="api", mtls="require")
    with pytest.raises(ConfigurationError, match="CLIENT_CERTIFICATE is missing"):
        Authenticator(TokenVerifier([made], allow_fake_issuer=True))


def test_each_issuer_has_its_mode() -> None:
    """Tokens of the one must be bound; those of the other may not be."""
    keys = {"JWKS": ISSUER.fetch_jwks, "AUDIENCE": "api"}
    made = Authenticator(
        {
            "ISSUERS": [{"ISSUER": "a", **keys, "MTLS": "require"}, {"ISSUER": "b", **keys}],
            "CLIENT_CERTIFICATE": "tls",
        },
        in_tests=True,
    )
    found = {}
    for issuer in ("a", "b"):
        for cnf in (None, {"x5t#S256": THUMBPRINT}):
            headers = ISSUER.headers(iss=issuer, cnf=cnf)
            try:
                token = made.authenticate(Credentials.from_headers(headers.items(), certificate=DER))
                found[issuer, cnf is None] = str(token and token.sender)
            except AuthError as error:
                found[issuer, cnf is None] = error.code
    assert found == {
        ("a", True): "unbound_token",
        ("a", False): "mtls",
        ("b", True): "None",
        ("b", False): "bound_token",
    }


def test_it_is_read_once_a_request() -> None:
    """Middleware, decorator and dependency of one request share what was proved."""
    asked = []

    def certificate(credentials: Credentials) -> bytes:
        asked.append(1)
        return DER

    made, kept = service(CLIENT_CERTIFICATE=certificate), dict[str, Any]()
    headers = ISSUER.headers(cnf={"x5t#S256": THUMBPRINT})
    for requirement in (Requirement(), Requirement.of(sender="mtls"), Requirement()):
        token = made.authenticate(Credentials.from_headers(headers.items(), kept=kept), requirement)
        assert token is not None
        assert token.sender == "mtls"
    assert asked == [1]


def test_a_token_without_cnf_reads_no_certificate() -> None:
    """It costs what it cost."""
    made = service(CLIENT_CERTIFICATE=lambda credentials: pytest.fail("asked"))
    assert made.authenticate(Credentials.from_headers(ISSUER.headers().items()))
