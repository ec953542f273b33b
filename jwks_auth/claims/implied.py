"""Implied scopes: what a scope grants besides itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jwks_auth.challenge import checked_scopes
from jwks_auth.errors import ConfigurationError

__all__ = ["closure"]


def closure(implies: Mapping[str, str | Iterable[str]]) -> dict[str, frozenset[str]]:
    """Return the scopes that each scope grants besides itself, through others too.

    Raises ``ConfigurationError`` for what is no mapping of scopes to scopes.
    """
    if not isinstance(implies, Mapping) or not implies:
        raise ConfigurationError(
            f"scope_implies: found {implies!r}, expected a mapping of scopes to those they imply"
        )
    try:
        direct = {checked_scopes([name])[0]: checked_scopes(granted) for name, granted in implies.items()}
    except (TypeError, ValueError) as exc:
        raise ConfigurationError(f"scope_implies: {exc}") from exc
    return {name: _reached(direct, name) for name in direct}


def _reached(direct: Mapping[str, Iterable[str]], name: str) -> frozenset[str]:
    found, ahead = {name}, [name]
    while ahead:
        news = set(direct.get(ahead.pop(), ())) - found
        found |= news
        ahead += news
    return frozenset(found - {name})
