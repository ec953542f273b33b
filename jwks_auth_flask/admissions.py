"""A request's accepted tokens, kept on the request object, with which they end.

``flask.g`` is not used: it belongs to the application context, which a script or a test can keep over several requests,
so that the second would find the first one's token.
"""

from __future__ import annotations

from typing import Any

from flask import Request
from flask import request as flask_request
from werkzeug.local import LocalProxy

from jwks_auth import VerifiedToken

__all__ = [
    "Admission",
    "Admissions",
    "admissions_of",
    "current_token",
    "current_user",
    "token_of",
    "user_of",
]

UNGUARDED = (
    "No token was accepted on this request. Put @require_jwt on the view, or guard its blueprint or app with "
    "auth.protect(...). Where a token is optional, ask first: `if current_token:`, or `token_of(request)`."
)
NO_LOADER = "No user was loaded on this request: register a loader with @auth.user."


class Admission:
    """One instance's result for one request: the accepted token and its user."""

    __slots__ = ("token", "user")

    def __init__(self) -> None:
        self.token: VerifiedToken | None = None
        self.user: Any = None


class Admissions:
    """All instances' admissions of one request, and the token and user accepted last."""

    __slots__ = ("by_auth", "latest")

    def __init__(self) -> None:
        self.by_auth: dict[Any, Admission] = {}
        self.latest: tuple[VerifiedToken, Any] | None = None

    def of(self, auth: Any) -> Admission:
        """Return the admission by *auth*. Two instances trust different issuers, so each has its own."""
        admission = self.by_auth.get(auth)
        if admission is None:
            admission = self.by_auth[auth] = Admission()
        return admission

    def admit(self, admission: Admission, token: VerifiedToken | None) -> VerifiedToken | None:
        """Note that *token*, unless it is ``None``, was accepted last, and return it."""
        if token is not None:
            self.latest = token, admission.user
        return token


def admissions_of(current: Request) -> Admissions:
    """The admissions kept on *current*."""
    kept: dict[str, Any] = current.__dict__
    found = kept.get("_jwks_auth")
    if found is None:
        found = kept["_jwks_auth"] = Admissions()
    return found


def token_of(request: Request) -> VerifiedToken | None:
    """Return the token that the latest guard accepted on *request*, or ``None``. It is no proxy: ``is None`` works."""
    latest = admissions_of(request).latest
    return None if latest is None else latest[0]


def user_of(request: Request) -> Any:
    """Return the user that ``@auth.user`` made of that token, or ``None``. It is no proxy either."""
    latest = admissions_of(request).latest
    return None if latest is None else latest[1]


def _token() -> VerifiedToken:
    token = token_of(flask_request)
    if token is None:
        raise RuntimeError(UNGUARDED)
    return token


def _user() -> Any:
    user = user_of(flask_request)
    if user is None:
        raise RuntimeError(UNGUARDED if token_of(flask_request) is None else NO_LOADER)
    return user


current_token: VerifiedToken = LocalProxy(_token)  # type: ignore[assignment]
"""The token that the latest guard accepted on this request; false if there is none.

It is a proxy: ``current_token is not None`` is *always true*, even without a token. Write ``if current_token:``, or use
:func:`token_of`, which returns the token itself or ``None``.
"""

current_user: Any = LocalProxy(_user)
"""The user by ``@auth.user``; false if there is none, but never ``None``: see :func:`user_of`."""
