"""One table of requests and answers that holds for every framework: status, challenge and body.

The apps under test guard their routes alike (see :data:`ROUTES`); a case says which header values it sends,
made from a :class:`~jwks_auth.testing.FakeIssuer` when it runs.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jwks_auth import InvalidTokenError, VerifiedToken
from jwks_auth.stores import MemoryRevocations
from jwks_auth.testing import FakeIssuer

__all__ = ["CASES", "OTHER", "OWN", "OWN_HANDLER", "REALM", "ROUTES", "SETTINGS", "SHARED", "Case"]

REALM = "orders"
OTHER = 'Other realm="elsewhere"'
RESOURCE = "https://api.example/v1"
OTHER_RESOURCE = "https://api.example/v2"
METADATA = "/.well-known/oauth-protected-resource"
AUDIENCES = ["api", "reports", OTHER_RESOURCE]
LOGOUT_PATH = "/oidc/logout"
MFA = "urn:acme:mfa"

ROUTES = {
    "/public": "no guard",
    "/me": "any good token -> {'sub': ...}",
    "/orders": "scopes='orders:read' -> {'orders': []}",
    "/both": "scopes=['orders:read', 'orders:write'] -> {'orders': []}",
    "/any": "any_scope=['orders:read', 'orders:admin'] -> {'orders': []}",
    "/admin": "any_role=['admin', 'root'] -> {'admin': True}",
    "/reports": "audience='reports' -> {'sub': ...}",
    "/optional": "optional=True -> {'sub': ... or None}",
    "/v2": "audience=OTHER_RESOURCE -> {'sub': ...}",
    "/mfa": "acr=[MFA, 'urn:acme:otp'], max_auth_age=300 -> {'mfa': True}",
    "/mfa-orders": "acr=MFA, scopes=['orders:read', 'orders:write'] -> {'orders': []}",
    "/mfa-optional": "acr=MFA, optional=True -> {'sub': ... or None}",
    "/shared": "optional=True -> {'sub': ... or None}, Cache-Control: SHARED",
}
"""Routes that each app serves, for GET, HEAD, POST, PUT, PATCH and DELETE; its settings are :data:`SETTINGS`."""

SHARED = "public, max-age=60, s-maxage=600"
NOT_SHARED = "private, max-age=60"


class TwoWays(InvalidTokenError):
    """A refusal that offers another scheme beside ours."""

    def challenges(self, **parameters: Any) -> tuple[str, ...]:
        """Ours, and one more."""
        return (*super().challenges(**parameters), OTHER)


def refuse_two_ways(token: VerifiedToken, now: float) -> None:
    """A validator: refuse tokens that ask for it."""
    if token.get("two_ways"):
        raise TwoWays("revoked")


SETTINGS: dict[str, Any] = {
    "AUDIENCE": AUDIENCES,
    "REALM": REALM,
    "VALIDATORS": [refuse_two_ways],
    "SCOPE_IMPLIES": {"orders:all": ["orders:write"], "orders:write": ["orders:read"]},
    "RESOURCE": RESOURCE,
    "RESOURCE_NAME": "Orders",
    "RESOURCE_SCOPES": ["orders:read", "orders:write"],
    "REVOCATION": MemoryRevocations(),
    "LOGOUT_PATH": LOGOUT_PATH,
    "LOGOUT_CLIENT": "web",
}
"""What each app is configured with besides its issuer."""

Values = Callable[[FakeIssuer], Sequence[str]]

_V1, _V2 = (f', resource_metadata="https://api.example{METADATA}/{name}"' for name in ("v1", "v2"))
MISSING = f'Bearer realm="{REALM}"{_V1}'


@dataclass(frozen=True, slots=True)
class Case:
    """A request and the one right answer; *body* ``None``: not compared (HEAD has none).

    *challenge* is the whole field, joined by commas, as an app answers that knows the route; *cache_control*
    ``None``: the field is not there. *headers* are others that the answer has.
    """

    name: str
    path: str
    values: Values
    status: int = 200
    challenge: str | None = None
    body: dict[str, Any] | None = field(default=None)
    method: str = "GET"
    query: str | Callable[[FakeIssuer], str] = ""
    cache_control: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def is_before_the_route(self) -> bool:
        """Return whether a middleware that does not know the route answers."""
        return self.status in (400, 401) and "error=" in (self.challenge or "")


def bearer(**claims: Any) -> Values:
    """One good ``Authorization`` value for a token with *claims*."""
    return lambda issuer: [issuer.headers(**{"sub": "u1", **claims})["Authorization"]]


def literal(*values: str) -> Values:
    """Header values as they are."""
    return lambda issuer: values


def altered(change: Callable[[str], str], **claims: Any) -> Values:
    """A token's text, changed."""
    return lambda issuer: ["Bearer " + change(issuer.token(**{"sub": "u1", **claims}))]


def forged(header: dict[str, Any]) -> Values:
    """A token whose header is replaced and whose signature therefore is of another text."""

    def change(raw: str) -> str:
        _, payload, signature = raw.split(".")
        return ".".join([encoded(json.dumps(header).encode()), payload, signature])

    return altered(change)


def encoded(data: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def tampered(raw: str) -> str:
    """The same token, claiming another subject."""
    header, payload, signature = raw.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return ".".join([header, encoded(json.dumps({**claims, "sub": "root"}).encode()), signature])


def flipped(raw: str) -> str:
    """The same token with one character of its signature changed."""
    head, signature = raw.rsplit(".", 1)
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def tampered_query(issuer: FakeIssuer) -> str:
    """A token that was altered, in the query."""
    return f"access_token={tampered(issuer.token())}"


def foreign_query(issuer: FakeIssuer) -> str:
    """A token of an issuer that nobody trusts, in the query."""
    return f"access_token={issuer.token(iss='https://elsewhere.example/')}"


def foreign(scheme: str) -> Values:
    """A token of an issuer that nobody trusts, under *scheme*."""
    return lambda issuer: [f"{scheme} {issuer.token(iss='https://elsewhere.example/')}"]


def refused(status: int, error: str, description: str, extra: str = "", at: str = _V1) -> dict[str, Any]:
    """Status, challenge and body of a refusal."""
    return {
        "status": status,
        "challenge": f'Bearer realm="{REALM}", error="{error}", error_description="{description}"{extra}{at}',
        "body": {"error": error, "error_description": description},
    }


def unauthorized(description: str) -> dict[str, Any]:
    """401 ``invalid_token``."""
    return refused(401, "invalid_token", description)


NO_TOKEN = {
    "status": 401,
    "challenge": MISSING,
    "body": {"error": "missing_token", "error_description": "Authentication is required"},
}
MALFORMED_REQUEST = refused(400, "invalid_request", "The request's credentials are malformed")
TWO_CREDENTIALS = refused(400, "invalid_request", "The request carries more than one set of credentials")
MALFORMED = unauthorized("The access token is malformed")
ALGORITHM = unauthorized("The access token's algorithm is not allowed")
SIGNATURE = unauthorized("The access token's signature is invalid")
CLAIM = unauthorized("The access token has an invalid claim")
LACKS_CLAIM = unauthorized("The access token lacks a required claim")
EXPIRED = unauthorized("The access token has expired")
AUDIENCE = unauthorized("The access token is for another audience")
TYPE = unauthorized("The token is not an access token")
REVOKED = unauthorized("The access token has been revoked")
SCHEME = unauthorized("The access token is sent under another authentication scheme")
BOUND = unauthorized("The access token is bound to a key and can't be used as a plain bearer token")


def two_ways(refusal: dict[str, Any]) -> dict[str, Any]:
    """The same refusal with a challenge of another scheme."""
    return {**refusal, "challenge": f"{refusal['challenge']}, {OTHER}"}


TWO_CHALLENGES = two_ways(REVOKED)


def forbidden(*scopes: str) -> dict[str, Any]:
    """403, naming every scope that the operation needs."""
    named = f', scope="{" ".join(scopes)}"' if scopes else ""
    return refused(403, "insufficient_scope", "The access token does not allow this request", named)


def no_token(*scopes: str, at: str = _V1) -> dict[str, Any]:
    """401 without a token, naming the scopes of the route."""
    named = f', scope="{" ".join(scopes)}"' if scopes else ""
    return {**NO_TOKEN, "challenge": f'Bearer realm="{REALM}"{named}{at}'}


def naming(refusal: dict[str, Any], *scopes: str) -> dict[str, Any]:
    """The same refusal on a route that asks for *scopes*."""
    named = f', scope="{" ".join(scopes)}"'
    return {**refusal, "challenge": refusal["challenge"].replace(_V1, named + _V1)}


def step_up(asked: str, *scopes: str) -> dict[str, Any]:
    """401: the user has to authenticate otherwise, or again (RFC 9470)."""
    named = f', scope="{" ".join(scopes)}"' if scopes else ""
    return refused(
        401,
        "insufficient_user_authentication",
        "A different or more recent authentication is required",
        f", {asked}{named}",
    )


def in_seconds(offset: float) -> float:
    """A NumericDate from now."""
    return int(time.time()) + offset


def late(**claims: float) -> Values:
    """A token with times relative to when the case runs, in seconds."""
    return lambda issuer: [
        "Bearer " + issuer.token(sub="u1", **{name: in_seconds(offset) for name, offset in claims.items()})
    ]


BOTH = ("orders:read", "orders:write")
U1 = {"sub": "u1"}
OK_ORDERS = {"orders": []}

GOOD = [
    Case("a good token", "/me", bearer(), body=U1),
    Case("scheme in lower case", "/me", lambda i: ["bearer " + i.token(sub="u1")], body=U1),
    Case("scheme in capitals", "/me", lambda i: ["BEARER " + i.token(sub="u1")], body=U1),
    Case("typ JWT", "/me", bearer(header={"typ": "JWT"}), body=U1),
    Case("typ as a media type", "/me", bearer(header={"typ": "application/at+jwt"}), body=U1),
    Case("several audiences, one is ours", "/me", bearer(aud=["other", "api"]), body=U1),
    Case("a second audience of ours", "/me", bearer(aud="reports"), body=U1),
    Case("expired within the leeway", "/me", late(exp=-5), body=U1),
    Case("unknown header parameter", "/me", bearer(header={"note": "x"}), body=U1),
    Case("public without a token", "/public", literal(), body=None),
    Case("optional without a token", "/optional", literal(), body={"sub": None}),
    Case("optional with a token", "/optional", bearer(), body=U1),
    Case("HEAD as GET", "/me", bearer(), method="HEAD"),
    *(
        Case(f"{m} with a token", "/me", bearer(), method=m, body=U1)
        for m in ("POST", "PUT", "PATCH", "DELETE")
    ),
]

HEADERS = [
    Case("no token", "/me", literal(), **NO_TOKEN),
    Case("no token, HEAD", "/me", literal(), method="HEAD", status=401, challenge=MISSING),
    *(
        Case(f"no token, {m}", "/me", literal(), method=m, **NO_TOKEN)
        for m in ("POST", "PUT", "PATCH", "DELETE")
    ),
    Case("another scheme", "/me", literal("Basic dXNlcjpwYXNz"), **NO_TOKEN),
    Case("scheme without a token", "/me", literal("Bearer"), **MALFORMED_REQUEST),
    Case("two words after the scheme", "/me", literal("Bearer a b"), **MALFORMED_REQUEST),
    Case("not b64token characters", "/me", literal("Bearer a$b.c.d"), **MALFORMED_REQUEST),
    Case("a comma list", "/me", lambda i: [f"Bearer {i.token()}, Bearer {i.token()}"], **TWO_CREDENTIALS),
    Case("two headers", "/me", lambda i: [f"Bearer {i.token()}"] * 2, **TWO_CREDENTIALS),
    Case(
        "a token and a password",
        "/me",
        lambda i: [f"Bearer {i.token()}", "Basic dXNlcjpwYXNz"],
        **TWO_CREDENTIALS,
    ),
    Case("header and query", "/me", bearer(), query=lambda i: f"access_token={i.token()}", **TWO_CREDENTIALS),
    Case("a bad token in the query", "/me", bearer(), query=tampered_query, **TWO_CREDENTIALS),
    Case("a foreign token in the query", "/me", bearer(), query=foreign_query, body=U1),
    Case("another's access_token in the query", "/me", bearer(), query="access_token=abc", body=U1),
    Case("query only", "/me", literal(), query=lambda i: f"access_token={i.token()}", **NO_TOKEN),
    Case("another scheme before a token", "/me", lambda i: ["Token " + i.token()], **SCHEME),
    Case("another scheme, where optional", "/optional", lambda i: ["Token " + i.token()], **SCHEME),
    Case("another scheme before a foreign token", "/optional", foreign("Token"), body={"sub": None}),
    Case("a password, where optional", "/optional", literal("Basic dXNlcjpwYXNz"), body={"sub": None}),
    Case("DPoP without a proof", "/me", lambda i: ["DPoP " + i.token()], **BOUND),
    Case("DPoP without a proof, where optional", "/optional", lambda i: ["dpop " + i.token()], **BOUND),
    Case("optional, malformed", "/optional", literal("Bearer"), **MALFORMED_REQUEST),
]

TOKENS = [
    Case("one word", "/me", literal("Bearer abc"), **MALFORMED),
    Case("two dots of nothing", "/me", literal("Bearer .."), **MALFORMED),
    Case("five segments", "/me", literal("Bearer a.b.c.d.e"), **MALFORMED),
    Case("padding", "/me", altered(lambda raw: raw + "="), **MALFORMED),
    Case("tampered claims", "/me", altered(tampered), **SIGNATURE),
    Case("flipped signature", "/me", altered(flipped), **SIGNATURE),
    Case("no signature", "/me", altered(lambda raw: raw.rsplit(".", 1)[0] + "."), **SIGNATURE),
    Case("alg none", "/me", forged({"alg": "none"}), **ALGORITHM),
    Case("alg None", "/me", forged({"alg": "None"}), **ALGORITHM),
    Case("alg HS256", "/me", forged({"alg": "HS256", "kid": "x"}), **ALGORITHM),
    Case("no alg", "/me", forged({"typ": "JWT"}), **MALFORMED),
    Case(
        "unknown kid",
        "/me",
        forged({"alg": "RS256", "kid": "nobody"}),
        **unauthorized("The access token is signed with an unknown key"),
    ),
    Case(
        "critical header",
        "/me",
        forged({"alg": "RS256", "crit": ["x"], "x": 1}),
        **unauthorized("The access token has a critical header that is not understood"),
    ),
    Case("expired", "/me", late(exp=-3600), **EXPIRED),
    Case("expired, where optional", "/optional", late(exp=-3600), **EXPIRED),
    Case("no exp", "/me", bearer(exp=None), **LACKS_CLAIM),
    Case("exp as a string", "/me", bearer(exp="tomorrow"), **CLAIM),
    Case("not yet valid", "/me", late(nbf=3600), **unauthorized("The access token is not valid yet")),
    Case(
        "wrong issuer",
        "/me",
        bearer(iss="https://evil.example/"),
        **unauthorized("The access token is from another issuer"),
    ),
    Case("wrong audience", "/me", bearer(aud="elsewhere"), **AUDIENCE),
    Case("no audience", "/me", bearer(aud=None), **AUDIENCE),
    Case("sub as a number", "/me", bearer(sub=7), **CLAIM),
    Case("an ID token's typ", "/me", bearer(header={"typ": "id_token+jwt"}), **TYPE),
    Case("a logout token", "/me", bearer(header={"typ": "logout+jwt"}), **TYPE),
]

POLICIES = [
    Case("scope held", "/orders", bearer(scope="orders:read"), body=OK_ORDERS),
    Case("scope among others", "/orders", bearer(scope="email orders:read"), body=OK_ORDERS),
    Case("scopes as a list in scp", "/orders", bearer(scp=["orders:read"]), body=OK_ORDERS),
    Case("scope missing", "/orders", bearer(), **forbidden("orders:read")),
    Case("scope in another case", "/orders", bearer(scope="Orders:Read"), **forbidden("orders:read")),
    Case("scope as a prefix", "/orders", bearer(scope="orders:readonly"), **forbidden("orders:read")),
    Case("scope split by a tab", "/orders", bearer(scope="a\torders:read"), **forbidden("orders:read")),
    Case("both scopes held", "/both", bearer(scope="orders:write orders:read"), body=OK_ORDERS),
    Case("one of both scopes missing", "/both", bearer(scope="orders:admin"), **forbidden(*BOTH)),
    Case("a scope implied", "/orders", bearer(scope="orders:write"), body=OK_ORDERS),
    Case("scopes implied through another", "/both", bearer(scope="orders:all"), body=OK_ORDERS),
    Case("half of both scopes", "/both", bearer(scope="orders:read"), **forbidden(*BOTH)),
    Case("any scope held", "/any", bearer(scope="orders:admin"), body=OK_ORDERS),
    Case("any scope missing", "/any", bearer(scope="x"), **forbidden("orders:read")),
    Case("role held", "/admin", bearer(roles=["user", "admin"]), body={"admin": True}),
    Case("role missing", "/admin", bearer(roles=["user"]), **forbidden()),
    Case("no token where a scope is asked", "/orders", literal(), **no_token("orders:read")),
    Case("no token where two are", "/both", literal(), **no_token("orders:read", "orders:write")),
    Case("no token where one of two is", "/any", literal(), **no_token("orders:read")),
    Case("no token where a role is asked", "/admin", literal(), **NO_TOKEN),
    Case(
        "a bad token where a scope is asked", "/orders", altered(flipped), **naming(SIGNATURE, "orders:read")
    ),
    Case("a bad request where a scope is asked", "/orders", literal("Bearer"), **MALFORMED_REQUEST),
    Case("the route's audience", "/reports", bearer(aud="reports"), body=U1),
    Case("the service's, not the route's audience", "/reports", bearer(aud="api"), **AUDIENCE),
]

ANSWERS = [
    Case("public, for one sender", "/shared", bearer(), body=U1, cache_control=NOT_SHARED),
    Case("public, for anybody", "/shared", literal(), body={"sub": None}, cache_control=SHARED),
    Case("public, for nobody", "/shared", altered(flipped), **SIGNATURE),
    Case("public, HEAD", "/shared", bearer(), method="HEAD", cache_control=NOT_SHARED),
    Case("two challenges", "/me", bearer(two_ways=True), **TWO_CHALLENGES),
    Case(
        "two challenges where a scope is asked",
        "/orders",
        bearer(two_ways=True),
        **two_ways(naming(REVOKED, "orders:read")),
    ),
    Case("two challenges where optional", "/optional", bearer(two_ways=True), **TWO_CHALLENGES),
]

ASKED = f'acr_values="{MFA} urn:acme:otp", max_age="300"'


def authenticated(ago: float, **claims: Any) -> Values:
    """A token whose user authenticated some seconds ago."""
    return lambda issuer: [issuer.headers(sub="u1", auth_time=in_seconds(-ago), **claims)["Authorization"]]


STEP_UP = [
    Case("authenticated well and lately", "/mfa", authenticated(10, acr=MFA), body={"mfa": True}),
    Case("the second best way", "/mfa", authenticated(10, acr="urn:acme:otp"), body={"mfa": True}),
    Case("within the leeway", "/mfa", authenticated(320, acr=MFA), body={"mfa": True}),
    Case("too long ago", "/mfa", authenticated(400, acr=MFA), **step_up(ASKED)),
    Case("in the future", "/mfa", authenticated(-400, acr=MFA), **step_up(ASKED)),
    Case("another way", "/mfa", authenticated(10, acr="pwd"), **step_up(ASKED)),
    Case("no acr", "/mfa", authenticated(10), **step_up(ASKED)),
    Case("acr as a list", "/mfa", authenticated(10, acr=[MFA]), **step_up(ASKED)),
    Case("no auth_time", "/mfa", bearer(acr=MFA), **step_up(ASKED)),
    Case("auth_time as a string", "/mfa", bearer(acr=MFA, auth_time="now"), **step_up(ASKED)),
    Case("auth_time true", "/mfa", bearer(acr=MFA, auth_time=True), **step_up(ASKED)),
    Case("a huge auth_time", "/mfa", bearer(acr=MFA, auth_time=10**400), **step_up(ASKED)),
    Case("no token where a way is asked", "/mfa", literal(), **NO_TOKEN),
    Case("a bad token where a way is asked", "/mfa", altered(flipped), **SIGNATURE),
    Case(
        "neither way nor scopes",
        "/mfa-orders",
        bearer(scope="orders:read"),
        **step_up(f'acr_values="{MFA}"', "orders:read", "orders:write"),
    ),
    Case(
        "scopes without the way",
        "/mfa-orders",
        bearer(scope="orders:write"),
        **step_up(f'acr_values="{MFA}"'),
    ),
    Case(
        "the way without a scope",
        "/mfa-orders",
        bearer(acr=MFA, scope="orders:read"),
        **forbidden("orders:read", "orders:write"),
    ),
    Case("way and scopes", "/mfa-orders", bearer(acr=MFA, scope="orders:write"), body=OK_ORDERS),
    Case("optional, no token to step up", "/mfa-optional", literal(), body={"sub": None}),
    Case("optional, but too weak", "/mfa-optional", bearer(), **step_up(f'acr_values="{MFA}"')),
    Case("optional, and strong", "/mfa-optional", bearer(acr=MFA), body=U1),
]


def described(resource: str) -> dict[str, Any]:
    """Status, headers and body of a document."""
    return {
        "cache_control": "public, max-age=3600",
        "headers": {"access-control-allow-origin": "*", "content-type": "application/json"},
        "body": {
            "resource": resource,
            "authorization_servers": ["ISSUER"],
            "scopes_supported": ["orders:read", "orders:write"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Orders",
        },
    }


NOT_FOUND: dict[str, Any] = {"status": 404, "body": {"error": "not_found"}}
ANYBODY = {"access-control-allow-origin": "*"}
V1, V2 = f"{METADATA}/v1", f"{METADATA}/v2"

DISCOVERY = [
    Case("the document", V1, literal(), **described(RESOURCE)),
    Case("the document of a route's resource", V2, literal(), **described(OTHER_RESOURCE)),
    Case("the document, with a bad token", V1, literal("Bearer"), **described(RESOURCE)),
    Case("the document, HEAD", V1, literal(), method="HEAD", **{**described(RESOURCE), "body": None}),
    Case("the document, preflight", V1, literal(), method="OPTIONS", status=204,
         headers={**ANYBODY, "access-control-allow-methods": "GET, HEAD, OPTIONS"}),
    *(
        Case(f"the document, {m}", V1, literal(), method=m, status=405, headers={"allow": "GET, HEAD, OPTIONS"})
        for m in ("POST", "PUT", "PATCH", "DELETE")
    ),
    Case("no such document", f"{METADATA}/v3", literal(), **NOT_FOUND),
    Case("no such document, with a bad token", f"{METADATA}/v3", literal("Bearer"), **NOT_FOUND),
    Case("the place itself", METADATA, literal(), **NOT_FOUND),
    Case("below the document", f"{V1}/x", literal(), **NOT_FOUND),
    Case("no token for a route's resource", "/v2", literal(), **no_token(at=_V2)),
    Case("a token for a route's resource", "/v2", bearer(aud=OTHER_RESOURCE), body=U1),
    Case("a token for another resource", "/v2", bearer(aud="api"),
         **refused(401, "invalid_token", "The access token is for another audience", at=_V2)),
]  # fmt: skip

OWN = {"mine": True}
"""The body that a handler of the application's own gives every error, without a header of ours."""

CASES = [*GOOD, *HEADERS, *TOKENS, *POLICIES, *ANSWERS, *STEP_UP, *DISCOVERY]

OWN_HANDLER = [
    replace(case, body=OWN) for case in CASES if case.challenge is not None and case.method != "HEAD"
]
"""Every refusal, where a handler of the application's own answers it: with the challenge nevertheless."""
