"""Users in the database: the account of an identity (issuer, subject), found, linked or created."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from inspect import isawaitable
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.contrib.auth import get_user_model
from django.db import DataError, IntegrityError
from django.db.transaction import atomic
from django.http import HttpRequest

from jwks_auth import ConfigurationError, VerifiedToken
from jwks_auth.adapters import fields, is_surely_service
from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.signals import user_provisioned
from jwks_auth_django.users.accounts import (
    UNSUITABLE,
    create_account,
    is_account,
    is_user_name,
    told_unfilled,
)
from jwks_auth_django.users.fields import email_field, username_field
from jwks_auth_django.users.identities import database, identity_of, link
from jwks_auth_django.users.matching import Matching, check_match
from jwks_auth_django.users.memory import Memory, digest_of
from jwks_auth_django.users.profile import UNCHANGED, Profile
from jwks_auth_django.users.resolvers import UserResolver, awaited, no_user, refused, service_refused
from jwks_auth_django.users.token_user import TokenUser
from jwks_auth_django.users.twins import refuse_twin

__all__ = ["DatabaseUsers"]

_MADE_UP = f"jwt-{'0' * 32}"

log = logging.getLogger("jwks_auth.django")


class DatabaseUsers(UserResolver):
    """Finds accounts for ``"USER": {"STORE": "database"}``. One query finds a known user; only changes are written.

    An identity always signs in to its account; *services* is for services without one. Accounts are never merged: a
    conflict over an identity or an account refuses the token, and logs a warning.

    Subclass it by dotted path, ``"STORE": "shop.accounts.Customers"``, with the same options, and override
    :meth:`verify`, :meth:`match`, :meth:`create_user`, :meth:`username_for` and :meth:`update_user`. They may be
    coroutine functions, and are called within one transaction with whatever is written. *request* is ``None`` where
    ``authenticate()`` was called without one.
    """

    def __init__(
        self,
        *,
        create: bool = True,
        match: Mapping[str, str] | None = None,
        match_email: bool = False,
        match_from: frozenset[str] | None = None,
        services: str = "refuse",
        **profile: Any,
    ) -> None:
        self.create = create
        self.matching = Matching(_by_email() if match_email else match or {}, match_from)
        self.services = services
        self.profile = Profile(verified_email_only=self.matching.is_by_email, **profile)

    def verify(self, request: HttpRequest | None, token: VerifiedToken) -> bool:
        """Return whether the token may sign in. Asked for each token, of a known user before anything is written."""
        return True

    def match(self, request: HttpRequest | None, token: VerifiedToken) -> Any:
        """Return the existing account of a newcomer, which is then linked, or ``None``. By default, ``MATCH`` finds it.

        An account that is staff, or has another identity of the token's issuer, is refused.
        """
        return self.matching.account_of(token, database())

    def create_user(self, request: HttpRequest | None, token: VerifiedToken) -> Any:
        """Return a new, saved account with the mapped claims and groups; ``None`` refuses the token.

        It is made by ``create_user()`` of the user model's manager, and has no usable password.
        """
        values = self.profile.values_of_newcomer(token, lambda: _called(self.username_for, token))
        user = create_account(values, database(), self.profile.unfilled())
        self.profile.put_in_groups(user, token)
        return user

    def username_for(self, token: VerifiedToken) -> str:
        """Return the name of a new account that no claim names. It is made from the identity."""
        name = hashlib.sha256(f"{token.issuer}\n{token.subject}".encode()).hexdigest()
        return f"jwt-{name[:32]}"

    def update_user(self, request: HttpRequest | None, user: Any, token: VerifiedToken) -> Any:
        """Write the mapped claims that differ and the groups; return the user, or ``None`` to refuse the token.

        Called only when something mapped has changed.
        """
        changes = self.profile.changes(user, token, quiet=True)  # it was asked before, and told of misfits
        for name, value in changes.items():
            setattr(user, name, value)
        try:
            if changes:
                user.save(update_fields=list(changes))
        except UNSUITABLE as error:  # of a save() of the project's own
            raise refused(f"account {user.pk!r} can't be saved: {type(error).__name__}") from error
        self.profile.put_in_groups(user, token)
        return user

    def problems(self) -> Iterator[str]:
        """Yield what the settings leave out that a new account needs, for ``manage.py check``."""
        kind = type(self)
        if not self.create or kind.create_user is not DatabaseUsers.create_user:
            return
        names = self.profile.unfilled()
        if kind.username_for is DatabaseUsers.username_for and not is_user_name(_MADE_UP):
            names = [name for name in (username_field().name,) if name not in self.profile.claim_map] + names
        yield from told_unfilled(names)

    def resolve(self, request: HttpRequest | None, token: VerifiedToken) -> Any:
        """Return the account of *token*'s identity; ``None`` if there is none and none may be created."""
        identity = identity_of(token)
        if identity is None:
            return self._newcomer(request, token)
        if not identity.user.is_active:
            return identity.user
        return self._known(request, identity, token)

    def accepts(self, user: Any, token: VerifiedToken) -> bool:
        """Return whether *user* is a saved account, or a service's token under ``"SERVICES": "token"``."""
        if isinstance(user, TokenUser):
            return self.services == "token" and token.is_service and user.token is token
        return is_account(user)

    def _verify(self, request: HttpRequest | None, token: VerifiedToken) -> None:
        if not _called(self.verify, request, token):
            raise refused(f"{type(self).__qualname__}.verify() says no")

    def _account(self, hook: str, *given: Any) -> Any:
        """Return the account that the method *hook* returns, or ``None``. Raises :class:`KeySourceError` otherwise."""
        user = _called(getattr(self, hook), *given)
        if user is None or is_account(user):
            return user
        raise no_user(user, f"{type(self).__qualname__}.{hook}()", "a saved account")

    def _known(self, request: HttpRequest | None, identity: JWTIdentity, token: VerifiedToken) -> Any:
        """Return the account of *identity*, if it is verified, once what the claims say of it is written."""
        memory = Memory(identity, self.profile.said(token))
        if self.profile.differs(identity.user, token, memory):
            return self._up_to_date(request, token, memory, self._verify)
        self._verify(request, token)  # without a transaction: there is nothing to write
        if not memory.is_recent:
            memory.touch()
        return identity.user

    def _up_to_date(
        self, request: HttpRequest | None, token: VerifiedToken, memory: Memory, *first: Callable[..., None]
    ) -> Any:
        """Return the account that *memory* is of, once the changes are written, and whatever is *first* was called."""
        user = memory.identity.user
        try:
            with atomic(using=database()):
                for each in first:
                    each(request, token)
                memory.hold()
                return self._updated(request, user, token, memory)
        except (IntegrityError, DataError) as error:
            raise refused(
                f"account {user.pk!r} can't have the claims mapped to it, as another has, or they do not fit"
            ) from error

    def _updated(self, request: HttpRequest | None, user: Any, token: VerifiedToken, memory: Memory) -> Any:
        setattr(user, UNCHANGED, memory.unchanged)
        try:
            changed = self.profile.has_changes(user, token)
            updated = self._account("update_user", request, user, token) if changed else user
        finally:
            delattr(user, UNCHANGED)
        if updated is not None:
            memory.keep()
        return updated

    def _newcomer(self, request: HttpRequest | None, token: VerifiedToken) -> Any:
        """Return the user of a new identity, and tell of a new or linked account."""
        if (stateless := self._stateless(token)) is not None:
            self._verify(request, token)
            return stateless
        try:
            with atomic(using=database()):
                user, is_new = self._provisioned(request, token)
        except (IntegrityError, DataError) as error:
            # Another request was first with this identity, or another account has this name.
            identity = identity_of(token)
            if identity is None:
                raise refused(
                    "an account can't be created: another has its name, or a field lacks"
                ) from error
            return identity.user
        if user is not None:
            user_provisioned.send_robust(
                sender=type(user), request=request, user=user, token=token, created=is_new
            )
        return user

    def _provisioned(self, request: HttpRequest | None, token: VerifiedToken) -> tuple[Any, bool]:
        """Link or create an account; return it and whether it is new."""
        self._verify(request, token)
        user = self._account("match", request, token)
        if user is not None:
            check_match(user, token, database())
            return self._linked(request, user, token), False
        if not (self._may_enter(token) if token.is_service else self.create):
            return None, False
        if not token.is_service:
            refuse_twin(token, self.profile.claim_map, database())
        user = self._account("create_user", request, token)
        if user is not None:
            link(user, token, digest_of(user, self.profile.said(token)))
        return user, True

    def _linked(self, request: HttpRequest | None, user: Any, token: VerifiedToken) -> Any:
        """Link the existing account *user*; return it, up to date unless it is not active."""
        memory = Memory(link(user, token), self.profile.said(token))
        if not user.is_active or not self.profile.differs(user, token, memory):
            return user
        return self._up_to_date(request, token, memory)

    def _stateless(self, token: VerifiedToken) -> TokenUser | None:
        """Return the user of a service without an account, if none is created; raise :class:`ForbiddenError`."""
        if not token.is_service:
            return None
        if self.services == "refuse" or (self.services == "create" and token.subject is None):
            told = 'user refused: a service without an account; see JWKS_AUTH["USER"]["SERVICES"]'
            log.warning(told, extra=fields("user_refused"))
            raise service_refused()
        return TokenUser(token) if self.services == "token" and self._may_enter(token) else None

    def _may_enter(self, token: VerifiedToken) -> bool:
        # A person may be able to look like a service, and must not get around CREATE by it.
        return self.create or is_surely_service(token.payload)


def _by_email() -> dict[str, str]:
    """Return the long form of ``MATCH_EMAIL``."""
    field = email_field()
    if field is None:
        raise ConfigurationError(f"MATCH_EMAIL: {get_user_model()._meta.label} has no e-mail address")
    return {field.name: "email"}


def _called(hook: Callable[..., Any], *given: Any) -> Any:
    """Return what *hook* returns. A coroutine runs here, too: its queries are in this thread's transaction."""
    found = (async_to_sync(hook) if iscoroutinefunction(hook) else hook)(*given)
    return async_to_sync(awaited)(found) if isawaitable(found) else found
