"""The parameters of ``PyJWKClient`` that others pass on, and the checks of all of them.

Each message names the parameter, the value found and the value expected.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from math import inf
from sys import float_info
from typing import TYPE_CHECKING, Any, TypedDict

from jwks_auth.client.errors import ClientConfigurationError
from jwks_auth.errors import ConfigurationError
from jwks_auth.http import Network, checked_url
from jwks_auth.keys import OnEvent, Rules
from jwks_auth.stores import KeySetStore

if TYPE_CHECKING:
    from jwks_auth.http import Session

__all__ = ["ClientOptions", "KeyOptions", "check_objects", "check_rules", "check_uri"]

_LONGEST_TIMEOUT = 1e9
"""Thirty years in seconds. Threads and sockets refuse much longer timeouts."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"(?!\s)[\t\x20-\x7e\x80-\xff]*")  # as http.client and requests take it: latin-1
_PARTS = {
    "ssl_context": ("wrap_socket",),
    "session": ("request", "hooks", "auth", "verify"),  # another library's client has some of them only
    "on_event": ("__call__",),
}


class KeyOptions(TypedDict, total=False):
    """Options for keys that are also settings."""

    headers: dict[str, Any] | None
    session: Session | None
    ca_file: str | os.PathLike[str] | None
    bearer_file: str | os.PathLike[str] | None
    store: KeySetStore | str | None
    lifespan: float
    cooldown_duration: float
    stale_if_error: float
    cache_jwk_set: bool
    cache_keys: bool
    max_cached_keys: int


class ClientOptions(KeyOptions, total=False):
    """Options that :class:`Issuer` passes on to the :class:`PyJWKClient` it makes, with the client's defaults."""

    ssl_context: ssl.SSLContext | None
    accept_empty: bool
    max_response_bytes: int
    on_event: OnEvent | None


def check_uri(uri: Any) -> None:
    """Check that the address can be fetched; plain http is the caller's decision, as in PyJWT."""
    try:
        checked_url(uri, name="uri", http=True)
    except ConfigurationError as exc:
        raise ClientConfigurationError(str(exc)) from exc


def check_rules(rules: Rules, max_response_bytes: Any) -> None:
    """Check durations and sizes."""
    _check("lifespan", rules.lifespan, above=0, endless=True)
    _check("timeout", rules.timeout, above=0, most=_LONGEST_TIMEOUT)
    _check("cooldown_duration", rules.cooldown)
    _check("wait", rules.wait, endless=True)
    _check("stale_if_error", rules.stale_if_error, endless=True)
    if not _is_whole(max_response_bytes) or max_response_bytes < 1:
        raise ClientConfigurationError(
            f"max_response_bytes: found {max_response_bytes!r}, expected a whole number above 0"
        )


def check_objects(headers: Any, max_cached_keys: Any, network: Network, **objects: Any) -> None:
    """Check that headers can be sent, objects have the methods needed, and files can be read."""
    if not isinstance(headers, Mapping) or not all(_is_header(*item) for item in headers.items()):
        raise ClientConfigurationError("headers: expected a dict of names and values that HTTP can carry")
    if max_cached_keys is not None and not _is_whole(max_cached_keys):
        raise ClientConfigurationError(
            f"max_cached_keys: found {max_cached_keys!r}, expected a number or None"
        )
    for name, value in {**objects, "session": network.session}.items():
        missing = [part for part in _PARTS[name] if value is not None and not hasattr(value, part)]
        if missing:
            raise ClientConfigurationError(f"{name}: found {value!r}, which has no {missing[0]}")
    try:
        network.check(headers, ssl_context=objects["ssl_context"])
    except ConfigurationError as exc:
        raise ClientConfigurationError(str(exc)) from exc


def _is_header(name: Any, value: Any) -> bool:
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return (
        value is not None
        and isinstance(name, str)
        and _HEADER_NAME.fullmatch(name) is not None
        and _HEADER_VALUE.fullmatch(text) is not None
    )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check(
    name: str, value: Any, *, above: float | None = None, most: float = float_info.max, endless: bool = False
) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        large_enough = value >= 0 if above is None else value > above
        if large_enough and (value <= most or (endless and value == inf)):
            return
    finite = "" if endless else "finite "
    expected = f"a {finite}number" + (", 0 or more" if above is None else f" above {above:g}")
    raise ClientConfigurationError(f"{name}: found {_shown(value)}, expected {expected}")


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except ValueError:  # an integer of thousands of digits has no decimal text
        return "a number out of range"
