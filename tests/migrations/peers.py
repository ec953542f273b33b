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
]
