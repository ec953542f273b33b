"""Readers of the settings for requests: the places of tokens, their schemes, and origins."""

from __future__ import annotations

import re
from typing import Any

from jwks_auth.settings.readers import names
from jwks_auth.verifier import checked_sources

__all__ = ["origins", "schemes", "sources"]

# Without ".", as in credentials: a JWT without a scheme is a mistake, not the name of another scheme.
_SCHEME = re.compile(r"[!#$%&'*+^_`|~0-9A-Za-z-]+")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^\s/?#@:\[\]*,]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def sources(value: Any) -> tuple[str, ...]:
    """Read places of tokens in a request, as :func:`names`."""
    return checked_sources(names(value))


def schemes(value: Any) -> tuple[str, ...]:
    """Read schemes of ``Authorization``, as :func:`names`; at least one."""
    found = names(value)
    if not found:
        raise ValueError('expected at least one scheme, as in ["Bearer"], found none')
    for at, scheme in enumerate(found):
        if not _SCHEME.fullmatch(scheme):
            raise ValueError(
                f"found {scheme!r}, which can't be a scheme: expected one word, such as Bearer or JWT"
            )
        if scheme.lower() == "dpop":
            raise ValueError(f"found {scheme!r}, whose tokens need a proof: it is known without being named")
        if scheme.lower() in map(str.lower, found[:at]):
            raise ValueError(f"found {scheme!r} twice: schemes are compared without case")
    return found


def origins(value: Any) -> tuple[str, ...]:
    """Read origins of pages, as :func:`names`, and return them as browsers write them."""
    return tuple(_origin(each) for each in names(value))


def _origin(given: str) -> str:
    found = given.lower()
    if not _ORIGIN.fullmatch(found):
        raise ValueError(
            f"found {given!r}, expected an origin without path and slash at the end, as in https://app.acme.dev"
        )
    if not found.isascii():
        raise ValueError(
            f"found {given!r}, expected the host as browsers write it, as in https://xn--bcher-kva.example"
        )
    return found.removesuffix(_DEFAULT_PORTS.get(found.partition("://")[0], "/"))
