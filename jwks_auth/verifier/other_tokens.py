"""Tokens that are no issuer's: a function of the service knows them, such as API keys of its own."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, Self

from jwks_auth.challenge import shown
from jwks_auth.claims import AnyAudience, ClaimRules, SilentAudience, VerifiedToken, validate_times
from jwks_auth.errors import AuthError, ConfigurationError, InvalidTokenError, KeySourceError
from jwks_auth.jose import copied_json
from jwks_auth.runtime import RawToken, aask, ask

__all__ = ["OtherTokens", "Told"]

Told = Callable[[str], Mapping[str, Any] | Awaitable[Mapping[str, Any] | None] | None]

_OTHER: Literal["other"] = "other"
_NO_END = 1e10  # an exp for the rules, where there is none
_DATES = ("exp", "nbf", "iat")


class OtherTokens:
    """Asks *function*, sync or async, for the claims of a credential; ``None`` means that it is not its own.

    *is_known* tells of a name whether it is an issuer's or a tenant's, which no such token may have.
    """

    def __init__(
        self,
        function: Told,
        rules: ClaimRules,
        *,
        is_known: Callable[[str], bool],
        clock: Callable[[], float],
    ) -> None:
        if not callable(function):
            raise ConfigurationError(
                f"other_tokens: found {shown(function)}, expected a function of a credential"
            )
        self._function, self._is_known, self._clock = function, is_known, clock
        called = getattr(function, "__call__", None)  # noqa: B004 - an object's may be async
        self._is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)
        own = rules.audience
        audience = own if isinstance(own, AnyAudience) else SilentAudience(own or ())
        self._rules = rules
        self._mapping = replace(rules.mapping, audience=audience, kind=_OTHER, issuer=None)

    @classmethod
    def of(
        cls, function: Any, rules: ClaimRules, *, knows: Callable[[str], bool], clock: Callable[[], float]
    ) -> Self | None:
        """Return the tokens that *function* knows; ``None`` without one."""
        return None if function is None else cls(function, rules, is_known=knows, clock=clock)

    def verify(self, sent: RawToken) -> VerifiedToken | None:
        """Return the token, or ``None``. Raises ``InvalidTokenError``; ``KeySourceError`` if the function fails."""
        try:
            claims = ask(self._call, sent)
        except AuthError as error:
            raise _passed_on(error) from error.__cause__
        return None if claims is None else self._token(claims, sent)

    async def averify(self, sent: RawToken) -> VerifiedToken | None:
        """Do as :meth:`verify`, without blocking the event loop."""
        try:
            claims = await aask(self._acall if self._is_async else self._call, sent)
        except AuthError as error:
            raise _passed_on(error) from error.__cause__
        return None if claims is None else self._token(claims, sent)

    def _call(self, sent: RawToken) -> Any:
        return self._function(sent.read(str))  # the text is in no frame but the function's

    async def _acall(self, sent: RawToken) -> Any:
        answer: Any = self._function(sent.read(str))
        return await answer

    def _token(self, claims: Any, sent: RawToken) -> VerifiedToken:
        owned = _owned(claims)
        if fault := _fault_of(owned) or self._fault_of_issuer(owned.get("iss")):
            raise _fault(fault)
        rules = replace(self._rules, max_age=None)
        validate_times({**owned, "exp": _NO_END} if owned.get("exp") is None else owned, rules, self._clock())
        return VerifiedToken(owned, {}, owned, self._mapping, sent)

    def _fault_of_issuer(self, name: Any) -> str | None:
        if name is None:
            return None
        if not isinstance(name, str) or not name:
            return f"found an iss of the type {type(name).__name__}, expected a name"
        if any(map(self._is_known, _spellings(name))):
            return f"found the iss {shown(name)}, which is a configured issuer's or a tenant's"
        return None


def _owned(claims: Any) -> dict[str, Any]:
    """Return a copy of the claims, whose mapping may be the service's own code. Raises ``KeySourceError``."""
    try:
        if isinstance(claims, Mapping) and all(isinstance(name, str) for name in claims):
            owned: dict[str, Any] = copied_json(dict(claims))
            return owned
    except Exception as error:
        raise _fault(f"the claims can't be read ({type(error).__name__})") from error
    raise _fault(f"found a {type(claims).__name__}, expected claims or None")


def _spellings(name: str) -> tuple[str, ...]:
    """Return *name*, and as careless comparisons read it: of another case, or without its slash or with one more."""
    plain = name.strip().rstrip("/")
    return name, plain, f"{plain}/", plain.lower(), f"{plain.lower()}/"


def _fault_of(claims: Mapping[str, Any]) -> str | None:
    """Return the fault of claims whose types are not those of a token's."""
    for name in _DATES:
        if not isinstance(claims.get(name), int | float | None) or isinstance(claims.get(name), bool):
            return f"found {name} of the type {type(claims[name]).__name__}, expected seconds since 1970"
    for name in ("sub", "jti"):
        if not isinstance(claims.get(name), str | None):
            return f"found {name} of the type {type(claims[name]).__name__}, expected a string"
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    if audience is not None and not all(isinstance(each, str) for each in listed):
        return f"found aud of the type {type(audience).__name__}, expected a string or a list of strings"
    return None


def _fault(text: str) -> KeySourceError:
    return KeySourceError(f"other_tokens: {text}", kind="callback")


def _passed_on(error: AuthError) -> AuthError | KeySourceError:
    """Return a refusal of the token itself as it is; any other is the function's mistake."""
    if isinstance(error, InvalidTokenError):
        return error
    return _fault(f"the function raised {type(error).__name__}, expected InvalidTokenError, claims or None")
