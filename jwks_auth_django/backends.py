"""Django's authentication backend: ``authenticate()`` for bearer tokens, and the token's permissions for users."""

from __future__ import annotations

import logging
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import Error as DatabaseError
from django.db import router
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.module_loading import import_string

from jwks_auth import AuthError, InvalidTokenError, KeySourceError, VerifiedToken
from jwks_auth.adapters import RawToken, fields
from jwks_auth_django.schema import explained
from jwks_auth_django.senders import configuration_of
from jwks_auth_django.users.resolvers import no_user

__all__ = ["JWTAuthenticationBackend"]

_FORBIDDEN = 403

log = logging.getLogger("jwks_auth.django")


class JWTAuthenticationBackend(BaseBackend):
    """For ``AUTHENTICATION_BACKENDS``; keep ``ModelBackend`` after it, so users keep their own permissions.

    Override :meth:`user_can_authenticate` to decide who may sign in, or :meth:`get_user_permissions` and its async form
    for the permissions of a token: middleware and decorators use the subclass that is listed.
    It starts no session and never calls ``login()``.
    """

    def authenticate(  # type: ignore[override]  # Django asks a backend only for credentials it names
        self, request: HttpRequest | None, *, bearer_token: str | None = None
    ) -> Any:
        """Return the user of a raw token for this service; ``None`` lets the next backend try.

        Raises ``PermissionDenied`` for a valid token that may not sign in (a validator's ``ForbiddenError``, a refused
        user), which stops ``django.contrib.auth.authenticate()``; and :class:`KeySourceError` if the token can't be
        judged.
        """
        if bearer_token is None:
            return None
        raw = RawToken(bearer_token)
        del bearer_token  # sensitive_variables hides it only from Django's own reports
        token = None
        try:
            token = configuration_of(request).authenticator.verify(raw)
            return self.user_of(request, token)
        except AuthError as error:
            return _nobody(error, token)

    async def aauthenticate(  # type: ignore[override]  # as above
        self, request: HttpRequest | None, *, bearer_token: str | None = None
    ) -> Any:
        """Do as :meth:`authenticate`, on an event loop."""
        if bearer_token is None:
            return None
        raw = RawToken(bearer_token)
        del bearer_token
        token = None
        try:
            token = await configuration_of(request).authenticator.averify(raw)
            return await self.auser_of(request, token)
        except AuthError as error:
            return _nobody(error, token)

    def user_of(self, request: HttpRequest | None, token: VerifiedToken) -> Any:
        """The user of a verified token.

        Raises :class:`InvalidTokenError` (``user_refused``), or :class:`KeySourceError` when the database
        fails: the token is not to blame.
        """
        try:
            users = configuration_of(request).users
            return self._accepted(users, users.resolve(request, token), token)
        except DatabaseError as error:
            raise _unavailable(error) from error

    async def auser_of(self, request: HttpRequest | None, token: VerifiedToken) -> Any:
        """Do as :meth:`user_of`, on an event loop."""
        try:
            users = configuration_of(request).users
            return self._accepted(users, await users.aresolve(request, token), token)
        except DatabaseError as error:
            raise await sync_to_async(_unavailable)(error) from error

    def user_can_authenticate(self, user: Any) -> bool:
        """Refuse users who are not active; models without ``is_active`` are allowed."""
        return getattr(user, "is_active", True)

    def _accepted(self, users: Any, user: Any, token: VerifiedToken) -> Any:
        if user is None or isinstance(user, AnonymousUser):
            raise InvalidTokenError("user_refused")
        if not users.accepts(user, token):
            raise no_user(user, f"{type(users).__qualname__}.resolve()", "a user")
        if not self.user_can_authenticate(user):
            raise InvalidTokenError("user_refused")
        user._jwt = token
        if self._path is not None and not hasattr(user, "backend"):  # for login(), where several are listed
            user.backend = self._path
        return user

    @cached_property
    def _path(self) -> str | None:
        """The path under which the settings list this backend, if they do."""
        listed = (path for path in settings.AUTHENTICATION_BACKENDS if import_string(path) is type(self))
        return next(listed, None)

    def _active(self, user: Any) -> Any:
        return user if user is not None and self.user_can_authenticate(user) else None

    def get_user(self, user_id: Any) -> Any:
        """The account with this key, for sessions a project starts itself with ``login()``."""
        return self._active(_accounts(user_id).first())

    async def aget_user(self, user_id: Any) -> Any:
        """Do as :meth:`get_user`, on an event loop."""
        return self._active(await _accounts(user_id).afirst())

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """The permissions in the token this request came with; none for single objects."""
        token: VerifiedToken | None = getattr(user_obj, "_jwt", None)
        if token is None or obj is not None or not user_obj.is_active:
            return set()
        return set(token.permissions)

    async def aget_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Do as :meth:`get_user_permissions`."""
        return self.get_user_permissions(user_obj, obj)

    async def aget_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return none: a token's permissions are its own."""
        return set()

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Return whether the token gives any permission in *app_label*."""
        return _in_app(self.get_all_permissions(user_obj), app_label)

    async def ahas_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Do as :meth:`has_module_perms`."""
        return _in_app(await self.aget_all_permissions(user_obj), app_label)


def _in_app(permissions: set[str], app_label: str) -> bool:
    return any(name.partition(".")[0] == app_label for name in permissions)


def _accounts(user_id: Any) -> QuerySet[Any]:
    accounts: QuerySet[Any] = get_user_model()._default_manager.all()
    try:
        return accounts.filter(pk=user_id)
    except (ValueError, ValidationError):  # no key at all
        return accounts.none()


def _nobody(error: AuthError, token: VerifiedToken | None) -> None:
    """Leave a bad token to the next backend; raise ``PermissionDenied`` for a valid one that is refused."""
    if token is not None or error.status == _FORBIDDEN:
        raise PermissionDenied(error.description) from error


def _unavailable(error: DatabaseError) -> KeySourceError:
    # Only the kind of error is logged: its message may quote the row, and so claims.
    told = explained(error, router.db_for_write(get_user_model()))
    kind = type(error).__name__
    extra = fields("users_failed", kind=kind)
    log.error("a token's user could not be looked up: %s%s", kind, told, extra=extra)
    return KeySourceError("the user database failed", kind="users")
