"""Settings of other packages, a row for each: ours, or the reason why it has none here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jwks_auth.cli import peer_readers as read
from jwks_auth.runtime import dataclass

__all__ = ["PEERS", "Peer", "Turn"]

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


_ISSUED = "tokens are issued by the provider, not here: its settings decide"
_CLIENT = "belongs to a client that logs people in, which this is not: keep it there"
_USERS = "users are found by the framework's own settings: USER in Django, auth.user in Flask, auth.user() in FastAPI"
_PLACE = "the header or cookie that has the token is named in TOKEN_SOURCES; Authorization needs no setting"
_COOKIES = "cookies are named in TOKEN_SOURCES, and other sites' requests are judged by COOKIE_ORIGINS"
_QUERY = "no token is read from the query, because addresses are logged"
_REVOKED = "revoked tokens are those of REVOCATION, a store, or IS_REVOKED, a function"

_ISSUER, _AUDIENCE = Turn("ISSUER", read.text_of), Turn("AUDIENCE", read.names)
_KEYS, _ALGORITHMS, _LEEWAY = (
    Turn("JWKS_URI", read.text_of),
    Turn("ALGORITHMS", read.algorithms),
    Turn("LEEWAY", read.seconds_of),
)
_PEM = Turn("JWKS", read.key_by_hand)

SIMPLE_JWT = Peer(
    "djangorestframework-simplejwt",
    {
        "ISSUER": _ISSUER,
        "AUDIENCE": _AUDIENCE,
        "JWK_URL": _KEYS,
        "ALGORITHM": _ALGORITHMS,
        "LEEWAY": _LEEWAY,
        "VERIFYING_KEY": _PEM,
        "SIGNING_KEY": read.SHARED,
        "AUTH_HEADER_TYPES": Turn("AUTH_SCHEMES", read.schemes),
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
        "OIDC_CLAIMS_OPTIONS": Turn("AUDIENCE", read.audiences_in_options),
        "OIDC_AUDIENCES": _AUDIENCE,
        "JWT_ALGORITHMS": _ALGORITHMS,
        "OIDC_JWKS_EXPIRATION_TIME": Turn("LIFESPAN", read.seconds_of),
        "OIDC_LEEWAY": "a token lives as long as its exp says; MAX_AGE bounds its age by iat",
        "JWT_AUTH_HEADER_PREFIX": Turn("AUTH_SCHEMES", read.schemes),
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
        "JWT_SECRET_KEY": read.SHARED,
        "JWT_PRIVATE_KEY": _ISSUED,
        "JWT_HEADER_TYPE": Turn("AUTH_SCHEMES", read.schemes),
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
        "AUTH0_DOMAIN": Turn("ISSUER", read.issuer_of_domain),
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
        "OIDC_TIMEOUT": Turn("TIMEOUT", read.seconds_of),
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
        "TENANT_ID": Turn("ISSUER", read.issuer_of_tenant),
        "APP_CLIENT_ID": Turn("AUDIENCE", read.audiences_of_application),
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
        "JWKS_LIFESPAN": Turn("LIFESPAN", read.seconds_of),
        "JWKS_TIMEOUT": Turn("TIMEOUT", read.seconds_of),
        "JWKS_COOLDOWN_DURATION": Turn("COOLDOWN_DURATION", read.seconds_of),
        "JWKS_MAX_CACHED_KEYS": "single keys need no cache here: the whole set is kept",
        "JWKS_CACHE_KEYS": "single keys need no cache here: the whole set is kept",
    },
    needs=(
        "JWKS_URL", "JWKS_URI", "JWK_URL", "JWT_JWKS_URL", "JWT_JWKS_URI", "OIDC_JWKS_URL", "JWT_ISSUER", "OIDC_ISSUER",
    ),
)  # fmt: skip
PEERS = (SIMPLE_JWT, DRF_OIDC, FLASK_JWT, AUTH0, MOZILLA, AZURE, PYJWT)
"""The packages whose settings are known; of two that say the same, the earlier counts."""
