"""Policies: the scopes, roles, permissions and claims that a token must have, combined with ``&``, ``|`` and ``~``.

A policy takes a :class:`VerifiedToken` alone, so that it can't judge a token which was only read.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from jwks_auth.challenge import checked_scopes, several
from jwks_auth.claims.need import Authentication, Need
from jwks_auth.claims.paths import ClaimPath
from jwks_auth.claims.policy_rules import (
    ActorIs,
    AllOf,
    AnyOf,
    ClaimIs,
    Contains,
    IsAuthenticated,
    IsPerson,
    Kind,
    Not,
    Rule,
)
from jwks_auth.claims.token import VerifiedToken
from jwks_auth.errors import (
    ConfigurationError,
    InsufficientAuthenticationError,
    InsufficientScopeError,
    MissingTokenError,
)

__all__ = ["Policy", "PolicyOptions", "checked_names"]

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


# Not None, which an unset variable leaves: a requirement was meant there, and dropping it would open the route.
_LEFT_OUT: Any = ...


class Policy:
    """A requirement on a verified token; every part given must hold.

    A token needs all *scopes*, *roles* and *permissions*, and one each of *any_scope* and *any_role*. A string is one
    role or permission, or scopes separated by spaces. *claims* maps a claim, or a path such as ``realm.tier``, to the
    value it must have; a list must contain that value. *person=True* refuses services. *actor*: one of these
    subjects acts for the token's own (RFC 8693). *acr* lists ways to authenticate of which the user used one, the best
    first; *max_auth_age* is the most seconds since (RFC 9470). Raises ``ConfigurationError`` for a requirement that no
    token can meet, and for an empty one or ``None``, which an unset variable leaves: leave out an option that you don't
    need.
    """

    __slots__ = ("_rule",)

    def __init__(
        self,
        *,
        scopes: Names = _LEFT_OUT,
        any_scope: Names = _LEFT_OUT,
        roles: Names = _LEFT_OUT,
        any_role: Names = _LEFT_OUT,
        permissions: Names = _LEFT_OUT,
        claims: Mapping[str, Any] = _LEFT_OUT,
        person: bool = _LEFT_OUT,
        actor: Names = _LEFT_OUT,
        acr: Names = _LEFT_OUT,
        max_auth_age: int = _LEFT_OUT,
    ) -> None:
        asked: list[tuple[str, Kind, Names, bool]] = [
            ("scopes", "scopes", scopes, True),
            ("any_scope", "scopes", any_scope, False),
            ("roles", "roles", roles, True),
            ("any_role", "roles", any_role, False),
            ("permissions", "permissions", permissions, True),
        ]
        rules: list[Rule] = [
            Contains(kind, _names(label, names, kind), every)
            for label, kind, names, every in asked
            if names is not _LEFT_OUT
        ]
        rules += [] if claims is _LEFT_OUT else _claim_rules(claims)
        rules += [] if person is _LEFT_OUT else _of_people(person)
        rules += [] if actor is _LEFT_OUT else [ActorIs(checked_names("actor", actor))]
        rules += _of_authentication(acr, max_auth_age)
        self._rule: Rule = rules[0] if len(rules) == 1 else AllOf(tuple(rules))

    @classmethod
    def _of(cls, rule: Rule) -> Policy:
        policy = cls.__new__(cls)
        policy._rule = rule
        return policy

    def __and__(self, other: Policy) -> Policy:
        return Policy._of(AllOf((self._rule, other._rule)))

    def __or__(self, other: Policy) -> Policy:
        return Policy._of(AnyOf((self._rule, other._rule)))

    def __invert__(self) -> Policy:
        return Policy._of(Not(self._rule))

    def allows(self, token: VerifiedToken[Any], now: float | None = None) -> bool:
        """Return whether *token* meets the policy at *now*, in seconds since 1970."""
        return self._rule.allows(token, time.time() if now is None else now)

    def check(self, token: VerifiedToken[Any] | None, now: float | None = None) -> None:
        """Raise ``InsufficientScopeError``, with every scope that is needed, unless *token* meets the policy.

        Raise ``InsufficientAuthenticationError`` if the user has to authenticate otherwise, or again. Raise
        ``MissingTokenError`` for ``None``, as on a route where a token is optional.
        """
        if token is None:
            raise MissingTokenError
        now = time.time() if now is None else now
        if not self._rule.allows(token, now):
            raise _refusal(self._rule.need(token, now))

    def scopes_for(
        self, token: VerifiedToken[Any] | None = None, now: float | None = None
    ) -> tuple[str, ...]:
        """The scopes that a challenge names: all of the easiest way through, those that *token* has too."""
        return self._rule.need(token, time.time() if now is None else now).scopes

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every scope it asks for, for a route's documentation."""
        return tuple(dict.fromkeys(self._rule.scopes()))

    def scope_alternatives(self) -> tuple[tuple[str, ...], ...]:
        """Sets of scopes, for OpenAPI's list of alternatives: a token needs all scopes of one set.

        OpenAPI has no place for roles, permissions and claims, so a set may be empty.
        """
        return tuple(self._rule.scope_alternatives())

    def describe(self) -> dict[str, Any]:
        """The policy as JSON values, for a route's documentation."""
        return self._rule.describe()

    def __str__(self) -> str:
        """The policy in words, for a table of routes."""
        return str(self._rule)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Policy) and self._rule == other._rule

    def __hash__(self) -> int:
        return hash(repr(self._rule))

    def __repr__(self) -> str:
        return f"Policy({self.describe()})"


def _refusal(need: Need) -> InsufficientScopeError | InsufficientAuthenticationError:
    lacking = need.scopes if need.lacking else ()
    if need.weak:
        asked = need.authentication
        return InsufficientAuthenticationError(asked.acr, asked.max_age, scopes=lacking)
    return InsufficientScopeError(lacking)


def _of_authentication(acr: Names, max_age: int) -> list[Rule]:
    if max_age is not _LEFT_OUT and (
        isinstance(max_age, bool) or not isinstance(max_age, int) or max_age < 0
    ):
        raise ConfigurationError(f"max_auth_age: found {max_age!r}, expected whole seconds, 0 or more")
    ways = () if acr is _LEFT_OUT else _names("acr", acr, "scopes")
    if acr is _LEFT_OUT and max_age is _LEFT_OUT:
        return []
    return [IsAuthenticated(Authentication(ways, None if max_age is _LEFT_OUT else max_age))]


def _of_people(person: bool) -> list[Rule]:
    if person is not True:
        raise ConfigurationError(
            f"person: found {person!r}, expected True; services are ~Policy(person=True)"
        )
    return [IsPerson()]


def _claim_rules(claims: Mapping[str, Any]) -> list[Rule]:
    if not (isinstance(claims, Mapping) and claims):
        raise ConfigurationError(f"claims: found {claims!r}, expected a mapping of claims to their values")
    return [ClaimIs(ClaimPath(name, tuple(name.split("."))), value) for name, value in claims.items()]


def _names(label: str, names: Names, kind: Kind) -> tuple[str, ...]:
    listed = checked_names(label, names)
    if kind == "scopes":
        try:
            return checked_scopes(names)
        except ValueError as exc:
            raise ConfigurationError(f"{label}: {exc}") from exc
    return listed


def checked_names(label: str, names: Any) -> tuple[str, ...]:
    """Return the *names*, one or several, of the option *label*; raise ``ConfigurationError`` for an empty one."""
    listed = several(names) if isinstance(names, Iterable) else ()
    if not listed or not all(isinstance(name, str) and name.strip() for name in listed):
        raise ConfigurationError(
            f"{label}: found {names!r}, expected at least one non-empty string; leave {label} out where "
            "nothing is asked"
        )
    return listed
