"""``JWTBearer``: the security scheme that is itself the dependency."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any, Generic, Literal, cast, overload

from fastapi import APIRouter
from fastapi.security import SecurityScopes
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from typing_extensions import TypeVar, Unpack

from jwks_auth import Policy, Refused, VerifiedToken
from jwks_auth.adapters import Explanation, RawToken, Requirement, RequirementOptions
from jwks_auth_fastapi.claims import ClaimsModel
from jwks_auth_fastapi.dependencies import requirement_dependency, user_dependency
from jwks_auth_fastapi.discovery import metadata_router
from jwks_auth_fastapi.openapi import Kind, OpenAPISettings, error_responses
from jwks_auth_fastapi.options import GIVEN, BearerOptions, StatedOptions, parted
from jwks_auth_fastapi.overrides import FakeBearer, fake_token
from jwks_auth_fastapi.request_auth import AnySettings, RequestAuth, authenticator_of, watch
from jwks_auth_fastapi.scheme import JWTScheme
from jwks_auth_fastapi.settings import JWKSAuthSettings
from jwks_auth_fastapi.startup import health_response, prepare

__all__ = ["BearerOptions", "JWTBearer"]

TokenT = TypeVar("TokenT", bound=VerifiedToken[Any] | None, default=VerifiedToken)
ClaimsT = TypeVar("ClaimsT")
UserT = TypeVar("UserT")


class JWTBearer(JWTScheme, Generic[TokenT]):
    """Requires a valid access token: ``Depends(auth)``, or ``Security(auth, scopes=["orders:read"])``.

    *settings* are ``JWKSAuthSettings()``, a mapping of settings, a verifier that code has made, or an
    ``Authenticator``, to share its keys. Without *settings*, every setting is an option, as in
    ``JWTBearer(issuer=..., audience=...)``, and the others come from the environment.
    *claims*: a pydantic model, dataclass or TypedDict, which ``token.claims`` then is; claims that don't fit
    it are 401 ``invalid_claim``. *optional*: no token gives ``None``; one that is bad, or lacks what is
    asked, is refused. *audience*, beside settings, replaces theirs where this instance is used.
    *openapi*: how the scheme is documented, in place of what the settings say. *websocket_subprotocol*: take
    ``Sec-WebSocket-Protocol: bearer, <token>`` too, all that browsers can send. *require_warm_up*: don't
    start without keys.

    No I/O at construction; raises :class:`~jwks_auth.ConfigurationError` there, naming what is wrong.
    """

    @overload
    def __init__(
        self: JWTBearer[VerifiedToken],
        settings: AnySettings,
        *,
        optional: Literal[False] = ...,
        **options: Unpack[BearerOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: JWTBearer[VerifiedToken | None],
        settings: AnySettings,
        *,
        optional: Literal[True],
        **options: Unpack[BearerOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: JWTBearer[VerifiedToken[ClaimsT]],
        settings: AnySettings,
        *,
        claims: type[ClaimsT],
        optional: Literal[False] = ...,
        **options: Unpack[BearerOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: JWTBearer[VerifiedToken[ClaimsT] | None],
        settings: AnySettings,
        *,
        claims: type[ClaimsT],
        optional: Literal[True],
        **options: Unpack[BearerOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: JWTBearer[VerifiedToken],
        *,
        optional: Literal[False] = ...,
        **options: Unpack[StatedOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: JWTBearer[VerifiedToken | None],
        *,
        optional: Literal[True],
        **options: Unpack[StatedOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: JWTBearer[VerifiedToken[ClaimsT]],
        *,
        claims: type[ClaimsT],
        optional: Literal[False] = ...,
        **options: Unpack[StatedOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: JWTBearer[VerifiedToken[ClaimsT] | None],
        *,
        claims: type[ClaimsT],
        optional: Literal[True],
        **options: Unpack[StatedOptions],
    ) -> None: ...

    def __init__(self, settings: AnySettings = GIVEN, *, optional: bool = False, **options: Any) -> None:
        settings, own = parted(settings, options)
        authenticator = authenticator_of(settings)
        documented = _documented(settings, own.get("openapi"))
        request_auth = RequestAuth(authenticator, subprotocol=own.get("websocket_subprotocol", False))
        super().__init__(documented, request_auth, optional=optional)
        self._claims = ClaimsModel(own["claims"]) if "claims" in own else None
        self._audience: RequirementOptions = {"audience": own["audience"]} if "audience" in own else {}
        self._require_warm_up = own.get("require_warm_up", False)
        self._requirements: dict[tuple[str, ...], Requirement] = {}
        self._twin_of: JWTBearer[Any] | None = None
        self.authenticator.check(self.requirement(()))

    async def __call__(self, conn: HTTPConnection, security_scopes: SecurityScopes) -> TokenT:
        """Return the verified token of the request or WebSocket, which FastAPI passes to the route.

        Raises a :class:`~jwks_auth_fastapi.RequestRejected`, an ``HTTPException``.
        """
        if self._twin_of is not None:
            overrides = getattr(conn.scope.get("app"), "dependency_overrides", {})
            override = overrides.get(self._twin_of)
            if isinstance(override, FakeBearer):
                return cast("TokenT", await override(conn, security_scopes))
        requirement = self.requirement(security_scopes.scopes)
        watch(conn)
        try:
            token = await self.request_auth.admit(conn.scope, requirement)
            return cast("TokenT", self._typed(token))
        except Refused as error:
            raise self.request_auth.rejected(error, conn.scope) from error

    def _typed(self, token: VerifiedToken | None) -> VerifiedToken[Any] | None:
        if token is None or self._claims is None:
            return token
        return self._claims.fill(token)

    def requirement(self, scopes: Iterable[str]) -> Requirement:
        """Return this scheme's requirement for the *scopes* that FastAPI names."""
        key = tuple(scopes)
        found = self._requirements.get(key)
        if found is None:
            asked: RequirementOptions = {**self._audience, "optional": self.is_optional}
            found = self._requirements[key] = Requirement.of(**({**asked, "scopes": key} if key else asked))
        return found

    @cached_property
    def optional(self) -> JWTBearer[TokenT | None]:
        """The same scheme with an optional token: ``Depends(auth.optional)`` gives the token or ``None``.

        It shares keys and verification, and ``dependency_overrides[auth] = auth.fake(...)`` applies to it too.
        """
        if self.is_optional:
            return cast("JWTBearer[TokenT | None]", self)
        twin = cast("JWTBearer[TokenT | None]", copy.copy(self))
        twin.is_optional = True
        twin._requirements = {}
        twin._twin_of = self
        return twin

    def requires(
        self, policy: Policy | None = None, /, **asked: Unpack[RequirementOptions]
    ) -> Callable[..., Awaitable[TokenT]]:
        """``Depends(auth.requires(roles="ops"))`` gives the token if it meets the options; otherwise it is refused.

        They are those of ``require_jwt``: what :class:`~jwks_auth.Policy` takes, ``issuer``, ``policy``. A policy may
        stand alone: ``auth.requires(policy)``. Raises :class:`~jwks_auth.ConfigurationError` for a requirement that no
        token can meet.
        """
        return requirement_dependency(self, policy, Requirement.of(**asked))

    @overload
    def user(self, load_user: Callable[..., Awaitable[UserT | None]]) -> Callable[..., Awaitable[UserT]]: ...
    @overload
    def user(self, load_user: Callable[..., UserT | None]) -> Callable[..., Awaitable[UserT]]: ...
    def user(self, load_user: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        """Return a dependency that gives ``load_user(token, ...)``; ``None`` refuses the token with 401.

        *load_user* may be ``async``, and may have dependencies of its own after the token, such as a database session.
        Its result is the route's user.
        """
        return user_dependency(self, load_user)

    def explain(
        self, raw: str | RawToken, *, scopes: Iterable[str] = (), policy: Policy | None = None
    ) -> Explanation:
        """Explain each step that *raw* passes, and the one that fails; for developers alone, because it shows claims.

        *scopes* and *policy* are those of a route; the model of ``claims=`` is this scheme's own.
        """
        sent = RawToken.of(raw)
        del raw
        asked = [self.requirement(scopes), *([] if policy is None else [Requirement(policy=policy)])]
        return self.authenticator.explain(sent, requirement=asked, claims=self._claims)

    def fake(self, *, scopes: str | Iterable[str] = (), **claims: Any) -> FakeBearer:
        """For tests: ``app.dependency_overrides[auth] = auth.fake(sub="u1", scopes=["orders:read"])``.

        Every route and policy then sees a token with these claims; scopes and policies are still checked.
        """
        token = fake_token(self.authenticator, scopes, claims)
        return FakeBearer(self, token if self._claims is None else self._claims.validated(token))

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """``FastAPI(lifespan=auth.lifespan)``, or ``async with auth.lifespan(app):`` inside your own.

        Fetches keys before the first request. If that fails, the app starts anyway (unless *require_warm_up*) and tries
        again on demand. Raises :class:`~jwks_auth.ConfigurationError` for routes with mistakes.
        """
        await prepare(app, self.authenticator, required=self._require_warm_up)
        yield

    def metadata_router(self) -> APIRouter:
        """``app.include_router(auth.metadata_router())`` serves the metadata of ``RESOURCE`` (RFC 9728), to anybody."""
        return metadata_router(self.authenticator)

    async def health(self, request: Request) -> Response:
        """Answer a readiness endpoint, ``app.add_api_route("/ready", auth.health)``: 503 while there are no keys."""
        return health_response(self.authenticator)

    @property
    def responses(self) -> dict[int | str, dict[str, Any]]:
        """``responses=auth.responses`` documents 400, 401, 403 and 503 as FastAPI's own handler has them."""
        return error_responses("detail")

    @property
    def swagger_ui_init_oauth(self) -> dict[str, Any]:
        """``FastAPI(swagger_ui_init_oauth=auth.swagger_ui_init_oauth)``, for the ``oauth2`` kind: PKCE."""
        return self.openapi.swagger_ui_init_oauth


def _documented(settings: AnySettings, openapi: OpenAPISettings | Kind | None) -> OpenAPISettings:
    if isinstance(openapi, OpenAPISettings):
        return openapi
    stated = settings.openapi if isinstance(settings, JWKSAuthSettings) else OpenAPISettings()
    return stated if openapi is None else stated.of_kind(openapi)
