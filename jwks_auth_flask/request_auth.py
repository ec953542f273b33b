"""``RequestAuth``: one app's authenticator, applied to the current request."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, NamedTuple, TypeVar

from flask import current_app

from jwks_auth import InvalidTokenError, MissingTokenError, Policy, Refused, VerifiedToken
from jwks_auth.adapters import PREFIX, Authenticator, Credentials, Memo, Requirement
from jwks_auth_flask.admissions import Admissions, admissions_of
from jwks_auth_flask.errors import AuthRejected, rejected
from jwks_auth_flask.internals import served_request
from jwks_auth_flask.signals import asend, at_once, send, token_rejected, token_verified

__all__ = ["EXTENSION", "RequestAuth", "completed", "prefix_of", "request_auth_of"]

EXTENSION = "jwks_auth"

Load = Callable[[VerifiedToken], Any]
ResultT = TypeVar("ResultT")


class RequestAuth:
    """Admits requests that meet a requirement, and keeps the accepted token on each.

    The user loader that *load* returns is called once in a request, before the view, so that a token whose user is gone
    never reaches the view. *asked* returns the policies of all guards of the route, which a challenge names.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        load: Callable[[], Load | None],
        asked: Callable[[], Iterable[Policy]] = tuple,
    ) -> None:
        self.authenticator = authenticator
        self._asked = asked
        self.decisions: dict[object, Requirement | None] = {}
        """The requirements that guards have for each view and method of this app."""
        self._load = load

    def admit(self, requirement: Requirement) -> VerifiedToken | None:
        """Return the current request's token; ``None`` only if it is optional and none was sent.

        Raises :class:`AuthRejected`.
        """
        return completed(self._admit(requirement, _in_thread(self.authenticator)))

    async def aadmit(self, requirement: Requirement) -> VerifiedToken | None:
        """Do as :meth:`admit`, for an async view."""
        return await self._admit(requirement, _on_loop(self.authenticator))

    async def _admit(self, requirement: Requirement, driver: _Driver) -> VerifiedToken | None:
        admissions, credentials = self._arrive()
        admission = admissions.of(self)
        told = Memo.on(credentials.kept, self.authenticator).told
        try:
            token = await driver.authenticate(credentials, requirement)
            if token is not None and token is not admission.token:
                load = self._load()
                user = None if load is None else _known(await driver.result(load(token)))
                admission.token, admission.user = token, user
                await driver.send(token_verified, token=token)
        except Refused as error:
            if not told and not isinstance(error, MissingTokenError):
                await driver.send(token_rejected, error=error)
            raise self._rejected(error, credentials) from error
        return admissions.admit(admission, token)

    def _arrive(self) -> tuple[Admissions, Credentials]:
        current = served_request()
        return admissions_of(current), Credentials.from_wsgi(current.environ)

    def _rejected(self, error: Refused, credentials: Credentials) -> AuthRejected:
        return rejected(error, self.authenticator.rejection(error, credentials, self._asked()))


class _Driver(NamedTuple):
    """Functions that an admission waits by: for the verification, the result of a user's function, and receivers."""

    authenticate: Callable[..., Awaitable[VerifiedToken | None]]
    result: Callable[[Any], Awaitable[Any]]
    send: Callable[..., Awaitable[None]]


def _in_thread(authenticator: Authenticator) -> _Driver:
    """Return the driver for sync views: it waits in their thread, so its coroutines are never suspended."""
    return _Driver(at_once(authenticator.authenticate), at_once(_waited_for), at_once(send))


def _on_loop(authenticator: Authenticator) -> _Driver:
    """Return the driver for async views."""
    return _Driver(authenticator.aauthenticate, _awaited, asend)


def _waited_for(value: Any) -> Any:
    # A loader may be any callable that returns a coroutine, not only an async function.
    return current_app.async_to_sync(_awaited)(value) if inspect.isawaitable(value) else value


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def completed(steps: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Return the result of a coroutine that is never suspended, so that sync and async code run the same steps."""
    try:
        steps.send(None)
    except StopIteration as done:
        result: ResultT = done.value
        return result
    steps.close()
    raise RuntimeError("a step of sync code was suspended")


def _known(user: Any) -> Any:
    if user is None or user is False:
        raise InvalidTokenError("user_refused")
    return user


def prefix_of(name: str) -> str:
    """Return the prefix of an instance's settings."""
    return PREFIX if name == "default" else f"{name.upper()}_{PREFIX}"


def request_auth_of(name: str) -> RequestAuth:
    """Return the current app's instance *name*; raise ``RuntimeError`` if the extension was never set up."""
    instances: dict[str, RequestAuth] = current_app.extensions.get(EXTENSION, {})
    try:
        return instances[name]
    except KeyError:
        raise RuntimeError(_missing(name, instances)) from None


def _missing(name: str, instances: dict[str, RequestAuth]) -> str:
    if name == "default":
        fix = (
            f"use the decorator of one of its instances ({', '.join(instances)})"
            if instances
            else ("create `auth = JWKSAuth()` and call `auth.init_app(app)` where the app is made")
        )
        return f"This app uses require_jwt but has no JWKSAuth: {fix}."
    return f"This app has no JWKSAuth named {name!r}: call its init_app(app) where the app is made."
