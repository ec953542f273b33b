"""Dependencies on top of a bearer: a requirement that must be met, a user that must exist."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Protocol, TypeVar, overload

from fastapi import Depends
from starlette.requests import HTTPConnection

from jwks_auth import AuthError, ConfigurationError, InvalidTokenError, Policy
from jwks_auth.adapters import Authenticator, Requirement
from jwks_auth_fastapi.internals import ASKS
from jwks_auth_fastapi.scheme import JWTScheme

__all__ = ["OF", "POLICY", "USER", "UserDependency", "requirement_dependency", "user_dependency"]

POLICY = "__jwks_auth_policy__"
"""The attribute with the policy of a dependency, or ``None``, by which the audit recognises one that requires."""
OF = "__jwks_auth_of__"
"""The attribute with the scheme of a dependency that requires."""
USER = "__jwks_auth_user__"
"""The attribute by which the audit recognises a user dependency."""


LoadedT_co = TypeVar("LoadedT_co", covariant=True)
UserT = TypeVar("UserT")


class UserDependency(Protocol[LoadedT_co]):
    """The dependency of a loader that returns *LoadedT_co*: it gives what is loaded, awaited, and never ``None``."""

    @overload
    def __call__(
        self: UserDependency[Awaitable[UserT | None]], *args: Any, **kwargs: Any
    ) -> Awaitable[UserT]: ...
    @overload
    def __call__(
        self: UserDependency[AsyncIterator[UserT | None]], *args: Any, **kwargs: Any
    ) -> Awaitable[UserT]: ...
    @overload
    def __call__(
        self: UserDependency[Iterator[UserT | None]], *args: Any, **kwargs: Any
    ) -> Awaitable[UserT]: ...
    @overload
    def __call__(self: UserDependency[UserT | None], *args: Any, **kwargs: Any) -> Awaitable[UserT]: ...


def requirement_dependency(
    auth: JWTScheme, policy: Policy | None, asked: Requirement
) -> Callable[..., Awaitable[Any]]:
    """Return a dependency on *auth*, so that the token of an override is judged by *policy* and *asked* too."""
    # So that a wrong policy fails here, and not on a request.
    stated = None if policy is None else Requirement.of(policy=policy).policy
    both = stated & asked.policy if stated and asked.policy else stated or asked.policy
    requirement = replace(asked, policy=both)

    async def require(conn: HTTPConnection, token: Any = Depends(auth)) -> Any:
        try:
            if token is not None:
                auth.request_auth(conn.scope).judge(token, requirement, conn.scope)
        except AuthError as error:
            raise auth.request_auth(conn.scope).rejected(error, conn.scope) from error
        return token

    def asks(authenticator: Authenticator, scopes: Iterable[str]) -> Policy | None:
        return requirement.policy if auth.service.knows(authenticator) else None

    setattr(require, POLICY, requirement.policy)
    setattr(require, OF, auth)
    setattr(require, ASKS, asks)
    return require


def user_dependency(auth: JWTScheme, load_user: Callable[..., Any]) -> Any:
    """Return a dependency on *auth* and on *load_user*, which FastAPI runs as a dependency too."""
    loader = partial(load_user)
    loader.__signature__ = _with_token(load_user, auth)  # type: ignore[attr-defined]

    async def user(conn: HTTPConnection, token: Any = Depends(auth), found: Any = Depends(loader)) -> Any:
        if found is None and token is not None:
            error = InvalidTokenError("user_refused")
            raise auth.request_auth(conn.scope).rejected(error, conn.scope) from error
        return found

    setattr(user, USER, True)
    return user


def _with_token(load_user: Callable[..., Any], auth: JWTScheme) -> inspect.Signature:
    # For FastAPI the first parameter is a dependency on auth; the others stay as they are.
    signature = inspect.signature(load_user, eval_str=True)
    if not signature.parameters:
        raise ConfigurationError(f"{load_user!r} takes no argument: expected the token as the first one")
    first, *others = signature.parameters.values()
    token = first.replace(annotation=Annotated[Any, Depends(auth)], default=inspect.Parameter.empty)
    return signature.replace(parameters=[token, *others], return_annotation=inspect.Signature.empty)
