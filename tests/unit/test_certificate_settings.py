"""Settings for client certificates: what they take, and what each message says of anything else."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Any

import pytest

from jwks_auth import ConfigurationError
from jwks_auth.proofs import ANY_PROXY, CertificateHeader
from jwks_auth.settings import ROWS
from jwks_auth.settings.readers_of_certificates import client_certificate, proxy_secret, trusted_proxies

HEADER = {"HEADER": "Client-Cert", "FORMAT": "rfc9440"}
SECRET = {"HEADER": "X-Proxy", "VALUE": "sixteen-letters-or-more"}


async def asynchronous(request: Any) -> None:
    """A function that can't answer at once."""


def test_values_of_code_and_of_an_environment() -> None:
    """A mapping, its JSON, small letters and what was read before give the same."""
    wanted = CertificateHeader("Client-Cert", "rfc9440")
    for given in (
        HEADER,
        json.dumps(HEADER),
        {name.lower(): value for name, value in HEADER.items()},
        wanted,
    ):
        assert client_certificate(given) == wanted
    assert client_certificate("tls") == "tls"
    assert client_certificate("math.floor") is client_certificate(__import__("math").floor)
    networks = (ip_network("10.0.0.0/8"), ip_network("::1"))
    for each in ("10.0.0.0/8 ::1", ["10.0.0.0/8", "::1"], '["10.0.0.0/8", "::1"]', networks):
        assert trusted_proxies(each) == networks
    assert trusted_proxies("ANY_PROXY") is trusted_proxies(ANY_PROXY) is ANY_PROXY
    for each in (SECRET, json.dumps(SECRET)):
        found = proxy_secret(each)
        assert (found.header, found.value) == ("X-Proxy", SECRET["VALUE"])
        assert proxy_secret(found) is found


WRONG: list[tuple[str, Any, str]] = [
    ("CLIENT_CERTIFICATE", "TLS", 'expected "tls"'),
    ("CLIENT_CERTIFICATE", "rfc9440", 'expected "tls"'),
    ("CLIENT_CERTIFICATE", 3, "callable"),
    ("CLIENT_CERTIFICATE", "no.such.module", "can't import"),
    ("CLIENT_CERTIFICATE", asynchronous, "async"),
    ("CLIENT_CERTIFICATE", "{", "JSON"),
    ("CLIENT_CERTIFICATE", {"HEADER": "Client-Cert"}, "HEADER and FORMAT"),
    ("CLIENT_CERTIFICATE", {}, "found nothing"),
    ("CLIENT_CERTIFICATE", {**HEADER, "CHAIN": "x"}, "CHAIN"),
    ("CLIENT_CERTIFICATE", {**HEADER, "FORMAT": "rfc9441"}, "did you mean rfc9440"),
    ("CLIENT_CERTIFICATE", {**HEADER, "FORMAT": None}, "FORMAT"),
    ("CLIENT_CERTIFICATE", {**HEADER, "HEADER": "Client_Cert"}, "without underscores"),
    ("CLIENT_CERTIFICATE", {**HEADER, "HEADER": "Client-Cert:"}, "name of a header"),
    ("CLIENT_CERTIFICATE", {**HEADER, "HEADER": 3}, "name of a header"),
    ("CLIENT_CERTIFICATE", {**HEADER, "HEADER": "authorization"}, "clients send themselves"),
    ("TRUSTED_PROXIES", [], "at least one network"),
    ("TRUSTED_PROXIES", "", "list of strings"),
    ("TRUSTED_PROXIES", "proxy.internal", "expected a network"),
    ("TRUSTED_PROXIES", "10.0.0.1/8", "host bits set"),
    ("TRUSTED_PROXIES", "0.0.0.0/0", "ANY_PROXY"),
    ("TRUSTED_PROXIES", "::/0", "ANY_PROXY"),
    ("TRUSTED_PROXIES", "*", "expected a network"),
    ("TRUSTED_PROXIES", "10.0.0.1,10.0.0.2", "found a comma"),
    ("PROXY_SECRET", "sixteen-letters-or-more", "HEADER"),
    ("PROXY_SECRET", {"HEADER": "X-Proxy"}, "HEADER"),
    ("PROXY_SECRET", {**SECRET, "VALUE": "short"}, "16 to 1024"),
    ("PROXY_SECRET", {**SECRET, "VALUE": "sixteen letters with spaces"}, "16 to 1024"),
    ("PROXY_SECRET", {**SECRET, "VALUE": 1234567890123456}, "16 to 1024"),
    ("PROXY_SECRET", {**SECRET, "HEADER": "Cookie"}, "clients send themselves"),
]


@pytest.mark.parametrize(
    ("name", "value", "told"), WRONG, ids=[f"{n}-{at}" for at, (n, _, _) in enumerate(WRONG)]
)
def test_wrong_values_are_named(name: str, value: Any, told: str) -> None:
    """Each wrong value is a ``ConfigurationError`` that names the setting and the fix."""
    with pytest.raises(ConfigurationError, match=rf"^{name}: .*{told}"):
        ROWS[name].parsed(value, "{}")


@pytest.mark.parametrize(
    "value", ["sixteen-letters-or-more", {"VALUE": "secret-of-the-proxy"}, {"X": "secret-here"}]
)
def test_no_message_shows_a_secret(value: Any) -> None:
    """Neither the message of a wrong ``PROXY_SECRET`` nor the repr of a right one shows its value."""
    with pytest.raises(ConfigurationError) as caught:
        ROWS["PROXY_SECRET"].parsed(value, "{}")
    assert "secret-" not in f"{caught.value!r}{caught.value.__cause__!r}"
    assert "sixteen" not in f"{caught.value!r}{caught.value.__cause__!r}{proxy_secret(SECRET)!r}"
