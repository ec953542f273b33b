"""Words of other packages for what is set here: who comes from one of them writes its name, and is told ours."""

from __future__ import annotations

import re
from collections.abc import Collection

from jwks_auth.runtime import nearest

__all__ = ["PEERS", "meant"]

_SHARED = (
    "tokens are verified with their issuer's public keys alone, never with a shared secret; leave it out, and have the "
    "issuer sign with a key pair"
)
_KEYS = "the issuer's keys are found by {ISSUER}; a key in PEM, or several, is {JWKS}"
_PLACE = "the header or cookie that has the token is named in {TOKEN_SOURCES}"
_SCHEME = "the word before a token in a header is one of {AUTH_SCHEMES}"
_QUERY = (
    "no token is read from the query, because addresses are logged; {TOKEN_SOURCES} names headers and cookies"
)
_ORIGINS = (
    "other sites' requests with a token in a cookie are refused, except from the pages of {COOKIE_ORIGINS}"
)
_CLIENT = "the clients whose tokens are taken are {ALLOWED_CLIENTS}; the API's own identifier is {AUDIENCE}"
_TLS = "certificates are always verified; for a private CA, name its file in {CA_FILE}"
_KEYCLOAK = "Keycloak's server and realm make {ISSUER}, as in https://<server>/realms/<realm>"
_COGNITO = (
    "Cognito's region and pool make {ISSUER}, as in https://cognito-idp.<region>.amazonaws.com/<pool id>"
)
_USERS = "a user's claims are mapped by the framework's own settings for users; the token's subject is sub"
_LIFETIME = "a token lives as long as its exp says; {MAX_AGE} bounds its age by iat"

PEERS: dict[str, str] = {
    **dict.fromkeys(["PUBLIC_KEY", "VERIFYING_KEY", "JWK", "KEY", "RSA_PUBLIC_KEY", "CERT", "CERTIFICATE"], _KEYS),
    **dict.fromkeys(["SECRET", "SECRET_KEY", "SIGNING_KEY", "PRIVATE_KEY", "CLIENT_SECRET"], _SHARED),
    **dict.fromkeys(
        ["TOKEN_LOCATION", "HEADER", "HEADER_NAME", "AUTH_HEADER_NAME", "COOKIE", "COOKIE_NAME", "AUTH_COOKIE",
         "ACCESS_COOKIE_NAME", "TOKEN_SOURCE"],
        _PLACE,
    ),
    **dict.fromkeys(
        ["HEADER_TYPE", "AUTH_HEADER_TYPES", "AUTH_HEADER_TYPE", "HEADER_PREFIX", "AUTH_HEADER_PREFIX", "SCHEME",
         "AUTH_SCHEME"],
        _SCHEME,
    ),
    **dict.fromkeys(["QUERY_STRING_NAME", "QUERY_PARAMETER"], _QUERY),
    **dict.fromkeys(["TRUSTED_ORIGINS", "CSRF_TRUSTED_ORIGINS", "COOKIE_CSRF_PROTECT"],
                    _ORIGINS),
    **dict.fromkeys(
        ["VERIFY_SSL", "SSL_VERIFY", "VERIFY_TLS", "VERIFY_CERTS", "CA_BUNDLE", "CA_CERTS", "OIDC_VERIFY_SSL"], _TLS
    ),
    **dict.fromkeys(["DOMAIN", "AUTH0_DOMAIN", "OKTA_DOMAIN"], "a domain makes {ISSUER}, as in https://<domain>/"),
    **dict.fromkeys(["SERVER_URL", "KEYCLOAK_URL", "REALM_NAME", "KEYCLOAK_REALM"], _KEYCLOAK),
    **dict.fromkeys(["REGION", "AWS_REGION", "USER_POOL_ID", "COGNITO_USERPOOL_ID"], _COGNITO),
    **dict.fromkeys(
        ["TENANT_ID", "TENANT"],
        "a tenant's id makes {ISSUER}, as in https://login.microsoftonline.com/<tenant id>/v2.0",
    ),
    **dict.fromkeys(["CLIENT_ID", "CLIENT_IDS", "APP_CLIENT_ID", "AUTHORIZED_PARTIES", "AZP"], _CLIENT),
    **dict.fromkeys(["API_AUDIENCE", "API_IDENTIFIER", "IDENTIFIER", "DECODE_AUDIENCE"], "that is {AUDIENCE}"),
    **dict.fromkeys(["ISS", "AUTHORITY", "ISSUER_URL", "DECODE_ISSUER", "OIDC_ENDPOINT"], "that is {ISSUER}"),
    **dict.fromkeys(["JWK_URL", "JWKS_URL", "CERTS_URL", "JWK_SET_URI", "JWKS_ENDPOINT", "PUBLIC_KEY_URL"],
                    "that is {JWKS_URI}"),
    **dict.fromkeys(["WELL_KNOWN_URL", "METADATA_URL", "OPENID_CONFIGURATION", "SERVER_METADATA_URL"],
                    "that is {DISCOVERY_URL}"),
    **dict.fromkeys(["ALGORITHM", "ALGO", "DECODE_ALGORITHMS"], "that is {ALGORITHMS}"),
    **dict.fromkeys(["CLOCK_SKEW", "DECODE_LEEWAY", "CLOCK_TOLERANCE", "ALLOWED_CLOCK_SKEW"], "that is {LEEWAY}"),
    **dict.fromkeys(["CACHE_TTL", "JWKS_CACHE_TTL", "CACHE_TIMEOUT", "JWK_SET_LIFESPAN"], "that is {LIFESPAN}"),
    **dict.fromkeys(["ACCESS_TOKEN_LIFETIME", "ACCESS_TOKEN_EXPIRES", "EXPIRATION_DELTA"], _LIFETIME),
    **dict.fromkeys(["USER_ID_CLAIM", "IDENTITY_CLAIM", "USERNAME_CLAIM", "USER_ID_FIELD"], _USERS),
    **dict.fromkeys(["TOKEN_IN_BLOCKLIST", "BLACKLIST_ENABLED", "CHECK_REVOKED"],
                    "that is {REVOCATION} for a store, {IS_REVOKED} for a function"),
    **dict.fromkeys(["PROXIES", "PROXY"], "proxies are those of {SESSION}, or of HTTPS_PROXY in the environment"),
}  # fmt: skip
"""What does it here, by the peers' names: PyJWT's neighbours, Flask-JWT-Extended, Simple JWT, Keycloak's, Azure's."""

_PREFIX = re.compile(r"(?:JWT|OIDC|AUTH|OAUTH2?)_")


def meant(name: object, known: Collection[str], label: str = "{}") -> str:
    """Return the words that say what does the work of *name* here: of a peer's name ours, or else the nearest."""
    word = str(name).upper()
    text = PEERS.get(word) or PEERS.get(_PREFIX.sub("", word, count=1))
    if text is None:
        return nearest(name, known, label)
    ours = str.lower if str(name).islower() else str
    return re.sub(r"\{([A-Z_]+)\}", lambda found: label.format(ours(found[1])), text)
