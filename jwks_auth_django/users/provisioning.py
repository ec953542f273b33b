"""Users in the database: the account of an identity (issuer, subject), found, linked or created."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import IntegrityError, router
from django.db.models import QuerySet
from django.db.transaction import atomic

from jwks_auth import VerifiedToken
from jwks_auth.adapters import is_surely_service
from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.signals import user_provisioned
from jwks_auth_django.users.matching import matched
from jwks_auth_django.users.profile import Profile
from jwks_auth_django.users.resolvers import UserResolver, refused, service_refused
from jwks_auth_django.users.token_user import TokenUser

__all__ = ["DatabaseUsers"]

log = logging.getLogger("jwks_auth.django")

_LENGTH = 255  # of JWTIdentity's columns


class DatabaseUsers(UserResolver):
    """Finds accounts for ``"USER": {"STORE": "database"}``. One query finds a known user; only changes are written.

    An identity always signs in to its account; *services* is for services without one. Accounts are never merged: a
    conflict over an identity or an account refuses the token, and logs a warning.
    """

    def __init__(
        self, *, create: bool = True, match_email: bool = False, services: str = "refuse", **profile: Any
    ) -> None:
        self.create = create
        self.match_email = match_email
        self.services = services
        self.profile = Profile(verified_email_only=match_email, **profile)

    def resolve(self, token: VerifiedToken) -> Any:
        """Return the account of *token*'s identity; ``None`` if there is none and none may be created."""
        identity = _identities(token).first()
        user = self._newcomer(token) if identity is None else _owner(identity, token)
        if user is None or isinstance(user, TokenUser) or not user.is_active:
            return user
        names = self.profile.group_names(token)
        if names is not None and self._groups_differ(user, names):
            self.profile.write_groups(user, names)
        return self._updated(user, self.profile.changes(user, token))

    async def aresolve(self, token: VerifiedToken) -> Any:
        """Do as :meth:`resolve`; only writes, which need a transaction, use a thread."""
        identity = await _identities(token).afirst()
        if identity is None:
            return self._stateless(token) or await sync_to_async(self.resolve)(token)
        user = _owner(identity, token)
        if not user.is_active:
            return user
        names = self.profile.group_names(token)
        differs = names is not None and await self._agroups_differ(user, names)
        if differs or self.profile.changes(user, token):
            return await sync_to_async(self.resolve)(token)
        return user

    def _groups_differ(self, user: Any, names: frozenset[str]) -> bool:
        held = set(_groups_of(user))
        return held != (names if self.profile.grants_all(held, names) else set(self.profile.grantable(names)))

    async def _agroups_differ(self, user: Any, names: frozenset[str]) -> bool:
        held = {name async for name in _groups_of(user)}
        if self.profile.grants_all(held, names):
            return held != names
        return held != {name async for name in self.profile.grantable(names)}

    def _updated(self, user: Any, changes: dict[str, Any]) -> Any:
        if changes:
            for name, value in changes.items():
                setattr(user, name, value)
            try:
                with atomic(using=_database()):
                    user.save(update_fields=list(changes))
            except IntegrityError as error:
                raise refused(
                    f"account {user.pk!r} can't have the claims mapped to it, as another has"
                ) from error
        return user

    def _stateless(self, token: VerifiedToken) -> TokenUser | None:
        """Return the user of a service without an account, if none is created; raise :class:`ForbiddenError`."""
        if not token.is_service:
            return None
        if self.services == "refuse" or (self.services == "create" and token.subject is None):
            log.warning('user refused: a service without an account; see JWKS_AUTH["USER"]["SERVICES"]')
            raise service_refused()
        return TokenUser(token) if self.services == "token" and self._may_enter(token) else None

    def _may_enter(self, token: VerifiedToken) -> bool:
        # A person may be able to look like a service, and must not get around CREATE by it.
        return self.create or is_surely_service(token.payload)

    def _newcomer(self, token: VerifiedToken) -> Any:
        """Return the account for a new identity."""
        if (stateless := self._stateless(token)) is not None:
            return stateless
        found = matched(token, _database()) if self.match_email and not token.is_service else None
        if found is None and not (self._may_enter(token) if token.is_service else self.create):
            return None
        user = found or self._blank(token)
        try:
            with atomic(using=_database()):
                _link(user, token)
        except IntegrityError as error:
            # Another request was first with this identity, or another account has this name.
            identity = _identities(token).using(_database()).first()
            if identity is None:
                raise refused(
                    "an account can't be created: another has its name, or a field lacks"
                ) from error
            return _owner(identity, token)
        user_provisioned.send_robust(sender=type(user), user=user, token=token, created=found is None)
        return user

    def _blank(self, token: VerifiedToken) -> Any:
        """Return a new account, not saved. Its name is made from the identity if no claim is mapped to it."""
        model: Any = get_user_model()
        user = model()
        user.set_unusable_password()
        name = hashlib.sha256(f"{token.issuer}\n{token.subject}".encode()).hexdigest()
        setattr(user, model.USERNAME_FIELD, f"jwt-{name[:32]}")
        for field, value in self.profile.changes(user, token).items():
            setattr(user, field, value)
        return user


def _groups_of(user: Any) -> QuerySet[Any, str]:
    groups: QuerySet[Any, str] = user.groups.values_list("name", flat=True)
    return groups


def _database() -> str:
    return router.db_for_write(JWTIdentity)


def _identities(token: VerifiedToken) -> QuerySet[JWTIdentity]:
    if token.subject is None:
        return JWTIdentity._default_manager.none()  # an empty one would be everybody's
    for name in (token.issuer, token.subject):
        if name is None or len(name) > _LENGTH or "\0" in name:
            raise refused("issuer or subject does not fit the database")
    found = JWTIdentity._default_manager.filter(issuer=token.issuer, subject=token.subject)
    return found.select_related("user")


def _owner(identity: JWTIdentity, token: VerifiedToken) -> Any:
    """Return the account of *identity* if it is exactly the token's, because collations may ignore case."""
    if (identity.issuer, identity.subject) != (token.issuer, token.subject):
        raise refused(f"identity {identity.pk} differs from the token's in case or accents only")
    return identity.user


def _link(user: Any, token: VerifiedToken) -> None:
    """Save *user* if it is new, and its identity. An account found by e-mail must have no other identity."""
    identities = JWTIdentity._default_manager.using(_database())
    if user._state.adding:
        user.save(using=_database())
    else:
        get_user_model()._base_manager.using(_database()).select_for_update().get(pk=user.pk)
        others = identities.filter(user=user).exclude(issuer=token.issuer, subject=token.subject)
        if others.exists():
            raise refused(f"account {user.pk!r} has the token's e-mail address and another identity")
    identities.create(issuer=token.issuer, subject=token.subject, user=user, is_service=token.is_service)
