"""The places in a request where an issuer's tokens may stand, as settings write them.

``header`` is ``Authorization``; ``header:<name>`` is another header, ``cookie:<name>`` a cookie. There is none for the
query, because addresses are kept in logs and histories.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from jwks_auth.challenge import several

__all__ = ["AUTHORIZATION", "checked_sources", "is_of_a_proxy", "source_key"]

AUTHORIZATION = "header"
"""The source that is meant unless another is named."""

_FORMS = '"header", "header:<name>" or "cookie:<name>"'
_NAME = re.compile(r"[!#$%&'*+.^`|~0-9A-Za-z_-]+\Z")  # RFC 9110 section 5.6.2, RFC 6265 section 4.1.1
_OTHERS = {
    "cookie": "write cookie:<name>",
    "set-cookie": "write cookie:<name>",
    "sec-websocket-protocol": "subprotocols are the adapter's own setting",
    "dpop": "it has a proof, not a token",
    **dict.fromkeys(
        ("host", "origin", "content-type", "content-length", "upgrade", "sec-fetch-site"),
        "it has a meaning of its own",
    ),
    **dict.fromkeys(
        ("connection", "keep-alive", "te", "trailer", "transfer-encoding"),
        "it ends at the next proxy",
    ),
}
"""Headers that never have a token, with what to do instead."""

_OF_PROXIES = frozenset(
    f"header:{name}"
    for name in (
        "cf-access-jwt-assertion",
        "x-goog-iap-jwt-assertion",
        "x-amzn-oidc-accesstoken",  # Application Load Balancer
        "x-amzn-oidc-data",
        "x-auth-request-access-token",  # oauth2-proxy
        "x-forwarded-access-token",
        "x-ms-token-aad-access-token",  # App Service
        "x-ms-token-aad-id-token",
        "x-pomerium-jwt-assertion",
    )
)
"""Headers in which proxies put the token of a user whom they know by a cookie of theirs."""


def checked_sources(given: str | Iterable[str]) -> tuple[str, ...]:
    """Return the sources that are *given*, each in its shortest form.

    Raises ``ValueError`` for none, for one that can't be, and for one that is named twice.
    """
    found = tuple(_checked(each) for each in several(given))
    if not found:
        raise ValueError(f"expected at least one of {_FORMS}, found none")
    for at, source in enumerate(found):
        if source_key(source) in map(source_key, found[:at]):
            raise ValueError(f"found {source!r} twice")
    return found


def source_key(source: str) -> str:
    """Return a text that is equal for sources of the same place: names of headers are compared without case."""
    return source.lower() if source.startswith(AUTHORIZATION) else source


def is_of_a_proxy(source: str) -> bool:
    """Return whether a proxy puts the token there for a cookie, which browsers send for any site's page."""
    return source_key(source) in _OF_PROXIES


def _checked(source: Any) -> str:
    if not isinstance(source, str):
        raise _impossible(source, f"expected {_FORMS}")
    kind, _, name = source.partition(":")
    if kind not in ("header", "cookie") or source == "cookie":
        hint = "; a token in the query is never read, as addresses are logged" if kind == "query" else ""
        raise _impossible(source, f"expected {_FORMS}{hint}")
    if source == AUTHORIZATION:
        return source
    if not _NAME.match(name):
        raise _impossible(source, f"{name!r} can't be the name of a {kind}")
    return _checked_header(source, name) if kind == "header" else source


def _checked_header(source: str, name: str) -> str:
    if "_" in name:
        raise _impossible(source, f"servers drop headers with underscores: {source.replace('_', '-')!r}")
    if name.lower() in _OTHERS:
        raise _impossible(source, _OTHERS[name.lower()])
    return AUTHORIZATION if name.lower() == "authorization" else source


def _impossible(source: object, why: str) -> ValueError:
    return ValueError(f"found {source!r}, {why}")
