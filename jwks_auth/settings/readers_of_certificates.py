"""Readers of the settings for client certificates: where they stand in a request, and whose word is taken for it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, TypeAlias

from jwks_auth.proofs import ANY_PROXY, FORMATS, AnyProxy, CertificateHeader, Network, ProxySecret
from jwks_auth.runtime import nearest
from jwks_auth.settings.readers import function, mapping, names

__all__ = ["Trust", "client_certificate", "proxy_secret", "trusted_proxies"]

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^`|~-]{1,128}")  # no "_", which servers drop or read as "-"
_SECRET = re.compile(r"[!-~]{16,1024}")
_SENDERS = frozenset({"authorization", "cookie", "dpop", "host", "forwarded", "x-forwarded-for"})


Trust: TypeAlias = tuple[Network, ...] | AnyProxy


def client_certificate(value: Any) -> Any:
    """``tls``; a dict (or JSON object) with ``HEADER`` and ``FORMAT``; or a function or its dotted path."""
    if value == "tls" or isinstance(value, CertificateHeader):
        return value
    if isinstance(value, Mapping) or (isinstance(value, str) and value.lstrip().startswith("{")):
        given = _members(value, ("HEADER", "FORMAT"))
        if given["FORMAT"] not in FORMATS:
            raise ValueError(f"FORMAT: found {given['FORMAT']!r}: {nearest(given['FORMAT'], FORMATS)}")
        return CertificateHeader(_header(given["HEADER"]), given["FORMAT"])
    if isinstance(value, str) and "." not in value:
        raise ValueError(
            f'expected "tls", {{"HEADER": ..., "FORMAT": ...}} or the dotted path of a function, found {value!r}'
        )
    found = function(value)
    if inspect.iscoroutinefunction(found):
        raise ValueError("found an async function, expected a plain one: the certificate is there already")
    return found


def trusted_proxies(value: Any) -> Trust:
    """Networks of proxies, as a list; or ``ANY_PROXY``, written out."""
    if value is ANY_PROXY or value == "ANY_PROXY":
        return ANY_PROXY
    listed = value if isinstance(value, tuple) and all(map(_is_network, value)) else names(value)
    if not listed:
        raise ValueError("expected at least one network, found none; ANY_PROXY believes all")
    return tuple(map(_network, listed))


def proxy_secret(value: Any) -> ProxySecret:
    """A dict (or JSON object) with ``HEADER`` and ``VALUE``, which is never shown."""
    if isinstance(value, ProxySecret):
        return value
    try:
        given = _members(value, ("HEADER", "VALUE"))
    except ValueError:  # its text may hold the secret
        given = {}
    if not given:
        raise ValueError('expected {"HEADER": ..., "VALUE": ...}, and nothing else')
    if not isinstance(given["VALUE"], str) or not _SECRET.fullmatch(given["VALUE"]):
        raise ValueError("VALUE: expected 16 to 1024 printable ASCII characters without spaces")
    return ProxySecret(_header(given["HEADER"]), given["VALUE"])


def _members(value: Any, expected: tuple[str, str]) -> dict[str, Any]:
    given = {str(name).upper(): each for name, each in mapping(value).items()}
    if given.keys() != set(expected):
        raise ValueError(f"found {', '.join(given) or 'nothing'}, expected {' and '.join(expected)}")
    return given


def _header(value: Any) -> str:
    if not isinstance(value, str) or not _HEADER.fullmatch(value):
        raise ValueError(f"HEADER: found {value!r}, expected the name of a header, without underscores")
    if value.lower() in _SENDERS:
        raise ValueError(
            f"HEADER: found {value!r}, which clients send themselves: name one of the proxy's own"
        )
    return value


def _is_network(value: Any) -> bool:
    return isinstance(value, IPv4Network | IPv6Network)


def _network(text: str | Network) -> Network:
    try:
        found = ip_network(text)
    except ValueError as error:
        raise ValueError(f"found {str(text)!r}, expected a network such as 10.0.0.0/8: {error}") from None
    if found.prefixlen == 0:
        raise ValueError(
            f"found {str(text)!r}, which is everybody: write ANY_PROXY where nobody else gets through"
        )
    return found
