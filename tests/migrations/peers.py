"""The packages that people come from, a row for each app of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["PEERS", "Peer"]


@dataclass(frozen=True)
class Peer:
    """An app before and after: the folder is *name*, the page *page*, the tests need *modules*.

    *row* is the package's name in ``doctor``, which gives the settings after, but for those in *left* and *by_hand*.
    *claims* and *scope* are the provider's; *issuer* is its name if that is not its address; *places* are attributes of
    the app before that hold an address, and so does *environment* for both.
    """

    name: str
    page: str
    modules: tuple[str, ...]
    row: str | None = None
    left: Mapping[str, str] = field(default_factory=dict)
    by_hand: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    scope: str = "scope"
    issuer: str | None = None
    tls: bool = False
    places: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    packages: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """The heading above what changes: a page of several apps names each."""
        return f"What changes: {self.title}" if self.title else "What changes"


ENTRA = {
    "aud": "9d1b6c52-7a44-4b0f-8e2a-5f3f1f0c6b11",
    "azp": "5b0f3c1e-1f0c-4b0f-8e2a-7a449d1b6c52",
    "tid": "0fa2c7a1-6f0b-4f0e-9d3f-3c1e8f5b7a20",
    "oid": "3c1e8f5b-9d3f-4f0e-6f0b-0fa2c7a17a20",
    "ver": "2.0",
    "nbf": 1_700_000_000,
    "client_id": None,
}
"""What Entra's tokens have besides."""

PEERS = [
    Peer(
        "pyjwt",
        "pyjwt",
        ("fastapi",),
        packages=("PyJWT",),
        row="PyJWT's PyJWKClient",
        left={"JWKS_URI": "found by discovery"},
        by_hand=("ALGORITHMS",),
    ),
    Peer("python_jose", "python-jose", ("flask", "jose"), packages=("python-jose",)),
    Peer("authlib", "authlib", ("flask", "authlib"), packages=("authlib",)),
    Peer(
        "flask_jwt_extended",
        "flask-jwt-extended",
        ("flask", "flask_jwt_extended"),
        row="flask-jwt-extended",
        left={"LEEWAY": "its default, 0"},
        packages=("flask-jwt-extended",),
    ),
    Peer(
        "simplejwt",
        "djangorestframework-simplejwt",
        ("rest_framework", "rest_framework_simplejwt"),
        row="djangorestframework-simplejwt",
        left={"JWKS_URI": "found by discovery"},
        packages=("djangorestframework-simplejwt",),
    ),
    Peer(
        "drf_oidc_auth",
        "drf-oidc-auth",
        ("rest_framework", "oidc_auth"),
        row="drf-oidc-auth",
        by_hand=("USER",),
        packages=("drf-oidc-auth",),
    ),
    Peer(
        "mozilla_django_oidc",
        "mozilla-django-oidc",
        ("rest_framework", "mozilla_django_oidc"),
        row="mozilla-django-oidc",
        left={"JWKS_URI": "found by discovery"},
        by_hand=("ISSUER", "AUDIENCE", "USER"),
        environment={"USERINFO": "userinfo"},
        packages=("mozilla-django-oidc",),
    ),
    Peer(
        "auth0_fastapi",
        "auth0",
        ("fastapi", "fastapi_plugin"),
        row="Auth0's quickstarts",
        tls=True,
        title="FastAPI",
        packages=("auth0-fastapi-api",),
    ),
    Peer(
        "auth0_flask",
        "auth0",
        ("flask", "authlib"),
        row="Auth0's quickstarts",
        tls=True,
        title="Flask",
        packages=("authlib",),
    ),
    Peer(
        "auth0_django",
        "auth0",
        ("django", "authlib"),
        row="Auth0's quickstarts",
        tls=True,
        title="Django",
        packages=("authlib",),
    ),
    Peer(
        "fastapi_azure_auth",
        "fastapi-azure-auth",
        ("fastapi_azure_auth",),
        row="fastapi-azure-auth",
        claims=ENTRA,
        scope="scp",
        issuer="https://login.microsoftonline.com/0fa2c7a1-6f0b-4f0e-9d3f-3c1e8f5b7a20/v2.0",
        places={"azure_scheme.openid_config.config_url": "discovery"},
        environment={"JWKS_AUTH_JWKS_URI": "jwks"},
        packages=("fastapi-azure-auth",),
    ),
]
