"""Resolvers from a verified token to a user: the interface, two simple ones, and refusals."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from inspect import isawaitable
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.http import HttpRequest

from jwks_auth import ForbiddenError, InvalidTokenError, KeySourceError, VerifiedToken
from jwks_auth.adapters import fields
from jwks_auth_django.users.token_user import TokenUser

__all__ = [
    "FunctionResolver",
    "TokenUsers",
    "UserResolver",
    "awaited",
    "no_user",
    "refused",
    "service_refused",
    "unfillable",
]

log = logging.getLogger("jwks_auth.django")


class UserResolver:
    """The base of custom resolvers: ``"USER": {"STORE": "shop.accounts.Customers"}``.

    Override :meth:`resolve`, and :meth:`aresolve` to serve async views without a thread. ``None`` refuses the token's
    user with 401. *request* is ``None`` where ``authenticate()`` was called without one.
    """

    def resolve(self, request: HttpRequest | None, token: VerifiedToken) -> Any:
        """The user *token* stands for, or ``None``."""
        raise NotImplementedError(f"{type(self).__qualname__} must define resolve(request, token)")

    async def aresolve(self, request: HttpRequest | None, token: VerifiedToken) -> Any:
        """Do as :meth:`resolve`, on an event loop."""
        return await sync_to_async(self.resolve)(request, token)

    def accepts(self, user: Any, token: VerifiedToken) -> bool:
        """Return whether what :meth:`resolve` returned for *token* can be a request's user."""
        return not isinstance(user, type) and bool(getattr(user, "is_authenticated", False))

    def problems(self) -> Iterable[str]:
        """Return what is wrong with the store's settings, for ``manage.py check``."""
        return ()


class TokenUsers(UserResolver):
    """Makes users of tokens, without a database. With *services* ``"refuse"``, only of people's tokens."""

    def __init__(self, services: str = "token") -> None:
        self.services = services

    def resolve(self, request: HttpRequest | None, token: VerifiedToken) -> TokenUser:
        """A :class:`TokenUser`."""
        if self.services == "refuse" and token.is_service:
            raise service_refused()
        return TokenUser(token)

    async def aresolve(self, request: HttpRequest | None, token: VerifiedToken) -> TokenUser:
        """A :class:`TokenUser`."""
        return self.resolve(request, token)


class FunctionResolver(UserResolver):
    """Calls the project's function, sync or async: ``"USER": {"STORE": "shop.accounts.customer_of"}``."""

    def __init__(self, function: Callable[[HttpRequest | None, VerifiedToken], Any]) -> None:
        is_async = iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)
        self._resolve = async_to_sync(function) if is_async else function
        self._aresolve = function if is_async else sync_to_async(function)

    def resolve(self, request: HttpRequest | None, token: VerifiedToken) -> Any:
        """Return the function's user."""
        found = self._resolve(request, token)
        return async_to_sync(awaited)(found) if isawaitable(found) else found

    async def aresolve(self, request: HttpRequest | None, token: VerifiedToken) -> Any:
        """Return the function's user."""
        found = await self._aresolve(request, token)
        return await found if isawaitable(found) else found


async def awaited(result: Awaitable[Any]) -> Any:
    """Return what *result* gives, which a function that is not async by its looks has returned."""
    return await result


def service_refused() -> ForbiddenError:
    """Return the refusal of a service's token where only people may sign in: 403."""
    return ForbiddenError("service_refused", "Services may not sign in here")


def refused(reason: str) -> InvalidTokenError:
    """Return a refusal, and log *reason*; the client sees only that its user may not sign in."""
    log.warning("user refused: %s", reason, extra=fields("user_refused"))
    return InvalidTokenError("user_refused")


def unfillable(reason: str) -> KeySourceError:
    """Return the error of an account that the settings can't make, and log *reason*: 503, as no token is to blame."""
    log.error("no account can be created: %s", reason, extra=fields("users_failed", kind="users"))
    return KeySourceError("accounts can't be created", kind="users")


def no_user(found: Any, place: str, wanted: str) -> KeySourceError:
    """Return the error of a store that gives something else than a user, and log it: 503, as no token is to blame."""
    told = fields("users_failed", kind="users")
    name = type(found).__name__
    log.error("%s: found an object of the type %s, expected %s or None", place, name, wanted, extra=told)
    return KeySourceError("the store of users gives no user", kind="users")
