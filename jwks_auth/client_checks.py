"""What ``PyJWKClient`` accepts as parameters.

Each refusal names the parameter, what was found and what is expected.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from jwks_auth.client_errors import ClientConfigurationError
from jwks_auth.errors import ConfigurationError
from jwks_auth.fetch import checked_url
from jwks_auth.freshness import Rules

__all__ = ["check_objects", "check_rules", "check_uri"]

_METHODS = {"ssl_context": "wrap_socket", "session": "get_adapter", "on_event": "__call__"}


def check_uri(uri: Any) -> None:
    """An address that can be fetched; plain http is the caller's decision, as in PyJWT."""
    try:
        checked_url(uri, name="uri", http=True)
    except ConfigurationError as exc:
        raise ClientConfigurationError(str(exc)) from exc


def check_rules(rules: Rules, max_response_bytes: Any) -> None:
    """Durations and sizes."""
    _check("lifespan", rules.lifespan, above=0)
    _check("timeout", rules.timeout, above=0, finite=True)
    _check("max_response_bytes", max_response_bytes, above=0)
    _check("cooldown_duration", rules.cooldown, finite=True)
    _check("wait", rules.wait)
    _check("stale_if_error", rules.stale_if_error)


def check_objects(headers: Any, max_cached_keys: Any, **objects: Any) -> None:
    """Headers that can be sent, and objects that can do what will be asked of them."""
    if not isinstance(headers, Mapping) or not all(_is_header(*item) for item in headers.items()):
        raise ClientConfigurationError("headers: expected a dict of names and values, without line breaks")
    if max_cached_keys is not None and (
        isinstance(max_cached_keys, bool) or not isinstance(max_cached_keys, int)
    ):
        raise ClientConfigurationError(
            f"max_cached_keys: found {max_cached_keys!r}, expected a number or None"
        )
    for name, value in objects.items():
        if value is not None and not hasattr(value, _METHODS[name]):
            raise ClientConfigurationError(f"{name}: found {value!r}, which has no {_METHODS[name]}")
    if objects["session"] is not None and objects["ssl_context"] is not None:
        raise ClientConfigurationError("session and ssl_context: expected one of them to decide on TLS")


def _is_header(name: Any, value: Any) -> bool:
    return isinstance(name, str) and bool(name) and not any(c in f"{name}{value}" for c in "\r\n\0")


def _check(name: str, value: Any, *, above: float | None = None, finite: bool = False) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
    if number and (value >= 0 if above is None else value > above) and not (finite and math.isinf(value)):
        return
    expected = "a number, 0 or more" if above is None else f"a number above {above:g}"
    raise ClientConfigurationError(
        f"{name}: found {value!r}, expected {'a finite ' * finite or 'a '}{expected[2:]}"
    )
