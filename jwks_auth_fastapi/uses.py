"""``SchemeUses``: what a scheme offers to routes, tests, start-up and OpenAPI, beside being a dependency."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Generic, Literal, overload

from fastapi import APIRouter
from fastapi.security import SecurityScopes
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from typing_extensions import TypeVar, Unpack

from jwks_auth import Policy, VerifiedToken
from jwks_auth.adapters import Explanation, RawToken, Requirement, TokenRequirementOptions
from jwks_auth_fastapi.claims import ClaimsModel
from jwks_auth_fastapi.dependencies import UserDependency, requirement_dependency, user_dependency
from jwks_auth_fastapi.discovery import metadata_router
from jwks_auth_fastapi.documents import document
from jwks_auth_fastapi.logout import logout_router, path_of
from jwks_auth_fastapi.openapi import error_responses
from jwks_auth_fastapi.overrides import FakeBearer, fake_token
from jwks_auth_fastapi.scheme import JWTScheme
from jwks_auth_fastapi.startup import health_response, prepare

__all__ = ["SchemeUses", "TokenT"]

TokenT = TypeVar("TokenT", bound=VerifiedToken[Any] | None, default=VerifiedToken)
LoadedT = TypeVar("LoadedT")


class SchemeUses(JWTScheme, Generic[TokenT]):
    """What a scheme offers beside being a dependency."""

    claims_model: ClaimsModel[Any] | None = None
    _require_warm_up = False

    def typed(self, token: VerifiedToken[Any] | None) -> VerifiedToken[Any] | None:
        """Return *token* with its claims as this scheme's model; raise ``InvalidTokenError``."""
        if token is None or self.claims_model is None:
            return token
        return self.claims_model.fill(token)

    def validated(self, token: VerifiedToken) -> VerifiedToken[Any]:
        """Do as :meth:`typed`, with pydantic's own error."""
        return token if self.claims_model is None else self.claims_model.validated(token)

    @overload
    def requires(
        self,
        policy: Policy | None = ...,
        /,
        *,
        optional: Literal[True],
        **asked: Unpack[TokenRequirementOptions],
    ) -> Callable[..., Awaitable[TokenT | None]]: ...
    @overload
    def requires(
        self,
        policy: Policy | None = ...,
        /,
        *,
        optional: Literal[False] = ...,
        **asked: Unpack[TokenRequirementOptions],
    ) -> Callable[..., Awaitable[TokenT]]: ...

    def requires(self, policy: Policy | None = None, /, **asked: Any) -> Callable[..., Awaitable[Any]]:
        """``Depends(auth.requires(roles="ops"))`` gives the token if it meets the options; otherwise it is refused.

        They are those of ``require_jwt``: what :class:`~jwks_auth.Policy` takes, ``policy``, ``audience``, ``issuer``,
        ``optional``. A policy may stand alone: ``auth.requires(policy)``. Raises
        :class:`~jwks_auth.ConfigurationError` for a requirement that no token can meet.
        """
        requirement = Requirement.of(**asked)
        said = {
            "audience": requirement.audience,
            "issuer": requirement.issuers,
            "optional": requirement.optional,
        }
        varied = {name: value for name, value in said.items() if name in asked}
        return requirement_dependency(self._varied(**varied) if varied else self, policy, requirement)

    @abstractmethod
    def _varied(self, **options: Any) -> JWTScheme:
        """Return the same scheme for routes with another audience or issuer, or an optional token."""

    def user(self, load_user: Callable[..., LoadedT]) -> UserDependency[LoadedT]:
        """Return a dependency that gives ``load_user(token, ...)``; ``None`` refuses the token with 401.

        *load_user* may be ``async``, may yield the user and clean up afterwards, and may have dependencies of its own
        after the token, such as a database session. Its result is the route's user.
        """
        made: UserDependency[LoadedT] = user_dependency(self, load_user)
        return made

    async def admits(self, conn: HTTPConnection) -> None:
        """Raise the refusal of a connection without a valid token; for :func:`~jwks_auth_fastapi.protect`."""
        overrides = getattr(conn.scope.get("app"), "dependency_overrides", {})
        override = overrides.get(self.root, self)
        if isinstance(override, JWTScheme | FakeBearer):  # otherwise a test's own function stands in for it
            await override(conn, SecurityScopes())

    def explain(
        self, raw: str | RawToken, *, scopes: Iterable[str] = (), policy: Policy | None = None
    ) -> Explanation:
        """Explain each step that *raw* passes, and the one that fails; for developers alone, because it shows claims.

        *scopes* and *policy* are those of a route; the model of ``claims=`` is this scheme's own.
        """
        sent = RawToken.of(raw)
        del raw
        asked = [self.requirement(scopes), *([] if policy is None else [Requirement(policy=policy)])]
        return self.authenticator.explain(sent, requirement=asked, claims=self.claims_model)

    def fake(self, *, scopes: str | Iterable[str] = (), **claims: Any) -> FakeBearer:
        """For tests: ``app.dependency_overrides[auth] = auth.fake(sub="u1", scopes=["orders:read"])``.

        Every route, policy and variant then sees a token with these claims; scopes and policies are still checked.
        """
        asked = scopes if isinstance(scopes, str) else list(scopes)
        token = self.validated(fake_token(self.authenticator, asked, claims))
        return FakeBearer(self, token, asked, claims)

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """``FastAPI(lifespan=auth.lifespan)``, or ``async with auth.lifespan(app):`` inside your own.

        Reads settings that were not given, and fetches keys before the first request. If that fails, the app starts
        anyway (unless *require_warm_up*) and tries again on demand. Raises :class:`~jwks_auth.ConfigurationError` for
        wrong settings and for routes with mistakes.
        """
        await prepare(app, self.service, required=self._require_warm_up)
        self.document(app)
        yield

    def document(self, app: Starlette) -> None:
        """Complete the OpenAPI document of *app*, which :meth:`lifespan` does too: for documents made without a start.

        Refusals are documented, optional tokens are optional, each scope stands once, and Swagger UI has the client of
        the settings.
        """
        document(app, self.service)

    def metadata_router(self) -> APIRouter:
        """``app.include_router(auth.metadata_router())`` serves the metadata of ``RESOURCE`` (RFC 9728), to anybody."""
        if self.service.chosen is not None:
            self.authenticator.metadata()  # a mistake shows here
        return metadata_router(lambda scope: self.service.of(scope).authenticator)

    def logout_router(self) -> APIRouter:
        """``app.include_router(auth.logout_router())`` takes logout tokens at ``LOGOUT_PATH``, from anybody.

        Raises :class:`~jwks_auth.ConfigurationError` where the settings have none.
        """
        path = path_of(self.authenticator)
        return logout_router(path, lambda scope: self.service.of(scope).authenticator)

    async def health(self, request: Request) -> Response:
        """Answer a readiness endpoint, ``app.add_api_route("/ready", auth.health)``: 503 while there are no keys."""
        return await health_response(self.service.of(request.scope).authenticator)

    @property
    def responses(self) -> dict[int | str, dict[str, Any]]:
        """``responses=auth.responses`` documents 400, 401, 403 and 503 as FastAPI's own handler has them."""
        return error_responses("detail")

    @property
    def swagger_ui_init_oauth(self) -> dict[str, Any]:
        """``FastAPI(swagger_ui_init_oauth=auth.swagger_ui_init_oauth)``, for the ``oauth2`` kind: PKCE."""
        return self.openapi.swagger_ui_init_oauth
