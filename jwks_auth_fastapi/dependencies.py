"""Dependencies on top of a bearer: a policy that must hold, a user that must exist."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from jwks_auth import AuthError, ConfigurationError, InvalidTokenError, Policy
from jwks_auth.adapters import Authenticator, Requirement
from jwks_auth_fastapi.internals import ASKS
from jwks_auth_fastapi.scheme import JWTScheme

__all__ = ["POLICY", "USER", "policy_dependency", "user_dependency"]

POLICY = "__jwks_auth_policy__"
"""The attribute by which the audit recognises a policy dependency."""
USER = "__jwks_auth_user__"
"""The attribute by which the audit recognises a user dependency."""


def policy_dependency(auth: JWTScheme, policy: Policy) -> Callable[..., Awaitable[Any]]:
    """Return a dependency on *auth*, so that the token of an override is judged by *policy* too."""
    requirement = Requirement.of(policy=policy)  # so that a wrong policy fails here, and not on a request

    async def require_policy(conn: HTTPConnection, token: Any = Depends(auth)) -> Any:
        try:
            if token is not None:
                auth.request_auth.judge(token, requirement, conn.scope)
        except AuthError as error:
            raise auth.request_auth.rejected(error, conn.scope) from error
        return token

    def asks(authenticator: Authenticator, scopes: Iterable[str]) -> Policy | None:
        return policy if authenticator is auth.authenticator else None

    setattr(require_policy, POLICY, policy)
    setattr(require_policy, ASKS, asks)
    return require_policy


def user_dependency(auth: JWTScheme, load_user: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """Return a dependency on *auth* and on *load_user*, which FastAPI runs as a dependency too."""
    loader = partial(load_user)
    loader.__signature__ = _with_token(load_user, auth)  # type: ignore[attr-defined]

    async def user(conn: HTTPConnection, token: Any = Depends(auth), found: Any = Depends(loader)) -> Any:
        if found is None and token is not None:
            error = InvalidTokenError("user_refused")
            raise auth.request_auth.rejected(error, conn.scope) from error
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
