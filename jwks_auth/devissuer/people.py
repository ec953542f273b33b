"""The people who can sign in: those of a file, or a few who are always there."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from jwks_auth.challenge import named, shown
from jwks_auth.errors import ConfigurationError
from jwks_auth.runtime import dataclass, nearest

__all__ = ["PEOPLE", "PROTOCOL_CLAIMS", "Person", "read_people"]

_OF_TOKENS = (
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "client_id",
    "azp",
    "scope",
    "nonce",
    "cnf",
    "sid",
)
PROTOCOL_CLAIMS = frozenset((*_OF_TOKENS, "auth_time", "acr", "amr", "at_hash", "c_hash", "roles"))
"""Claims that the issuer itself fills in, or that a person has a member of their own for."""

_LONGEST = 200
_MOST_OCTETS = 1_048_576
_MEMBERS = ("sub", "name", "email", "roles", "claims")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in. *claims* go into their tokens as they are."""

    sub: str
    name: str = ""
    email: str = ""
    roles: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def own_claims(self) -> dict[str, Any]:
        """Everything that a token says of them, but ``sub``."""
        known = {"name": self.name, "email": self.email, "roles": list(self.roles)}
        verified = {"email_verified": True} if self.email else {}
        return {**{name: value for name, value in known.items() if value}, **verified, **self.claims}

    @classmethod
    def from_mapping(cls, given: Any) -> Person:
        """Read a person; raise ``ConfigurationError``."""
        if not isinstance(given, Mapping):
            raise ConfigurationError(f"users: expected a table for each user, found a {type(given).__name__}")
        for name in given:
            if name not in _MEMBERS:
                raise ConfigurationError(f"users: {named(name)} is unknown: {nearest(name, _MEMBERS)}")
        roles, claims = given.get("roles", ()), given.get("claims", {})
        if not isinstance(roles, list | tuple) or not all(map(is_text, roles)):
            raise ConfigurationError('users: roles: expected a list of names, such as ["admin"]')
        if not isinstance(claims, Mapping):
            raise ConfigurationError("users: claims: expected a table of claims")
        if own := sorted(PROTOCOL_CLAIMS & claims.keys()):
            raise ConfigurationError(
                f"users: claims: {own[0]} is the issuer's own, or a member beside claims"
            )
        texts = {name: _text(given, name) for name in ("sub", "name", "email")}
        if not texts["sub"]:
            raise ConfigurationError("users: sub is missing: the user's identifier, as in tokens")
        return cls(**texts, roles=tuple(roles), claims=dict(claims))

    def as_mapping(self) -> dict[str, Any]:
        """Return the person as :meth:`from_mapping` reads them."""
        return {
            "sub": self.sub,
            "name": self.name,
            "email": self.email,
            "roles": list(self.roles),
            "claims": dict(self.claims),
        }


def is_text(value: object) -> bool:
    """Return whether *value* is a name that fits in a token: short, and without control characters."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable()


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    if value != "" and not is_text(value):
        raise ConfigurationError(f"users: {name}: expected at most {_LONGEST} printable characters")
    return str(value)


PEOPLE = (
    Person("ada", "Ada Lovelace", "ada@example.com", ("admin",)),
    Person("grace", "Grace Hopper", "grace@example.com", ("editor",)),
    Person("linus", "Linus Pauling", "linus@example.com"),
)
"""Those who can sign in without a file."""


def read_people(path: Path) -> tuple[Person, ...]:
    """Read a file such as ``users.toml``; raise ``ConfigurationError`` with one sentence."""
    try:
        with path.open("rb") as file:
            document = tomllib.loads(file.read(_MOST_OCTETS).decode())
    except OSError as exc:
        raise ConfigurationError(f"users: {shown(str(path))} can't be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise ConfigurationError(f"users: {shown(str(path))} is no TOML: {exc}") from exc
    if set(document) != {"users"} or not isinstance(document["users"], list) or not document["users"]:
        raise ConfigurationError(f"users: {shown(str(path))} has no [[users]], or has something beside them")
    people = tuple(map(Person.from_mapping, document["users"]))
    if len({person.sub for person in people}) < len(people):
        raise ConfigurationError("users: two have the same sub")
    for person in people:
        check_json(person)
    return people


def check_json(person: Person) -> None:
    """Raise ``ConfigurationError`` for claims that no token can hold, such as a date of TOML's."""
    try:
        json.dumps(person.claims, allow_nan=False)
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"users: claims of {shown(person.sub)}: expected texts, numbers, lists and tables"
        ) from None
