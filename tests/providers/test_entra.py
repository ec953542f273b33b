"""Microsoft Entra: "Access tokens", "ID token claims reference", "Access token claims reference", v2.0 and v1.0."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

TENANT = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
OTHER = "ffffbbbb-0000-cccc-1111-dddd2222eeee"
CLIENT = "00001111-aaaa-2222-bbbb-3333cccc4444"
APP = "11112222-bbbb-3333-cccc-4444dddd5555"
ISSUER = f"https://login.microsoftonline.com/{TENANT}/v2.0"
V1_ISSUER = f"https://sts.windows.net/{TENANT}/"
API = f"api://{APP}"
USER = {
    "aud": APP,
    "iss": ISSUER,
    "azp": CLIENT,
    "azpacr": "0",
    "name": "Abe Lincoln",
    "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
    "preferred_username": "abeli@microsoft.com",
    "rh": "I",
    "scp": "access_as_user orders.read",
    "roles": ["Orders.Admin"],
    "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
    "tid": TENANT,
    "uti": "fqiBqXLPj0eQa82S-IYFAA",
    "ver": "2.0",
}
SERVICE = {
    "aud": APP,
    "iss": ISSUER,
    "azp": CLIENT,
    "azpacr": "1",
    "idtyp": "app",
    "oid": "fc3bbd04-0000-0000-0000-22f0e4ae0a2b",
    "sub": "fc3bbd04-0000-0000-0000-22f0e4ae0a2b",
    "roles": ["Orders.Read.All"],
    "tid": TENANT,
    "ver": "2.0",
}
V1_USER = {
    "aud": API,
    "iss": V1_ISSUER,
    "acr": "1",
    "appid": CLIENT,
    "appidacr": "0",
    "oid": USER["oid"],
    "scp": "access_as_user",
    "sub": USER["sub"],
    "tid": TENANT,
    "upn": "abeli@microsoft.com",
    "ver": "1.0",
}
ID_TOKEN = {
    "aud": CLIENT,
    "iss": ISSUER,
    "name": "Abe Lincoln",
    "oid": USER["oid"],
    "preferred_username": "abeli@microsoft.com",
    "roles": ["Orders.Admin"],
    "sub": USER["sub"],
    "tid": TENANT,
    "ver": "2.0",
}
TOKENS = {
    "user": Token(
        claims=USER,
        read={
            "issuer": ISSUER,
            "client_id": CLIENT,
            "scopes": {"access_as_user", "orders.read"},
            "roles": {"Orders.Admin"},
            "is_service": False,
        },
    ),
    "service": Token(
        claims=SERVICE, read={"scopes": set(), "roles": {"Orders.Read.All"}, "is_service": True}
    ),
    "user, v1": Token(
        claims=V1_USER,
        read={"issuer": ISSUER, "client_id": CLIENT, "scopes": {"access_as_user"}, "roles": set()},
    ),
    "ID token": Token(claims=ID_TOKEN, code="wrong_type"),
    "ID token, page and API registered as one": Token(claims={**ID_TOKEN, "aud": APP}, code="wrong_type"),
    "for Microsoft Graph": Token(
        claims={**USER, "aud": "00000003-0000-0000-c000-000000000000"}, code="wrong_audience"
    ),
    "another tenant's": Token(
        claims={**USER, "iss": ISSUER.replace(TENANT, OTHER), "tid": OTHER}, code="wrong_issuer"
    ),
    "another tenant's, v1": Token(
        claims={**V1_USER, "iss": V1_ISSUER.replace(TENANT, OTHER), "tid": OTHER}, code="wrong_issuer"
    ),
    "another client's": Token(claims=USER, settings={"ALLOWED_CLIENTS": [APP]}, code="wrong_client"),
    "another client's, v1": Token(claims=V1_USER, settings={"ALLOWED_CLIENTS": [APP]}, code="wrong_client"),
    "ES256": Token(claims=USER, settings={"ALGORITHMS": ["ES256"]}, code="algorithm_not_allowed"),
}


class TestEntra(ProviderTests):
    """One tenant: v2 tokens, and v1 tokens of the same tenant."""

    documented = Documented(
        settings={"PROVIDER": "entra", "ISSUER": ISSUER, "AUDIENCE": [APP, API]},
        keys_at=f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys",
        key={"use": "sig", "x5t": "nOo3ZDrODXEK1jKWhXslHR_KXEg", "issuer": ISSUER},
        tokens=TOKENS,
        mistakes=(
            (
                {"ISSUER": None},
                r'^JWKS_AUTH\["ISSUER"\] is missing: .*login.microsoftonline.com/<tenant id>/v2.0',
            ),
            (
                {"ISSUER": "https://login.microsoftonline.com/common/v2.0"},
                r'\["ISSUER"\]: found .*/common/v2.0',
            ),
            ({"ISSUER": ISSUER + "/"}, r'\["ISSUER"\]: .*only the slash at the end differs'),
            ({"ISSUER": ISSUER.removesuffix("/v2.0")}, r'\["ISSUER"\]: found .*expected for provider entra'),
            ({"ISSUER": ISSUER.replace(TENANT, "acme.com")}, r'\["ISSUER"\]: found .*acme.com'),
            (
                {"AUDIENCE": "https://graph.microsoft.com"},
                r'\["AUDIENCE"\]: found .*which is Microsoft Graph',
            ),
            (
                {"AUDIENCE": "00000003-0000-0000-c000-000000000000"},
                r'\["AUDIENCE"\]: .*which is Microsoft Graph',
            ),
        ),
    )
