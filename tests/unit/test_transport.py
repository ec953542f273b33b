"""The watchdog, the seal around a TLS context, and what failures mean. Whole requests are in tests/scenarios."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest
import requests
import urllib3

from jwks_auth.http.transport import FAILURES, is_timeout, is_tls_failure
from jwks_auth.http.trust import SealedContext
from jwks_auth.http.watchdog import Watchdog


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
