"""What OpenAPI says: three kinds of scheme, scopes per operation, refusals."""

from typing import Any

import pytest
from fastapi import Depends, FastAPI, Security

from jwks_auth import ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, OpenAPISettings, error_responses

SIGN_IN = OpenAPISettings(
    kind="oauth2",
    authorization_url="https://issuer.example/authorize",
    token_url="https://issuer.example/token",
    client_id="swagger",
    scopes={"orders:read": "Read orders", "orders:write": "Change orders"},
)


def scheme(auth: JWTBearer[Any]) -> dict[str, Any]:
    """The one security scheme of an app with one guarded route."""
    app = FastAPI()

    @app.get("/orders", dependencies=[Security(auth, scopes=["orders:read"])])
    def orders() -> None: ...

    document = app.openapi()
    (found,) = document["components"]["securitySchemes"].items()
    assert document["paths"]["/orders"]["get"]["security"] == [{found[0]: ["orders:read"]}]
    return dict(found[1])


def test_bearer_is_the_default(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """Swagger's Authorize button takes a pasted token."""
    assert scheme(auth) == {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def test_open_id_connect_points_to_the_issuer(issuer: FakeIssuer) -> None:
    """Derived from settings; nothing is fetched."""
    url = "https://issuer.example/.well-known/openid-configuration"
    auth = JWTBearer(issuer.settings(), openapi="openIdConnect")
    assert scheme(auth) == {"type": "openIdConnect", "openIdConnectUrl": url}
    elsewhere = {"ISSUER": issuer.issuer, "AUDIENCE": "api", "DISCOVERY_URL": "https://a.example/tenant/oidc"}
    assert (
        scheme(JWTBearer(elsewhere, openapi="openIdConnect"))["openIdConnectUrl"]
        == elsewhere["DISCOVERY_URL"]
    )
    assert issuer.requests.total() == 0


def test_open_id_connect_by_url() -> None:
    """Several issuers have no one discovery document; one has to be named."""
    issuers = {"ISSUERS": ["https://a.example/", "https://b.example/"], "AUDIENCE": "api"}
    with pytest.raises(ConfigurationError, match="openid_connect_url"):
        JWTBearer(issuers, openapi="openIdConnect")
    stated = OpenAPISettings(
        kind="openIdConnect", openid_connect_url="https://a.example/oidc", description="A"
    )
    assert scheme(JWTBearer(issuers, openapi=stated))["openIdConnectUrl"] == "https://a.example/oidc"


def test_an_issuers_name_that_is_no_url_leads_nowhere() -> None:
    """Below it there is no discovery document, so the document has to be named."""
    named = {"ISSUER": "accounts.google.com", "AUDIENCE": "api"}
    keys = {**named, "JWKS_URI": "https://a.example/keys"}
    with pytest.raises(
        ConfigurationError, match=r"'accounts\.google\.com' is no URL; set openid_connect_url"
    ):
        JWTBearer(keys, openapi="openIdConnect")
    found = {**named, "DISCOVERY_URL": "https://a.example/oidc"}
    assert scheme(JWTBearer(found, openapi="openIdConnect"))["openIdConnectUrl"] == found["DISCOVERY_URL"]


def test_oauth2_is_authorization_code_with_pkce(issuer: FakeIssuer) -> None:
    """What Swagger needs to sign in by itself."""
    auth = JWTBearer(issuer.settings(), openapi=SIGN_IN)
    flow = scheme(auth)["flows"]["authorizationCode"]
    assert flow["authorizationUrl"] == "https://issuer.example/authorize"
    assert flow["tokenUrl"] == "https://issuer.example/token"
    assert flow["scopes"] == {"orders:read": "Read orders", "orders:write": "Change orders"}
    assert auth.swagger_ui_init_oauth == {
        "clientId": "swagger",
        "usePkceWithAuthorizationCodeGrant": True,
        "scopes": "orders:read orders:write",
    }


def test_a_wrong_kind_is_refused(issuer: FakeIssuer) -> None:
    """At construction, with what is expected."""
    with pytest.raises(ConfigurationError, match="expected bearer, openIdConnect or oauth2"):
        JWTBearer(issuer.settings(), openapi="oidc")  # type: ignore[call-overload]
    with pytest.raises(ConfigurationError, match="token_url"):
        JWTBearer(issuer.settings(), openapi="oauth2")


def test_two_schemes_have_two_names(issuer: FakeIssuer) -> None:
    """``scheme_name`` keeps them apart in OpenAPI."""
    people = JWTBearer(issuer.settings(), openapi=OpenAPISettings(scheme_name="People"))
    robots = JWTBearer(
        issuer.settings(), openapi=OpenAPISettings(scheme_name="Robots", description="Machines")
    )
    app = FastAPI()
    app.add_api_route("/p", lambda: None, dependencies=[Depends(people)])
    app.add_api_route("/r", lambda: None, dependencies=[Depends(robots)])
    schemes = app.openapi()["components"]["securitySchemes"]
    assert set(schemes) == {"People", "Robots"}
    assert schemes["Robots"]["description"] == "Machines"


def test_responses_document_every_refusal(auth: JWTBearer) -> None:
    """``responses=auth.responses``, on a route, a router or the app."""
    app = FastAPI(responses=auth.responses)
    app.add_api_route("/", lambda: None, dependencies=[Depends(auth)])
    documented = app.openapi()["paths"]["/"]["get"]["responses"]
    assert {"400", "401", "403", "503"} <= set(documented)
    assert "WWW-Authenticate" in documented["401"]["headers"]
    assert "Retry-After" in documented["503"]["headers"]
    assert documented["401"]["content"]["application/json"]["schema"]["required"] == ["detail"]


def test_responses_follow_the_installed_handlers() -> None:
    """``error_responses`` names the body that ``install_error_handlers`` gives."""
    assert list(error_responses("problem+json")[401]["content"]) == ["application/problem+json"]
    schema = error_responses("rfc6750")[401]["content"]["application/json"]["schema"]
    assert schema["required"] == ["error", "error_description"]
