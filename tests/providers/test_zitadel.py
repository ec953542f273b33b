"""Zitadel: "Claims", "Retrieve user roles", "Scopes"."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://acme-abc123.zitadel.cloud"
PROJECT = "259241944654282754"
CLIENT = "259242039378444290"
OWN_ROLES = f"urn:zitadel:iam:org:project:{PROJECT}:roles"
USER = {
    "iss": ISSUER,
    "sub": "259242039378444291",
    "aud": [CLIENT, PROJECT],
    "client_id": CLIENT,
    "jti": "V2_259",
    OWN_ROLES: {"editor": {"259241944654282700": "acme.zitadel.cloud"}},
    "urn:zitadel:iam:org:project:roles": {"admin": {"259241944654282700": "acme.zitadel.cloud"}},
}
SERVICE = {
    "iss": ISSUER,
    "sub": "259242039378444299",
    "aud": [PROJECT],
    "client_id": "batch",
    "jti": "V2_260",
    OWN_ROLES: {"importer": {"259241944654282700": "acme.zitadel.cloud"}},
}
ID_TOKEN = {
    "iss": ISSUER,
    "sub": USER["sub"],
    "aud": [CLIENT, PROJECT],
    "azp": CLIENT,
    "client_id": CLIENT,
    "amr": ["pwd"],
    "auth_time": 1600000000,
    OWN_ROLES: USER[OWN_ROLES],
}


class TestZitadel(ProviderTests):
    """Roles of the API's own project, whose keys are their names."""

    documented = Documented(
        settings={"PROVIDER": "zitadel", "ISSUER": ISSUER, "AUDIENCE": PROJECT},
        keys_at=ISSUER + "/oauth/v2/keys",
        header={},
        tokens={
            "user": Token(claims=USER, read={"client_id": CLIENT, "roles": {"editor"}, "scopes": set()}),
            "service": Token(claims=SERVICE, read={"client_id": "batch", "roles": {"importer"}}),
            "roles of the client's project alone": Token(
                claims={**USER, OWN_ROLES: None}, read={"roles": set()}
            ),
            "roles of the client's project, asked for": Token(
                claims=USER,
                settings={"ROLES_CLAIM": "urn:zitadel:iam:org:project:roles"},
                read={"roles": {"admin"}},
            ),
            "ID token": Token(claims={**ID_TOKEN, "at_hash": "h"}, code="wrong_type"),
            "ID token without a hash": Token(claims=ID_TOKEN, code="wrong_type"),
            "for another project": Token(claims={**USER, "aud": [CLIENT, "1"]}, code="wrong_audience"),
            "another instance's": Token(
                claims={**USER, "iss": "https://evil.zitadel.cloud"}, code="wrong_issuer"
            ),
            "another client's": Token(
                claims=USER, settings={"ALLOWED_CLIENTS": "batch"}, code="wrong_client"
            ),
        },
        mistakes=(
            ({"ISSUER": ISSUER + "/"}, r"only the slash at the end differs"),
            ({"ISSUER": ISSUER + "/oauth/v2"}, r'\["ISSUER"\]: found .*expected for provider zitadel'),
            ({"AUDIENCE": None}, r'\["AUDIENCE"\] is missing: .*project id'),
        ),
    )
