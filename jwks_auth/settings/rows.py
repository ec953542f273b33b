"""The rows of the vocabulary: each setting's name, reader, taker, line in the docs, and default in words.

``docs/reference/settings.md`` has one table for each group, and FastAPI's model has one field for each row.
"""

from __future__ import annotations

from jwks_auth.settings import discovery
from jwks_auth.settings import readers as read
from jwks_auth.settings import readers_of_trust as trust
from jwks_auth.settings.rows_of_answers import ANSWERS
from jwks_auth.settings.rows_of_certificates import CERTIFICATES
from jwks_auth.settings.rows_of_introspection import INTROSPECTION
from jwks_auth.settings.rows_of_keys import KEYS
from jwks_auth.settings.rows_of_proofs import PROOFS
from jwks_auth.settings.rows_of_requests import REQUESTS
from jwks_auth.settings.rows_of_revocation import REVOCATION
from jwks_auth.settings.rows_of_telemetry import TELEMETRY
from jwks_auth.settings.setting import Setting, Taker

__all__ = ["GROUPS", "ROWS"]

_PLACE, _ISSUER, _VERIFIER = Taker.PLACE, Taker.ISSUER, Taker.VERIFIER
_BOTH = _ISSUER | _VERIFIER

_TRUST = (
    Setting(
        "PROVIDER",
        trust.provider,
        _ISSUER,
        "the provider's name, which sets what its documentation prescribes; your own settings win: see "
        "[Providers](../providers/index.md)",
        default_doc="none",
    ),
    Setting(
        "ISSUER",
        read.text,
        _PLACE,
        "the issuer, exactly as in the tokens' `iss`, trailing slash included: its URL, or any other name where "
        "`JWKS_URI`, `DISCOVERY_URL` or `JWKS` says where the keys are",
        default_doc="needed",
    ),
    Setting(
        "ISSUER_ALIASES",
        read.names,
        _PLACE,
        "further names of the issuer, exactly as in `iss`; a token's `issuer` is `ISSUER` whichever it has. For "
        "Google, Entra's v1 beside v2; see [Issuers, tenants, policies](../how-to/verification.md#names)",
        option="aliases",
    ),
    Setting(
        "ISSUERS",
        read.issuers,
        Taker.SETTINGS,
        "several issuers, instead of `ISSUER`: URLs or other names, mappings with `ISSUER` and any of the settings "
        "marked *, or `Issuer` objects, with their keys as they were made. `JWKS_URI`, `DISCOVERY_URL`, `JWKS` and "
        "`ISSUER_ALIASES` then stand there alone; the others are shared where they stand at the top level",
        default_doc="",
    ),
    Setting(
        "VERIFIER",
        read.verifier,
        Taker.SETTINGS,
        "a verifier that your code has made, or its dotted path, instead of all other settings: a `TokenVerifier`, or "
        "anything with the methods of `jwks_auth.Verifier`. Beside it only settings of the answer may stand",
    ),
    Setting(
        "TENANTS",
        trust.tenants,
        _VERIFIER,
        "a `Tenants` or its dotted path, for issuers that can't be listed: beside the others or without any; see "
        "[Issuers, tenants, policies](../how-to/verification.md#tenants). With `PROVIDER` `entra-multitenant` also "
        "the tenants' ids, as a list",
    ),
    Setting(
        "AUDIENCE",
        read.audience,
        _BOTH,
        "every identifier this service answers to; `ANY_AUDIENCE` accepts all, and has to be typed out. One that "
        "stands in an `ISSUERS` entry is never widened by a route's `audience=`",
        default_doc="needed",
    ),
    Setting(
        "ALGORITHMS",
        read.names,
        _BOTH,
        "signature algorithms; `ES256K`, `Ed448` and [ML-DSA](../how-to/verification.md#ml-dsa) count only where they "
        "are named",
        default_doc="RS, PS, ES 256/384/512, EdDSA, Ed25519",
    ),
    Setting(
        "JWKS_URI",
        read.text,
        _PLACE,
        "the keys' URL, instead of discovery: a key set, a key or certificate in PEM, or a JSON object of kids and PEM",
        default_doc="discovered",
    ),
    Setting(
        "DISCOVERY_URL",
        read.text,
        _PLACE,
        "the discovery document's URL, where it is not below the issuer",
        default_doc="OpenID Connect's place, then RFC 8414's",
    ),
    Setting(
        "JWKS",
        read.key_set,
        _PLACE,
        "the keys themselves: a key set, PEM text (`\\n` for its line ends will do), kids mapped to PEM, JSON of "
        "these, a `KeySet`, or a callable returning one. No network",
        default_doc="",
        secret=True,
    ),
    Setting(
        "ALLOW_FAKE_ISSUER",
        read.flag,
        _VERIFIER,
        "take the keys of a `jwks_auth.testing.FakeIssuer`, handed over or fetched. Unless it is said they are taken "
        "in Flask with `TESTING` or `DEBUG`, in Django under its test runner or with `DEBUG`; refused in other Flask "
        "apps and Django projects; and taken with a warning in the log elsewhere. `false` refuses them everywhere",
        default_doc="",
    ),
    Setting(
        "ALLOW_HTTP",
        read.flag,
        _ISSUER,
        "ask for metadata and keys over `http` beyond loopback; an issuer's *name* may be `http` without it, where "
        "`JWKS_URI` or `DISCOVERY_URL` is `https`",
    ),
)

_TOKENS = (
    Setting("LEEWAY", read.seconds, _VERIFIER, "seconds of clock skew allowed"),
    Setting(
        "PROFILE",
        read.text,
        _BOTH,
        "`default`, or `rfc9068` for the strict JWT access-token profile; `id_token` for an API "
        "that is called with ID tokens: `AUDIENCE` is then the client id, or several, and no route adds to it",
    ),
    Setting(
        "REQUIRED_CLAIMS",
        trust.required_claims,
        _BOTH,
        "names of claims that must be there, beside `exp`; or a dict of names and what each must be: a value, or a "
        'list of those that will do, as in `{"repository_owner": "acme"}`',
    ),
    Setting(
        "MAX_AGE",
        read.seconds,
        _BOTH,
        "seconds a token may be old, by its `iat`; a sign-in, by `auth_time`, under `id_token`",
        default_doc="unlimited",
    ),
    Setting(
        "ALLOWED_CLIENTS",
        read.names,
        _BOTH,
        "the clients (`client_id`, `azp`) whose tokens are taken; under `id_token` those that may "
        "be `azp` beside `AUDIENCE`",
        default_doc="all",
    ),
    Setting(
        "SCOPE_CLAIMS",
        trust.places,
        _BOTH,
        "the places of scopes, in the forms of `ROLES_CLAIM`; in one string, spaces separate several",
    ),
    Setting(
        "ROLES_CLAIM",
        trust.place,
        _BOTH,
        "the place of roles: a claim or a path, `realm_access.roles`; or a list of places, which are united, and of "
        'which each may be a list of steps: `["realm_access.roles", ["resource_access", "my.client", "roles"]]`',
    ),
    Setting("PERMISSIONS_CLAIM", trust.place, _BOTH, "the place of permissions, in the same forms"),
    Setting(
        "MAX_TOKEN_LENGTH",
        read.count,
        _VERIFIER,
        "characters a token may have; Keycloak's and Entra's can reach 30 KiB, which servers have to take, too, in one "
        "header line",
    ),
    Setting(
        "TOKEN_CACHE",
        read.count,
        _VERIFIER,
        "tokens whose signature is remembered from their second use on; `0` is none. See "
        "[Issuers, tenants, policies](../how-to/verification.md#a-cache-of-verified-tokens) for whom it serves",
    ),
    Setting(
        "SCOPE_IMPLIES",
        discovery.implied,
        _BOTH,
        'scopes that others imply, `{"orders:write": ["orders:read"]}`: a token with `orders:write` then has both',
    ),
    Setting("ACR_CLAIM", read.text, _BOTH, "the place of the way the user authenticated, for `acr=`"),
    Setting("VALIDATORS", read.callables, _VERIFIER, "your rules, `f(token, now)`, or their dotted paths"),
    Setting(
        "IS_REVOKED",
        read.function,
        _VERIFIER,
        "`f(token) -> bool`, sync or async, asked last on every request",
    ),
)

GROUPS = {
    "Whom to trust": _TRUST,
    "What a token must be": _TOKENS,
    "Which tokens are revoked": REVOCATION,
    "Where a token may stand": REQUESTS,
    "How a sender proves that a token is its own": (*PROOFS, *CERTIFICATES),
    "Tokens that are no JWTs": INTROSPECTION,
    "How keys are kept": KEYS,
    "How refusals look": ANSWERS,
    "What can be seen from outside": TELEMETRY,
}
"""The rows under the headings of ``docs/reference/settings.md``."""

ROWS = {row.name: row for group in GROUPS.values() for row in group}
"""Every row by name."""
