"""Hosts of several addresses, some of which are dead."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from jwks_auth.http import connect
from jwks_auth.http.connect import connected
from tests.patience import soon

DEAD = "127.0.0.7"


@pytest.fixture
def port() -> Iterator[int]:
    """A port that answers on 127.0.0.1, and on :data:`DEAD` to nobody, as its queue is full."""
    with ExitStack() as stack:
        alive = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=16))
        number: int = alive.getsockname()[1]
        dead = stack.enter_context(socket.socket())
        dead.bind((DEAD, number))
        dead.listen(0)
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect((DEAD, number))
        yield number


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let any name have these addresses."""

    def having(*addresses: str) -> None:
        def found(host: str, port: int, *asked: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", found)

    return having


@pytest.mark.parametrize("dead", [1, 3])
def test_a_dead_address_leaves_time_for_another(port: int, resolve: Callable[..., None], dead: int) -> None:
    """However many there are, the last is reached within the time for all."""
    resolve(*[DEAD] * dead, "127.0.0.1")
    with connected("issuer.example", port, 2.0) as sock:
        assert sock.getpeername() == ("127.0.0.1", port)
        assert sock.gettimeout() is not None


@pytest.mark.parametrize(
    ("left", "addresses", "seconds"),
    [(30, 2, 1), (5, 8, 0.625), (0.5, 2, 0.25), (5, 1, 5), (30, 1, 30), (-1, 2, 0.001), (-1, 1, 0.001)],
)
def test_the_share_of_an_address(left: float, addresses: int, seconds: float) -> None:
    """A second at most, and never the time of those after it; the last has all that is left."""
    assert connect._share(left, addresses) == seconds


def test_one_address_may_take_all_the_time(port: int, resolve: Callable[..., None]) -> None:
    """The control: where there is no other, a slow one is not cut short."""
    resolve(DEAD)
    with pytest.raises(TimeoutError):
        soon(lambda: connected("issuer.example", port, 1.5), at_least=1.4)


def test_an_address_that_refuses_costs_nothing(port: int, resolve: Callable[..., None]) -> None:
    """The next is tried at once; where all refuse, that is the reason."""
    resolve("127.0.0.9", "127.0.0.1")
    with connected("issuer.example", port, 5.0):
        pass
    resolve("127.0.0.9", "127.0.0.8")
    with pytest.raises(ConnectionRefusedError):
        connected("issuer.example", port, 5.0)


def test_a_name_without_addresses_is_a_failure(resolve: Callable[..., None]) -> None:
    """As it is to the libraries."""
    resolve()
    with pytest.raises(OSError, match="no address"):
        connected("issuer.example", 443, 5.0)


def test_options_are_set_before_connecting(port: int) -> None:
    """As urllib3 asks for ``TCP_NODELAY``; an address in brackets is one, too."""
    with connected("127.0.0.1", port, 5.0, options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_families_take_turns() -> None:
    """A host whose four IPv6 addresses are dead is reached by the second try (RFC 8305)."""
    found = [(socket.AF_INET6, n) for n in range(4)] + [(socket.AF_INET, n) for n in range(2)]
    order = connect._in_turns(found)
    assert [family for family, _ in order[:4]] == [socket.AF_INET6, socket.AF_INET] * 2
    assert sorted(order) == sorted(found)
