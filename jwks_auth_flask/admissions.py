"""A request's accepted tokens. They live on the request object and so end with it.

Not on ``flask.g``: that belongs to the application context, which a script or a test can push around several
requests, and the second of them would find the first one's token.
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
NO_LOADER = "No user was loaded on this request: register a loader with @auth.user_loader."


class Admission:
    """The memory of one request that one instance keeps: the token it let in, and its user."""

    __slots__ = ("token", "user")

    def __init__(self) -> None:
        self.token: VerifiedToken | None = None
        self.user: Any = None


class Admissions:
    """All instances' admissions of one request, and the token and user let in last."""

    __slots__ = ("by_auth", "latest")

    def __init__(self) -> None:
        self.by_auth: dict[Any, Admission] = {}
        self.latest: tuple[VerifiedToken, Any] | None = None

    def of(self, auth: Any) -> Admission:
        """The admission by *auth*: two of an app trust different issuers, so neither believes the other."""
        admission = self.by_auth.get(auth)
        if admission is None:
            admission = self.by_auth[auth] = Admission()
        return admission

    def admit(self, admission: Admission, token: VerifiedToken | None) -> VerifiedToken | None:
        """Note that *token*, if there was one, was let in last; returns it."""
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
    """The token the latest guard accepted on *request*, or ``None``: no proxy, so ``is None`` tells the truth."""
    latest = admissions_of(request).latest
    return None if latest is None else latest[0]


def user_of(request: Request) -> Any:
    """The user that ``@auth.user_loader`` made of that token, or ``None``; no proxy either."""
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
"""The token the latest guard accepted on this request; false where there is none.

It is a proxy: ``current_token is not None`` is *always true*, token or not. Ask ``if current_token:``, or take the
token itself, or a real ``None``, from :func:`token_of`.
"""

current_user: Any = LocalProxy(_user)
"""What ``@auth.user_loader`` made of that token; false where there is none, and never ``None``: see :func:`user_of`."""
