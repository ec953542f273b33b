"""A route's requirement: an audience, an issuer, a policy; or no token at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self, Unpack

from jwks_auth.claims import AnyAudience, Policy, PolicyOptions, VerifiedToken, checked_names, option_names
from jwks_auth.errors import ConfigurationError, InvalidTokenError
from jwks_auth.runtime import dataclass, nearest

__all__ = ["Requirement", "RequirementOptions", "TokenRequirementOptions"]


class TokenRequirementOptions(PolicyOptions, total=False):
    """Options of :meth:`Requirement.of` for a token, without that which asks for none."""

    audience: str | Iterable[str] | AnyAudience
    issuer: str | Iterable[str]
    policy: Policy


class RequirementOptions(TokenRequirementOptions, total=False):
    """Options of :meth:`Requirement.of`, and of the adapters' decorators, which pass them on."""

    optional: bool


_OWN = ("audience", "issuer", "policy", "optional")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A route's requirement. By default: any valid token for the service's own audience.

    *audience* replaces the settings' for this route. With *optional*, a request without a token passes (as ``None``),
    but one with a bad or insufficient token is still refused.
    """

    audience: tuple[str, ...] | AnyAudience | None = None
    issuers: tuple[str, ...] = ()
    policy: Policy | None = None
    optional: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.audience, tuple):
            checked_names("audience", self.audience)

    @classmethod
    def of(cls, **options: Unpack[RequirementOptions]) -> Self:
        """Return the requirement that a decorator's arguments describe; a token must meet all of them.

        Raises :class:`ConfigurationError`, when the route is declared, for an option that no token can meet and for one
        that is ``None`` or empty, as an unset variable leaves it. An unknown name is a ``TypeError`` that suggests the
        nearest one.
        """
        asked: Any = {name: value for name, value in options.items() if name not in _OWN}
        if unknown := sorted(asked.keys() - set(option_names())):
            known = ("audience", "issuer", *option_names(), "policy", "optional")
            raise TypeError(f"{unknown[0]} is nothing a route can ask: {nearest(unknown[0], known)}")
        return cls(
            _audience_in(options),
            checked_names("issuer", options["issuer"]) if "issuer" in options else (),
            _policy(Policy(**asked) if asked else None, options),
            _optional_in(options),
        )

    def __str__(self) -> str:
        """Describe it for a table of routes: ``token for reports with scopes orders:read``."""
        words = ["token or none" if self.optional else "token"]
        if self.audience is not None:
            named = () if isinstance(self.audience, AnyAudience) else self.audience
            words.append(f"for {' or '.join(named) or 'any audience'}")
        if self.issuers:
            words.append(f"from {' or '.join(self.issuers)}")
        if self.policy is not None:
            words.append(f"with {self.policy}")
        return " ".join(words)

    def judge(self, token: VerifiedToken, now: float | None = None) -> None:
        """Judge a verified token by issuer and policy, at *now* in seconds since 1970.

        Raises :class:`InvalidTokenError` (``wrong_issuer``), :class:`~jwks_auth.InsufficientScopeError` or
        :class:`~jwks_auth.InsufficientAuthenticationError`.
        """
        if self.issuers and (token.issuer not in self.issuers or token.is_for_service_alone):
            raise InvalidTokenError("wrong_issuer")
        if self.policy is not None:
            self.policy.check(token, now)


def _audience_in(options: RequirementOptions) -> tuple[str, ...] | AnyAudience | None:
    if "audience" not in options:
        return None
    audience = options["audience"]
    return audience if isinstance(audience, AnyAudience) else checked_names("audience", audience)


def _policy(stated: Policy | None, options: RequirementOptions) -> Policy | None:
    if "policy" not in options:
        return stated
    policy = options["policy"]
    if not isinstance(policy, Policy):
        raise ConfigurationError(f"policy: found {policy!r}, expected Policy(...)")
    return policy if stated is None else stated & policy


def _optional_in(options: RequirementOptions) -> bool:
    optional = options.get("optional", False)
    if not isinstance(optional, bool):  # the text "false" would count as true
        raise ConfigurationError(f"optional: found {optional!r}, expected True or False")
    return optional
