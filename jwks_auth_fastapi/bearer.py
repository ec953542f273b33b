"""``JWTBearer``: the security scheme that is itself the dependency."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal, cast, overload

from fastapi.security import SecurityScopes
from starlette.requests import HTTPConnection
from typing_extensions import TypeVar, Unpack

from jwks_auth import Refused, VerifiedToken
from jwks_auth.adapters import Requirement, RequirementOptions
from jwks_auth_fastapi.claims import ClaimsModel
from jwks_auth_fastapi.options import GIVEN, BearerOptions, StatedOptions, VariantOptions, checked, parted
from jwks_auth_fastapi.overrides import FakeBearer
from jwks_auth_fastapi.request_auth import AnySettings, watch
from jwks_auth_fastapi.scheme import JWTScheme
from jwks_auth_fastapi.service import Service
from jwks_auth_fastapi.uses import SchemeUses, TokenT

__all__ = ["BearerOptions", "JWTBearer"]

ClaimsT = TypeVar("ClaimsT")


class JWTBearer(SchemeUses[TokenT]):
    """Requires a valid access token: ``Depends(auth)``, or ``Security(auth, scopes=["orders:read"])``.

    *settings* are ``JWKSAuthSettings()``, a mapping of settings, a verifier that code has made, or an
    ``Authenticator``. Without *settings*, every setting is an option, as in ``JWTBearer(issuer=..., audience=...)``,
    and the others come from the environment. Without options either, ``JWTBearer()`` reads the environment when the
    application starts, or when the settings are first needed; :meth:`configure` gives it others.
    *claims*: a pydantic model, dataclass or TypedDict, which ``token.claims`` then is; claims that don't fit
    it are 401 ``invalid_claim``. *optional*: no token gives ``None``; one that is bad, or lacks what is
    asked, is refused. *audience*, beside settings, replaces theirs where this instance is used. For routes that
    differ in these, see :meth:`variant`.
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
        given, own = parted(settings, options)
        service = Service(given, own.get("openapi"))
        super().__init__(service, subprotocol=own.get("websocket_subprotocol", False))
        self.root: JWTScheme = self
        self._require_warm_up = own.get("require_warm_up", False)
        self._asked: RequirementOptions = {}
        self._differ(optional, own)

    def _differ(self, optional: bool, options: dict[str, Any]) -> None:
        """Take the *options* in which variants differ."""
        self.is_optional = optional
        self.claims_model = ClaimsModel(options["claims"]) if "claims" in options else self.claims_model
        self._subprotocol = options.get("websocket_subprotocol", self._subprotocol)
        said = {name: value for name, value in options.items() if name in ("audience", "issuer")}
        self._asked = cast("RequirementOptions", {**self._asked, **said})
        self._requirements: dict[tuple[str, ...], Requirement] = {}
        self.service.check(self.requirement(()))

    async def __call__(self, conn: HTTPConnection, security_scopes: SecurityScopes) -> TokenT:
        """Return the verified token of the request or WebSocket, which FastAPI passes to the route.

        Raises a :class:`~jwks_auth_fastapi.RequestRejected`, an ``HTTPException``.
        """
        auth: JWTScheme = self
        if self.root is not self:
            override = getattr(conn.scope.get("app"), "dependency_overrides", {}).get(self.root)
            if isinstance(override, FakeBearer):
                return cast("TokenT", override.stand_in(self, conn, security_scopes))
            auth = override if isinstance(override, JWTScheme) else self
        request_auth = auth.request_auth(conn.scope)
        watch(conn)
        try:
            token = await request_auth.admit(conn.scope, self.requirement(security_scopes.scopes))
            return cast("TokenT", self.typed(token))
        except Refused as error:
            raise request_auth.rejected(error, conn.scope) from error

    original_call = staticmethod(__call__)
    """What is called where no subclass has a method of its own, which the audit could not vouch for."""

    def requirement(self, scopes: Iterable[str]) -> Requirement:
        """Return this scheme's requirement for the *scopes* that FastAPI names."""
        key = tuple(scopes)
        found = self._requirements.get(key)
        if found is None:
            asked: RequirementOptions = {**self._asked, "optional": self.is_optional}
            found = self._requirements[key] = Requirement.of(**({**asked, "scopes": key} if key else asked))
        return found

    @overload
    def variant(
        self, *, claims: type[ClaimsT], optional: Literal[True], **options: Unpack[VariantOptions]
    ) -> JWTBearer[VerifiedToken[ClaimsT] | None]: ...
    @overload
    def variant(
        self: JWTBearer[VerifiedToken[Any]], *, claims: type[ClaimsT], **options: Unpack[VariantOptions]
    ) -> JWTBearer[VerifiedToken[ClaimsT]]: ...
    @overload
    def variant(
        self: JWTBearer[VerifiedToken[Any] | None],
        *,
        claims: type[ClaimsT],
        **options: Unpack[VariantOptions],
    ) -> JWTBearer[VerifiedToken[ClaimsT] | None]: ...
    @overload
    def variant(
        self, *, optional: Literal[True], **options: Unpack[VariantOptions]
    ) -> JWTBearer[TokenT | None]: ...
    @overload
    def variant(self, **options: Unpack[VariantOptions]) -> JWTBearer[TokenT]: ...

    def variant(self, *, optional: bool | None = None, **options: Any) -> JWTBearer[Any]:
        """Return the same scheme for routes with another *audience*, *issuer*, claims model, or an *optional* token.

        It shares settings, keys, verification, warm-up and the name in OpenAPI, and
        ``dependency_overrides[auth] = auth.fake(...)`` applies to it too. What is not said stays as it is.
        *websocket_subprotocol*: as in :class:`JWTBearer`.
        """
        checked("variant", options, {*VariantOptions.__annotations__, "claims"})
        twin: JWTBearer[Any] = copy.copy(self)
        twin.__dict__.pop("optional", None)  # it is this one's own
        twin._differ(self.is_optional if optional is None else optional, options)
        return twin

    def _varied(self, **options: Any) -> JWTBearer[Any]:
        return self.variant(**options)

    @cached_property
    def optional(self) -> JWTBearer[TokenT | None]:
        """The variant with an optional token: ``Depends(auth.optional)`` gives the token or ``None``."""
        return cast("JWTBearer[TokenT | None]", self if self.is_optional else self.variant(optional=True))

    def configure(self, settings: AnySettings, *, app: Any = None) -> None:
        """Set the *settings* of this scheme and its variants, in place of those before; no I/O.

        With *app*, they are for this application and those mounted in it when it starts, so that each application
        that a factory makes has its own. Raises :class:`~jwks_auth.ConfigurationError`.
        """
        self.service.configure(settings, app)
