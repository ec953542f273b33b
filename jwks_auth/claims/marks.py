"""Marks of one provider's tokens: claims of its own that tell tokens for an API from its other tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from jwks_auth.challenge import several
from jwks_auth.errors import ConfigurationError, InvalidTokenError
from jwks_auth.runtime import dataclass

__all__ = ["RequiredClaims", "TokenMarks", "required_claims"]

Values = tuple[str | bool | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenMarks:
    """Marks that a token must have, or must not have. The provider documents each of them."""

    any_of: tuple[str, ...] = ()
    """Claims of which a token must have one: every access token of the provider does, and no other token."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Claims that must have one of these values, if they are present."""
    other_issuer: str | None = None
    """The issuer's name in tokens of other kinds."""
    subject: str = ""
    """The beginning of every subject; the issuer may name no other subjects."""

    def check(self, claims: Mapping[str, Any]) -> None:
        """Raise ``InvalidTokenError`` for a token without these marks."""
        fault = self.fault(claims)
        if fault is not None:
            raise InvalidTokenError(fault[0])

    def fault(self, claims: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the code of the refusal of *claims*, and what was expected; ``None`` where there is no fault."""
        if self.any_of and all(claims.get(name) is None for name in self.any_of):
            return "wrong_type", f"one of the claims {', '.join(self.any_of)}"
        for name, values in self.values.items():
            if claims.get(name) is not None and claims[name] not in values:
                return "wrong_type", f"{name}: {' or '.join(values)}"
        if self.other_issuer is not None and claims.get("iss") == self.other_issuer:
            return "wrong_type", f"another iss than {self.other_issuer}, which its other tokens have"
        subject = claims.get("sub")
        if self.subject and not (isinstance(subject, str) and subject.startswith(self.subject)):
            return "wrong_issuer", f"a sub that begins with {self.subject}"
        return None


class RequiredClaims(frozenset[str]):
    """Names of claims that must be present, some of them with one of the *values* given."""

    __slots__ = ("values",)

    values: Mapping[str, Values]

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> RequiredClaims:
        """Read a mapping of names to a value or several."""
        read = cls(claims)
        read.values = {name: _values(name, value) for name, value in claims.items()}
        return read

    def check(self, claims: Mapping[str, Any]) -> None:
        """Raise ``InvalidTokenError`` for a claim with another value. Types count: true is not 1."""
        for name, values in self.values.items():
            found = claims.get(name)
            if not any(type(found) is type(value) and found == value for value in values):
                raise InvalidTokenError("invalid_claim")


def required_claims(claims: str | Iterable[str] | Mapping[str, Any]) -> frozenset[str]:
    """Read the setting: names, or a mapping of names to values; raises ``ConfigurationError``."""
    listed = tuple(claims) if isinstance(claims, Mapping) else several(claims)
    if not all(isinstance(name, str) and name.strip() for name in listed):
        raise ConfigurationError(f"required_claims: found {listed!r}, expected non-empty strings")
    return RequiredClaims.of(claims) if isinstance(claims, Mapping) else frozenset(listed)


def _values(name: str, value: Any) -> Values:
    listed = tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)
    if not listed or not all(isinstance(each, str | bool | int) and each != "" for each in listed):
        raise ConfigurationError(
            f"required_claims: found {value!r} for {name}, expected a string, a number, true or false, or a list of "
            "these"
        )
    return listed
