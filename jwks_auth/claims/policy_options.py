"""Options of a policy, and the condition that each stands for. Every guard passes them on, so a new one is added here.

Its name and type are a line of :class:`PolicyOptions`, its condition is a row of :data:`RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypedDict

from jwks_auth.challenge import checked_scopes, several
from jwks_auth.claims.binding import WAYS
from jwks_auth.claims.need import Authentication
from jwks_auth.claims.party_rules import ActorIs, IsPerson, SenderIs
from jwks_auth.claims.paths import ClaimPath
from jwks_auth.claims.policy_rules import AllOf, ClaimIs, Contains, IsAuthenticated, Kind, Rule
from jwks_auth.errors import ConfigurationError

__all__ = ["RULES", "PolicyOptions", "checked_names", "option_names", "rule_of"]

Names = str | Iterable[str]


class PolicyOptions(TypedDict, total=False):
    """Options of :class:`Policy`, and of every guard, which passes them on. Each must be non-empty and not ``None``."""

    scopes: Names
    any_scope: Names
    roles: Names
    any_role: Names
    permissions: Names
    claims: Mapping[str, Any]
    person: bool
    actor: Names
    acr: Names
    max_auth_age: int
    sender: Names


def rule_of(asked: Mapping[str, Any]) -> Rule:
    """Return the condition that all options *asked* for make up.

    Raises ``ConfigurationError`` for a value that no token can meet.
    """
    rules = []
    for together, made in RULES.items():
        # None is given too: an unset variable leaves it where a requirement was meant, and must not open the route.
        if given := {name: asked[name] for name in together if name in asked}:
            rules += made(given)
    return rules[0] if len(rules) == 1 else AllOf(tuple(rules))


def option_names() -> tuple[str, ...]:
    """Return the name of every option."""
    return tuple(PolicyOptions.__annotations__)


def checked_names(label: str, names: Any) -> tuple[str, ...]:
    """Return the *names*, one or several, of the option *label*; raise ``ConfigurationError`` for an empty one."""
    listed = several(names) if isinstance(names, Iterable) else ()
    if not listed or not all(isinstance(name, str) and name.strip() for name in listed):
        raise ConfigurationError(
            f"{label}: found {names!r}, expected at least one non-empty string; leave {label} out where "
            "nothing is asked"
        )
    return listed


def _contains(kind: Kind, *, every: bool = True) -> Callable[[Mapping[str, Any]], list[Rule]]:
    def made(asked: Mapping[str, Any]) -> list[Rule]:
        read = _checked_scopes if kind == "scopes" else checked_names
        return [Contains(kind, read(label, names), every) for label, names in asked.items()]

    return made


def _claims(asked: Mapping[str, Any]) -> list[Rule]:
    claims = asked["claims"]
    if not (isinstance(claims, Mapping) and claims):
        raise ConfigurationError(f"claims: found {claims!r}, expected a mapping of claims to their values")
    return [ClaimIs(ClaimPath(name, tuple(name.split("."))), value) for name, value in claims.items()]


def _person(asked: Mapping[str, Any]) -> list[Rule]:
    if asked["person"] is not True:
        raise ConfigurationError(
            f"person: found {asked['person']!r}, expected True; services are ~Policy(person=True)"
        )
    return [IsPerson()]


def _actor(asked: Mapping[str, Any]) -> list[Rule]:
    return [ActorIs(checked_names("actor", asked["actor"]))]


def _sender(asked: Mapping[str, Any]) -> list[Rule]:
    ways = checked_names("sender", asked["sender"])
    if not WAYS.issuperset(ways):
        raise ConfigurationError(f"sender: found {asked['sender']!r}, expected {' or '.join(sorted(WAYS))}")
    return [SenderIs(ways)]


def _authenticated(asked: Mapping[str, Any]) -> list[Rule]:
    age = asked.get("max_auth_age", 0)
    if isinstance(age, bool) or not isinstance(age, int) or age < 0:
        raise ConfigurationError(f"max_auth_age: found {age!r}, expected whole seconds, 0 or more")
    ways = _checked_scopes("acr", asked["acr"]) if "acr" in asked else ()
    return [IsAuthenticated(Authentication(ways, asked.get("max_auth_age")))]


def _checked_scopes(label: str, names: Any) -> tuple[str, ...]:
    listed = checked_names(label, names)
    try:
        return checked_scopes(names if isinstance(names, str) else listed)
    except ValueError as exc:
        raise ConfigurationError(f"{label}: {exc}") from exc


RULES: dict[tuple[str, ...], Callable[[Mapping[str, Any]], list[Rule]]] = {
    ("scopes",): _contains("scopes"),
    ("any_scope",): _contains("scopes", every=False),
    ("roles",): _contains("roles"),
    ("any_role",): _contains("roles", every=False),
    ("permissions",): _contains("permissions"),
    ("claims",): _claims,
    ("person",): _person,
    ("actor",): _actor,
    ("acr", "max_auth_age"): _authenticated,
    ("sender",): _sender,
}
"""The options that make one condition together, and the function of those given that makes it."""
