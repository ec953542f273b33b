"""One TCP connection to a host with several addresses, some of which may not answer."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain, zip_longest
from time import monotonic
from typing import Any

__all__ = ["connected"]

_LONGEST_TRY = 1.0
"""The most seconds for one address while others have not been tried."""

_Found = tuple[Any, ...]


def connected(host: str, port: int, seconds: float, *, options: Iterable[Any] = ()) -> socket.socket:
    """Return a connection to the first address of *host* that answers, within *seconds*.

    Each address but the last gets a share of that time, a second at most, so that a dead one (IPv6 on many networks)
    costs no more. IPv6 and IPv4 addresses alternate (RFC 8305 section 4). Raises ``OSError``.
    """
    found = _in_turns(socket.getaddrinfo(host.strip("[]"), port, 0, socket.SOCK_STREAM))
    ends = monotonic() + seconds
    error: OSError = OSError("the name has no address")
    for at, each in enumerate(found):
        try:
            return _to(each, _share(ends - monotonic(), len(found) - at), options)
        except OSError as exc:
            error = exc
    try:
        raise error
    finally:
        del error  # its traceback refers to this frame


def _share(left: float, addresses: int) -> float:
    """Return the seconds for the next address, out of *left* seconds for so many *addresses*."""
    return max(0.001, left if addresses == 1 else min(_LONGEST_TRY, left / addresses))


def _in_turns(found: Sequence[_Found]) -> list[_Found]:
    first = [each for each in found if each[0] == found[0][0]]
    rest = [each for each in found if each[0] != found[0][0]]
    return [each for each in chain.from_iterable(zip_longest(first, rest)) if each is not None]


def _to(found: _Found, seconds: float, options: Iterable[Any]) -> socket.socket:
    family, kind, protocol, _, address = found
    sock = socket.socket(family, kind, protocol)
    try:
        for option in options:
            sock.setsockopt(*option)
        sock.settimeout(seconds)
        sock.connect(address)
    except BaseException:
        with suppress(OSError):
            sock.close()
        raise
    return sock
