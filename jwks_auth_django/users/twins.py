"""Newcomers who seem to have an account already: refused, for a second account would be silent harm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q

from jwks_auth import VerifiedToken
from jwks_auth_django.users.addresses import is_same_address, same_address
from jwks_auth_django.users.fields import email_field, is_unique, typed, username_field
from jwks_auth_django.users.resolvers import refused

__all__ = ["refuse_twin"]

_NAMES = ("sub", "preferred_username", "email")


def refuse_twin(token: VerifiedToken, claim_map: Mapping[str, str], using: str) -> None:
    """Raise :class:`InvalidTokenError` if the newcomer's subject, name or e-mail address is an existing account's.

    An account with an identity of this issuer is another subject's, and does not count. Accounts that the manager
    hides do: they are not made anew.
    """
    compared = [each for each in _compared(claim_map) if _value(*each, token) is not None]
    asked = Q()
    for field, claim in compared:
        value = _value(field, claim, token)
        asked |= Q(same_address(field.name, value)) if _is_address(field, claim) else Q(**{field.name: value})
    if not asked:
        return
    accounts = get_user_model()._base_manager.using(using).filter(asked)
    others = accounts.exclude(jwt_identities__issuer=token.issuer)
    twins = [(user, same) for user in others if (same := _same(user, compared, token))]
    for user, same in twins:
        raise refused(
            f"a newcomer seems to be account {user.pk!r}, as {', '.join(same)}: let MATCH link such accounts, or "
            "link them with `manage.py jwks link` or in the admin"
        )


def _same(user: Any, compared: list[tuple[Any, str]], token: VerifiedToken) -> list[str]:
    """Return what *user* and the newcomer have in common, in words, to the letter."""
    return [
        f"{claim!r} is its {field.name}"
        for field, claim in compared
        if _is_same(field, claim, getattr(user, field.name), _value(field, claim, token))
    ]


def _compared(claim_map: Mapping[str, str]) -> Iterator[tuple[Any, str]]:
    """Yield fields that identify an account, each with claims that may hold the same."""
    name, address = username_field(), email_field()
    for claim in dict.fromkeys((*_NAMES, claim_map.get(name.name, "sub"))):
        yield name, claim
    if address is not None and address != name:
        for claim in dict.fromkeys(("email", claim_map.get(address.name, "email"))):
            yield address, claim
    for field in get_user_model()._meta.concrete_fields:
        if isinstance(field, models.UUIDField) and is_unique(field) and field != name:
            yield field, "sub"


def _value(field: Any, claim: str, token: VerifiedToken) -> Any:
    return typed(field, token.get(claim))


def _is_same(field: Any, claim: str, *values: Any) -> bool:
    stored, said = values
    return is_same_address(stored, said) if _is_address(field, claim) else stored == said


def _is_address(field: Any, claim: str) -> bool:
    return claim == "email" or field == email_field()
