"""What a route asks of a token beyond being good: an audience, an issuer, a policy; or none at all."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypedDict, Unpack

from jwks_auth.errors import ConfigurationError, InvalidTokenError
from jwks_auth.policy import Policy
from jwks_auth.tokens import AnyAudience, VerifiedToken

__all__ = ["Requirement", "RequirementOptions"]


class RequirementOptions(TypedDict, total=False):
    """What :meth:`Requirement.of` takes, and the adapters' decorators, which pass it on."""

    audience: str | Iterable[str] | AnyAudience | None
    issuer: str | Iterable[str] | None
    scopes: str | Iterable[str] | None
    any_scope: str | Iterable[str] | None
    roles: str | Iterable[str] | None
    any_role: str | Iterable[str] | None
    permissions: str | Iterable[str] | None
    claims: Mapping[str, Any] | None
    person: bool
    policy: Policy | None
    optional: bool


_RULES = frozenset({"scopes", "any_scope", "roles", "any_role", "permissions", "claims", "person"})
"""The options that a :class:`Policy` takes."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a route asks. The default: any good token for the service's own audience.

    *audience* replaces the settings' for this route. *optional*: a request without a token is let through
    (as ``None``); one with a bad token, or one that lacks what is asked, never.
    """

    audience: tuple[str, ...] | AnyAudience | None = None
    issuers: tuple[str, ...] = ()
    policy: Policy | None = None
    optional: bool = False

    @classmethod
    def of(cls, **options: Unpack[RequirementOptions]) -> Self:
        """The requirement a decorator's arguments describe; all of them must hold.

        Raises :class:`ConfigurationError` for what no token could satisfy, so when the route is declared, and
        ``TypeError`` for a name it does not know, with the nearest it does.
        """
        if unknown := sorted(options.keys() - RequirementOptions.__annotations__.keys()):
            raise TypeError(_no_option(unknown[0]))
        audience, policy = options.get("audience"), options.get("policy")
        if policy is not None and not isinstance(policy, Policy):
            raise ConfigurationError(f"policy: found {policy!r}, expected Policy(...)")
        asked: dict[str, Any] = {
            name: value for name, value in options.items() if name in _RULES and value is not None
        }
        if asked:
            stated = Policy(**asked)
            policy = stated & policy if policy is not None else stated
        any_or_listed = (
            audience if isinstance(audience, AnyAudience) else _listed("audience", audience) or None
        )
        issuers = _listed("issuer", options.get("issuer"))
        return cls(any_or_listed, issuers, policy, options.get("optional", False))

    def __str__(self) -> str:
        """What is asked, for a table of routes: ``token for reports with scopes orders:read``."""
        words = ["token or none" if self.optional else "token"]
        if self.audience is not None:
            named = () if isinstance(self.audience, AnyAudience) else self.audience
            words.append(f"for {' or '.join(named) or 'any audience'}")
        if self.issuers:
            words.append(f"from {' or '.join(self.issuers)}")
        if self.policy is not None:
            words.append(f"with {self.policy}")
        return " ".join(words)

    def judge(self, token: VerifiedToken) -> None:
        """Hold a verified token against issuer and policy.

        Raises :class:`InvalidTokenError` (``wrong_issuer``) or
        :class:`~jwks_auth.errors.InsufficientScopeError`.
        """
        if self.issuers and token.issuer not in self.issuers:
            raise InvalidTokenError("wrong_issuer")
        if self.policy is not None:
            self.policy.check(token)


def _no_option(name: str) -> str:
    known = list(RequirementOptions.__annotations__)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"{name} is nothing a route can ask: {hint}"


def _listed(name: str, value: str | Iterable[str] | None) -> tuple[str, ...]:
    listed = () if value is None else (value,) if isinstance(value, str) else tuple(value)
    if not all(isinstance(each, str) and each for each in listed) or (value is not None and not listed):
        raise ConfigurationError(f"{name}: expected a string or a list of strings, found {value!r}")
    return listed
