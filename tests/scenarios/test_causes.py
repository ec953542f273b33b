"""Causes of failed fetches, in words that help: in the log, in ``jwks check``, in Django's checks."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidSchema

from jwks_auth import Issuer, KeyEvent, KeySourceError, PyJWKClient
from jwks_auth.adapters import Authenticator, Settings
from jwks_auth.cli import check
from tests.certificates import Authority
from tests.fault_server import FaultServer
from tests.key_fakes import document
from tests.needs import need_module
from tests.patience import eventually
from tests.seams.captured import leaks, trace

DOCUMENT = document({"a"})
NAME = "issuer.example"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, and no bundle of authorities, but those of a test."""
    for name in (
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every name be this machine's, which no address in a message then says."""
    asked = socket.getaddrinfo

    def found(host: str, *rest: Any, **named: Any) -> Any:
        return asked("127.0.0.1", *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", found)


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def cause(url: str, caplog: pytest.LogCaptureFixture, **options: Any) -> str:
    """The reason of a fetch's failure, which the log has too."""
    caplog.clear()
    with pytest.raises(KeySourceError) as caught:
        PyJWKClient(url, **options).get_signing_key("a")
    told = str(caught.value).removeprefix('Fail to fetch data from the url, err: "').removesuffix('"')
    assert eventually(lambda: told in caplog.text)
    assert "secret" not in caplog.text
    return told


def test_a_private_authority_names_the_setting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And a certificate for another host does not."""
    authority = Authority(tmp_path)
    told = "certificate verify failed: unable to get local issuer certificate "
    told += "(CA_FILE or SSL_CERT_FILE name an authority)"
    with FaultServer(DOCUMENT, tls=authority.server()) as server:
        assert cause(server.url, caplog) == told
        with requests.Session() as session:
            assert cause(server.url, caplog, session=session).endswith(
                "(the session's verify names an authority)"
            )
    with FaultServer(DOCUMENT, tls=authority.server(host="127.0.0.2")) as server:
        mismatch = cause(server.url, caplog, ca_file=authority.file)
    assert mismatch.startswith("certificate verify failed: IP address mismatch")
    assert "CA_FILE" not in mismatch


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """In the resolver's words."""

    def unknown(*asked: Any, **named: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert cause(f"https://{NAME}/keys", caplog) == "name or service not known"


@pytest.mark.usefixtures("named")
def test_a_port_where_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    """No more than that, of a host that is another."""
    assert cause(f"http://{NAME}:{closed_port()}/keys", caplog) == "connection refused"


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("reset", "connection reset by peer"),
        ("truncated", "the answer broke off"),
        ("bad_chunk", "the answer broke off"),
        ("garbage", "the answer is no HTTP"),
        ("closing", "the connection was closed without an answer"),
    ],
)
def test_a_connection_that_breaks_off(mode: str, told: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each in its own way."""
    with FaultServer(DOCUMENT) as server:
        server.mode = mode
        assert cause(server.url, caplog) == told


def test_a_server_that_speaks_no_tls(caplog: pytest.LogCaptureFixture) -> None:
    """The library's reason, in words."""
    with FaultServer(DOCUMENT) as server:
        server.mode = "blurt"
        told = cause(server.url.replace("http:", "https:"), caplog)
    assert told.startswith("no TLS connection: ")
    assert "_" not in told


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_dead_is_named(
    scheme: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By host and port, without its user and password."""
    port = closed_port()
    monkeypatch.setenv(f"{scheme}_proxy", f"http://me:secret@127.0.0.1:{port}")
    assert cause(f"{scheme}://{NAME}/keys", caplog) == f"the proxy 127.0.0.1:{port}: connection refused"


@pytest.mark.parametrize("prefix", ["", "me:secret@", "socks5://me:secret@"])
def test_a_dead_proxy_is_named_however_it_is_written(
    prefix: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a scheme, as many platforms write it; and one of SOCKS."""
    need_module("socks")
    port = closed_port()
    monkeypatch.setenv("https_proxy", f"{prefix}127.0.0.1:{port}")
    told = cause(f"https://{NAME}/keys", caplog)
    assert told == (
        UNREADABLE if prefix == "me:secret@" else f"the proxy 127.0.0.1:{port}: connection refused"
    )


UNREADABLE = "the address of the server, or of its proxy, can't be read"


@pytest.mark.parametrize(
    ("proxy", "host"),
    [
        ("http://me:sec/secret@127.0.0.1:1", NAME),
        ("http://me:secret@:1:x", NAME),
        ("ftp://me:secret@127.0.0.1:1", NAME),
        ("http://", NAME),
        ("http://me:secret@127.0.0.1:99999", NAME),
        ("", "a..example"),
    ],
)
def test_an_address_that_is_none_is_told(
    proxy: str, host: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The server is not blamed, and no password is shown."""
    monkeypatch.setenv("https_proxy", proxy)
    assert cause(f"https://{host}/keys", caplog) == UNREADABLE


def test_a_password_with_its_at_sign_escaped_is_not_told(
    named: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It reads as the proxy's host, which is not named then."""
    port = closed_port()
    monkeypatch.setenv("https_proxy", f"http://me%3Asecret%40127.0.0.1:{port}")
    assert cause(f"https://{NAME}/keys", caplog) == "connection refused"


def test_a_missing_library_for_socks_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And how to install it. Here the proxy's scheme is asked of a session that can't have it."""

    class Without(HTTPAdapter):
        def send(self, *args: Any, **kwargs: Any) -> Any:
            raise InvalidSchema("Missing dependencies for SOCKS support.")

    session = requests.Session()
    session.mount("https://", Without())
    told = cause(f"https://{NAME}/keys", caplog, session=session)
    assert told == "a SOCKS proxy needs PySocks (pip install requests[socks])"


def test_a_proxy_that_wants_a_password_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With the status it answered, and none of its words."""
    with FaultServer(DOCUMENT) as proxy:
        proxy.mode = "no_tunnel"
        host = proxy.url.removeprefix("http://").removesuffix("/keys")
        monkeypatch.setenv("https_proxy", f"http://me:secret@{host}")
        assert cause(f"https://{NAME}/keys", caplog) == f"the proxy {host}: it refused the tunnel (HTTP 407)"


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port where a queue is full, and so nobody answers."""
    with contextlib.ExitStack() as stack:
        dead = stack.enter_context(socket.socket())
        dead.bind(("127.0.0.1", 0))
        dead.listen(0)
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(dead.getsockname())
        yield dead.getsockname()[1]


def test_a_host_that_does_not_take_the_connection(
    dead_port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Or a proxy; one that takes it and says nothing is told apart."""
    assert cause(f"http://127.0.0.1:{dead_port}/keys", caplog, timeout=0.5, wait=9) == "no connection in time"
    with FaultServer(DOCUMENT) as server:
        server.mode = "hang"
        told = cause(server.url, caplog, timeout=0.5, wait=9)
    assert told == "the server did not answer in time"
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", f"http://me:secret@127.0.0.1:{dead_port}")
        told = cause(f"{scheme}://{NAME}/keys", caplog, timeout=0.5, wait=9)
        assert told == f"the proxy 127.0.0.1:{dead_port}: no connection in time"


@pytest.mark.parametrize("mode", ["reset", "garbage", "error500", "html", "ok"])
def test_no_secret_is_in_the_frames_of_a_failure(mode: str, tmp_path: Path) -> None:
    """Error reports show the locals of each frame that an error, and what caused it, came through."""
    token = tmp_path / "token"
    token.write_text("s3cret-token")
    with FaultServer(DOCUMENT) as server:
        server.mode = mode
        client = PyJWKClient(server.url, headers={"X-Api-Key": "s3cret-key"}, bearer_file=token)
        if mode == "ok":
            token.write_text("s3cret token")
        with pytest.raises(KeySourceError) as caught:
            client.fetch_data()
    assert not leaks(trace(caught.value), "s3cret")


CONTAINER = (
    "connection refused: {} names {}, which inside a container is the container itself: set JWKS_URI to an address "
    "this process can reach and keep ISSUER"
)


def test_localhost_inside_a_container(caplog: pytest.LogCaptureFixture) -> None:
    """Keycloak's, in a compose file: the metadata is reached by another name, and says ``localhost`` of the keys."""
    host = f"localhost:{closed_port()}"
    assert cause(f"http://{host}/keys", caplog) == CONTAINER.format("JWKS_URI", host)
    metadata = {"issuer": f"http://{host}", "jwks_uri": f"http://{host}/keys"}
    with FaultServer(metadata) as server:
        issuer = Issuer(f"http://{host}", discovery_url=server.url)
        with pytest.raises(KeySourceError) as caught:
            issuer.warm_up()
    assert CONTAINER.format("`jwks_uri`", host) in str(caught.value)
    with pytest.raises(KeySourceError) as caught:
        Issuer(f"http://{host}").warm_up()
    assert CONTAINER.format("ISSUER", host) in str(caught.value)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ("http://127.0.0.1/x", "the metadata names 'http://127.0.0.1/x': only the trailing slash differs"),
        ("http://other/", "the metadata names 'http://other/'"),
        ("http://me:secret@other/", "the metadata names '...@other/'"),
        (7, "it names no issuer"),
    ],
)
def test_metadata_of_another_issuer(found: Any, told: str) -> None:
    """The name it has, and that only the slash at the end is another."""
    with FaultServer({"issuer": found, "jwks_uri": "http://127.0.0.1/keys"}) as server:
        issuer = Issuer("http://127.0.0.1/x/", discovery_url=server.url)
        with pytest.raises(KeySourceError) as caught:
            issuer.warm_up()
    assert told in str(caught.value)
    assert "the metadata is not that of 'http://127.0.0.1/x/'" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("place", ["JWKS_URI", "DISCOVERY_URL"])
def test_a_key_in_a_query_is_not_told(place: str, caplog: pytest.LogCaptureFixture) -> None:
    """Some endpoints are opened by one. Log, events and report have the address alone, and the server all of it."""
    events: list[KeyEvent] = []
    with FaultServer({"issuer": "another"}) as server, caplog.at_level(logging.DEBUG, "jwks_auth"):
        settings = {"ISSUER": "https://issuer.example", "AUDIENCE": "api", place: f"{server.url}?code=s3cret"}
        report = check(Authenticator(Settings.from_mapping(settings), on_event=events.append))
        assert "?code=s3cret" in server.seen[0]
        assert eventually(lambda: f"{server.url}?...: refresh failed" in caplog.text)
    assert "s3cret" not in caplog.text
    assert "s3cret" not in "".join(report.lines) + repr(events)
    assert {event.uri for event in events} == {f"{server.url}?..."}


def test_the_report_has_the_cause(tmp_path: Path) -> None:
    """``flask jwks check`` and ``manage.py jwks check`` print it."""
    with FaultServer(DOCUMENT, tls=Authority(tmp_path).server()) as server:
        settings = {"ISSUER": "https://issuer.example", "AUDIENCE": "api", "JWKS_URI": server.url}
        report = check(Authenticator(Settings.from_mapping(settings)))
    assert not report.ok
    assert "unable to get local issuer certificate (CA_FILE" in "\n".join(report.lines)


def test_a_fault_of_ours_is_nobody_elses(caplog: pytest.LogCaptureFixture) -> None:
    """``fetch_data`` is not blamed, and the log has the traceback. Here a program spoiled what was checked."""
    client = PyJWKClient(f"https://{NAME}/keys")
    client.headers = None  # type: ignore[assignment]
    with caplog.at_level(logging.ERROR), pytest.raises(KeySourceError, match="TypeError") as caught:
        client.get_signing_key("a")
    assert caught.value.kind == "internal"
    assert "Traceback (most recent call last)" in caplog.text
    assert "endpoint.py" in caplog.text


def test_what_stands_in_for_the_network_may_fail_in_its_own_way(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is no fault of the provider's either, and the traceback says whose it is."""

    def odd(*asked: Any, **named: Any) -> Any:
        raise LookupError("no such cassette")

    monkeypatch.setattr(socket, "getaddrinfo", odd)
    with pytest.raises(KeySourceError, match="LookupError") as caught:
        PyJWKClient(f"https://{NAME}/keys").fetch_data()
    assert caught.value.kind == "internal"
    assert "LookupError: no such cassette" in caplog.text


def test_a_program_s_own_fetch_is_told_apart() -> None:
    """The control: what an overriding ``fetch_data`` raises is its own."""

    class Own(PyJWKClient):
        def fetch_data(self) -> Any:
            raise LookupError

    with pytest.raises(KeySourceError) as caught:
        Own(f"https://{NAME}/keys").get_signing_key("a")
    assert caught.value.kind == "callback"
