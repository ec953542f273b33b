"""The three example apps, as they run in production: gunicorn for Django and Flask, uvicorn for FastAPI."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from example_projects.demo.servers import AppServer, gunicorn, uvicorn

__all__ = ["AUDIENCE", "ROUTES", "example_apps", "mcp_server"]

AUDIENCE = "https://api.example"

ROUTES = {
    "/public": "anyone",
    "/me": "any valid token",
    "/orders": "scope orders:read",
    "/admin": "role admin",
    "/optional": "anyone, but no bad token",
}

_PROJECTS = Path(__file__).parents[1]


def example_apps(issuer: str) -> list[AppServer]:
    """The apps, not started yet, trusting *issuer*."""
    settings: Mapping[str, str] = {
        "JWKS_AUTH_ISSUER": issuer,
        "JWKS_AUTH_AUDIENCE": AUDIENCE,
        "JWKS_AUTH_ALLOW_FAKE_ISSUER": "true",  # whose keys no service in production takes
        "DJANGO_SETTINGS_MODULE": "settings",  # whatever the shell has set for its own project
        "no_proxy": "127.0.0.1",  # the issuer is on loopback, which a proxy of the machine can't reach
    }
    return [
        gunicorn("Django", "app:application", cwd=_PROJECTS / "django_api", env=settings),
        gunicorn("Flask", "app:create_app()", cwd=_PROJECTS / "flask_api", env=settings),
        uvicorn("FastAPI", "app:app", cwd=_PROJECTS / "fastapi_api", env=settings),
    ]


def mcp_server(issuer: str) -> AppServer:
    """The MCP server, not started yet, trusting *issuer*."""
    settings: Mapping[str, str] = {
        "JWKS_AUTH_ISSUER": issuer,
        "JWKS_AUTH_RESOURCE": "{url}/mcp",
        "JWKS_AUTH_ALLOW_FAKE_ISSUER": "true",
        "no_proxy": "127.0.0.1",
    }
    return uvicorn("MCP", "app:app", cwd=_PROJECTS / "mcp_server", env=settings)
