"""Settings of one of several APIs in a project: its own, and those it inherits from the project's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jwks_auth.errors import ConfigurationError
from jwks_auth.settings.rows import ROWS
from jwks_auth.settings.setting import Taker
from jwks_auth.verifier import Issuer

__all__ = ["inherited"]

_WHOM = frozenset({"ISSUERS", "TENANTS", "VERIFIER", "PROVIDER"}) | {
    name for name, row in ROWS.items() if row.taker & Taker.PLACE
}
"""Settings that say whom to trust: an API that gives one of them inherits nothing of another issuer's."""

_TOGETHER = frozenset({"ISSUERS", "TENANTS", "VERIFIER"}) | {
    name for name, row in ROWS.items() if row.per_issuer
}
_BESIDE_VERIFIER = frozenset(name for name, row in ROWS.items() if row.taker == Taker.ANSWER)


def inherited(shared: Mapping[str, Any], own: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Return the settings of an API that has *own*, in a project with *shared*; unread, by name.

    Values are inherited. What may stand in an entry of ``ISSUERS``, ``ISSUERS`` itself, ``TENANTS`` and ``VERIFIER``
    are inherited together, or not at all where *own* says whom to trust. ``RESOURCE`` and what belongs to it, and
    ``OTHER_TOKENS``, never are; a ``RESOURCE`` of its own is its audience where *own* has no ``AUDIENCE``. Raises
    :class:`ConfigurationError`, with *label* for names, for a setting that an inherited issuer would not heed.
    """
    given = {name: value for name, value in own.items() if value is not None}
    kept = {
        name: value
        for name, value in shared.items()
        if value is not None and not name.startswith("RESOURCE") and name != "OTHER_TOKENS"
    }
    if not _WHOM.isdisjoint(given):
        kept = {name: value for name, value in kept.items() if name not in _TOGETHER}
    if "VERIFIER" in given:  # beside which only settings of the answer may stand
        kept = {name: value for name, value in kept.items() if name not in ROWS or name in _BESIDE_VERIFIER}
    if "RESOURCE" in given:
        kept.pop("AUDIENCE", None)
    _check_heeded(given, kept.get("ISSUERS"), label)
    return {**kept, **given}


def _check_heeded(given: Mapping[str, Any], issuers: Any, label: str) -> None:
    """Raise for a setting of an API that its inherited issuers have themselves."""
    asked = {name for name in given if name in ROWS and ROWS[name].per_issuer}
    if "RESOURCE" in given and "AUDIENCE" not in given:
        asked.add("AUDIENCE")
    if idle := sorted(asked.intersection(_said_by(issuers))):
        raise ConfigurationError(
            f"{label.format(idle[0])} has no effect on an inherited issuer that has its own: give "
            f"{label.format('ISSUERS')} here too"
        )


def _said_by(issuers: Any) -> Iterator[str]:
    for entry in issuers if isinstance(issuers, list | tuple) else ():
        if isinstance(entry, Issuer):
            yield from ("AUDIENCE",) if entry.has_own_audience else ()
        elif isinstance(entry, Mapping):
            yield from (str(name).upper() for name, value in entry.items() if value is not None)
