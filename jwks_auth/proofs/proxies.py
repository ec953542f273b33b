"""Proxies that are believed about a client's certificate; anybody could send the header, so its sender is judged."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from hmac import compare_digest
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, Protocol, TypeAlias

from jwks_auth.runtime import Concealed

__all__ = ["ANY_PROXY", "AnyProxy", "Network", "Peer", "ProxySecret", "TrustedProxies"]

Network: TypeAlias = IPv4Network | IPv6Network


class AnyProxy(Enum):
    """The type of :data:`ANY_PROXY`."""

    ANY_PROXY = "any proxy"


ANY_PROXY: Final = AnyProxy.ANY_PROXY
"""Believe the header of whoever sends it: where nobody but the proxy can reach the service. It must be written out."""


class ProxySecret(Concealed):
    """A header whose value only the proxy knows."""

    __slots__ = ("header", "value")

    def __init__(self, header: str, value: str) -> None:
        self.header, self.value = header, value


_FORWARDED = (
    "X-Forwarded-For",
    "Forwarded",
    "X-Real-IP",
    "X-Client-IP",
    "Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "Fastly-Client-IP",
    "Fly-Client-IP",
    "X-Cluster-Client-IP",
    "X-Envoy-External-Address",
)
"""Headers that name clients, from which middleware takes an address in place of the socket's."""

_NO_ADDRESS = (
    "the socket has no address to trust: it is a unix socket, or another program's word; use PROXY_SECRET"
)
_IN_HEADER = (
    "a header of the request names the peer's address, so it may be the sender's word; use PROXY_SECRET"
)
_STRANGER = "the certificate's header is from a peer that is not among TRUSTED_PROXIES"
_WRONG_SECRET = "the header of PROXY_SECRET is missing or wrong"  # noqa: S105


class Peer(Protocol):
    """The parts of a request that tell who sent it."""

    @property
    def peer(self) -> str:
        """The address of the socket's peer; empty where it is unknown."""

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value of the header *name*."""


class TrustedProxies:
    """The proxies of a service: any, those in *networks*, or those that know the *secret*."""

    def __init__(
        self, networks: Iterable[Network] | AnyProxy | None = None, secret: ProxySecret | None = None
    ) -> None:
        self._any = isinstance(networks, AnyProxy)
        self._networks = () if networks is None or isinstance(networks, AnyProxy) else tuple(networks)
        self._secret = secret

    def distrust(self, request: Peer) -> str | None:
        """Return why the sender of *request* is not believed; ``None`` if it is."""
        if self._any:
            return None
        if self._secret is not None:
            return None if _knows(self._secret, request.values(self._secret.header)) else _WRONG_SECRET
        address = _address(request.peer)
        if address is None:
            return _NO_ADDRESS
        if not any(address in network for network in self._networks):
            return _STRANGER
        return _IN_HEADER if _is_named(request) else None


def _knows(secret: ProxySecret, values: tuple[str, ...]) -> bool:
    found = values[0].strip(" \t") if len(values) == 1 else ""
    return compare_digest(found.encode(errors="replace"), secret.value.encode())


def _address(peer: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(peer)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _is_named(request: Peer) -> bool:
    """Return whether a forwarding header has the peer's address, from which middleware may have copied it."""
    whole = re.compile(rf"(?<![0-9a-f.]){re.escape(request.peer)}(?![0-9a-f.])", re.IGNORECASE)
    return any(whole.search(value) for name in _FORWARDED for value in request.values(name))
