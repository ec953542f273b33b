"""Proxies that are believed: by the address of the socket, or by a secret."""

from __future__ import annotations

from typing import Any

import pytest

from jwks_auth.proofs.proxies import ANY_PROXY, TrustedProxies
from jwks_auth.request import Credentials
from jwks_auth.settings import ROWS

SECRET = "only the proxy knows".replace(" ", "-")


def proxies(networks: Any = None, secret: str | None = None) -> TrustedProxies:
    """As settings say."""
    return TrustedProxies(
        None if networks is None else ROWS["TRUSTED_PROXIES"].read(networks),
        None if secret is None else ROWS["PROXY_SECRET"].read({"HEADER": "X-Proxy", "VALUE": secret}),
    )


def sent(*headers: tuple[str, str], peer: str = "10.1.2.3") -> Credentials:
    """A request from *peer*."""
    return Credentials.from_headers(headers, peer=peer)


@pytest.mark.parametrize(
    ("networks", "peer"),
    [("10.0.0.0/8", "10.1.2.3"), ("10.1.2.3", "10.1.2.3"), ("192.0.2.0/24 10.0.0.0/8", "10.1.2.3"),
     ("10.0.0.0/8", "::ffff:10.1.2.3"), ("2001:db8::/32", "2001:db8::7"), ("fe80::/10", "fe80::1%eth0"),
     (["::1/128"], "::1"), (ANY_PROXY, ""), ("ANY_PROXY", "no address")],
    ids=str,
)  # fmt: skip
def test_peers_of_a_network_are_believed(networks: Any, peer: str) -> None:
    """The socket's peer is in one of the networks, in either spelling of its address."""
    assert proxies(networks).distrust(sent(peer=peer)) is None


@pytest.mark.parametrize(
    "peer",
    [
        "10.1.2.4",
        "11.0.0.1",
        "::1",
        "::ffff:11.1.2.3",
        "",
        "testclient",
        "10.1.2",
        "10.1.2.3:80",
        "unix:",
        "é",
    ],
)
def test_others_are_not_believed(peer: str) -> None:
    """Any other peer, and any that has no address, is a stranger; so is a unix socket."""
    assert proxies("10.1.2.3").distrust(sent(peer=peer)) is not None


@pytest.mark.parametrize(
    "header",
    [("X-Forwarded-For", "10.1.2.3"), ("X-Forwarded-For", "192.0.2.1, 10.1.2.3"), ("X-Forwarded-For", "10.1.2.3:4711"),
     ("x-real-ip", "10.1.2.3"), ("Forwarded", 'for="10.1.2.3:80";proto=https'), ("X-Forwarded-For", "::ffff:10.1.2.3")],
    ids=str,
)  # fmt: skip
def test_an_address_that_a_header_names_is_not_believed(header: tuple[str, str]) -> None:
    """Middleware may have copied it from there, so it may be the sender's own word."""
    assert proxies("10.0.0.0/8").distrust(sent(header)) is not None


@pytest.mark.parametrize(
    "value", ["192.0.2.1", "110.1.2.3", "10.1.2.34", "10.1.2.3.4", "", "unknown", "10x1x2x3"]
)
def test_other_addresses_in_headers_do_not_matter(value: str) -> None:
    """A proxy may tell of its client: that is another address."""
    assert proxies("10.0.0.0/8").distrust(sent(("X-Forwarded-For", value))) is None


def test_an_address_of_version_6_that_a_header_names() -> None:
    """The same holds for IPv6, in brackets or not."""
    for value in ("::1", "[::1]:80", 'for="[::1]"', "192.0.2.1, ::1"):
        assert proxies("::1").distrust(sent(("X-Forwarded-For", value), peer="::1")) is not None
    assert proxies("::1").distrust(sent(("X-Forwarded-For", "2001:db8::1"), peer="::1")) is None


@pytest.mark.parametrize("peer", ["", "192.0.2.1"])
def test_a_secret_is_enough(peer: str) -> None:
    """Who knows the secret is the proxy, over any socket, whatever other headers say."""
    request = sent(("X-Proxy", SECRET), ("X-Forwarded-For", "10.1.2.3"), peer=peer)
    assert proxies(secret=SECRET).distrust(request) is None


@pytest.mark.parametrize(
    "headers",
    [[], [("X-Proxy", "")], [("X-Proxy", SECRET[:-1])], [("X-Proxy", SECRET.upper())], [("X-Proxy", "é" * 20)],
     [("X-Proxy", SECRET), ("X-Proxy", SECRET)], [("X-Proxy", f"{SECRET},{SECRET}")], [("X-Proxy", "\udcff")]],
    ids=repr,
)  # fmt: skip
def test_a_wrong_secret_is_not(headers: list[tuple[str, str]]) -> None:
    """None, another, and two are none."""
    assert proxies(secret=SECRET).distrust(sent(*headers)) is not None


def test_nobody_is_believed_without_settings() -> None:
    """Without networks and secret there is no proxy."""
    assert proxies().distrust(sent()) is not None
