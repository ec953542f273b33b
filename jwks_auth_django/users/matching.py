"""``MATCH``: the existing account of a newcomer, found by claims that the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models

from jwks_auth import ConfigurationError, VerifiedToken
from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.users.addresses import is_same_address, same_address, verified_email
from jwks_auth_django.users.fields import email_field, is_unique, model_field, typed
from jwks_auth_django.users.resolvers import refused

__all__ = ["KINDS", "Matching", "check_match"]

KINDS = (models.CharField, models.TextField, models.IntegerField, models.UUIDField)
"""Fields that tell accounts apart."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Finds the account whose *fields* hold a token's claims, all of them, for the *issuers*; ``None``: for all.

    An e-mail address counts only if the issuer calls it verified. Raises :class:`ConfigurationError` for a field that
    tells no accounts apart.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    issuers: frozenset[str] | None = None

    def __post_init__(self) -> None:
        for name in self.fields:
            found = model_field(name, "MATCH")
            if not isinstance(found, KINDS) or name == "password":
                raise ConfigurationError(f"MATCH: {name!r} is no field that tells accounts apart")
            if not is_unique(found) and found != email_field():
                raise ConfigurationError(
                    f"MATCH: {name!r} is not unique: several accounts may have one value"
                )

    @property
    def is_by_email(self) -> bool:
        """Whether an e-mail address opens accounts."""
        return any(self._is_address(name) for name in self.fields)

    def account_of(self, token: VerifiedToken, using: str) -> Any:
        """Return the one account that fits *token*, or ``None``."""
        if not self.fields or token.is_service or not (self.issuers is None or token.issuer in self.issuers):
            return None
        wanted = {name: self._said(name, token) for name in self.fields}
        if None in wanted.values():
            return None
        found = [user for user in self._candidates(wanted, using) if self._fits(user, wanted)]
        if len(found) > 1:
            said = ", ".join(self.fields.values())
            raise refused(f"accounts {sorted(str(user.pk) for user in found)} share the token's {said}")
        return found[0] if found else None

    def _candidates(self, wanted: Mapping[str, Any], using: str) -> Any:
        """Return the accounts that fit, and perhaps more, because some collations equate letters."""
        found = get_user_model()._default_manager.using(using)
        for name, value in wanted.items():
            found = (
                found.filter(same_address(name, value))
                if self._is_address(name)
                else found.filter(**{name: value})
            )
        return found

    def _fits(self, user: Any, wanted: Mapping[str, Any]) -> bool:
        return all(
            is_same_address(getattr(user, name), value)
            if self._is_address(name)
            else getattr(user, name) == value
            for name, value in wanted.items()
        )

    def _said(self, name: str, token: VerifiedToken) -> Any:
        value = token.get(self.fields[name])
        if self._is_address(name):
            address = verified_email(token)
            return address if value == address else None
        return typed(model_field(name, "MATCH"), value)

    def _is_address(self, name: str) -> bool:
        address = email_field()
        return self.fields[name] == "email" or (address is not None and address.name == name)


def check_match(user: Any, token: VerifiedToken, using: str) -> None:
    """Raise :class:`InvalidTokenError` unless a newcomer may be linked to *user*, and lock its row.

    An issuer is trusted to name people, and not to open accounts with special powers. An account with an identity of
    this issuer belongs to that subject.
    """
    if getattr(user, "is_staff", False) or getattr(user, "is_superuser", False):
        raise refused(f"account {user.pk!r} is staff: link it by a row in JWTIdentity, not by its claims")
    model: Any = get_user_model()
    locked = list(model._base_manager.using(using).select_for_update().filter(pk=user.pk).values_list("pk"))
    if not locked or not model._default_manager.using(using).filter(pk=user.pk).exists():
        raise refused(f"the user model's manager hides account {user.pk!r}, or it was deleted just now")
    others = JWTIdentity._default_manager.using(using).filter(user=user, issuer=token.issuer)
    if others.exclude(subject=token.subject).exists():
        raise refused(f"account {user.pk!r} fits the token and has another identity of its issuer")
