"""The answer to the page that asks who signs in: somebody who is picked or invented, scopes, and an audience."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from jwks_auth.devissuer.issuer import DevIssuer
from jwks_auth.devissuer.people import Person
from jwks_auth.devissuer.tokens import audience_of, scopes_of
from jwks_auth.devissuer.web import Fields, OAuthError
from jwks_auth.errors import ConfigurationError
from jwks_auth.runtime import dataclass

__all__ = ["Choice", "chosen", "json_claims"]

_SEPARATOR = re.compile(r"[\s,]+")
_LONGEST_CLAIMS = 20_000


@dataclass(frozen=True, slots=True)
class Choice:
    """Who signs in, with which scopes, and for which services."""

    person: Person
    scopes: tuple[str, ...]
    audience: tuple[str, ...]


def chosen(form: Fields, issuer: DevIssuer) -> Choice:
    """Read the page's form; raise :class:`OAuthError` for what can't be."""
    person = (
        _new(form, issuer)
        if form.one("person") == "new"
        else issuer.person(form.one("person").removeprefix("sub:"))
    )
    if person is None:
        raise OAuthError("invalid_request", "Pick somebody, or invent somebody.")
    roles = tuple(dict.fromkeys((*person.roles, *_names(form.one("more_roles")))))
    audience = audience_of(Fields([("audience", each) for each in _SEPARATOR.split(form.one("audience"))]))
    scopes = scopes_of(Fields([("scope", " ".join([*form.all("scope"), *form.one("more").split()]))]))
    return Choice(replace(person, roles=roles), scopes, audience)


def _new(form: Fields, issuer: DevIssuer) -> Person:
    try:
        person = Person.from_mapping(
            {
                "sub": form.one("sub").strip(),
                "name": form.one("name").strip(),
                "email": form.one("email").strip(),
                "roles": _names(form.one("roles")),
                "claims": json_claims(form.one("claims")),
            }
        )
    except ConfigurationError as error:
        raise OAuthError("invalid_request", f"Somebody new: {str(error).removeprefix('users: ')}.") from None
    issuer.remember(person)
    return person


def _names(text: str) -> list[str]:
    return [name for name in _SEPARATOR.split(text) if name]


def json_claims(text: str) -> dict[str, Any]:
    """Return the claims in a field of a form; raise :class:`OAuthError` for text that is no JSON object."""
    if not text.strip():
        return {}
    if len(text) > _LONGEST_CLAIMS:
        raise OAuthError("invalid_request", "The claims are too long.")
    try:
        found = json.loads(text)
        json.dumps(found, allow_nan=False).encode()
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise OAuthError("invalid_request", 'The claims are no JSON object, such as {"tier": "gold"}.')
    return found
