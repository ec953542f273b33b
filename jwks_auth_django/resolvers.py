"""From a verified token to a user: the interface, and the two simple ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.utils.module_loading import import_string

from jwks_auth import ConfigurationError, VerifiedToken
from jwks_auth_django import options as read
from jwks_auth_django.users import TokenUser

__all__ = ["FunctionResolver", "TokenUsers", "UserResolver", "from_options"]

_LABEL = 'JWKS_AUTH["USER"]["{}"]'


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
    """Stateless: the token is the user."""

    def resolve(self, token: VerifiedToken) -> TokenUser:
        """A :class:`TokenUser`."""
        return TokenUser(token)

    async def aresolve(self, token: VerifiedToken) -> TokenUser:
        """A :class:`TokenUser`."""
        return TokenUser(token)


class FunctionResolver(UserResolver):
    """A function of one's own, sync or async: ``"USER": {"STORE": "shop.accounts.customer_of"}``."""

    def __init__(self, function: Callable[[VerifiedToken], Any]) -> None:
        is_async = iscoroutinefunction(function)
        self._resolve = async_to_sync(function) if is_async else function
        self._aresolve = function if is_async else sync_to_async(function)

    def resolve(self, token: VerifiedToken) -> Any:
        """What the function says."""
        return self._resolve(token)

    async def aresolve(self, token: VerifiedToken) -> Any:
        """What the function says."""
        return await self._aresolve(token)


def from_options(options: Mapping[str, Any]) -> UserResolver:
    """The resolver that ``"USER": {"STORE": ...}`` names.

    Raises :class:`ConfigurationError` for a path that leads nowhere or to something else, and for options the
    store does not know.
    """
    store = "token" if options.get("STORE") is None else options["STORE"]
    rest = {name: value for name, value in options.items() if name != "STORE"}
    if store == "database":
        from jwks_auth_django.provisioning import DATABASE_SETTINGS, DatabaseUsers

        return DatabaseUsers(**read.parsed(rest, DATABASE_SETTINGS, _LABEL))
    read.parsed(rest, {}, _LABEL)
    return TokenUsers() if store == "token" else _resolver_at(store)


def _resolver_at(path: Any) -> UserResolver:
    try:
        found = import_string(path)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"{_LABEL.format('STORE')}: expected 'token', 'database' or a dotted path, found {path!r} ({error})"
        ) from error
    if isinstance(found, type) and issubclass(found, UserResolver):
        return found()
    if isinstance(found, type) or not callable(found):
        raise ConfigurationError(f"{_LABEL.format('STORE')}: {path} is no UserResolver and no function")
    return FunctionResolver(found)
