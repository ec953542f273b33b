"""Policies: the scopes, roles, permissions and claims that a token must have, combined with ``&``, ``|`` and ``~``.

A policy takes a :class:`VerifiedToken` alone, so that it can't judge a token which was only read.
"""

from __future__ import annotations

import time
from typing import Any, Unpack

from jwks_auth.claims.need import Need
from jwks_auth.claims.policy_options import PolicyOptions, option_names, rule_of
from jwks_auth.claims.policy_rules import AllOf, AnyOf, Not, Rule
from jwks_auth.claims.token import VerifiedToken
from jwks_auth.errors import (
    AuthError,
    InsufficientAuthenticationError,
    InsufficientScopeError,
    InvalidTokenError,
    MissingTokenError,
)
from jwks_auth.runtime import takes

__all__ = ["Policy"]


class Policy:
    """A requirement on a verified token; every part given must hold.

    A token needs all *scopes*, *roles* and *permissions*, and one each of *any_scope* and *any_role*. A string is one
    role or permission, or scopes separated by spaces. *claims* maps a claim, or a path such as ``realm.tier``, to the
    value it must have; a list must contain that value. *person=True* refuses services. *actor*: one of these
    subjects acts for the token's own (RFC 8693). *acr* lists ways to authenticate of which the user used one, the best
    first; *max_auth_age* is the most seconds since (RFC 9470). *sender*, ``"dpop"`` or ``"mtls"``, asks for a proof
    that the token is the sender's own (RFC 9449, RFC 8705). Raises ``ConfigurationError`` for a requirement that no
    token can meet, and for an empty one or ``None``, which an unset variable leaves: leave out an option that you don't
    need.
    """

    __slots__ = ("_rule",)

    @takes(PolicyOptions, dict.fromkeys(option_names(), ...))
    def __init__(self, **asked: Unpack[PolicyOptions]) -> None:
        self._rule: Rule = rule_of(asked)

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

        Raise ``InsufficientAuthenticationError`` if the user has to authenticate otherwise, or again, and
        ``InvalidTokenError`` if the sender has proved nothing. Raise ``MissingTokenError`` for ``None``, as on a route
        where a token is optional.
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

    def senders_for(
        self, token: VerifiedToken[Any] | None = None, now: float | None = None
    ) -> tuple[str, ...]:
        """The ways to prove that the token is the sender's own, of which one is asked for; empty where none is."""
        return self._rule.need(token, time.time() if now is None else now).sender

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


def _refusal(need: Need) -> AuthError:
    if need.unbound:
        return InvalidTokenError("unbound_token")
    lacking = need.scopes if need.lacking else ()
    if need.weak:
        asked = need.authentication
        return InsufficientAuthenticationError(asked.acr, asked.max_age, scopes=lacking)
    return InsufficientScopeError(lacking)
