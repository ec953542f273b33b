"""The watchdog, the seal around a TLS context, and what failures mean. Whole requests are in tests/scenarios."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import urllib3
from urllib3.connection import HTTPConnection

from jwks_auth.http.causes import cause_of, chain
from jwks_auth.http.transport import FAILURES, is_timeout, is_tls_failure, proxy_of
from jwks_auth.http.trust import SealedContext, trusting
from jwks_auth.http.urls import origin_of
from jwks_auth.http.watchdog import Watchdog, watched
from tests.certificates import Authority


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a connection."""
    near, far = socket.socketpair()
    far.settimeout(10)
    with near, far:
        yield near, far


class HeldTimer(threading.Timer):
    """A timer that goes off when the test says so."""

    def __init__(self, seconds: float, bark: Callable[[], None]) -> None:
        super().__init__(seconds, bark)
        self.seconds, self.started, self.cancelled = seconds, False, False

    def start(self) -> None:
        """Nothing starts."""
        self.started = True

    def cancel(self) -> None:
        """Nothing will go off."""
        self.cancelled = True


class NoThread(HeldTimer):
    """A timer at interpreter exit, or with too many threads."""

    def start(self) -> None:
        """Fails as ``Thread.start`` does."""
        raise RuntimeError("can't start new thread")


def timer_of(watchdog: Watchdog) -> HeldTimer:
    """What *watchdog* waits for."""
    timer = watchdog._timer
    assert isinstance(timer, HeldTimer)
    return timer


def test_a_watchdog_shuts_what_it_watches(pair: tuple[socket.socket, socket.socket]) -> None:
    """Both directions, so that reads and writes end; before that it does nothing."""
    near, far = pair
    with Watchdog(7, timer=HeldTimer) as watchdog:
        timer = timer_of(watchdog)
        assert (timer.seconds, timer.daemon, timer.started) == (7, True, True)
        assert watchdog.watch(near) is near
        near.sendall(b"x")
        assert far.recv(1) == b"x"
        timer.function()
        assert watchdog.barked
        assert (near.recv(1), far.recv(1)) == (b"", b"")


def test_a_watchdog_that_barked_shuts_what_it_is_shown_later(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """A connection made just past the deadline does not escape it."""
    near, far = pair
    with Watchdog(7, timer=HeldTimer) as watchdog:
        timer_of(watchdog).function()
        watchdog.watch(near)
        assert far.recv(1) == b""


def test_a_watchdog_that_was_not_needed_leaves_the_socket_alone(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """Its own hold on it ends, and its timer."""
    near, far = pair
    with Watchdog(7, timer=HeldTimer) as watchdog:
        watchdog.watch(near)
    assert timer_of(watchdog).cancelled
    near.sendall(b"x")
    assert far.recv(1) == b"x"
    near.close()
    assert far.recv(1) == b""


def test_a_socket_that_closed_already_is_no_trouble(pair: tuple[socket.socket, socket.socket]) -> None:
    """The server may have gone first."""
    near, far = pair
    with Watchdog(7, timer=HeldTimer) as watchdog:
        watchdog.watch(near)
        far.close()
        near.close()
        timer_of(watchdog).function()
        timer_of(watchdog).function()
    assert watchdog.barked


def test_no_thread_for_a_watchdog_is_a_failure_like_any() -> None:
    """At interpreter exit, or with too many threads: without a watchdog nothing is sent."""
    with pytest.raises(FAILURES), Watchdog(7, timer=NoThread):
        pytest.fail("no watchdog, no request")


def test_a_sealed_context_can_be_used_and_not_changed() -> None:
    """What urllib3 sets on any context it is given never reaches the caller's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    sealed = SealedContext(context)
    assert sealed.wrap_socket.__self__ is sealed.wrap_bio.__self__ is context
    assert sealed.verify_mode is ssl.CERT_REQUIRED
    sealed.verify_mode = ssl.CERT_NONE
    sealed.check_hostname = False
    sealed.load_verify_locations(cadata="junk that would be refused")
    sealed.set_alpn_protocols(["http/1.1"])
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert sealed.verify_mode is ssl.CERT_REQUIRED
    assert context.get_ca_certs() == []


@pytest.mark.parametrize(
    ("error", "timeout", "tls"),
    [
        (requests.ConnectTimeout(), True, False),
        (requests.ReadTimeout(), True, False),
        (TimeoutError(), True, False),
        (urllib3.exceptions.ReadTimeoutError(None, "/", ""), True, False),
        (requests.exceptions.SSLError(), False, True),
        (urllib3.exceptions.SSLError(), False, True),
        (ssl.SSLCertVerificationError(), False, True),
        (requests.ConnectionError(), False, False),
        (ConnectionResetError(), False, False),
        (urllib3.exceptions.ProtocolError(), False, False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_failure_means(error: Exception, timeout: bool, tls: bool) -> None:
    """Whichever of the three layers reports it."""
    assert isinstance(error, FAILURES)
    assert (is_timeout(error), is_tls_failure(error)) == (timeout, tls)


def test_what_stands_in_for_a_socket_is_left_alone() -> None:
    """A test tool's has nothing that could be shut."""
    stand_in = object()
    with Watchdog(7, timer=HeldTimer) as watchdog:
        assert watchdog.watch(stand_in) is stand_in  # type: ignore[arg-type,comparison-overlap]
        timer_of(watchdog).function()


def test_a_connection_with_ways_of_its_own_keeps_them() -> None:
    """As one to a SOCKS proxy, or a test tool's."""

    class Own(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            raise NotImplementedError

    watchdog = Watchdog(7, timer=HeldTimer)
    assert watched(Own, watchdog) is Own
    assert watched(object, watchdog) is object
    assert issubclass(watched(HTTPConnection, watchdog), HTTPConnection)


def test_the_proxy_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host and port, and never its user and password; a session may have one, or say nothing of any."""
    for name in (
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "all_proxy",
        "no_proxy",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    assert proxy_of("https://issuer.example/", None) is None
    monkeypatch.setenv("https_proxy", "http://me:secret@proxy.example:3128")
    assert proxy_of("https://issuer.example/", None) == "proxy.example:3128"
    monkeypatch.setenv("no_proxy", "issuer.example")
    assert proxy_of("https://issuer.example/", None) is None
    monkeypatch.delenv("https_proxy")
    with requests.Session() as session:
        session.proxies["https"] = "socks5://me:secret@other.example"
        assert proxy_of("https://elsewhere.example/", session) == "other.example"
        session.proxies["https"] = "http://proxy.example:port"
        assert proxy_of("https://elsewhere.example/", session) is None
    assert proxy_of("https://issuer.example/", object()) is None  # type: ignore[arg-type]


def test_a_machine_without_authorities_trusts_certifis(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Many are there then; with a file of its own, those in it."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert trusting().cert_store_stats()["x509_ca"] > 50
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path).file))
    assert trusting().cert_store_stats()["x509_ca"] == 1


def test_a_chain_of_errors_ends() -> None:
    """Whoever made it: it may be long, and refer to itself."""
    error = ValueError()
    error.__cause__ = error
    assert len(list(chain(error))) == 20
    inner = OSError(errno.ECONNREFUSED, "x")
    outer = requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted", inner))
    assert list(chain(outer))[-1] is inner
    told = cause_of(outer, url="https://issuer.example/", named="JWKS_URI", proxy="proxy.example:80")
    assert told == "connection refused", "no fault of the proxy's"
    assert (
        cause_of(ValueError(), url="", named="", proxy=None) == "the server can't be reached, or breaks off"
    )


def test_errors_of_tls_without_words() -> None:
    """Some libraries make them by hand."""
    for error in (ssl.SSLError("x"), ssl.SSLCertVerificationError("x")):
        told = cause_of(error, url="https://issuer.example/", named="JWKS_URI", proxy=None)
        assert told == "no TLS connection that can be trusted"


@pytest.mark.parametrize(
    "url", ["https://issuer.example:port/", "https://issuer.example", "https://issuer.example:443"]
)
def test_the_origin_of_an_address(url: str) -> None:
    """A port that is none is the scheme's."""
    assert origin_of(url) == ("https", "issuer.example", 443)
