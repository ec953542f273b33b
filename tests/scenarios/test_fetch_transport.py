"""TLS, sessions, proxies and caching headers, on real sockets."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from jwks_auth import ConfigurationError, KeySourceError, PyJWKClient
from jwks_auth.http import trust
from tests.certificates import Authority
from tests.fault_server import FaultServer
from tests.key_fakes import document
from tests.patience import PATIENCE, soon

DOCUMENT = document({"a"})


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A key endpoint over plain http."""
    with FaultServer(DOCUMENT) as server:
        yield server


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority nobody knows."""
    return Authority(tmp_path)


def kind_of_failure(client: PyJWKClient) -> str:
    """How fetching fails."""
    with pytest.raises(KeySourceError) as caught:
        client.get_jwk_set(refresh=True)
    return caught.value.kind


# TLS


def test_an_untrusted_certificate_is_refused(authority: Authority) -> None:
    """The default context trusts the system's authorities and no other."""
    with FaultServer(DOCUMENT, tls=authority.server()) as server:
        assert kind_of_failure(PyJWKClient(server.url)) == "tls"


def test_a_certificate_for_another_host_is_refused(authority: Authority) -> None:
    """A trusted authority is not enough."""
    context = ssl.create_default_context(cafile=authority.file)
    with FaultServer(DOCUMENT, tls=authority.server(host="127.0.0.2")) as server:
        assert kind_of_failure(PyJWKClient(server.url, ssl_context=context)) == "tls"


def test_a_context_pinned_to_one_authority_stays_so(authority: Authority, tmp_path: Path) -> None:
    """It is used as it is: one authority before, one after, whatever requests and the environment bring."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority.file)
    before = _state(context)
    other = Authority(tmp_path, "Other CA")
    with FaultServer(DOCUMENT, tls=authority.server()) as server:
        assert PyJWKClient(server.url, ssl_context=context).get_signing_key("a")
    with FaultServer(DOCUMENT, tls=other.server()) as server:
        assert kind_of_failure(PyJWKClient(server.url, ssl_context=context)) == "tls"
    assert _state(context) == before
    assert before[0] == 1


def _state(context: ssl.SSLContext) -> tuple[int, bool, ssl.VerifyMode, ssl.VerifyFlags, ssl.Options]:
    return (
        len(context.get_ca_certs()),
        context.check_hostname,
        context.verify_mode,
        context.verify_flags,
        context.options,
    )


def test_verification_is_not_switched_off_behind_a_contexts_back(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """requests' own environment variables do not reach it."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(authority.file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with FaultServer(DOCUMENT, tls=authority.server()) as server:
        assert kind_of_failure(PyJWKClient(server.url, ssl_context=context)) == "tls"
    assert len(context.get_ca_certs()) == 0


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_verification_is_not_switched_on_behind_a_contexts_back(authority: Authority) -> None:
    """Who hands over a context that checks nothing gets just that, as with PyJWT."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with FaultServer(DOCUMENT, tls=authority.server(host="127.0.0.2")) as server:
        assert PyJWKClient(server.url, ssl_context=context).get_signing_key("a")
    assert context.verify_mode is ssl.CERT_NONE


def test_a_context_that_skips_host_names_is_taken_at_its_word(authority: Authority) -> None:
    """urllib3 would check the name itself."""
    context = ssl.create_default_context(cafile=authority.file)
    context.check_hostname = False
    with FaultServer(DOCUMENT, tls=authority.server(host="127.0.0.2")) as server:
        assert PyJWKClient(server.url, ssl_context=context).get_signing_key("a")


def test_ssl_cert_file_is_honoured(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default context is Python's own."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with FaultServer(DOCUMENT, tls=authority.server()) as server:
        assert PyJWKClient(server.url).get_signing_key("a")


def test_certificates_are_read_again_only_when_they_change(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading them is most of the work of a fetch; a bundle that is replaced must not need a restart."""
    bundle = tmp_path / "bundle.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    bundle.write_bytes(Authority(tmp_path, "Other CA").file.read_bytes())
    with FaultServer(DOCUMENT, tls=authority.server()) as server:
        client = PyJWKClient(server.url, cooldown_duration=0)
        assert kind_of_failure(client) == "tls"
        bundle.write_bytes(authority.file.read_bytes())
        os.utime(bundle, (0, 0))
        assert client.get_signing_key("a")
        read = trust._context.cache_info().misses
        assert client.get_jwk_set(refresh=True)["a"]
        assert PyJWKClient(server.url).get_signing_key("a")
    assert trust._context.cache_info().misses == read


def test_the_deadline_holds_over_tls(authority: Authority) -> None:
    """A dripped body ends when the watchdog shuts the socket below the TLS layer."""
    context = ssl.create_default_context(cafile=authority.file)
    with FaultServer(DOCUMENT, tls=authority.server()) as server:
        server.mode = "drip_headers"
        assert kind_of_failure(PyJWKClient(server.url, ssl_context=context, timeout=0.5)) == "timeout"


def test_a_context_brings_its_client_certificate(authority: Authority) -> None:
    """mTLS without a session, as with PyJWT; the same context again and again."""
    context = ssl.create_default_context(cafile=authority.file)
    with FaultServer(DOCUMENT, tls=authority.server(client_ca=authority.file)) as server:
        client = PyJWKClient(server.url, ssl_context=context)
        assert kind_of_failure(client) in ("tls", "connection")
        context.load_cert_chain(authority.leaf("client"))
        for _ in range(2):
            assert client.get_jwk_set(refresh=True)["a"]


# a session of the caller's own


def test_a_session_brings_client_certificate_and_authority(authority: Authority) -> None:
    """mTLS and a private CA through ``requests.Session``."""
    with (
        FaultServer(DOCUMENT, tls=authority.server(client_ca=authority.file)) as server,
        requests.Session() as session,
    ):
        assert kind_of_failure(PyJWKClient(server.url, session=session)) == "tls"
        session.verify, session.cert = str(authority.file), str(authority.leaf("client"))
        assert PyJWKClient(server.url, session=session).get_signing_key("a")


def test_a_session_brings_its_proxies_and_its_password(server: FaultServer) -> None:
    """Both are for the address it asks; the environment's proxies are not looked at."""
    with requests.Session() as session:
        session.proxies = {"http": server.url.removesuffix("/keys")}
        session.auth, session.trust_env = ("me", "secret"), False
        assert PyJWKClient("http://issuer.example/keys", session=session).get_signing_key("a")
    assert server.seen[0].startswith("GET http://issuer.example/keys HTTP/1.1\r\n")
    assert "Authorization: Basic bWU6c2VjcmV0\r\n" in server.seen[0]


def test_a_sessions_authority_is_not_overridden(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a session says whom to trust, no environment variable says otherwise, or that nobody is checked."""
    other = Authority(tmp_path, "Other CA")
    for trusted, named, works in ((authority, other, True), (other, authority, False)):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(named.file))
        monkeypatch.setenv("CURL_CA_BUNDLE", "")
        with FaultServer(DOCUMENT, tls=authority.server()) as server, requests.Session() as session:
            session.verify = str(trusted.file)
            client = PyJWKClient(server.url, session=session)
            if works:
                assert client.get_signing_key("a")
            else:
                assert kind_of_failure(client) == "tls"


def test_a_session_is_never_modified(server: FaultServer) -> None:
    """Nor does it follow redirects or collect cookies for us."""
    server.headers = "Set-Cookie: tracking=1\r\n"
    with requests.Session() as session:
        session.headers["X-Team"] = "payments"
        session.cookies.set("own", "1")
        before = (dict(session.headers), session.cookies.get_dict(), dict(session.adapters))
        client = PyJWKClient(server.url, session=session, headers={"X-Extra": "1"})
        assert client.get_signing_key("a")
        server.mode = "redirect"
        assert kind_of_failure(client) == "redirect"
        assert (dict(session.headers), session.cookies.get_dict(), dict(session.adapters)) == before
    assert "X-Team: payments" in server.seen[0]
    assert "X-Extra: 1" in server.seen[0]
    assert "Cookie" not in server.seen[0]
    assert server.requests == 2


def test_a_hanging_session_is_given_up(server: FaultServer) -> None:
    """Its sockets are its own: the refresh is abandoned at its deadline plus a second."""
    with requests.Session() as session:
        client = PyJWKClient(server.url, session=session, timeout=0.3, wait=5)
        server.mode, server.delay = "drip_headers", 0.1
        assert kind_of_failure(client) == "timeout"
        with pytest.raises(KeySourceError) as caught:
            client.fetch_data()
        assert caught.value.kind == "timeout"


def test_session_and_context_exclude_each_other() -> None:
    """Which of the two would decide?"""
    with requests.Session() as session, pytest.raises(ConfigurationError, match="session"):
        PyJWKClient("https://issuer.example/keys", session=session, ssl_context=ssl.create_default_context())


# what is sent


def test_what_a_request_says(server: FaultServer) -> None:
    """No compression, key set or JSON, and the caller's headers."""
    PyJWKClient(server.url, headers={"User-Agent": "orders/1.0", "X-Number": 7, "X-Octets": b"raw"}).warm_up()
    [head] = server.seen
    assert "Accept: application/jwk-set+json, application/json, */*;q=0.1\r\n" in head
    assert "Accept-Encoding: identity\r\n" in head
    assert "User-Agent: orders/1.0\r\n" in head
    assert "X-Number: 7\r\n" in head
    assert "X-Octets: raw\r\n" in head
    assert "Cache-Control" not in head


@pytest.mark.parametrize("change", [{"X-Name": "\u20ac"}, {"X-Näme": "a"}, {"X-Name": "a\nb"}])
def test_a_header_that_can_not_be_sent_is_a_failure_like_any(
    server: FaultServer, change: dict[str, str]
) -> None:
    """Put in after construction, where nobody checks it."""
    client = PyJWKClient(server.url, headers={"X-Team": "orders", "X-Latin": "\xe9"})
    client.warm_up()
    client.headers.update(change)
    assert kind_of_failure(client) == "connection"
    with pytest.raises(KeySourceError):
        client.fetch_data()
    assert client.get_signing_key("a")


def test_a_forced_refresh_asks_caches_to_look_again(server: FaultServer) -> None:
    """For an unknown kid and for ``refresh=True``."""
    client = PyJWKClient(server.url)
    client.warm_up()
    client.get_jwk_set(refresh=True)
    with pytest.raises(Exception, match="Unable to find a signing key"):
        client.get_signing_key("b")
    assert ["no-cache" in head for head in server.seen] == [False, True, True]


def test_a_cookie_of_the_callers_own_is_sent(server: FaultServer) -> None:
    """As any header; what a session has collected is not."""
    with requests.Session() as session:
        session.cookies.set("collected", "1")
        PyJWKClient(server.url, headers={"cookie": "own=1"}, session=session).warm_up()
    assert re.findall(r"(?i)^cookie: (.*)\r$", server.seen[0], re.MULTILINE) == ["own=1"]


def test_netrc_is_not_read(server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password for this machine in ~/.netrc stays there."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    PyJWKClient(server.url).warm_up()
    assert "Authorization" not in server.seen[0]


def test_proxies_of_the_environment_are_used(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """``http_proxy``, and ``no_proxy``."""
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/keys"))
    client = PyJWKClient("http://issuer.example/keys")
    assert client.get_signing_key("a")
    assert server.seen[0].startswith("GET http://issuer.example/keys HTTP/1.1\r\n")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    PyJWKClient(server.url).warm_up()
    assert server.seen[1].startswith("GET /keys HTTP/1.1\r\n")


def test_a_proxys_password_is_for_the_proxy(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As part of its address."""
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/keys").replace("//", "//me:secret@"))
    PyJWKClient("http://issuer.example/keys").warm_up()
    assert "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n" in server.seen[0]


def _tunnel(listener: socket.socket, asked: list[str]) -> None:
    """A proxy for one CONNECT."""
    near, _ = listener.accept()
    head = near.recv(65536).decode()
    asked.extend(head.split()[:2])
    host, port = asked[1].split(":")
    with near, socket.create_connection((host, int(port))) as far:
        near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=_copy, args=(far, near))
        back.start()
        _copy(near, far)
        back.join(PATIENCE)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while octets := source.recv(65536):
            target.sendall(octets)
        target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("mode", ["ok", "drip_headers"])
def test_tls_goes_through_a_proxy(authority: Authority, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """By CONNECT, with the caller's own context, and within the deadline."""
    asked: list[str] = []
    context = ssl.create_default_context(cafile=authority.file)
    with (
        FaultServer(DOCUMENT, tls=authority.server()) as server,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.setenv("no_proxy", "")
        proxy = threading.Thread(target=_tunnel, args=(listener, asked))
        proxy.start()
        server.mode = mode
        client = PyJWKClient(server.url, ssl_context=context, timeout=1)
        if mode == "ok":
            assert client.get_signing_key("a")
        else:
            assert kind_of_failure(client) == "timeout"
        proxy.join(PATIENCE)
        assert asked == ["CONNECT", server.url.split("/")[2]]


def _dripping(listener: socket.socket, octets: bytes, over: threading.Event) -> None:
    """One connection, to which *octets* come one by one, for minutes."""
    near, _ = listener.accept()
    with near, contextlib.suppress(OSError):
        for octet in octets:
            near.sendall(bytes([octet]))
            over.wait(0.05)


@pytest.mark.parametrize(
    ("proxied", "octets"),
    [
        (False, b"\x16\x03\x03\x01\x00" + b"\x02" * 10_000),
        (True, b"HTTP/1.1 200 Connection established\r\nX-Padding: " + b"x" * 10_000),
    ],
    ids=["handshake", "tunnel"],
)
def test_the_deadline_holds_before_tls(monkeypatch: pytest.MonkeyPatch, proxied: bool, octets: bytes) -> None:
    """A dripped handshake and a dripped answer of a proxy, each drop in time, end with the deadline as well."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if proxied:
            monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
            monkeypatch.setenv("no_proxy", "")
        over = threading.Event()
        dripping = threading.Thread(target=_dripping, args=(listener, octets, over))
        dripping.start()
        uri = "https://issuer.example/keys" if proxied else f"https://127.0.0.1:{port}/keys"
        client = PyJWKClient(uri, timeout=0.5)
        assert soon(lambda: kind_of_failure(client)) == "timeout"
        over.set()
        dripping.join(PATIENCE)


def test_no_connection_outlives_its_fetch(server: FaultServer) -> None:
    """Nothing is kept open between fetches minutes apart."""
    client = PyJWKClient(server.url)
    client.warm_up()
    client.get_jwk_set(refresh=True)
    assert server.requests == 2


# what is heard


def test_a_304_renews_the_keys(server: FaultServer) -> None:
    """The ETag goes back, and the same keys live on with new timestamps."""
    server.headers = 'ETag: "v1"\r\n'
    client = PyJWKClient(server.url)
    key = client.get_signing_key("a")
    life = client.source.cache.snapshot.life
    server.mode, server.headers = "unchanged", ""
    assert client.get_jwk_set(refresh=True)["a"]
    assert 'If-None-Match: "v1"\r\n' in server.seen[1]
    assert client.source.cache.snapshot.life.expires_at > life.expires_at
    assert client.get_signing_key("a") is key
    client.get_jwk_set(refresh=True)
    assert 'If-None-Match: "v1"\r\n' in server.seen[2]


@pytest.mark.parametrize("etag", ["v1", '"a\r\n b"', '"\xe9"', '"a"b"', "\t", "W/v1"])
def test_an_odd_etag_is_not_sent_back(server: FaultServer, etag: str) -> None:
    """It could make a request that can't be sent, and so cost the keys."""
    server.headers = f"ETag: {etag}\r\n"
    client = PyJWKClient(server.url)
    client.warm_up()
    assert client.get_jwk_set(refresh=True)
    assert "If-None-Match" not in server.seen[1]


@pytest.mark.parametrize(
    ("headers", "lifespan"),
    [
        ("", 3600),
        ("Cache-Control: max-age=600\r\n", 600),
        ("Cache-Control: public, Max-Age=600\r\nAge: 20\r\n", 580),
        ("Cache-Control: max-age=600\r\nAge: 900\r\n", 300),
        ("Cache-Control: public, max-age=15, stale-while-revalidate=15, stale-if-error=86400\r\n", 300),
        ("Cache-Control: no-store\r\n", 300),
        ("Cache-Control: max-age=86400\r\n", 3600),
        ("Cache-Control: max-age=soon\r\n", 3600),
        ("Cache-Control: max-age=600\r\nAge: \xb2\r\n", 600),
        ("Cache-Control: max-age=" + "9" * 4000 + "\r\n", 3600),
    ],
)
def test_the_answer_may_shorten_the_lifespan(server: FaultServer, headers: str, lifespan: float) -> None:
    """``max-age`` less ``Age``, and ``no-store``, but never below five minutes."""
    server.headers = headers
    client = PyJWKClient(server.url, lifespan=3600)
    client.warm_up()
    snapshot = client.source.cache.snapshot
    assert snapshot.life.expires_at - snapshot.born == pytest.approx(lifespan)
