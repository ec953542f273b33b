"""The providers, a row for each: what their own documentation says of their tokens, and nothing wider.

``docs/providers/index.md`` has its table from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jwks_auth.claims import TOKEN_DEFAULTS, ClaimRules, TokenMarks, checked_rules, token_options
from jwks_auth.errors import ConfigurationError
from jwks_auth.runtime import nearest
from jwks_auth.verifier.platforms import PLATFORMS
from jwks_auth.verifier.preset import Preset

__all__ = ["PROVIDERS", "check_said", "issuer_said", "preset_named"]

_API = "https://<this API's identifier>"
_GUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_RS256 = ("RS256",)
_ACCESS_OR_ID = ("default", "id_token")
_ENTRA_HOSTS = (
    r"login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn|[a-z0-9-]+\.ciamlogin\.com"
)
_ENTRA = Preset(
    issuer="https://login.microsoftonline.com/<tenant id>/v2.0",
    issuers=rf"https://(?P<host>{_ENTRA_HOSTS})/(?P<tenant>{_GUID})/v2\.0",
    aliases=("https://sts.windows.net/{tenant}/", "https://sts.chinacloudapi.cn/{tenant}/"),
    keys="https://{host}/{tenant}/discovery/v2.0/keys",
    audience="api://<this API's application id>",
    others={
        "https://graph.microsoft.com/?|00000003-0000-0000-c000-000000000000": "Microsoft Graph",
        "https://graph.windows.net/?|00000002-0000-0000-c000-000000000000": "Azure AD Graph",
        "https://management.(?:core.windows.net|azure.com)/?": "Azure's management API",
    },
    profiles=_ACCESS_OR_ID,
    algorithms=_RS256,
    scope_claims=("scp",),
    marks=TokenMarks(any_of=("azp", "appid")),
    note="v1 tokens of the tenant (`sts.windows.net`) pass too; v2 tokens have the application id as `aud`. Any "
    "application of the tenant can get a token without scopes and roles: have each route ask for one",
)

PROVIDERS = {
    "auth0": Preset(
        issuer="https://<tenant>.auth0.com/",
        issuers=r"https?://[^/]+/",
        keys="{issuer}.well-known/jwks.json",
        audience=_API,
        others={
            ".*/userinfo": "Auth0's own userinfo endpoint",
            r"https://[^/]+/api/v2/": "Auth0's Management API",
        },
        profiles=("default", "rfc9068", "id_token"),
        scope_claims=("scope",),
        marks=TokenMarks(any_of=("azp", "client_id")),
        note="roles are what an Action adds: name its claim in `ROLES_CLAIM`",
    ),
    "entra": _ENTRA,
    "entra-multitenant": _ENTRA,
    "adfs": Preset(
        issuer="https://<host>/adfs",
        issuers=r"https?://(?P<host>[^/]+)/adfs(?:/services/trust)?",
        aliases=("http://{host}/adfs/services/trust", "https://{host}/adfs"),
        keys="https://{host}/adfs/discovery/keys",
        audience="microsoft:identityserver:<this API's identifier>",
        others={"urn:microsoft:userinfo": "AD FS's own userinfo endpoint"},
        algorithms=_RS256,
        scope_claims=("scp",),
        roles_claim=("role", "roles", "group"),
        marks=TokenMarks(any_of=("appid", "client_id"), other_issuer="https://{host}/adfs"),
        note="the `iss` of access tokens is `http://<host>/adfs/services/trust`; ID tokens have another: refused",
    ),
    "keycloak": Preset(
        issuer="https://<host>/realms/<realm>",
        issuers=r"https?://[^?#]+/realms/[^/?#]+",
        keys="{issuer}/protocol/openid-connect/certs",
        audience="<this API's client id>",
        others={
            "account": "every user's account console, and in the tokens of every client",
            "broker|realm-management": "Keycloak's own",
        },
        profiles=("default", "rfc9068", "id_token"),
        scope_claims=("scope",),
        roles_claim=("realm_access.roles", ("resource_access", "{audience}", "roles")),
        marks=TokenMarks(values={"typ": ("Bearer", "DPoP")}),
        note="the API's own client, in the tokens by an audience mapper; client roles are those of this client alone",
    ),
    "okta": Preset(
        issuer="https://<org>.okta.com/oauth2/<authorization server>",
        issuers=r"https://[^/]+/oauth2/[^/]+",
        keys="{issuer}/v1/keys",
        audience="api://<this API's identifier>",
        profiles=_ACCESS_OR_ID,
        algorithms=_RS256,
        scope_claims=("scp",),
        roles_claim=("groups", "roles"),
        marks=TokenMarks(any_of=("cid",)),
        note="use a custom authorization server: tokens of the org's own server are for Okta alone",
    ),
    "cognito": Preset(
        issuer="https://cognito-idp.<region>.amazonaws.com/<user pool>",
        issuers=r"https://cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/[\w-]+",
        keys="{issuer}/.well-known/jwks.json",
        audience="<the resource's identifier, where the pool binds tokens to one>",
        clients="<app client id>",
        profiles=_ACCESS_OR_ID,
        algorithms=_RS256,
        scope_claims=("scope",),
        roles_claim=("cognito:groups",),
        marks=TokenMarks(any_of=("token_use",), values={"token_use": ("access",)}),
        note="access tokens have no `aud`; with `PROFILE` `id_token` the app client's id is the `AUDIENCE`",
    ),
    "google": Preset(
        issuer="https://accounts.google.com",
        issuers="https://accounts.google.com|accounts.google.com",
        name="https://accounts.google.com",
        aliases=("accounts.google.com",),
        keys="https://www.googleapis.com/oauth2/v3/certs",
        audience="<client id>.apps.googleusercontent.com",
        profiles=("id_token",),
        algorithms=_RS256,
        note='ID tokens; `REQUIRED_CLAIMS` `{"hd": "acme.dev"}` keeps to one Workspace domain',
    ),
    "firebase": Preset(
        issuer="https://securetoken.google.com/<project id>",
        issuers=r"https://securetoken\.google\.com/(?P<project>[a-z0-9-]+)",
        keys="https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
        audience="{project}",
        profiles=("id_token",),
        signed_in=True,
        algorithms=_RS256,
        note="ID tokens; custom claims are read as they are, `roles` by default",
    ),
    "supabase": Preset(
        issuer="https://<project>.supabase.co/auth/v1",
        issuers=r"https?://[^?#]+/auth/v1",
        keys="{issuer}/.well-known/jwks.json",
        audience="authenticated",
        others={"anon": "whoever has not signed in"},
        algorithms=("ES256", "RS256"),
        roles_claim=("role", "user_role", "app_metadata.roles"),
        note="asymmetric signing keys: with the legacy secret (HS256) an API could make tokens itself. Anonymous users "
        "have the role `authenticated` too: they have `is_anonymous`",
    ),
    "clerk": Preset(
        issuer="https://clerk.<your domain>",
        issuers=r"https://[^/]+",
        keys="{issuer}/.well-known/jwks.json",
        audience="<the aud of a JWT template>",
        clients="https://<origin of the frontend>",
        algorithms=_RS256,
        roles_claim=("org_role", "o.rol"),
        permissions_claim=("org_permissions",),
        marks=TokenMarks(values={"sts": ("active",)}),
        note="`ALLOWED_CLIENTS` holds the origins (`azp`); the cookie `__session` only by your own `TOKEN_SOURCES`",
    ),
    "zitadel": Preset(
        issuer="https://<instance>.zitadel.cloud",
        issuers=r"https?://[^/]+",
        keys="{issuer}/oauth/v2/keys",
        audience="<this API's project id>",
        profiles=_ACCESS_OR_ID,
        scope_claims=("scope",),
        roles_claim=(("urn:zitadel:iam:org:project:{audience}:roles",), "roles"),
        marks=TokenMarks(any_of=("jti",)),
        note="roles are those of the API's own project: `urn:zitadel:iam:org:project:roles` has the client's",
    ),
    "authentik": Preset(
        issuer="https://<host>/application/o/<application>/",
        issuers=r"https?://[^?#]+/",
        keys="{issuer}jwks/",
        audience="<client id of the API's provider>",
        profiles=_ACCESS_OR_ID,
        scope_claims=("scope",),
        roles_claim=("groups", "roles"),
        marks=TokenMarks(any_of=("uid",)),
        note="with one issuer for all applications `JWKS_URI` is that of one of them",
    ),
    "logto": Preset(
        issuer="https://<tenant>.logto.app/oidc",
        issuers=r"https?://[^?#]+/oidc",
        keys="{issuer}/jwks",
        audience="https://<API resource indicator>",
        profiles=("default", "rfc9068", "id_token"),
        scope_claims=("scope",),
        types=frozenset({"application/at+jwt"}),
        note="permissions come as scopes",
    ),
    "fusionauth": Preset(
        issuer="https://<host>",
        issuers=r"[^?#\s]+",
        keys="{issuer}/.well-known/jwks.json",
        audience="<application id>",
        profiles=_ACCESS_OR_ID,
        scope_claims=("scope",),
        permissions_claim=(("permissions", "{audience}"),),
        marks=TokenMarks(values={"tty": ("at",)}),
        note="set `JWKS_URI` if the tenant's issuer is no URL",
    ),
    **PLATFORMS,
}
"""What a user has to say, and all that need not be said, by the provider's name in ``PROVIDER``."""


def preset_named(provider: object) -> Preset | None:
    """Return the row of *provider*, ``None`` for ``None``; raises ``ConfigurationError`` for one that is not known."""
    if provider is None:
        return None
    if not isinstance(provider, str) or provider not in PROVIDERS:
        raise ConfigurationError(f"provider: found {provider!r}: {nearest(provider, PROVIDERS)}")
    return PROVIDERS[provider]


def issuer_said(provider: str, issuer: str | None) -> str:
    """Return the name that tokens of *provider* have for *issuer*; raises ``ConfigurationError``."""
    preset = PROVIDERS[provider]
    found = preset.checked(provider, preset.issuer if issuer is None and preset.is_for_everyone else issuer)
    return preset.form(preset.name, found)


def check_said(provider: str, issuer: str, options: Mapping[str, Any]) -> None:
    """Raise ``ConfigurationError`` for what *options*, all that an issuer will have, lack for *provider*."""
    own = {**token_options(options), "audience": options.get("audience")}
    rules = ClaimRules(**checked_rules(**{**TOKEN_DEFAULTS, "leeway": 0, **own}), issuer=issuer)
    PROVIDERS[provider].rules(provider, rules, [name for name, value in own.items() if value is not None])
