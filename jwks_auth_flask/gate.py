"""The gate: one app's authenticator, asked for the request that is being served."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from flask import Request, current_app, request

from jwks_auth import AuthError, InvalidTokenError, KeySourceError, MissingTokenError, VerifiedToken
from jwks_auth.adapters import PREFIX, Authenticator, Credentials, Requirement
from jwks_auth_flask.admissions import Admission, Admissions, admissions_of
from jwks_auth_flask.errors import AuthRejected, rejected
from jwks_auth_flask.signals import asend, send, token_rejected, token_verified

__all__ = ["EXTENSION", "Gate", "gate_of", "prefix_of"]

EXTENSION = "jwks_auth"

Refusal = (AuthError, KeySourceError)
Load = Callable[[VerifiedToken], Any]


class Gate:
    """Lets requests in that meet a requirement, and remembers on each what it was let in with.

    The user loader that *load* finds is asked once a request, before the view runs: a token whose user is
    gone never reaches it.
    """

    def __init__(self, authenticator: Authenticator, load: Callable[[], Load | None]) -> None:
        self.authenticator = authenticator
        self.decisions: dict[object, Requirement | None] = {}
        """What guards ask of each view and method of this app."""
        self._load = load

    # admit and aadmit are alike but for what is awaited.

    def admit(self, requirement: Requirement) -> VerifiedToken | None:
        """The current request's token; ``None`` only where it is optional and none was sent.

        Raises :class:`AuthRejected`.
        """
        admissions, credentials = self._arrive()
        admission = admissions.of(self)
        told = admission.memo.told
        try:
            token = self.authenticator.authenticate(credentials, requirement, admission.memo)
            if token is not None and token is not admission.token:
                load = self._load()
                user = None if load is None else _known(_waited_for(load(token)))
                admission.token, admission.user = token, user
                send(token_verified, token=token)
        except Refusal as error:
            if not told and not isinstance(error, MissingTokenError):
                send(token_rejected, error=error)
            raise self._rejected(error, admissions, admission) from error
        return admissions.admit(admission, token)

    async def aadmit(self, requirement: Requirement) -> VerifiedToken | None:
        """As :meth:`admit`, for an async view."""
        admissions, credentials = self._arrive()
        admission = admissions.of(self)
        told = admission.memo.told
        try:
            token = await self.authenticator.aauthenticate(credentials, requirement, admission.memo)
            if token is not None and token is not admission.token:
                load = self._load()
                user = None if load is None else _known(await _awaited(load(token)))
                admission.token, admission.user = token, user
                await asend(token_verified, token=token)
        except Refusal as error:
            if not told and not isinstance(error, MissingTokenError):
                await asend(token_rejected, error=error)
            raise self._rejected(error, admissions, admission) from error
        return admissions.admit(admission, token)

    def _arrive(self) -> tuple[Admissions, Credentials]:
        current: Request = request._get_current_object()  # type: ignore[attr-defined]
        environ = current.environ
        # A WSGI server hands over repeated headers joined with commas, which no bearer token contains.
        sent = environ.get("HTTP_AUTHORIZATION")
        values = () if sent is None else (sent,)
        credentials = Credentials(values, environ.get("QUERY_STRING", ""), environ["REQUEST_METHOD"])
        return admissions_of(current), credentials

    def _rejected(
        self, error: AuthError | KeySourceError, admissions: Admissions, admission: Admission
    ) -> AuthRejected:
        admissions.refused = True
        return rejected(error, self.authenticator.rejection(error, admission.memo))


def _waited_for(user: Any) -> Any:
    # A loader may be any callable that gives a coroutine, not only a function that is declared async.
    return current_app.async_to_sync(_awaited)(user) if inspect.isawaitable(user) else user


async def _awaited(user: Any) -> Any:
    return await user if inspect.isawaitable(user) else user


def _known(user: Any) -> Any:
    if user is None or user is False:
        raise InvalidTokenError("user_refused")
    return user


def prefix_of(name: str) -> str:
    """Return the prefix of an instance's settings."""
    return PREFIX if name == "default" else f"{name.upper()}_{PREFIX}"


def gate_of(name: str) -> Gate:
    """The current app's gate. Raises ``RuntimeError`` where the extension was never set up."""
    gates: dict[str, Gate] = current_app.extensions.get(EXTENSION, {})
    try:
        return gates[name]
    except KeyError:
        raise RuntimeError(_missing(name, gates)) from None


def _missing(name: str, gates: dict[str, Gate]) -> str:
    if name == "default":
        fix = (
            f"use the decorator of one of its instances ({', '.join(gates)})"
            if gates
            else ("create `auth = JWKSAuth()` and call `auth.init_app(app)` where the app is made")
        )
        return f"This app uses require_jwt but has no JWKSAuth: {fix}."
    return f"This app has no JWKSAuth named {name!r}: call its init_app(app) where the app is made."
