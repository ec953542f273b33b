"""The profile: claims that the settings name, written to the account when they change."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import BooleanField

from jwks_auth import ConfigurationError, InvalidTokenError, VerifiedToken
from jwks_auth.adapters import fields
from jwks_auth_django.users.accounts import is_user_name, required_fields
from jwks_auth_django.users.addresses import is_same_address, verified_email
from jwks_auth_django.users.fields import username_field
from jwks_auth_django.users.mapped import POWERS, MappedField, Misfit
from jwks_auth_django.users.memory import Memory
from jwks_auth_django.users.resolvers import refused, unfillable

__all__ = ["UNCHANGED", "Profile"]

log = logging.getLogger("jwks_auth.django")

UNCHANGED = "_jwt_unchanged"
"""The attribute of an account that names the fields whose claims are as they were before."""

_NAME_LENGTH = 150  # of django.contrib.auth's Group.name


@dataclass(frozen=True, slots=True)
class Profile:
    """Writes claims to an account: *claim_map* maps fields to claims, *flags* boolean fields to roles.

    With a *groups_claim*, the account's groups become those it names: ``mirror`` creates missing groups, ``existing``
    ignores them, ``off`` changes no groups. A token without the claim names no groups. *flags_from* and *groups_from*
    are the issuers that may set these, ``None`` for every issuer; other issuers' tokens change nothing. With
    *verified_email_only*, only addresses that the issuer calls verified are written. A claim that does not fit its
    field is skipped, unless *on_misfit* is ``refuse`` or the field identifies the account. Raises
    :class:`ConfigurationError` for a field that the user model lacks, or that no claim may fill.
    """

    claim_map: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    flags_from: frozenset[str] | None = None
    groups_claim: str | None = None
    groups: str = "existing"
    groups_from: frozenset[str] | None = None
    verified_email_only: bool = False
    on_misfit: str = "skip"
    _fields: dict[str, MappedField] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for name in (*self.claim_map, *self.flags):
            self._fields[name] = MappedField.of(name, "CLAIM_MAP and FLAGS")
        for name in self.flags:
            if not isinstance(self._fields[name].field, BooleanField):
                raise ConfigurationError(f"FLAGS: {name!r} is not boolean")
        model = get_user_model()
        if self.groups_claim is not None and not hasattr(model, "groups"):
            raise ConfigurationError(f"GROUPS_CLAIM: {model._meta.label} has no groups")

    def changes(self, user: Any, token: VerifiedToken, *, quiet: bool = False) -> dict[str, Any]:
        """Return the fields of *user* that differ from the token's claims, with their new values.

        A claim that the token lacks, or that is as it was before, changes nothing. Misfits are logged, unless *quiet*.
        Raises :class:`InvalidTokenError` for one that its field does not allow to skip.
        """
        values: dict[str, Any] = {}
        for name, claim in self.claim_map.items():
            said = token.get(claim)
            if said is None or name in user.__dict__.get(UNCHANGED, ()) or not self._heeds(name, token):
                continue
            try:
                values[name] = self._fields[name].value(user, said)
            except Misfit as misfit:
                told = self._skipped(name, misfit)
                if not quiet:
                    log.warning("%s, so it is skipped", told, extra=fields("claim_skipped"))
                continue
            if self._is_address(name) and not is_same_address(values[name], said):
                raise refused(f"the field {name} would hold another e-mail address than the token's")
        values.update(self._flags(token))
        return {name: value for name, value in values.items() if getattr(user, name) != value}

    def group_names(self, token: VerifiedToken) -> frozenset[str] | None:
        """Return the groups that *token* names; ``None`` if groups are not changed."""
        if self.groups == "off" or self.groups_claim is None or not _may_grant(token, self.groups_from):
            return None
        said = token.get(self.groups_claim, ())
        listed = said if isinstance(said, list | tuple) else (said,)
        return frozenset(name for name in listed if _is_group_name(name))

    def said(self, token: VerifiedToken) -> dict[str, Any]:
        """Return the mapped claims that count in *token*, by their field, and the groups."""
        claims = {
            name: token.get(claim) for name, claim in self.claim_map.items() if self._heeds(name, token)
        }
        if (names := self.group_names(token)) is not None:
            claims["groups"] = [self.groups, *sorted(names)]
        return {name: value for name, value in claims.items() if value is not None}

    def differs(self, user: Any, token: VerifiedToken, memory: Memory) -> bool:
        """Return whether *token* says something else than *memory* holds, or than the flags of *user*.

        Groups may be made or changed by hand: they are compared again once an hour, too.
        """
        if not memory.is_complete or any(
            getattr(user, name) != on for name, on in self._flags(token).items()
        ):
            return True
        return not memory.is_recent and self._groups_differ(user, self.group_names(token))

    def has_changes(self, user: Any, token: VerifiedToken) -> bool:
        """Return whether anything of *user* is to be written."""
        return bool(self.changes(user, token)) or self._groups_differ(user, self.group_names(token))

    def values_of_newcomer(self, token: VerifiedToken, make_name: Callable[[], str]) -> dict[str, Any]:
        """Return the fields of a new account; *make_name* gives its name if no claim does."""
        model: Any = get_user_model()
        values = self.changes(model(), token)
        if not values.get(model.USERNAME_FIELD):
            values[model.USERNAME_FIELD] = self._made_up(make_name())
        for required in required_fields():
            claim = self.claim_map.get(required.attname)
            if claim is not None and values.get(required.attname) in (None, ""):
                raise self._lacking(required.attname, claim)
        return values

    def unfilled(self) -> list[str]:
        """Return the required fields that no setting fills."""
        filled = {*self.claim_map, *self.flags}
        return [field.attname for field in required_fields() if field.attname not in filled]

    def _made_up(self, name: Any) -> Any:
        """Return *name* if it can be a new account's."""
        if is_user_name(name):
            return name
        field = username_field().name
        if field in self.claim_map:
            raise self._lacking(field, self.claim_map[field])
        raise unfillable(f"no setting fills the required field {field}")

    def _lacking(self, name: str, claim: str) -> InvalidTokenError:
        return refused(f"the token has no claim {claim!r} that fits the required field {name}")

    def _skipped(self, name: str, misfit: Misfit) -> str:
        """Return why the field *name* is left as it is, or refuse the token."""
        said = f"the claim {self.claim_map[name]!r} does not fit the field {name}: {misfit}"
        if self.on_misfit == "refuse" or self._is_address(name) or self._fields[name].identifies:
            raise refused(said)
        return said

    def put_in_groups(self, user: Any, token: VerifiedToken) -> None:
        """Put *user* in the groups that *token* names, and in no others."""
        names = self.group_names(token)
        if names is None or not self._groups_differ(user, names):
            return
        if self.groups == "mirror":
            for name in names:
                Group.objects.get_or_create(name=name)
        user.groups.set(Group.objects.filter(name__in=names))

    def _groups_differ(self, user: Any, names: frozenset[str] | None) -> bool:
        if names is None:
            return False
        held = set(user.groups.values_list("name", flat=True))
        if self.groups == "mirror" or held == names:
            return held != names
        return held != set(Group.objects.filter(name__in=names).values_list("name", flat=True))

    def _flags(self, token: VerifiedToken) -> dict[str, bool]:
        if not _may_grant(token, self.flags_from):
            return {}
        return {name: role in token.roles for name, role in self.flags.items()}

    def _heeds(self, name: str, token: VerifiedToken) -> bool:
        """Return whether the claim mapped to the field *name* counts in this token."""
        if name in POWERS and not _may_grant(token, self.flags_from):
            return False
        return not self._is_address(name) or token.get(self.claim_map[name]) == verified_email(token)

    def _is_address(self, name: str) -> bool:
        """Return whether only the verified address may be in the field *name*.

        Another person's address there would lock that person out: accounts are matched by it, and user names are
        unique.
        """
        is_address = self.claim_map[name] == "email" or name == get_user_model().get_email_field_name()
        return self.verified_email_only and is_address


def _may_grant(token: VerifiedToken, issuers: frozenset[str] | None) -> bool:
    return issuers is None or token.issuer in issuers


def _is_group_name(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= _NAME_LENGTH and "\0" not in name
