"""The endpoints that tell of tokens and people, or end them: userinfo, introspection, revocation, logout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from jwks_auth.devissuer.gate import loopback_redirect
from jwks_auth.devissuer.issuer import DevIssuer
from jwks_auth.devissuer.pages import signed_out_page
from jwks_auth.devissuer.people import PROTOCOL_CLAIMS
from jwks_auth.devissuer.tokens import client_of
from jwks_auth.devissuer.web import Answer, Fields, OAuthError, Request, json_answer, page_answer, redirect
from jwks_auth.errors import InvalidTokenError, Refused
from jwks_auth.jose import FAKE
from jwks_auth.request import Credentials

__all__ = ["introspection", "logout", "revocation", "userinfo"]

_SIGNED = "token-introspection+jwt"
_NO_ONES_OWN = (PROTOCOL_CLAIMS - {"sub", "roles"}) | {"active", "token_type"}


def userinfo(issuer: DevIssuer, request: Request) -> Answer:
    """Tell the person's claims to whoever has their token, as this library judges tokens (OpenID Connect Core 5.3)."""
    credentials = Credentials.from_headers(
        [(name, str(value)) for name, value in request.headers.items()],
        method=request.method,
        url=f"{issuer.issuer.rstrip('/')}{request.path}",
    )
    try:
        claims = _told(issuer, _sent(request)) or _judged(issuer, credentials)
    except Refused as error:
        rejection = issuer.own_api.rejection(error, credentials)
        kind = ("Content-Type", rejection.media_type)
        return Answer(rejection.status, rejection.body, (*rejection.headers, kind))
    return json_answer({name: value for name, value in claims.items() if name not in _NO_ONES_OWN})


def _judged(issuer: DevIssuer, credentials: Credentials) -> Mapping[str, Any]:
    token = issuer.own_api.authenticate(credentials)
    if token is None or token.claims.get("sid") in issuer.grants.ended:
        raise InvalidTokenError("revoked", "The grant is over")
    return token.claims


def _told(issuer: DevIssuer, token: str) -> Mapping[str, Any] | None:
    """Return the claims of an opaque token that anybody may send."""
    found = issuer.introspect(token) if issuer.is_opaque(token) else {}
    return found if found.get("active") and "cnf" not in found else None


def _sent(request: Request) -> str:
    scheme, _, token = request.header("Authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def introspection(issuer: DevIssuer, request: Request) -> Answer:
    """Tell a service about a token (RFC 7662), signed if it asks for that (RFC 9701)."""
    client_id = client_of(request)
    if not request.header("Authorization") and not request.form.one("client_secret"):
        challenge = ("WWW-Authenticate", 'Basic realm="dev issuer"')
        raise OAuthError(
            "invalid_client", "a service names itself, with any secret", status=401, headers=[challenge]
        )
    token = request.form.one("token")
    told = {"active": True} if issuer.grants.is_current(token) else issuer.introspect(token)
    if told["active"]:
        told = {**told, FAKE: True}  # as the keys are: an answer lets tokens in as a signature does
    if _SIGNED not in request.header("Accept"):
        return json_answer(told)
    claims = {"iss": issuer.issuer, "aud": client_id, "iat": int(issuer.clock()), "token_introspection": told}
    return Answer(
        200,
        issuer.signed(claims, typ=_SIGNED).encode(),
        (("Content-Type", f"application/{_SIGNED}"), ("Cache-Control", "no-store")),
    )


def revocation(issuer: DevIssuer, request: Request) -> Answer:
    """End a token, or the whole grant of a refresh token (RFC 7009); the answer is the same for what is none."""
    client_id, token = client_of(request), request.form.one("token")
    if not token:
        raise OAuthError("invalid_request", "token is missing")
    if not issuer.grants.revoke(token, client_id):
        issuer.revoke_for(token, client_id)
    return Answer(200, b"", (("Cache-Control", "no-store"),))


def logout(issuer: DevIssuer, request: Request) -> Answer:
    """End the grants of whoever the hint names, for its client (OpenID Connect RP-Initiated Logout 1.0)."""
    asked = request.form if request.method == "POST" else request.asked
    hint = issuer.read(asked.one("id_token_hint")) if asked.one("id_token_hint") else None
    back = _back(asked)
    if hint is None:
        return page_answer(signed_out_page(issuer.issuer, back))
    issuer.grants.end_of(sub=str(hint.get("sub")), client_id=str(hint.get("aud")))
    return redirect(back) if back else page_answer(signed_out_page(issuer.issuer, ""))


def _back(asked: Fields) -> str:
    uri, state = asked.one("post_logout_redirect_uri"), asked.one("state")
    if not uri:
        return ""
    if not loopback_redirect(uri):
        raise OAuthError("invalid_request", "post_logout_redirect_uri: expected an address on this machine")
    return uri if not state else f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': state})}"
