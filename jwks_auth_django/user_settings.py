"""Settings in ``JWKS_AUTH["USER"]``: names, readers, and the issuers that may grant powers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from jwks_auth import ConfigurationError
from jwks_auth.adapters import Settings, readers
from jwks_auth_django import options as read

__all__ = [
    "DATABASE_SETTINGS",
    "POWERS",
    "TOKEN_SETTINGS",
    "USER_LABEL",
    "check_grants",
    "trusted_issuers",
]

USER_LABEL = 'JWKS_AUTH["USER"]["{}"]'

POWERS = frozenset({"is_staff", "is_superuser"})
"""Fields that give power whatever fills them."""


def _issuers(value: Any) -> frozenset[str]:
    found = readers.names(value)
    if not found:
        raise ValueError(f"expected a list of issuers' URLs, found {value!r}")
    return frozenset(found)


TOKEN_SETTINGS = {"SERVICES": read.Option(read.one_of("token", "refuse"), "token")}

DATABASE_SETTINGS = {
    "CREATE": read.Option(read.flag, True),
    "MATCH_EMAIL": read.Option(read.flag, False),
    "SERVICES": read.Option(read.one_of("refuse", "token", "create"), "refuse"),
    "CLAIM_MAP": read.Option(read.names, {}),
    "FLAGS": read.Option(read.names, {}),
    "FLAGS_FROM": read.Option(_issuers, None),
    "GROUPS_CLAIM": read.Option(read.text, None),
    "GROUPS": read.Option(read.one_of("mirror", "existing", "off"), "existing"),
    "GROUPS_FROM": read.Option(_issuers, None),
}


def trusted_issuers(settings: Settings) -> tuple[str, ...] | None:
    """The issuers that *settings* name; ``None`` where tenants come and go."""
    if "TENANTS" in settings.shared:
        return None
    return tuple(source["ISSUER"] for source in settings.sources)


def check_grants(given: Mapping[str, Any], issuers: Collection[str] | None) -> None:
    """Powers are granted by issuers that are named, where more than one is trusted; of no *issuers* nothing is known.

    Raises :class:`ConfigurationError` where they are not, or one is named that is not trusted.
    """
    grants = {
        "FLAGS_FROM": bool(given["flags"]) or not POWERS.isdisjoint(given["claim_map"]),
        "GROUPS_FROM": given["groups_claim"] is not None and given["groups"] != "off",
    }
    for setting, is_used in grants.items():
        label, named = USER_LABEL.format(setting), given[setting.lower()]
        if named is None:
            if is_used and (issuers is None or len(set(issuers)) > 1):
                raise ConfigurationError(
                    f"{label} is missing: of several issuers, list those that may grant this"
                )
        elif issuers and (strangers := named.difference(issuers)):
            known = dict.fromkeys(issuers)
            raise ConfigurationError(
                f"{label}: {min(strangers)!r} is no issuer of JWKS_AUTH, expected of {', '.join(map(repr, known))}"
            )
