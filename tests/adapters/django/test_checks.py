"""manage.py check: one id for each mistake, with a hint; and the same mistakes at run time."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from django.apps import apps
from django.core.checks import INFO, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path
from ninja import NinjaAPI
from ninja.security import django_auth
from rest_framework.authentication import SessionAuthentication
from rest_framework.views import APIView

from jwks_auth import Issuer
from jwks_auth.adapters import Prefixes, Requirement, SealedStore
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.conf import DJANGO_SETTINGS, configuration
from jwks_auth_django.middleware import JWTAuthenticationMiddleware
from jwks_auth_django.ninja import JWTBearer
from jwks_auth_django.rest_framework import JWTAuthentication
from tests import tenant_directory
from tests.django_site import settings as site

ISSUER = "https://issuer.example/"
GOOD = {"ISSUER": ISSUER, "AUDIENCE": "api"}
DUMMY = {"dummy": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
OURS = "jwks_auth_django.middleware.JWTAuthenticationMiddleware"
BACKEND = "jwks_auth_django.backends.JWTAuthenticationBackend"
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


def found(*, deploy: bool = False, **settings: Any) -> list[tuple[str, str, str]]:
    """What our checks say under these settings: id, message, hint."""
    with override_settings(**{"ROOT_URLCONF": (), **settings}):
        messages = run_checks(include_deployment_checks=deploy)
    ours = [message for message in messages if message.id.startswith("jwks_auth_django.")]
    told = [(message.id.removeprefix("jwks_auth_django."), message.msg, message.hint) for message in ours]
    return [each for each in told if each[0] != "I001"]  # the checklist, which every deployment has


def test_the_checklist_is_shown_for_a_deployment() -> None:
    """One message with all items, which fails nothing; none where the settings are wrong, or without --deploy."""

    def lists(*, deploy: bool = True, **settings: Any) -> list[Any]:
        with override_settings(**{"ROOT_URLCONF": (), **settings}):
            messages = run_checks(include_deployment_checks=deploy)
        return [message for message in messages if message.id == "jwks_auth_django.I001"]

    [told] = lists(JWKS_AUTH=GOOD, DEBUG=True)
    assert not told.is_serious()
    assert told.level == INFO
    assert "    NOT OK  debug mode: is on" in told.msg
    assert "    judge   incidents: " in told.msg
    assert lists(JWKS_AUTH=GOOD, deploy=False) == lists(JWKS_AUTH={"ISSUER": 7}) == []


def test_good_settings_pass() -> None:
    """Nothing is said where nothing is wrong, neither here nor in a deployment."""
    assert found(JWKS_AUTH=GOOD) == found(JWKS_AUTH=GOOD, deploy=True) == []


WRONG = [
    ("E001", None, "JWKS_AUTH is missing", "ISSUER"),
    ("E001", "https://issuer.example/", "JWKS_AUTH is missing", "ISSUER"),
    ("E001", {"AUDIENCE": "api"}, 'JWKS_AUTH["ISSUER"] is missing', "iss claim"),
    ("E002", {"ISSUER": ISSUER}, 'JWKS_AUTH["AUDIENCE"] is missing', "aud claim"),
    ("E002", {"ISSUERS": [ISSUER, {"issuer": ISSUER + "b", "audience": "b"}]}, "is missing", "aud claim"),
    ("E002", {"TENANTS": tenant_directory.PATH}, 'JWKS_AUTH["AUDIENCE"] is missing', "aud claim"),
    ("E003", {**GOOD, "AUDIENSE": "x"}, 'JWKS_AUTH["AUDIENSE"] is not a setting', 'JWKS_AUTH["AUDIENCE"]?'),
    ("E003", {**GOOD, "EXEMPT": []}, "is not a setting", 'JWKS_AUTH["EXEMPT_PATHS"]?'),
    ("E003", {**GOOD, "ZZZ": 1}, "is not a setting", "known are"),
    ("E004", {**GOOD, "ALGORITHMS": ["RS256", "none"]}, "allows none", "Anybody could make such tokens"),
    ("E004", {**GOOD, "ALGORITHMS": "HS256 RS256"}, "allows HS256", "Anybody could make such tokens"),
    (
        "E005",
        {**GOOD, "USER": "database"},
        'JWKS_AUTH["USER"] is wrong: expected a dict',
        "docs/how-to/django/users.md",
    ),
    ("E005", {**GOOD, "USER": {"STORE": "no.such.path"}}, "dotted path, found 'no.such.path'", "docs"),
    ("E005", {**GOOD, "USER": {"STORE": "os.sep"}}, "os.sep is no UserResolver", "docs"),
    (
        "E005",
        {**GOOD, "USER": {"STORE": 7}},
        "expected 'token', 'database' or a dotted path, found 7",
        "docs",
    ),
    ("E005", {**GOOD, "USER": {"CREATE": True}}, 'JWKS_AUTH["USER"]["CREATE"] is not a setting', "docs"),
    ("E005", {**GOOD, "USER": {"STORE": "database", "CREAT": 1}}, 'did you mean JWKS_AUTH["USER"]', "docs"),
    ("E005", {**GOOD, "USER": {"STORE": "database", "CREATE": "maybe"}}, "expected true or false", "docs"),
    ("E005", {**GOOD, "USER": {"STORE": "database", "GROUPS": "all"}}, "expected one of mirror", "docs"),
    ("E005", {**GOOD, "USER": {"STORE": "database", "CLAIM_MAP": {"nick": "n"}}}, "no field 'nick'", "docs"),
    ("E005", {**GOOD, "USER": {"STORE": "database", "CLAIM_MAP": {"email": 1}}}, "dict of strings", "docs"),
    ("E006", {**GOOD, "CACHE": "nowhere"}, "JWKS_AUTH[\"CACHE\"] is 'nowhere'", "CACHES has default"),
    ("E007", {**GOOD, "LEEWAY": "soon"}, 'JWKS_AUTH["LEEWAY"]', "docs/reference/settings.md"),
    ("E011", {**GOOD, "LAZY": True}, 'JWKS_AUTH["LAZY"]: it is no setting any more', "Delete LAZY"),
    ("E011", {**GOOD, "LAZY": False}, "that nobody had verified", "Delete LAZY"),
    ("E011", {**GOOD, "LAZY": ""}, "leave LAZY out", "Delete LAZY"),
    ("E007", {**GOOD, "CHECK_ISSUER": ""}, 'JWKS_AUTH["CHECK_ISSUER"]: expected true or false', "docs"),
    ("E007", {**GOOD, "EXEMPT_PATHS": ""}, 'JWKS_AUTH["EXEMPT_PATHS"]: expected a list', "docs"),
    ("E006", {**GOOD, "CACHE": ""}, "JWKS_AUTH[\"CACHE\"] is ''", "CACHES has default"),
    (
        "E005",
        {**GOOD, "USER": ""},
        'JWKS_AUTH["USER"] is wrong: expected a dict',
        "docs/how-to/django/users.md",
    ),
    ("E005", {**GOOD, "USER": {"STORE": ""}}, "dotted path, found ''", "docs"),
    ("E004", {**GOOD, "ALGORITHMS": '["RS256", "HS256"]'}, "allows HS256", "Anybody could make such tokens"),
    ("E007", {**GOOD, "ALGORITHMS": "RS256,ES256"}, "found a comma", "docs"),
    ("E001", {"ISSUERS": "", "AUDIENCE": "api"}, "is missing", "iss claim"),
    ("E003", {**GOOD, "HEADER": "X-Token"}, 'JWKS_AUTH["HEADER"]', 'JWKS_AUTH["TOKEN_SOURCES"]'),
    (
        "E007",
        {**GOOD, "TOKEN_SOURCES": "header:"},
        'JWKS_AUTH["TOKEN_SOURCES"]: found',
        "docs/reference/settings.md",
    ),
    (
        "E007",
        {**GOOD, "TOKEN_SOURCES": ["cookie:a b"]},
        "can't be the name of a cookie",
        "docs/reference/settings.md",
    ),
    ("E007", {**GOOD, "TOKEN_SOURCES": ["Header"]}, "found 'Header'", "docs/reference/settings.md"),
    ("E007", {**GOOD, "AUTH_SCHEMES": ["DPoP"]}, 'JWKS_AUTH["AUTH_SCHEMES"]', "docs/reference/settings.md"),
    (
        "E007",
        {**GOOD, "COOKIE_ORIGINS": ["app.acme.dev"]},
        "expected an origin",
        "docs/reference/settings.md",
    ),
    ("E007", {**GOOD, "EXEMPT_PATHS": "health"}, 'JWKS_AUTH["EXEMPT_PATHS"]: expected a list', "docs"),
    ("E007", {**GOOD, "ISSUER": "http://issuer.example/"}, "https", "docs"),
    ("E007", {**GOOD, "PROVIDER": "okay"}, 'JWKS_AUTH["PROVIDER"]: found', "docs/reference/settings.md"),
    (
        "E007",
        {"PROVIDER": "google"},
        'JWKS_AUTH["AUDIENCE"] is missing: for provider google',
        "docs/reference/settings.md",
    ),
    (
        "E007",
        {"PROVIDER": "okta", "AUDIENCE": "api"},
        'JWKS_AUTH["ISSUER"] is missing: for provider okta',
        "docs",
    ),
    ("E007", {"ISSUERS": [{"PROVIDER": "google"}]}, 'JWKS_AUTH["AUDIENCE"] is missing: for provider', "docs"),
]


def test_a_providers_settings_pass() -> None:
    """An issuer, or an audience, that the provider does not need is not missed."""
    pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_A"
    cognito = Issuer(pool, provider="cognito", allowed_clients=["web"])
    for given in (
        {"PROVIDER": "google", "AUDIENCE": "client"},
        {"PROVIDER": "cognito", "ISSUER": pool, "ALLOWED_CLIENTS": ["web"]},
        {"ISSUERS": [{"PROVIDER": "google", "AUDIENCE": "client"}, cognito]},
    ):
        assert found(JWKS_AUTH=given) == []


@pytest.mark.parametrize(("name", "given", "message", "hint"), WRONG)
def test_wrong_settings(name: str, given: Any, message: str, hint: str) -> None:
    """The check names the setting and says what to do; a request says the same, and never a KeyError."""
    told = [each for each in found(JWKS_AUTH=given, DEBUG=True) if each[0].startswith("E")]
    assert [each[0] for each in told] == [name]
    assert message in told[0][1]
    assert hint in told[0][2]
    with (
        override_settings(JWKS_AUTH=given),
        pytest.raises(ImproperlyConfigured, match=r"JWKS_AUTH|CLAIM_MAP"),
    ):
        Client().get("/public")


WRITTEN = [
    {"EXEMPT_PATHS": "/health/ /metrics", "CHECK_ISSUER": "true", "USER": '{"STORE": "token"}'},
    {"EXEMPT_PATHS": '["/health/", "/metrics"]', "CHECK_ISSUER": "1", "USER": {"STORE": None}},
    {"EXEMPT_PATHS": ("/health/", "/metrics"), "CHECK_ISSUER": True, "USER": None},
]


@pytest.mark.parametrize("given", WRITTEN, ids=["environment", "JSON", "objects"])
def test_djangos_own_settings_are_written_as_the_shared_ones(given: dict[str, Any]) -> None:
    """As objects, or as the strings an environment gives: words, lists with spaces, JSON."""
    with override_settings(JWKS_AUTH={**GOOD, **given}):
        exempt = configuration().exempt_paths
        assert [exempt.cover(path) for path in ("/health/x", "/metrics", "/health")] == [True, True, False]
        assert configuration().check_issuer is True
    assert found(JWKS_AUTH={**GOOD, **given}) == []


def test_users_options_as_strings() -> None:
    """What a store of users is told may come from an environment too."""
    user = '{"STORE": "database", "CREATE": "no", "CLAIM_MAP": "{\\"email\\": \\"mail\\"}", "FLAGS": null}'
    assert found(JWKS_AUTH={**GOOD, "USER": user}) == []
    with override_settings(JWKS_AUTH={**GOOD, "USER": user}):
        assert configuration().users.create is False
    told = found(JWKS_AUTH={**GOOD, "USER": '{"STORE": '})
    assert [each[0] for each in told] == ["E005"]


def test_none_counts_as_not_given() -> None:
    """Each of Django's settings may be None, which is its default; so may one that is gone, or unknown."""
    given = {**GOOD, **dict.fromkeys(row.name for row in DJANGO_SETTINGS), "LAZY": None, "ZZZ": None}
    assert found(JWKS_AUTH=given) == []
    with override_settings(JWKS_AUTH=given):
        assert configuration().exempt_paths == Prefixes(())


def test_issuers_as_one_string() -> None:
    """Listed with spaces or as JSON, each issuer is looked at."""
    for issuers in ("http://a.example/ http://b.example/", '["http://a.example/", "http://b.example/"]'):
        given = {"ISSUERS": issuers, "AUDIENCE": "api", "ALLOW_HTTP": "true"}
        assert [each[0] for each in found(JWKS_AUTH=given, DEBUG=False)] == ["W001", "W001"]


class StoreOfOnesOwn:
    """Keeps nothing."""

    def get(self, name: str) -> None:
        """Nothing."""

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Nowhere."""

    def lease(self, name: str, ttl: float) -> bool:
        """Always."""
        return True


SECRET = {"STORE_SECRET": "at least sixteen bytes"}
STORES = ["redis://127.0.0.1:1/0", "file:/nowhere", StoreOfOnesOwn()]


@pytest.mark.parametrize("store", STORES, ids=["redis", "file", "object"])
def test_an_unsealed_store_that_others_write_to(store: Any) -> None:
    """Who can write to it can give keys: a warning, for a listed issuer's own store too; sealed it is well."""
    entry = {"ISSUER": ISSUER, "STORE": store}
    for given in ({**GOOD, "STORE": store}, {"ISSUERS": [ISSUER + "b", entry], "AUDIENCE": "api"}):
        (told,) = found(JWKS_AUTH=given)
        assert (told[0], "STORE_SECRET" in told[2]) == ("W006", True)
    assert found(JWKS_AUTH={**GOOD, "STORE": store, **SECRET}) == []
    assert found(JWKS_AUTH={"ISSUERS": [{**entry, **SECRET}], "AUDIENCE": "api"}) == []
    assert found(JWKS_AUTH={"ISSUERS": [entry], "AUDIENCE": "api", **SECRET}) == []
    assert found(JWKS_AUTH={**GOOD, "STORE": SealedStore(StoreOfOnesOwn(), SECRET["STORE_SECRET"])}) == []
    assert found(JWKS_AUTH={**GOOD, "CACHE": "default"}) == [], "sealed with SECRET_KEY"


def test_http_outside_of_debug() -> None:
    """Keys over plain http are worth a warning, but not in development."""
    given = {**GOOD, "ISSUER": "http://issuer.example/", "ALLOW_HTTP": True}
    (warning,) = found(JWKS_AUTH=given, DEBUG=False)
    assert (warning[0], "without TLS" in warning[1]) == ("W001", True)
    assert found(JWKS_AUTH=given, DEBUG=True) == []
    keys = "https://issuer.example/keys"
    assert found(JWKS_AUTH={**GOOD, "ISSUER": given["ISSUER"], "JWKS_URI": keys}, DEBUG=False) == [], "a name"
    plain = {**GOOD, "JWKS_URI": "http://issuer.example/keys", "ALLOW_HTTP": True}
    assert [each[0] for each in found(JWKS_AUTH=plain, DEBUG=False)] == ["W001"]


@pytest.mark.parametrize("match", [{"MATCH_EMAIL": True}, {"MATCH": {"username": "sub"}}])
def test_accounts_match_for_several_issuers(match: dict[str, Any]) -> None:
    """Each of them could sign in to any account, so those that may are named."""
    user = {"STORE": "database", **match}
    given = {"ISSUERS": [ISSUER, ISSUER + "b"], "AUDIENCE": "api"}
    ((code, told, *_),) = found(JWKS_AUTH={**given, "USER": user})
    assert (code, 'JWKS_AUTH["USER"]["MATCH_FROM"] is missing' in told) == ("E005", True)
    assert found(JWKS_AUTH={**given, "USER": {**user, "MATCH_FROM": [ISSUER]}}) == []
    assert found(JWKS_AUTH={**GOOD, "USER": user}) == []


def test_dummy_cache() -> None:
    """A cache that keeps nothing shares nothing."""
    assert [each[0] for each in found(JWKS_AUTH={**GOOD, "CACHE": "dummy"}, CACHES=DUMMY)] == ["W003"]
    assert found(JWKS_AUTH={**GOOD, "CACHE": "default"}) == []


@pytest.mark.parametrize(
    ("name", "backends", "middleware"),
    [
        ("E008", [MODEL_BACKEND], site.WITH_MIDDLEWARE),
        ("W004", [BACKEND], site.WITHOUT_MIDDLEWARE),
        ("W005", [BACKEND], [OURS, *site.WITHOUT_MIDDLEWARE]),
    ],
)
def test_installation(name: str, backends: list[str], middleware: list[str]) -> None:
    """Backend and middleware belong together, in an order that works."""
    told = found(JWKS_AUTH=GOOD, AUTHENTICATION_BACKENDS=backends, MIDDLEWARE=middleware)
    assert [each[0] for each in told] == [name]
    assert told[0][2]


def test_the_middleware_without_its_application() -> None:
    """Without the application no check would run, so the server does not start."""
    apps = [name for name in site.INSTALLED_APPS if name != "jwks_auth_django"]
    with (
        override_settings(INSTALLED_APPS=apps),
        pytest.raises(ImproperlyConfigured, match='add "jwks_auth_django" to INSTALLED_APPS'),
    ):
        JWTAuthenticationMiddleware(lambda request: HttpResponse())


def test_neither_is_a_choice_too() -> None:
    """DRF or Ninja alone need neither."""
    assert found(JWKS_AUTH=GOOD, AUTHENTICATION_BACKENDS=[MODEL_BACKEND], MIDDLEWARE=[]) == []


def test_paths_that_lead_nowhere_are_djangos_to_report() -> None:
    """A typo in MIDDLEWARE is not ours, and does not break our checks."""
    assert found(JWKS_AUTH=GOOD, MIDDLEWARE=["no.such.Middleware", *site.WITH_MIDDLEWARE]) == []


@pytest.mark.parametrize("middleware", [site.WITHOUT_MIDDLEWARE, site.WITH_MIDDLEWARE])
def test_tenants_by_their_path(middleware: list[str]) -> None:
    """``TENANTS`` and an audience are enough: no issuer is listed, and nothing is said about that."""
    given = {"TENANTS": tenant_directory.PATH, "AUDIENCE": ["api", "reports"]}
    assert found(JWKS_AUTH=given) == []

    @require_jwt(audience="api")
    def view(request: Any) -> HttpResponse:
        return HttpResponse(request.token.issuer)

    urls = (path("me", view),)
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=urls, MIDDLEWARE=middleware):
        for raw, status in tenant_directory.tokens().items():
            assert Client().get("/me", headers={"Authorization": f"Bearer {raw}"}).status_code == status


def test_a_views_audience(project: Any) -> None:
    """A view whose audience the middleware refuses is found before the first request."""
    project({"/reports": require_jwt(audience="reports")(lambda request: HttpResponse())})
    (message,) = [m for m in run_checks() if m.id == "jwks_auth_django.E009"]
    assert "/reports" in message.msg


def test_an_audience_in_ninja_and_drf(project: Any) -> None:
    """What ``auth`` or ``authentication_classes`` ask is looked at too; an authentication of another kind is left."""

    class Reports(JWTAuthentication):
        audience = "reports"

    class View(APIView):
        authentication_classes = (Reports, SessionAuthentication)

    api = NinjaAPI(urls_namespace="audience", docs_url=None)
    api.get("/n", auth=[JWTBearer(audience="reports"), JWTBearer(), django_auth])(lambda request: "in")
    elsewhere = View.as_view(authentication_classes=[JWTAuthentication])
    project({"/drf": View.as_view(), "/fine": elsewhere, "/ninja/": api.urls})
    told = [m.msg for m in run_checks() if m.id == "jwks_auth_django.E009"]
    assert [message.split(":")[0] for message in told] == ["The view at /drf", "The view at /ninja/n"]


def test_a_requirement_that_an_authentication_keeps_for_itself(project: Any) -> None:
    """One that is not made of a guard's options asks nothing of ours: the view is told of only with our own."""
    kept = {"requirement": Requirement.of(audience="reports")}
    own = type("Own", (SessionAuthentication,), kept)
    ours = type("Ours", (JWTAuthentication,), {"audience": "reports"})
    for classes, told in (([own], 0), ([own, ours], 1)):
        project({"/drf": APIView.as_view(authentication_classes=classes)})
        assert len([m for m in run_checks() if m.id == "jwks_auth_django.E009"]) == told


def test_what_an_api_inherits_is_told_once() -> None:
    """A mistake of the top level is not told again for each entry; an entry's own is, by its place."""
    own = {"ISSUER": "http://b.example/", "AUDIENCE": "b", "ALLOW_HTTP": True}
    given = {**GOOD, "ISSUER": "http://issuer.example/", "ALLOW_HTTP": True}
    given["APIS"] = {"/a/": {"REALM": "a"}, "/b/": own}
    told = [message for code, message, _ in found(JWKS_AUTH=given, DEBUG=False) if code == "W001"]
    assert [message.split()[0] for message in told] == ["http://issuer.example/", "http://b.example/"]


def test_deploy_reaches_the_issuer_when_asked() -> None:
    """check --deploy with CHECK_ISSUER fetches keys; without either it stays offline."""
    with FakeIssuer.serve() as issuer:
        asked = {**issuer.settings(), "CHECK_ISSUER": True}
        assert found(JWKS_AUTH=asked, deploy=True, DEBUG=True) == []
        assert issuer.requests[issuer.jwks_path] == 1
        with issuer.outage():
            (error,) = found(JWKS_AUTH=asked, deploy=True, DEBUG=True)
            assert (error[0], issuer.issuer in error[1]) == ("E010", True)
            assert found(JWKS_AUTH=asked, DEBUG=True) == []
            assert found(JWKS_AUTH=issuer.settings(), deploy=True, DEBUG=True) == []


def test_the_check_of_issuers_has_the_cause() -> None:
    """The innermost error, in words."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/keys"
    asked = {"ISSUER": "https://issuer.example", "AUDIENCE": "api", "JWKS_URI": url, "CHECK_ISSUER": True}
    [told] = [text for name, text, _ in found(JWKS_AUTH=asked, deploy=True, DEBUG=True) if name == "E010"]
    assert "connection refused: JWKS_URI names 127.0.0.1" in told


def test_settings_are_read_when_needed_and_anew(issuer: FakeIssuer) -> None:
    """override_settings takes effect at once, and its end too."""
    with override_settings(JWKS_AUTH={**issuer.settings(), "REALM": "one"}):
        assert configuration().authenticator.realm == "one"
        assert configuration() is configuration()
        with override_settings(JWKS_AUTH={**issuer.settings(), "REALM": "two"}, USE_TZ=False):
            assert configuration().authenticator.realm == "two"
        assert configuration().authenticator.realm == "one"


def test_a_deployment_that_is_not_configured_is_told_once() -> None:
    """The other checks leave it to the one on settings."""
    assert [each[0] for each in found(JWKS_AUTH=None, deploy=True)] == ["E001"]


def test_without_spectacular() -> None:
    """An application outside of any registry starts too: it has no drf-spectacular to look for."""
    from jwks_auth_django.apps import JWKSAuthConfig

    JWKSAuthConfig.create("jwks_auth_django").ready()


def test_ids_begin_with_the_apps_label() -> None:
    """As Django's own do, so that SILENCED_SYSTEM_CHECKS names the app that speaks."""
    with override_settings(JWKS_AUTH=None, ROOT_URLCONF=()):
        ids = [message.id for message in run_checks()]
    assert f"{apps.get_app_config('jwks_auth_django').label}.E001" in ids
    assert not [name for name in ids if name.startswith("jwks_auth.")]
