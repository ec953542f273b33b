"""From a verified token to a user: the interface, and the two simple ways."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.utils.module_loading import import_string

from jwks_auth import ConfigurationError, VerifiedToken
from jwks_auth_django import options as read
from jwks_auth_django.user_settings import DATABASE_SETTINGS, TOKEN_SETTINGS, USER_LABEL, check_grants
from jwks_auth_django.users import TokenUser, service_refused

__all__ = ["FunctionResolver", "TokenUsers", "UserResolver", "from_options"]


class UserResolver:
    """Base of one's own: ``"USER": {"STORE": "shop.accounts.Customers"}``.

    Override :meth:`resolve`, and :meth:`aresolve` where async views are served without a thread. ``None``
    refuses the token's user with 401.
    """

    def resolve(self, token: VerifiedToken) -> Any:
        """The user *token* stands for, or ``None``."""
        raise NotImplementedError(f"{type(self).__qualname__} must define resolve(token)")

    async def aresolve(self, token: VerifiedToken) -> Any:
        """As :meth:`resolve`, on an event loop."""
        return await sync_to_async(self.resolve)(token)


class TokenUsers(UserResolver):
    """Stateless: the token is the user. With *services* ``"refuse"``, a person's token is."""

    def __init__(self, services: str = "token") -> None:
        self.services = services

    def resolve(self, token: VerifiedToken) -> TokenUser:
        """A :class:`TokenUser`."""
        if self.services == "refuse" and token.is_service:
            raise service_refused()
        return TokenUser(token)

    async def aresolve(self, token: VerifiedToken) -> TokenUser:
        """A :class:`TokenUser`."""
        return self.resolve(token)


class FunctionResolver(UserResolver):
    """A function of one's own, sync or async: ``"USER": {"STORE": "shop.accounts.customer_of"}``."""

    def __init__(self, function: Callable[[VerifiedToken], Any]) -> None:
        is_async = iscoroutinefunction(function)
        self._resolve = async_to_sync(function) if is_async else function
        self._aresolve = function if is_async else sync_to_async(function)

    def resolve(self, token: VerifiedToken) -> Any:
        """Return the function's user."""
        return self._resolve(token)

    async def aresolve(self, token: VerifiedToken) -> Any:
        """Return the function's user."""
        return await self._aresolve(token)


def from_options(options: Mapping[str, Any], issuers: Collection[str] | None) -> UserResolver:
    """The resolver that ``"USER": {"STORE": ...}`` names; *issuers* as from ``trusted_issuers()``.

    Raises :class:`ConfigurationError` for a path that leads nowhere or to something else, and for options the
    store does not know.
    """
    # The store first: which options there are is its to say.
    store = "token" if options.get("STORE") is None else options["STORE"]
    rest = {name: value for name, value in options.items() if name != "STORE" and value is not None}
    if store == "database":
        from jwks_auth_django.provisioning import DatabaseUsers

        given = read.parsed(rest, DATABASE_SETTINGS, USER_LABEL)
        check_grants(given, issuers)
        return DatabaseUsers(**given)
    resolver = None if store == "token" else _resolver_at(store)
    known = TOKEN_SETTINGS if resolver is None else {}
    if misplaced := sorted(rest.keys() & DATABASE_SETTINGS.keys() - known.keys()):
        raise ConfigurationError(
            f'{USER_LABEL.format(misplaced[0])} is not a setting of this store, but of "STORE": "database"'
        )
    given = read.parsed(rest, known, USER_LABEL)
    return resolver or TokenUsers(**given)


def _resolver_at(path: Any) -> UserResolver:
    label = USER_LABEL.format("STORE")
    try:
        found = import_string(path)
    except (ImportError, AttributeError) as error:
        near = difflib.get_close_matches(str(path).lower(), ("token", "database"), n=1)
        hint = f": did you mean {near[0]!r}?" if near else f" ({error})"
        raise ConfigurationError(
            f"{label}: expected 'token', 'database' or a dotted path, found {path!r}{hint}"
        ) from error
    if isinstance(found, type) and issubclass(found, UserResolver):
        return found()
    if isinstance(found, type) or not callable(found):
        raise ConfigurationError(f"{label}: {path} is no UserResolver and no function")
    return FunctionResolver(found)
