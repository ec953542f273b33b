"""Hints at the mistake behind a wrong audience: each provider, and each habit, has its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jwks_auth.challenge import shown
from jwks_auth.claims import Audience, client_of
from jwks_auth.verifier.claim_hints import FOR_THE_CLIENT, is_id_token

__all__ = ["GRAPH", "OKTA_ORG", "on_audience"]

OKTA_ORG = re.compile(r"https://[^/]+\.okta(?:preview|-emea)?\.com/?\Z")
"""The issuer of Okta's org authorization server, whose access tokens are for Okta alone."""

GRAPH = frozenset(
    {"00000003-0000-0000-c000-000000000000", "https://graph.microsoft.com", "https://graph.microsoft.com/"}
)
"""The audiences of Microsoft Graph."""

_API = "api://"


def on_audience(claims: Mapping[str, Any], expected: Audience | None) -> str:
    """Hint at the difference between the token's audiences and those *expected*."""
    found = claims.get("aud")
    names = [found] if isinstance(found, str) else [name for name in found or () if isinstance(name, str)]
    if not names:
        return _on_none(claims)
    wanted = sorted(expected) if isinstance(expected, frozenset) else []
    return (
        _on_provider(claims, names)
        or next((hint for name in names for each in wanted if (hint := _nearly(name, each))), None)
        or _on_client(claims, names)
        or f"the client asked for another API's token, {shown(found)}; or, if this one is meant, add it to the audience"
    )


def _on_none(claims: Mapping[str, Any]) -> str:
    if str(claims.get("iss")).startswith("https://cognito-idp."):
        return (
            "Cognito's access tokens name no audience: name the app clients in ALLOWED_CLIENTS instead, and set "
            "AUDIENCE to ANY_AUDIENCE; PROVIDER cognito does so"
        )
    return "the token names no audience; ask the issuer for one when requesting the token"


def _on_provider(claims: Mapping[str, Any], names: list[str]) -> str | None:
    issuer = str(claims.get("iss"))
    if GRAPH & set(names):
        return (
            "this token is for Microsoft Graph, and only Graph can verify it: have the client ask for a scope of "
            "this API (api://<client id>/...)"
        )
    if all(name.endswith("/userinfo") for name in names):
        return (
            "this token is for the issuer's userinfo endpoint alone: have the client ask for this API, too (Auth0: "
            "audience=<the API's identifier>)"
        )
    if OKTA_ORG.match(issuer):
        return (
            "Okta's org server makes tokens for Okta alone: use a custom authorization server, such as "
            f"{issuer.rstrip('/')}/oauth2/default"
        )
    if names == ["account"]:
        return (
            "account is Keycloak's own: give the client an audience mapper for this API; don't add account, as "
            "the tokens of every client have it"
        )
    return None


def _nearly(found: str, wanted: str) -> str | None:
    if found.rstrip("/") == wanted.rstrip("/"):
        return f"only the trailing slash differs; configure the audience as {shown(found)}"
    if found.rstrip("/").lower() == wanted.rstrip("/").lower():
        return f"only upper and lower case differ; configure the audience as {shown(found)}"
    if found.removeprefix(_API) == wanted.removeprefix(_API):
        return (
            "only api:// differs: Entra's v1 tokens name the API's URI, its v2 tokens the bare client id; "
            f"configure the audience as {shown(found)}"
        )
    return None


def _on_client(claims: Mapping[str, Any], names: list[str]) -> str | None:
    client = client_of(claims)
    if (client is None or names != [client]) and not is_id_token(claims):
        return None
    return (
        f"the audience is the client's id: {FOR_THE_CLIENT}. Don't add it to the audience: every ID token of that "
        "client would pass as well"
    )
