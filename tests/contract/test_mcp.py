"""The contract's table at the MCP middleware, which asks the same of each request as a guard of one route."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from jwks_auth import Policy
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi.mcp import MCPMiddleware
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend
from tests.contract.cases import CASES, METADATA, MFA, OTHER_RESOURCE, Case
from tests.contract.runner import check
from tests.contract.starlette_apps import ADMINS, ANY, BOTH, METHODS, WAYS, ClientApp, settings

ASKED: dict[str, dict[str, Any]] = {
    "/me": {},
    "/orders": {"scopes": "orders:read"},
    "/both": {"scopes": BOTH},
    "/any": {"policy": Policy(any_scope=ANY)},
    "/admin": {"any_role": ADMINS},
    "/reports": {"audience": "reports"},
    "/v2": {"audience": OTHER_RESOURCE},
    "/mfa": {"acr": WAYS, "max_auth_age": 300},
    "/mfa-orders": {"acr": MFA, "scopes": BOTH},
}
"""What a server at each path asks; a token is never optional."""

BODIES: dict[str, Any] = {"/admin": {"admin": True}, "/mfa": {"mfa": True}}


async def endpoint(request: Request) -> JSONResponse:
    """Each route's body."""
    path = request.url.path
    orders = {"orders": []} if path in ("/orders", "/both", "/any", "/mfa-orders") else None
    return JSONResponse(BODIES.get(path) or orders or {"sub": request.auth.token.subject})


class Servers:
    """One application for each path, which asks its own, all of one service."""

    def __init__(self, issuer: FakeIssuer) -> None:
        backend = JWTAuthenticationBackend(settings(issuer))
        inner = Starlette(routes=[Route(path, endpoint, methods=METHODS) for path in ASKED])
        self.by_path = {path: MCPMiddleware(inner, backend, **asked) for path, asked in ASKED.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        await self.by_path.get(scope["path"], self.by_path["/me"])(scope, receive, send)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.path in ASKED or case.path.startswith(METADATA)],
    ids=lambda case: case.name,
)
def test_contract(case: Case) -> None:
    """Status, challenges and body are the table's."""
    issuer = FakeIssuer()
    check(ClientApp(Servers(issuer)), case, issuer)
