"""Flask-Login: a bearer token is one more way to sign in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request

from jwks_auth import VerifiedToken
from jwks_auth.adapters import Requirement, name_of_service
from jwks_auth_flask.admissions import admissions_of
from jwks_auth_flask.request_auth import RequestAuth

__all__ = ["TokenUser", "user_for"]

IF_SENT = Requirement(optional=True)


@dataclass(frozen=True, slots=True)
class TokenUser:
    """A user that consists of its token, in the form that Flask-Login expects."""

    token: VerifiedToken
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """The token's subject; a service's name where it has none."""
        return self.token.subject or name_of_service(self.token.payload)

    @property
    def is_service(self) -> bool:
        """True for a service, not a person."""
        return self.token.is_service


def user_for(auth: RequestAuth) -> Any:
    """Return the user of the current request's token; ``None`` without one, so that Flask-Login looks elsewhere.

    Raises :class:`AuthRejected` for a bad token, which never becomes an anonymous user.
    """
    token = auth.admit(IF_SENT)
    if token is None:
        return None
    return admissions_of(request).of(auth).user or TokenUser(token)
