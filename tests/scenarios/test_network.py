"""Networks as they are: dead addresses, private authorities, machines without any, on real sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from jwks_auth import KeySourceError, PyJWKClient
from tests.certificates import Authority
from tests.fault_server import FaultServer
from tests.key_fakes import document
from tests.needs import need_tool

DOCUMENT = document({"a"})
DEAD = "127.0.0.7"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority nobody knows."""
    return Authority(tmp_path)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable that names authorities."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def kind_of_failure(client: PyJWKClient) -> str:
    """How fetching fails."""
    with pytest.raises(KeySourceError) as caught:
        client.get_jwk_set(refresh=True)
    return caught.value.kind


# several addresses of one host


@pytest.fixture
def dead_first(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Give every name a dead address before that of the test's server."""
    with ExitStack() as stack:

        def prepare(port: int) -> None:
            dead = stack.enter_context(socket.socket())
            dead.bind((DEAD, port))
            dead.listen(0)
            for _ in range(2):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                with suppress(BlockingIOError):
                    waiting.connect((DEAD, port))

        def found(host: str, port: int, *asked: Any, **named: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in (DEAD, "127.0.0.1")]

        monkeypatch.setattr(socket, "getaddrinfo", found)
        yield prepare


@pytest.mark.parametrize("own", [False, True], ids=["ours", "a session"])
def test_a_dead_address_costs_no_fetch(dead_first: Callable[[int], None], own: bool) -> None:
    """The first fetch succeeds, with a session of the caller's too: of the time, each address has a part."""
    with FaultServer(DOCUMENT) as server, requests.Session() as session:
        url = server.url.replace("127.0.0.1", "issuer.example")
        dead_first(int(url.split(":")[2].split("/")[0]))
        session.trust_env = False
        client = PyJWKClient(url, timeout=2, session=session if own else None)
        assert client.get_signing_key("a")
        assert client.health().failures == 0


# authorities


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("folder", [False, True], ids=["a file", "a folder"])
def test_a_bundle_for_requests_counts(
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bare: None,
    variable: str,
    folder: bool,
) -> None:
    """As users of requests expect; beside the system's authorities. One that is not there is told by its name."""
    bundle = authority.file
    if folder:
        bundle = tmp_path / "certificates"
        bundle.mkdir()
        command = [need_tool("openssl"), "x509", "-hash", "-noout", "-in", str(authority.file)]
        name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        (bundle / f"{name}.0").write_bytes(authority.file.read_bytes())
    with FaultServer(DOCUMENT, tls=authority.server()) as server:
        client = PyJWKClient(server.url)
        assert kind_of_failure(client) == "tls"
        monkeypatch.setenv(variable, str(bundle))
        assert client.get_jwk_set(refresh=True)["a"]
        monkeypatch.setenv(variable, str(tmp_path / "nowhere.pem"))
        with pytest.raises(KeySourceError, match=f"{variable} .*nowhere.pem'? can't be read") as caught:
            client.get_jwk_set(refresh=True)
        assert caught.value.kind == "tls"
        assert client.get_signing_key("a"), "keys in hand stay"


def test_the_bundle_for_requests_goes_before_curls(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare: None
) -> None:
    """One of the two, as in requests."""
    other = Authority(tmp_path, "Other CA")
    with FaultServer(DOCUMENT, tls=authority.server()) as server:
        monkeypatch.setenv("CURL_CA_BUNDLE", str(authority.file))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other.file))
        assert kind_of_failure(PyJWKClient(server.url)) == "tls"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")
        assert PyJWKClient(server.url).get_signing_key("a")


WITHOUT_STORE = """
import certifi, sys
certifi.where = lambda: sys.argv[2]
from jwks_auth import PyJWKClient
assert PyJWKClient(sys.argv[1]).get_signing_key("a")
"""


def test_a_machine_without_authorities_has_certifis(authority: Authority, tmp_path: Path) -> None:
    """Where Python finds none it trusts those that requests brings along, and where it finds some it does not."""
    empty = tmp_path / "empty"
    empty.mkdir()
    bare = {"SSL_CERT_FILE": str(tmp_path / "none.pem"), "SSL_CERT_DIR": str(empty)}
    other = Authority(tmp_path, "Other CA")
    with FaultServer(DOCUMENT, tls=authority.server()) as server:

        def failed(**changed: str) -> bool:
            found = {name: value for name, value in os.environ.items() if not name.endswith("CA_BUNDLE")}
            command = [sys.executable, "-c", WITHOUT_STORE, server.url, str(authority.file)]
            done = subprocess.run(command, env={**found, **bare, **changed}, capture_output=True, check=False)
            return done.returncode != 0

        assert not failed()
        assert not failed(SSL_CERT_DIR=str(tmp_path / "nowhere"))
        assert failed(SSL_CERT_FILE=str(other.file))
