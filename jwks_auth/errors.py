"""The three families of errors: configuration, the client's request or token, the source of keys.

Clients see a constant text only (:attr:`AuthError.description`). Details are in ``__cause__``, and hold neither a token
nor a claim's value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import jwt

from jwks_auth.challenge import DEFAULT_REALM, DEFAULT_SCHEME, checked_scopes, escaped, format_challenge
from jwks_auth.faults import REQUEST_FAULTS, TOKEN_FAULTS

__all__ = [
    "AuthError",
    "ConfigurationError",
    "ForbiddenError",
    "InsufficientAuthenticationError",
    "InsufficientScopeError",
    "InvalidRequestError",
    "InvalidTokenError",
    "JWKSAuthError",
    "KeySourceError",
    "MalformedTokenError",
    "MissingTokenError",
    "Refused",
]

Names = str | Iterable[str]

_REFUSED = "The access token is refused"
_FORBIDDEN = "The service does not allow this request"
_LONGEST_RETRY_AFTER = 86_400.0
_CODE = re.compile(r"[a-z_]+\Z")
_TEXT = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+\Z")  # RFC 6750 section 3


class JWKSAuthError(Exception):
    """The base of all errors of this package. They can be copied, and pickled for another process."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Restores all fields, because Exception keeps the text alone, and most constructors take other arguments.
        return _restored, (type(self), self.args, vars(self))


class ConfigurationError(JWKSAuthError, ValueError):
    """A setting is missing or wrong; raised at construction and start-up, never for a request."""


class Refused(JWKSAuthError):
    """A request is refused, by the client's fault (:class:`AuthError`) or not (:class:`KeySourceError`)."""

    status: int
    error: str | None
    code: str
    description: str


class AuthError(Refused):
    """A request that is refused: HTTP status, RFC 6750 error code and a constant description.

    *code* consists of ``[a-z_]`` and is logged; *description* is a text for the client, in printable ASCII without
    quotes and backslashes. Raises ``ValueError`` for anything else.
    """

    status = 401
    error: str | None = None
    scopes: tuple[str, ...] | None = None
    """The scopes that are needed; ``None`` where it is not about them, and a 401 names those of the route."""

    def __init__(self, code: str, description: str) -> None:
        if not _CODE.match(code):
            raise ValueError(f"code {code!r}: expected a-z and _ alone")
        if not _TEXT.match(description):
            raise ValueError(f"{description!r} can't stand in a challenge (RFC 6750 section 3)")
        self._say(code, description)

    def _say(self, code: str, description: str) -> None:
        Exception.__init__(self, description)  # faster than super(), for junk that comes by the thousand
        self.code = code
        self.description = description

    def challenge(
        self,
        *,
        realm: str = DEFAULT_REALM,
        resource_metadata: str | None = None,
        scheme: str = DEFAULT_SCHEME,
        scopes: Iterable[str] = (),
    ) -> str:
        """Return the ``WWW-Authenticate`` value (RFC 6750 section 3; *resource_metadata*: RFC 9728 section 5.1).

        *scopes* are the route's: a 401 names them, and a 403 if one lacks. Raises ``ValueError`` for impossible values.
        """
        params = {"realm": realm, **self._challenge_params(), "scope": self._scope_beside(tuple(scopes))}
        return format_challenge({**params, "resource_metadata": resource_metadata}, scheme)

    def challenges(self, **parameters: Any) -> tuple[str, ...]:
        """Return every ``WWW-Authenticate`` value of the answer; the parameters are those of :meth:`challenge`.

        A custom error may add another scheme.
        """
        return (self.challenge(**parameters),)

    def _challenge_params(self) -> dict[str, str | None]:
        return {"error": self.error, "error_description": self.description}

    def _scope_beside(self, scopes: tuple[str, ...]) -> str | None:
        of_route = scopes if self.status == 401 else ()
        named = of_route if self.scopes is None else self.scopes and scopes + self.scopes
        return " ".join(dict.fromkeys(named)) or None


class MissingTokenError(AuthError):
    """No credentials were sent: 401, and a challenge without an error code (RFC 6750 section 3.1)."""

    def __init__(self) -> None:
        self._say("missing_token", "Authentication is required")

    def _challenge_params(self) -> dict[str, str | None]:
        return {}


class InvalidRequestError(AuthError):
    """The request's credentials can't be read: malformed, repeated, or in more than one place. 400."""

    status = 400
    error = "invalid_request"

    def __init__(self, code: str = "invalid_request") -> None:
        self._say(code, REQUEST_FAULTS[code])


class InvalidTokenError(AuthError, jwt.InvalidTokenError):
    """The token is refused: 401. ``code`` is the stable reason; see :data:`jwks_auth.faults.TOKEN_FAULTS`.

    A validator may have codes of its own, each with a constant *text* for the client:
    ``InvalidTokenError("guest", "Guests may not use this API")``.
    """

    error = "invalid_token"

    def __init__(self, code: str, text: str | None = None) -> None:
        known = TOKEN_FAULTS.get(code)
        if known is None or text is not None:
            AuthError.__init__(self, code, _REFUSED if text is None else text)
        else:
            self._say(code, known)


class MalformedTokenError(InvalidTokenError, jwt.DecodeError):
    """The token can't be read at all; to PyJWT's users a ``DecodeError``."""

    def __init__(self, code: str = "malformed") -> None:
        self._say(code, TOKEN_FAULTS[code])


class InsufficientScopeError(AuthError):
    """The token is good but does not allow this: 403. *scopes* are those that are needed, named in the challenge.

    All of them, those that it has too: a client may ask for these alone. Raises ``ValueError`` for an impossible one.
    """

    status = 403
    error = "insufficient_scope"

    def __init__(self, scopes: Names = ()) -> None:
        self._say("insufficient_scope", "The access token does not allow this request")
        self.scopes = checked_scopes(scopes)


class InsufficientAuthenticationError(AuthError):
    """The token is good, but its user must authenticate in one of the ways *acr*, the best first, or again: 401.

    *max_age*: the most seconds since; *scopes*: those needed, where the token lacks one (RFC 9470 section 3).
    """

    error = "insufficient_user_authentication"

    def __init__(self, acr: Names = (), max_age: int | None = None, *, scopes: Names = ()) -> None:
        self._say("insufficient_user_authentication", "A different or more recent authentication is required")
        self.acr = checked_scopes(acr)
        self.max_age = max_age
        self.scopes = checked_scopes(scopes)

    def _challenge_params(self) -> dict[str, str | None]:
        age = None if self.max_age is None else str(self.max_age)
        return {**super()._challenge_params(), "acr_values": " ".join(self.acr) or None, "max_age": age}


class ForbiddenError(AuthError):
    """The token is good, but the service refuses: 403, with a code of its own and a constant *text* for the client.

    The code is also the challenge's error, because ``insufficient_scope`` would have the client ask for another token
    in vain.
    """

    status = 403

    def __init__(self, code: str, text: str = _FORBIDDEN) -> None:
        super().__init__(code, text)
        self.error = code


class KeySourceError(Refused):
    """The token can't be judged: no usable keys and the issuer can't be reached, or a callback failed. 503.

    ``kind`` is a stable word for logs and metrics (``timeout``, ``connection``, ``status``, ...);
    ``retry_after`` is in seconds, a day at most.
    """

    status = 503
    error = "temporarily_unavailable"
    code = "key_source_unavailable"
    description = "The access token can't be verified at the moment"

    def __init__(
        self, detail: str = description, *, kind: str = "unavailable", retry_after: float = 1.0
    ) -> None:
        super().__init__(escaped(detail))  # it may quote a provider, and is shown in logs and terminals
        self.kind = kind
        self.retry_after = min(max(0.0, retry_after), _LONGEST_RETRY_AFTER)  # 0 for NaN


def _restored(cls: type[JWKSAuthError], args: tuple[Any, ...], fields: dict[str, Any]) -> JWKSAuthError:
    error = cls.__new__(cls, *args)
    vars(error).update(fields)
    return error
