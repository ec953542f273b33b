"""A route's audience never lets in the tokens of an issuer that is trusted for something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from flask import Flask
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from jwks_auth import ANY_AUDIENCE, ConfigurationError, InvalidTokenError, Issuer, Tenants, TokenVerifier
from jwks_auth.adapters import Authenticator, Credentials, Requirement
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt as django_guard
from jwks_auth_django.checks import check_views
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend
from jwks_auth_fastapi.starlette import require_jwt as starlette_guard
from jwks_auth_flask import JWKSAuth
from jwks_auth_flask import require_jwt as flask_guard

OURS = FakeIssuer("https://login.acme.example/")
PARTNER = FakeIssuer("https://partner.example/")
MIDDLEWARE = "jwks_auth_django.middleware.JWTAuthenticationMiddleware"

Answer = int
Site = Callable[[Mapping[str, Any], Mapping[str, Any], str], int]
"""Settings, the route's options, a token; the status of the answer."""


def entry(issuer: FakeIssuer, **own: Any) -> dict[str, Any]:
    """One of ``ISSUERS``."""
    return {"ISSUER": issuer.issuer, "JWKS": issuer.jwks(), **own}


def two(**partner: Any) -> dict[str, Any]:
    """Our issuer, and a partner's with an audience of its own."""
    return {
        "AUDIENCE": ["api", "reports"],
        "ISSUERS": [entry(OURS), entry(PARTNER, **(partner or {"AUDIENCE": "feeds"}))],
        **ALLOWED,
    }


ALLOWED: dict[str, Any] = {}


def bearing(token: str) -> dict[str, str]:
    """A request's headers."""
    return {"Authorization": f"Bearer {token}"}


def core(settings: Mapping[str, Any], asked: Mapping[str, Any], token: str) -> int:
    """The face of all adapters."""
    authenticator = Authenticator(settings)
    try:
        authenticator.authenticate(Credentials([f"Bearer {token}"]), Requirement.of(**asked))
    except InvalidTokenError as error:
        return error.status
    return 200


def flask(settings: Mapping[str, Any], asked: Mapping[str, Any], token: str) -> int:
    """A decorated view."""
    app = Flask("site")
    app.testing = True
    app.config.update({f"JWKS_AUTH_{name}": value for name, value in settings.items()})
    JWKSAuth(app)
    app.add_url_rule("/", "root", flask_guard(**asked)(lambda: "in"))
    return app.test_client().get("/", headers=bearing(token)).status_code


def django(settings: Mapping[str, Any], asked: Mapping[str, Any], token: str) -> int:
    """A decorated view, without the middleware, which judges by the settings."""
    view = django_guard(**asked)(lambda request: HttpResponse("in"))
    with override_settings(JWKS_AUTH=dict(settings), MIDDLEWARE=[], ROOT_URLCONF=(path("", view),)):
        return Client().get("/", headers=bearing(token)).status_code


def django_drf(settings: Mapping[str, Any], asked: Mapping[str, Any], token: str) -> int:
    """DRF's class."""
    from rest_framework.response import Response
    from rest_framework.views import APIView

    from jwks_auth_django.rest_framework import JWTAuthentication

    own = type("Own", (JWTAuthentication,), {"audience": asked["audience"]})

    class View(APIView):
        """Guarded."""

        authentication_classes = (own,)

        def get(self, request: Any) -> Response:
            """Let in."""
            return Response("in")

    with override_settings(JWKS_AUTH=dict(settings), MIDDLEWARE=[], ROOT_URLCONF=(path("", View.as_view()),)):
        return Client().get("/", headers=bearing(token)).status_code


def fastapi(settings: Mapping[str, Any], asked: Mapping[str, Any], token: str) -> int:
    """A dependency."""
    app = FastAPI(dependencies=[Depends(JWTBearer(settings, **asked))])
    app.add_api_route("/", lambda: "in")
    return TestClient(app).get("/", headers=bearing(token)).status_code


def starlette(settings: Mapping[str, Any], asked: Mapping[str, Any], token: str) -> int:
    """A decorator with a backend of its own."""
    backend = JWTAuthenticationBackend(settings)
    endpoint = starlette_guard(**asked, backend=backend)(lambda request: PlainTextResponse("in"))
    return TestClient(Starlette(routes=[Route("/", endpoint)])).get("/", headers=bearing(token)).status_code


SITES: dict[str, Site] = {
    "core": core,
    "flask": flask,
    "django": django,
    "drf": django_drf,
    "fastapi": fastapi,
    "starlette": starlette,
}
NAMING = {name: site for name, site in SITES.items() if name not in ("drf", "fastapi")}
"""Those whose guards take ``issuer=``."""


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
@pytest.mark.parametrize("asked", ["reports", ["reports", "feeds-too"], ["api", "reports"]], ids=str)
def test_a_partner_s_token_enters_no_route_meant_for_another_issuer(site: Site, asked: Any) -> None:
    """It says the route's audience itself, which our issuer would have checked; ours, the control, gets in."""
    assert site(two(), {"audience": asked}, PARTNER.token(aud="reports")) == 401
    assert site(two(), {"audience": asked}, OURS.token(aud="reports")) == 200


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_an_audience_that_the_service_shares_is_replaced_still(site: Site) -> None:
    """It is no issuer's own, so a route may be for another name; the partner's tokens never are."""
    assert site(two(), {"audience": "elsewhere"}, OURS.token(aud="elsewhere")) == 200
    assert site(two(), {"audience": "elsewhere"}, PARTNER.token(aud="elsewhere")) == 401


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_any_audience_of_a_route_is_no_wider(site: Site) -> None:
    """Whatever a route takes, a partner's token is for what the partner is trusted for."""
    asked = {"audience": ANY_AUDIENCE}
    assert site(two(), asked, PARTNER.token(aud="reports")) == 401
    assert site(two(), asked, PARTNER.token(aud="feeds")) == 200
    assert site(two(), asked, OURS.token(aud="anything")) == 200


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_a_route_may_narrow_what_a_partner_is_trusted_for(site: Site) -> None:
    """The part of a route's audience that is the partner's own counts."""
    settings = two(AUDIENCE=["feeds", "news"])
    asked = {"audience": ["feeds", "reports"]}
    assert site(settings, asked, PARTNER.token(aud="feeds")) == 200
    assert site(settings, asked, PARTNER.token(aud="news")) == 401
    assert site(settings, asked, PARTNER.token(aud=["news", "reports"])) == 401


@pytest.mark.parametrize("site", NAMING.values(), ids=NAMING)
def test_a_route_that_names_the_issuer_may_say_its_audience(site: Site) -> None:
    """Who writes ``issuer=`` has thought of whose tokens these are; nobody else's get in."""
    asked = {"audience": "reports", "issuer": PARTNER.issuer}
    assert site(two(), asked, PARTNER.token(aud="reports")) == 200
    assert site(two(), asked, PARTNER.token(aud="feeds")) == 401
    assert site(two(), asked, OURS.token(aud="reports")) == 401


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_an_audience_of_one_issuer_alone_is_replaced(site: Site) -> None:
    """With one issuer nothing changes, wherever its audience was said."""
    for settings in (
        {"AUDIENCE": "api", "ISSUER": OURS.issuer, "JWKS": OURS.jwks(), **ALLOWED},
        {"ISSUERS": [entry(OURS, AUDIENCE="api")], **ALLOWED},
    ):
        assert site(settings, {"audience": "reports"}, OURS.token(aud="reports")) == 200
        assert site(settings, {"audience": "reports"}, OURS.token(aud="api")) == 401


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_an_issuer_trusted_for_any_audience_is_narrowed(site: Site) -> None:
    """``ANY_AUDIENCE`` of an issuer's own bounds nothing."""
    settings = two(AUDIENCE=ANY_AUDIENCE)
    assert site(settings, {"audience": "reports"}, PARTNER.token(aud="reports")) == 200
    assert site(settings, {"audience": "reports"}, PARTNER.token(aud="feeds")) == 401


def each_its_own() -> dict[str, Any]:
    """Two issuers with audiences of their own, so that some routes fit neither."""
    return {"ISSUERS": [entry(OURS, AUDIENCE="api"), entry(PARTNER, AUDIENCE="feeds")], **ALLOWED}


MISTAKE = r"audience: found .* each issuer has an audience of its own"


def test_an_audience_that_fits_no_issuer_is_refused_where_it_is_declared() -> None:
    """At construction in FastAPI, at decoration in Starlette, at protection in Flask, by a check in Django."""
    settings = each_its_own()
    with pytest.raises(ConfigurationError, match=MISTAKE):
        JWTBearer(settings, audience="reports")
    with pytest.raises(ConfigurationError, match=MISTAKE):
        starlette_guard(audience="reports", backend=JWTAuthenticationBackend(settings))
    app, auth = Flask("site"), JWKSAuth()
    app.testing = True
    app.config.update({f"JWKS_AUTH_{name}": value for name, value in settings.items()})
    auth.protect(app, audience="reports")  # before init_app: nobody knows yet
    auth.init_app(app)
    with pytest.raises(ConfigurationError, match=MISTAKE):
        auth.protect(app, audience="reports")
    auth.protect(app, audience="feeds")
    JWTBearer(settings, audience=["api", "reports"])


@pytest.mark.parametrize("asked", [{"audience": "reports"}, {"audience": "api"}], ids=str)
def test_an_audience_that_fits_no_issuer_is_an_error_of_django_s_check(asked: dict[str, Any]) -> None:
    """Decorators, DRF's classes and Ninja's; the control is an audience of one of them."""
    from ninja import NinjaAPI
    from rest_framework.views import APIView

    from jwks_auth_django.ninja import JWTBearer as NinjaBearer
    from jwks_auth_django.rest_framework import JWTAuthentication

    own = type("Own", (JWTAuthentication,), asked)
    api = NinjaAPI(auth=NinjaBearer(**asked), urls_namespace=f"seams-{asked['audience']}")
    api.get("/")(lambda request: "in")
    urls = (
        path("view", django_guard(**asked)(lambda request: HttpResponse())),
        path("drf", type("View", (APIView,), {"authentication_classes": [own]}).as_view()),
        path("ninja/", api.urls),
    )
    with override_settings(JWKS_AUTH=each_its_own(), MIDDLEWARE=[], ROOT_URLCONF=urls):
        found = [message.id for message in check_views()]
    assert found == ([] if asked["audience"] == "api" else ["jwks_auth_django.E013"] * 3)


def test_a_route_that_fits_no_issuer_serves_nobody() -> None:
    """Where a guard is declared before its settings are known, the first request is told, whatever it carries."""
    for site in (core, flask, django):
        for token in (OURS.token(aud="reports"), "junk"):
            with pytest.raises(ConfigurationError, match=MISTAKE):
                site(each_its_own(), {"audience": "reports"}, token)


def verifier(**options: Any) -> TokenVerifier:
    """Two issuers, one with an audience of its own."""
    issuers = [
        Issuer(OURS.issuer, jwks=OURS.jwks()),
        Issuer(PARTNER.issuer, jwks=PARTNER.jwks(), audience="feeds"),
    ]
    return TokenVerifier(issuers, "api", **options)


async def test_the_audience_of_one_call_widens_nothing() -> None:
    """``verify(raw, audience=...)``, sync and async, and ``explain``; our own issuer's is replaced, as ever."""
    judge = verifier()
    for audience in ("reports", ANY_AUDIENCE):
        with pytest.raises(InvalidTokenError) as refused:
            judge.verify(PARTNER.token(aud="reports"), audience=audience)
        assert refused.value.code == "wrong_audience"
        with pytest.raises(InvalidTokenError):
            await judge.averify(PARTNER.token(aud="reports"), audience=audience)
        failed = judge.explain(PARTNER.token(aud="reports"), audience=audience).failed
        assert failed is not None
        assert failed.code == "wrong_audience"
        assert judge.verify(OURS.token(aud="reports"), audience=audience).subject
        assert (await judge.averify(OURS.token(aud="reports"), audience=audience)).subject


async def test_a_call_for_an_audience_of_no_issuer_is_a_mistake() -> None:
    """Whatever the token; the control is for an audience of one."""
    judge = Authenticator(each_its_own()).verifier
    with pytest.raises(ConfigurationError, match=MISTAKE):
        judge.verify("junk", audience="reports")
    with pytest.raises(ConfigurationError, match=MISTAKE):
        await judge.averify("junk", audience="reports")
    assert judge.verify(PARTNER.token(aud="feeds"), audience=["feeds", "reports"]).subject


@pytest.mark.parametrize("beside", [[], ["https://login.acme.example/"]], ids=["alone", "beside"])
def test_a_tenant_s_own_audience_is_kept_too(beside: list[str]) -> None:
    """Which tenants there are is not known beforehand, so that no route is a mistake; a tenant without one is free."""
    own = Issuer(PARTNER.issuer, jwks=PARTNER.jwks(), audience="feeds")
    none = Issuer(OURS.issuer, jwks=OURS.jwks())
    by_name = {own.issuer: own, none.issuer: none}
    listed = [by_name.pop(name) for name in beside]
    tenants = Tenants(by_name.get, hosts=["partner.example", "login.acme.example"])
    judge = TokenVerifier(listed, "api", tenants=tenants)
    with pytest.raises(InvalidTokenError) as refused:
        judge.verify(PARTNER.token(aud="reports"), audience="reports")
    assert refused.value.code == "wrong_audience"
    assert judge.verify(PARTNER.token(aud="feeds"), audience=["reports", "feeds"]).subject
    assert judge.verify(OURS.token(aud="reports"), audience="reports").subject


NAMED = Requirement.of(audience="reports", issuer=PARTNER.issuer)
WIDER = Requirement.of(audience="reports")
OWN = Requirement()


@pytest.mark.parametrize("first", [OWN, NAMED], ids=["middleware", "named"])
async def test_what_one_guard_let_in_another_judges_anew(first: Requirement) -> None:
    """The memo spares the signature, not the audience; in both orders, sync and async."""
    authenticator = Authenticator(two())
    aud = "feeds" if first is OWN else "reports"
    sent = Credentials([f"Bearer {PARTNER.token(aud=aud)}"])
    assert authenticator.authenticate(sent, first)
    for second in {OWN, NAMED, WIDER} - {first}:
        with pytest.raises(InvalidTokenError) as refused:
            authenticator.authenticate(sent, second)
        assert refused.value.code == "wrong_audience"
        with pytest.raises(InvalidTokenError):
            await authenticator.aauthenticate(sent, second)
    assert await authenticator.aauthenticate(sent, first)


def test_starlette_s_middleware_and_a_wider_route() -> None:
    """The middleware lets a partner's token in by its own audience; the route behind it asks for another."""
    backend = JWTAuthenticationBackend(two())
    routes = [
        Route("/reports", starlette_guard(audience="reports")(lambda request: PlainTextResponse("in"))),
        Route("/feeds", starlette_guard(audience="feeds")(lambda request: PlainTextResponse("in"))),
    ]
    around = [Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)]
    client = TestClient(Starlette(routes=routes, middleware=around))
    both = bearing(PARTNER.token(aud=["feeds", "reports"]))
    assert client.get("/reports", headers=both).status_code == 401
    assert client.get("/feeds", headers=both).status_code == 200


def test_django_s_middleware_and_a_wider_route() -> None:
    """As in Starlette; an audience that the middleware would not let through is a mistake as ever."""
    urls = (
        path("reports", django_guard(audience="reports")(lambda request: HttpResponse())),
        path("feeds", django_guard(audience="feeds")(lambda request: HttpResponse())),
    )
    both = bearing(PARTNER.token(aud=["feeds", "reports"]))
    with override_settings(JWKS_AUTH=two(), MIDDLEWARE=[MIDDLEWARE], ROOT_URLCONF=urls):
        assert Client().get("/reports", headers=both).status_code == 401
        assert Client().get("/feeds", headers=both).status_code == 200
        wrong = django_guard(audience="others")(lambda request: HttpResponse())
        with pytest.raises(ImproperlyConfigured):
            wrong(RequestFactory().get("/", headers=both))
