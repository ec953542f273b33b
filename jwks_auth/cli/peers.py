"""Settings of other packages, a row for each: ours, or the reason why it has none here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from jwks_auth.runtime import dataclass

__all__ = ["PEERS", "Peer", "Turn", "text_of"]

Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """The setting *ours*, for the value that *read* makes of another package's; it raises ``ValueError``."""

    ours: str
    read: Read


@dataclass(frozen=True, slots=True)
class Peer:
    """Another package: its settings stand in the dict *place*, or else at the top; *rows* say what each is here.

    *needs* are settings of which one must be there, where the names alone would not tell the package.
    """

    package: str
    rows: Mapping[str, Turn | str]
    place: str | None = None
    needs: tuple[str, ...] = ()
    adds: Mapping[str, Any] | None = None


def text_of(value: Any) -> str:
    """Return a text that may be shown: an address with a password or a query is not."""
    if not isinstance(value, str) or not value:
        raise ValueError("expected a text")
    if "://" in value and ("@" in value or "?" in value):
        raise ValueError("its address holds what may be a secret: copy it by hand")
    return value


def _names(value: Any) -> list[str]:
    if isinstance(value, str):
        value = json.loads(value) if value.lstrip().startswith("[") else re.split(r"[\s,]+", value.strip())
    if not isinstance(value, list | tuple | set | frozenset) or not value:
        raise ValueError("expected names")
    return [text_of(each) for each in (sorted(value) if isinstance(value, set | frozenset) else value)]


def _algorithms(value: Any) -> list[str]:
    found = [name for name in _names(value) if name[:2].upper() != "HS" and name.lower() != "none"]
    if not found:
        raise ValueError(SHARED)
    return found


def _schemes(value: Any) -> list[str]:
    found = _names(value)
    if found == ["Bearer"]:
        raise ValueError("is Bearer, as here")
    return found


def _seconds(value: Any) -> float:
    try:
        seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    except (ValueError, TypeError):  # whose words quote the value
        raise ValueError("expected seconds") from None
    return int(seconds) if seconds == int(seconds) else seconds


def _of_domain(value: Any) -> str:
    domain = text_of(value).removeprefix("https://").strip("/")
    if not re.fullmatch(r"[A-Za-z0-9.-]+(?::\d+)?", domain):
        raise ValueError("expected a domain")
    return f"https://{domain}/"


def _of_tenant(value: Any) -> str:
    if not re.fullmatch(r"[0-9a-fA-F-]{36}", text_of(value)):
        raise ValueError("expected a tenant's id")
    return f"https://login.microsoftonline.com/{value.lower()}/v2.0"


def _of_application(value: Any) -> list[str]:
    return [text_of(value), f"api://{value}"]


def _options(value: Any) -> list[str]:
    """Return the audiences in claims options, as Authlib has them."""
    found = value.get("aud") if isinstance(value, Mapping) else None
    if not isinstance(found, Mapping):
        raise ValueError("names no audience: AUDIENCE is needed here")
    return _names(found.get("values") or [found.get("value")])


def _by_hand(value: Any) -> Any:
    raise ValueError(
        "a public key in PEM can stand in JWKS: copy it by hand, and never a private key or a secret"
    )


SHARED = (
    "tokens signed with a shared secret (HS256) have no counterpart: who verifies them could also make them"
)
_ISSUED = "tokens are issued by the provider, not here: its settings decide"
_CLIENT = "belongs to a client that logs people in, which this is not: keep it there"
_USERS = "users are found by the framework's own settings: USER in Django, auth.user in Flask, auth.user() in FastAPI"
_PLACE = "the header or cookie that has the token is named in TOKEN_SOURCES; Authorization needs no setting"
_COOKIES = "cookies are named in TOKEN_SOURCES, and other sites' requests are judged by COOKIE_ORIGINS"
_QUERY = "no token is read from the query, because addresses are logged"
_REVOKED = "revoked tokens are those of REVOCATION, a store, or IS_REVOKED, a function"

_ISSUER, _AUDIENCE = Turn("ISSUER", text_of), Turn("AUDIENCE", _names)
_KEYS, _ALGORITHMS, _LEEWAY = (
    Turn("JWKS_URI", text_of),
    Turn("ALGORITHMS", _algorithms),
    Turn("LEEWAY", _seconds),
)
_PEM = Turn("JWKS", _by_hand)

SIMPLE_JWT = Peer(
    "djangorestframework-simplejwt",
    {
        "ISSUER": _ISSUER,
        "AUDIENCE": _AUDIENCE,
        "JWK_URL": _KEYS,
        "ALGORITHM": _ALGORITHMS,
        "LEEWAY": _LEEWAY,
        "VERIFYING_KEY": _PEM,
        "SIGNING_KEY": SHARED,
        "AUTH_HEADER_TYPES": Turn("AUTH_SCHEMES", _schemes),
        "AUTH_HEADER_NAME": _PLACE,
        "USER_ID_FIELD": _USERS,
        "USER_ID_CLAIM": _USERS,
        "USER_AUTHENTICATION_RULE": _USERS,
        "TOKEN_USER_CLASS": _USERS,
        "CHECK_USER_IS_ACTIVE": _USERS,
        "CHECK_REVOKE_TOKEN": _REVOKED,
        **dict.fromkeys(
            (
                "ACCESS_TOKEN_LIFETIME",
                "REFRESH_TOKEN_LIFETIME",
                "ROTATE_REFRESH_TOKENS",
                "BLACKLIST_AFTER_ROTATION",
            ),
            _ISSUED,
        ),
    },
    place="SIMPLE_JWT",
)
DRF_OIDC = Peer(
    "drf-oidc-auth",
    {
        "OIDC_ENDPOINT": _ISSUER,
        "OIDC_CLAIMS_OPTIONS": Turn("AUDIENCE", _options),
        "OIDC_AUDIENCES": _AUDIENCE,
        "JWT_ALGORITHMS": _ALGORITHMS,
        "OIDC_JWKS_EXPIRATION_TIME": Turn("LIFESPAN", _seconds),
        "OIDC_LEEWAY": "a token lives as long as its exp says; MAX_AGE bounds its age by iat",
        "JWT_AUTH_HEADER_PREFIX": Turn("AUTH_SCHEMES", _schemes),
        "BEARER_AUTH_HEADER_PREFIX": "opaque tokens are taken by INTROSPECTION",
        "OIDC_BEARER_TOKEN_EXPIRATION_TIME": "opaque tokens are taken by INTROSPECTION",
        "USERINFO_ENDPOINT": "opaque tokens are taken by INTROSPECTION",
        "OIDC_RESOLVE_USER_FUNCTION": _USERS,
        "OIDC_CACHE_NAME": "is CACHE in Django",
        "OIDC_CACHE_PREFIX": "keys in a store have names of their own",
    },
    place="OIDC_AUTH",
)
FLASK_JWT = Peer(
    "flask-jwt-extended",
    {
        "JWT_DECODE_ISSUER": _ISSUER,
        "JWT_DECODE_AUDIENCE": _AUDIENCE,
        "JWT_DECODE_ALGORITHMS": _ALGORITHMS,
        "JWT_ALGORITHM": _ALGORITHMS,
        "JWT_DECODE_LEEWAY": _LEEWAY,
        "JWT_PUBLIC_KEY": _PEM,
        "JWT_SECRET_KEY": SHARED,
        "JWT_PRIVATE_KEY": _ISSUED,
        "JWT_HEADER_TYPE": Turn("AUTH_SCHEMES", _schemes),
        "JWT_HEADER_NAME": _PLACE,
        "JWT_TOKEN_LOCATION": _PLACE,
        "JWT_QUERY_STRING_NAME": _QUERY,
        "JWT_IDENTITY_CLAIM": _USERS,
        "JWT_BLOCKLIST_ENABLED": _REVOKED,
        **dict.fromkeys(
            ("JWT_ACCESS_COOKIE_NAME", "JWT_COOKIE_CSRF_PROTECT", "JWT_COOKIE_SAMESITE"), _COOKIES
        ),
        **dict.fromkeys(
            ("JWT_ACCESS_TOKEN_EXPIRES", "JWT_REFRESH_TOKEN_EXPIRES", "JWT_ENCODE_ISSUER"), _ISSUED
        ),
    },
    needs=(
        "JWT_DECODE_ISSUER",
        "JWT_DECODE_AUDIENCE",
        "JWT_SECRET_KEY",
        "JWT_PUBLIC_KEY",
        "JWT_TOKEN_LOCATION",
    ),
)
AUTH0 = Peer(
    "Auth0's quickstarts",
    {
        "AUTH0_DOMAIN": Turn("ISSUER", _of_domain),
        "AUTH0_ISSUER": _ISSUER,
        "AUTH0_AUDIENCE": _AUDIENCE,
        "AUTH0_API_AUDIENCE": _AUDIENCE,
        "AUTH0_IDENTIFIER": _AUDIENCE,
        "AUTH0_ALGORITHMS": _ALGORITHMS,
        "AUTH0_CLIENT_ID": _CLIENT,
        "AUTH0_CLIENT_SECRET": _CLIENT,
    },
    needs=("AUTH0_DOMAIN", "AUTH0_ISSUER"),
    adds={"PROVIDER": "auth0"},
)
MOZILLA = Peer(
    "mozilla-django-oidc",
    {
        "OIDC_OP_JWKS_ENDPOINT": _KEYS,
        "OIDC_RP_SIGN_ALGO": _ALGORITHMS,
        "OIDC_RP_IDP_SIGN_KEY": _PEM,
        "OIDC_RP_CLIENT_ID": "is the audience of ID tokens alone: AUDIENCE is the API's own identifier",
        "OIDC_RP_CLIENT_SECRET": _CLIENT,
        "OIDC_VERIFY_SSL": "certificates are always verified; CA_FILE names a private authority",
        "OIDC_PROXY": "proxies are those of HTTPS_PROXY in the environment, or of SESSION",
        "OIDC_TIMEOUT": Turn("TIMEOUT", _seconds),
        "OIDC_CREATE_USER": _USERS,
        "OIDC_DRF_AUTH_BACKEND": _USERS,
        **dict.fromkeys(
            (
                "OIDC_OP_AUTHORIZATION_ENDPOINT",
                "OIDC_OP_TOKEN_ENDPOINT",
                "OIDC_OP_USER_ENDPOINT",
                "OIDC_RP_SCOPES",
            ),
            _CLIENT,
        ),
    },
    needs=("OIDC_RP_CLIENT_ID", "OIDC_OP_JWKS_ENDPOINT", "OIDC_OP_AUTHORIZATION_ENDPOINT"),
)
AZURE = Peer(
    "fastapi-azure-auth",
    {
        "TENANT_ID": Turn("ISSUER", _of_tenant),
        "APP_CLIENT_ID": Turn("AUDIENCE", _of_application),
        "OPENAPI_CLIENT_ID": "is OPENAPI's, for Swagger UI",
        "SCOPE_NAME": "a route names its scopes: Security(auth, scopes=[...])",
        "SCOPE_DESCRIPTION": "is OPENAPI's, for Swagger UI",
    },
    needs=("APP_CLIENT_ID",),
    adds={"PROVIDER": "entra"},
)
PYJWT = Peer(
    "PyJWT's PyJWKClient",
    {
        **dict.fromkeys(("JWKS_URL", "JWKS_URI", "JWK_URL", "JWT_JWKS_URL", "JWT_JWKS_URI", "OIDC_JWKS_URL"), _KEYS),
        **dict.fromkeys(("JWT_ISSUER", "OIDC_ISSUER", "JWKS_ISSUER"), _ISSUER),
        **dict.fromkeys(("JWT_AUDIENCE", "OIDC_AUDIENCE", "JWKS_AUDIENCE"), _AUDIENCE),
        **dict.fromkeys(("JWT_ALGORITHMS", "JWKS_ALGORITHMS"), _ALGORITHMS),
        "JWT_LEEWAY": _LEEWAY,
        "JWKS_LIFESPAN": Turn("LIFESPAN", _seconds),
        "JWKS_TIMEOUT": Turn("TIMEOUT", _seconds),
        "JWKS_COOLDOWN_DURATION": Turn("COOLDOWN_DURATION", _seconds),
        "JWKS_MAX_CACHED_KEYS": "single keys need no cache here: the whole set is kept",
        "JWKS_CACHE_KEYS": "single keys need no cache here: the whole set is kept",
    },
    needs=(
        "JWKS_URL", "JWKS_URI", "JWK_URL", "JWT_JWKS_URL", "JWT_JWKS_URI", "OIDC_JWKS_URL", "JWT_ISSUER", "OIDC_ISSUER",
    ),
)  # fmt: skip
PEERS = (SIMPLE_JWT, DRF_OIDC, FLASK_JWT, AUTH0, MOZILLA, AZURE, PYJWT)
"""The packages whose settings are known; of two that say the same, the earlier counts."""
