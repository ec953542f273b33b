"""JWKS_AUTH["APIS"]: several APIs in one project, each judged by settings of its own."""

from __future__ import annotations

import asyncio
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.decorators import login_required
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client, override_settings
from django.urls import include, path
from django.views import View
from ninja import NinjaAPI
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from jwks_auth import ConfigurationError, Issuer
from jwks_auth.adapters import Settings
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import RequireJWTMixin, require_jwt
from jwks_auth_django.conf import project as project_in_force
from jwks_auth_django.ninja import JWTBearer
from jwks_auth_django.rest_framework import HasScopes, JWTAuthentication
from jwks_auth_django.test import JWTClient, trust_fake_issuer
from tests.django_site import settings as site
from tests.django_site.asgi_client import call

ADMIN = {"/admin-api/": {"AUDIENCE": "admin-api"}}


def named(request: HttpRequest) -> HttpResponse:
    """Say who asks."""
    return JsonResponse({"user": request.user.get_username(), "token": str(bool(request.token))})


async def anamed(request: HttpRequest) -> HttpResponse:
    """Say so on a loop."""
    return JsonResponse({"user": (await request.auser()).get_username(), "token": str(bool(request.token))})


class AdminAuthentication(JWTAuthentication):
    """DRF, by the settings of an API."""

    api = "/admin-api/"


class Report(APIView):
    """DRF, by the settings that the request chooses."""

    permission_classes = [IsAuthenticated, HasScopes("reports")]

    def get(self, request: Any) -> Response:
        """Read."""
        return Response({"user": request.user.get_username(), "token": str(bool(request.auth))})


class AdminReport(Report):
    """DRF, by the guard's."""

    authentication_classes = [AdminAuthentication]


class AdminClass(RequireJWTMixin, View):
    """A class by the guard's."""

    jwt = {"api": "/admin-api/"}
    get = staticmethod(named)


def ninja() -> NinjaAPI:
    """Ninja, by the settings that the request chooses, and by the guard's."""
    api = NinjaAPI(urls_namespace="apis", docs_url=None, openapi_url=None)

    @api.get("/chosen", auth=JWTBearer())
    def chosen(request: HttpRequest) -> dict[str, str]:
        return {"user": request.user.get_username()}

    @api.get("/named", auth=JWTBearer(api="/admin-api/"))
    async def by_name(request: HttpRequest) -> dict[str, str]:
        return {"user": request.user.get_username()}

    return api


def urls() -> tuple[Any, ...]:
    """The same views at the top and below a prefix."""
    views = [
        path("login", login_required(named)),
        path("guarded", require_jwt(named)),
        path("aguarded", require_jwt(anamed)),
        path("report", Report.as_view()),
    ]
    return (
        *views,
        path("admin-api/", include(views)),
        path("admin-apix/guarded", require_jwt(named)),
        path("admin-api", require_jwt(named)),
        path("by-name/guarded", require_jwt(api="/admin-api/")(named)),
        path("by-name/aguarded", require_jwt(api="/admin-api/")(anamed)),
        path("by-name/class", AdminClass.as_view()),
        path("by-name/report", AdminReport.as_view()),
        path("ninja/", ninja().urls),
    )


def status(server: str, target: str, headers: dict[str, str], host: str | None = None) -> int:
    """The answer's status."""
    sent = {**headers, **({"Host": host} if host else {})}
    if server == "ASGI":
        return asyncio.run(call(ASGIHandler(), "GET", target, list(sent.items()))).status
    return Client().get(target, headers=sent).status_code


TOP = ["/guarded", "/aguarded", "/report", "/admin-apix/guarded", "/ninja/chosen"]
BELOW = ["/admin-api/guarded", "/admin-api/aguarded", "/admin-api/report", "/admin-api"]
BY_NAME = ["/by-name/guarded", "/by-name/aguarded", "/by-name/class", "/by-name/report", "/ninja/named"]


@pytest.mark.parametrize("server", ["WSGI", "ASGI"])
@pytest.mark.parametrize(
    "stack", [site.WITH_MIDDLEWARE, site.WITHOUT_MIDDLEWARE], ids=["middleware", "alone"]
)
def test_a_token_for_another_api_is_refused(
    project: Any, issuer: FakeIssuer, server: str, stack: list[str]
) -> None:
    """Below a prefix its audience counts alone, above it the top level's, and a guard may name either."""
    project(APIS=ADMIN, MIDDLEWARE=stack)
    by_name = BY_NAME if stack is site.WITHOUT_MIDDLEWARE else []  # the middleware judges by the path
    with override_settings(ROOT_URLCONF=urls()):
        top = issuer.headers(scope="reports", aud="api")
        below = issuer.headers(scope="reports", aud="admin-api")
        assert {target: status(server, target, top) for target in TOP} == dict.fromkeys(TOP, 200)
        assert {target: status(server, target, below) for target in TOP} == dict.fromkeys(TOP, 401)
        inside = [*BELOW, *by_name]
        assert {target: status(server, target, below) for target in inside} == dict.fromkeys(inside, 200)
        assert {target: status(server, target, top) for target in inside} == dict.fromkeys(inside, 401)


def test_an_admin_token_opens_no_page_of_the_shop(project: Any, issuer: FakeIssuer) -> None:
    """The attack that one AUDIENCE for both allows, beside a page that the token is for."""
    project(APIS=ADMIN, MIDDLEWARE=site.WITH_MIDDLEWARE)
    with override_settings(ROOT_URLCONF=urls()):
        admin = issuer.headers(aud="admin-api")
        assert status("WSGI", "/login", admin) == 401
        assert status("WSGI", "/admin-api/login", admin) == 200


def test_the_longest_prefix_counts(project: Any, issuer: FakeIssuer) -> None:
    """Whole segments, in any order of the settings."""
    apis = {"/a": {"AUDIENCE": "a"}, "/a/b/c/": {"AUDIENCE": "abc"}, "/a/b": {"AUDIENCE": "ab"}}
    project(APIS=apis)
    at = project_in_force().keys.at
    found = [
        at(each) for each in ("/a", "/a/", "/a/b", "/a/b/", "/a/bc", "/a/b/c", "/a/b/c/d", "/ab", "/", "/A")
    ]
    assert found == ["/a", "/a", "/a/b", "/a/b", "/a", "/a/b/c/", "/a/b/c/", None, None, None]


def test_what_is_remembered_is_remembered_for_each_api(issuer: FakeIssuer) -> None:
    """A guard that names an API verifies again, and its user is the request's within it."""
    seen: list[str] = []

    @require_jwt
    @require_jwt(api="/admin-api/")
    def view(request: HttpRequest) -> HttpResponse:
        seen.append(type(request.user).__name__)
        return HttpResponse(request.token.subject)

    both = issuer.settings(audience=["api", "admin-api"])
    users = {"STORE": "tests.adapters.django.test_apis.administrator"}
    given = {**both, "APIS": {"/admin-api/": {"USER": users}}}
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=(path("x", view),), MIDDLEWARE=site.WITH_MIDDLEWARE):
        assert Client().get("/x", headers=issuer.headers(sub="u1")).status_code == 200
    assert seen == ["Administrator"]


def test_two_guards_by_turns(project: Any, issuer: FakeIssuer) -> None:
    """One by name around one that the request chooses: each finds what it has judged before."""

    @require_jwt(api="/admin-api/")
    @require_jwt
    @require_jwt(api="/admin-api/")
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.token.subject)

    project({"/x": view}, audience=["api", "admin-api"], APIS=ADMIN, MIDDLEWARE=site.WITH_MIDDLEWARE)
    both = issuer.headers(aud=["api", "admin-api"])
    assert Client().get("/x", headers=both).status_code == 200
    assert Client().get("/x", headers=issuer.headers(aud="api")).status_code == 401


def test_checks_of_hosts_find_nothing(issuer: FakeIssuer) -> None:
    """Any host may have any route, and a guard that names one is in nobody's way."""
    views = (path("x", require_jwt(named)), path("y", require_jwt(api="b.example")(named)))
    given = {**issuer.settings("api"), "APIS": HOSTS}
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=views, MIDDLEWARE=site.WITH_MIDDLEWARE):
        assert [each for each in run_checks() if str(each.id).startswith("jwks_auth_django.")] == []


def test_a_guard_may_name_the_api_of_its_path(project: Any) -> None:
    """It says twice what holds."""
    project(
        {"/admin-api/x": require_jwt(api="/admin-api/")(named)}, APIS=ADMIN, MIDDLEWARE=site.WITH_MIDDLEWARE
    )
    assert [each for each in run_checks() if str(each.id).startswith("jwks_auth_django.")] == []


class Administrator:
    """A user of the admin's API."""

    is_active = is_authenticated = True


def administrator(request: HttpRequest, token: Any) -> Administrator:
    """Return the user of any token."""
    return Administrator()


HOSTS = {"b.example": {"ISSUER": "https://b.example/", "AUDIENCE": "b"}, "[::1]": {"AUDIENCE": "six"}}


@pytest.mark.parametrize("server", ["WSGI", "ASGI"])
@pytest.mark.parametrize(
    "stack", [site.WITH_MIDDLEWARE, site.WITHOUT_MIDDLEWARE], ids=["middleware", "alone"]
)
def test_hosts_have_issuers_of_their_own(issuer: FakeIssuer, server: str, stack: list[str]) -> None:
    """Without its port, in any case, with the final dot that DNS allows; another host is the top level's."""
    other = FakeIssuer("https://b.example/")
    apis = {**HOSTS, "b.example": {**HOSTS["b.example"], **other.settings("b")}}
    views = (path("x", require_jwt(named)), path("ax", require_jwt(anamed)))
    given = {**issuer.settings("api"), "APIS": apis}
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=views, MIDDLEWARE=stack):
        ours, theirs = issuer.headers(), other.headers()
        for target in ("/x", "/ax"):
            for host in ("b.example", "B.Example:8443", "b.example."):
                assert status(server, target, theirs, host) == 200
                assert status(server, target, ours, host) == 401
            assert status(server, target, ours, "a.example") == 200
            assert status(server, target, theirs, "a.example") == 401
            assert status(server, target, issuer.headers(aud="six"), "[::1]:80") == 200


@pytest.mark.parametrize("host", ["b.example/x", "b example", "ä.example", "", "@", "b.example:x", "\x00"])
@pytest.mark.parametrize("server", ["WSGI", "ASGI"])
def test_a_host_of_any_shape_is_no_error(issuer: FakeIssuer, host: str, server: str) -> None:
    """One that Django refuses is answered with 400, and none with 500."""
    views = (path("x", require_jwt(named)),)
    given = {**issuer.settings("api"), "APIS": {"b.example": {"AUDIENCE": "b"}}}
    with override_settings(
        JWKS_AUTH=given, ROOT_URLCONF=views, ALLOWED_HOSTS=["testserver", ".example"], DEBUG=False
    ):
        if server == "ASGI" and host == "ä.example":
            host = "\xe4.example"
        assert status(server, "/x", issuer.headers(), host) in (200, 400)
        assert status(server, "/x", issuer.headers(), "evil.test") == 400


def by_header(request: HttpRequest) -> Any:
    """Choose by a header of the request's."""
    found = request.headers.get("X-Api")
    return {"admin": "/admin-api/", "wrong": "/nowhere/", "odd": 7, "list": ["/admin-api/"]}.get(found or "")


async def by_loop(request: HttpRequest) -> Any:
    """Choose too late."""


def test_a_function_decides_first(project: Any, issuer: FakeIssuer) -> None:
    """Before the paths, which decide where it does not."""
    project(
        APIS=ADMIN, FOR_REQUEST="tests.adapters.django.test_apis.by_header", MIDDLEWARE=site.WITH_MIDDLEWARE
    )
    with override_settings(ROOT_URLCONF=urls()):
        admin = issuer.headers(aud="admin-api")
        assert status("WSGI", "/guarded", {**admin, "X-Api": "admin"}) == 200
        assert status("WSGI", "/guarded", admin) == 401
        assert status("WSGI", "/admin-api/guarded", admin) == 200
        for wrong in ("wrong", "odd", "list"):
            with pytest.raises(ImproperlyConfigured, match=r"FOR_REQUEST.*expected a key of"):
                status("WSGI", "/guarded", {**admin, "X-Api": wrong})


def test_each_has_a_document_of_its_own(project: Any) -> None:
    """A RESOURCE is not inherited, is its API's audience, and is served and named by its challenges."""
    own = {"RESOURCE": "https://api.example/admin-api", "RESOURCE_NAME": "Admin"}
    project(
        {
            "/guarded": require_jwt(named),
            "/admin-api/guarded": require_jwt(named),
            "/b/guarded": require_jwt(named),
        },
        RESOURCE="https://api.example/shop",
        RESOURCE_NAME="Shop",
        APIS={"/admin-api/": own, "/b/": {"AUDIENCE": "b"}},
        MIDDLEWARE=site.WITH_MIDDLEWARE,
    )
    place = "/.well-known/oauth-protected-resource"
    assert Client().get(f"{place}/shop").json()["resource_name"] == "Shop"
    assert Client().get(f"{place}/admin-api").json()["resource"] == own["RESOURCE"]
    assert Client().get(f"{place}/b").status_code == 404
    told = {
        name: Client().get(f"{name}/guarded").headers["WWW-Authenticate"] for name in ("", "/admin-api", "/b")
    }
    assert f'resource_metadata="https://api.example{place}/shop"' in told[""]
    assert f'resource_metadata="https://api.example{place}/admin-api"' in told["/admin-api"]
    assert "resource_metadata" not in told["/b"]
    assert project_in_force().apis["/admin-api/"].authenticator.accepts((own["RESOURCE"],))
    assert not project_in_force().apis["/admin-api/"].authenticator.accepts(("api",))


def test_hosts_have_documents_at_the_same_path(issuer: FakeIssuer) -> None:
    """The host tells whose it is; one without a RESOURCE has none."""
    apis = {
        "b.example": {"RESOURCE": "https://b.example/", "AUDIENCE": "b"},
        "c.example": {"AUDIENCE": "c"},
    }
    given = {**issuer.settings("api"), "RESOURCE": "https://a.example/", "APIS": apis}
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=(), MIDDLEWARE=site.WITH_MIDDLEWARE):
        place = "/.well-known/oauth-protected-resource"
        found = {
            each: Client().get(place, headers={"Host": each})
            for each in ("a.example", "b.example", "c.example")
        }
        assert found["a.example"].json()["resource"] == "https://a.example/"
        assert found["b.example"].json()["resource"] == "https://b.example/"
        assert found["c.example"].status_code == 404


TWO = {"ISSUERS": ["https://one.example/", {"ISSUER": "https://two.example/", "AUDIENCE": "two"}]}
OBJECT = {"ISSUERS": [Issuer("https://two.example/", audience="two")]}


@pytest.mark.parametrize(
    ("top", "own", "told"),
    [
        ({}, {"ISSUER": "https://b.example/"}, "AUDIENCE"),
        ({}, {"JWKS_URI": "https://b.example/keys", "AUDIENCE": "b"}, "ISSUER"),
        ({}, {"LEEWAY": "soon"}, "LEEWAY"),
        ({}, {"APIS": {}}, "APIS"),
        ({}, {"FOR_REQUEST": "x.y"}, "FOR_REQUEST"),
        ({}, {"AUDIENSE": "x"}, "AUDIENSE"),
        ({}, {"USER": {"STORE": "nowhere.at.all"}}, "STORE"),
        ({}, {"RESOURCE": "/admin"}, "RESOURCE"),
        (TWO, {"AUDIENCE": "admin"}, "AUDIENCE"),
        (TWO, {"RESOURCE": "https://api.example/admin"}, "AUDIENCE"),
        (OBJECT, {"AUDIENCE": "admin"}, "AUDIENCE"),
        ({"VERIFIER": "tests.seams.test_verifier_setting.built"}, {"AUDIENCE": "admin"}, "VERIFIER"),
    ],
)
def test_a_wrong_entry_is_named(issuer: FakeIssuer, top: Any, own: dict[str, Any], told: str) -> None:
    """By its key and setting, in a check and before the first request."""
    shared = issuer.settings("api") if not top else {**top, "AUDIENCE": "api"}
    given = {**shared, "APIS": {"/admin-api/": own}}
    if "VERIFIER" in top:
        given = {"VERIFIER": issuer_verifier(issuer), "APIS": {"/admin-api/": own}}
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=()):
        (found,) = [each for each in run_checks() if str(each.id).startswith("jwks_auth_django.E")]
        assert 'JWKS_AUTH["APIS"]["/admin-api/"]' in found.msg
        assert told in found.msg
        assert found.hint
        with pytest.raises(ImproperlyConfigured, match=told):
            project_in_force()


def issuer_verifier(issuer: FakeIssuer) -> Any:
    """A verifier that the project has made."""
    return Settings.from_mapping(issuer.settings()).verifier(in_tests=True)


@pytest.mark.parametrize(
    ("apis", "told"),
    [
        ([], "expected a dict"),
        ({"/a/": {}, "b.example": {}}, "found both"),
        ({"/": {}}, "for all other paths"),
        ({"": {}}, "no prefix of a path and no host"),
        ({7: {}}, "no prefix of a path and no host"),
        ({"/a/": "x"}, "expected a dict of settings"),
        ({"/a/": {}, "/a": {}}, "the same prefix"),
        ({"//a": {}}, "no prefix"),
        ({"/a/../b": {}}, "no prefix"),
        ({"/<str:x>/": {}}, "without patterns"),
        ({"/a%20b/": {}}, "no prefix"),
        ({"^a/": {}}, "no prefix"),
        ({"B.Example": {}}, "in lower case and without its port"),
        ({"b.example:443": {}}, "in lower case and without its port"),
        ({"https://b.example": {}}, "no host"),
        ({"*.example": {}}, "no host"),
        ({".example": {}}, "no host"),
    ],
)
def test_a_wrong_key_is_named(project: Any, apis: Any, told: str) -> None:
    """With what is expected, in a check and before the first request."""
    project(APIS=apis)
    (found,) = [each for each in run_checks() if str(each.id).startswith("jwks_auth_django.E")]
    assert (found.id, told in found.msg, bool(found.hint)) == ("jwks_auth_django.E021", True, True)
    with pytest.raises(ImproperlyConfigured, match=told):
        project_in_force()


def by_nothing() -> Any:
    """Take no request."""


@pytest.mark.parametrize(
    "function",
    [
        "no.such",
        "tests.adapters.django.test_apis.by_loop",
        "tests.adapters.django.test_apis.by_nothing",
        7,
    ],
)
def test_a_wrong_function_is_named(project: Any, function: Any) -> None:
    """One that is none, or can't be called here."""
    project(APIS=ADMIN, FOR_REQUEST=function)
    assert [each.id for each in run_checks() if "FOR_REQUEST" in each.msg] == ["jwks_auth_django.E021"]
    with pytest.raises(ImproperlyConfigured, match="FOR_REQUEST"):
        project_in_force()


def test_what_goes_together_is_inherited_together(issuer: FakeIssuer) -> None:
    """An API with an issuer of its own takes nothing of the other's, and the rest of the settings."""
    given = {
        **issuer.settings("api"),
        "ALGORITHMS": ["RS256"],
        "ROLES_CLAIM": "groups",
        "LEEWAY": 7,
        "REALM": "shop",
        "RESOURCE": "https://api.example/",
        "APIS": {
            "/same/": {"AUDIENCE": "same"},
            "/other/": {"ISSUER": "https://b.example/", "AUDIENCE": "b", "REALM": "b"},
            "/made/": {"VERIFIER": issuer_verifier(issuer)},
            "/none/": {"REALM": None},
        },
    }
    with override_settings(JWKS_AUTH=given):
        found = {key: each.authenticator for key, each in project_in_force().apis.items()}
    shared = {key: each.settings.shared for key, each in found.items()}
    assert shared["/same/"]["ROLES_CLAIM"] == project_in_force_roles(given)
    assert "ROLES_CLAIM" not in shared["/other/"]
    assert "ALGORITHMS" not in shared["/other/"]
    assert (shared["/other/"]["LEEWAY"], found["/other/"].realm) == (7, "b")
    assert (found["/same/"].realm, found["/made/"].realm, found["/none/"].realm) == ("shop", "shop", "shop")
    assert not any("RESOURCE" in each for each in shared.values())


def project_in_force_roles(given: Any) -> Any:
    """The top level's roles, as they are read."""
    with override_settings(JWKS_AUTH=given):
        return project_in_force().top.authenticator.settings.shared["ROLES_CLAIM"]


@pytest.mark.parametrize("api", ["", None, 7])
def test_an_api_is_a_key(api: Any) -> None:
    """Anything else is told where the guard is written."""
    with pytest.raises(ConfigurationError, match="api: found"):
        require_jwt(api=api)


def test_an_unknown_api_is_named(project: Any, issuer: FakeIssuer) -> None:
    """By a check, and to whoever starts the view."""
    project({"/x": require_jwt(api="/nowhere/")(named)}, APIS=ADMIN, MIDDLEWARE=site.WITHOUT_MIDDLEWARE)
    (found,) = [each for each in run_checks() if each.id == "jwks_auth_django.E022"]
    assert "'/nowhere/' is no key" in found.msg
    with pytest.raises(ImproperlyConfigured, match="'/admin-api/'"):
        Client().get("/x", headers=issuer.headers())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, 1),
        ({"AUDIENCE": ["api", "admin-api"]}, 0),
        ({"EXEMPT_PATHS": ["/x"]}, 0),
        ({"MIDDLEWARE": site.WITHOUT_MIDDLEWARE}, 0),
        ({"APIS": {"/admin-api/": {"ISSUER": "https://b.example/", "AUDIENCE": "api"}}}, 1),
        ({"FOR_REQUEST": "tests.adapters.django.test_apis.by_header"}, 0),
        ({"APIS": {"/admin-api/": {"AUDIENCE": "admin-api"}, "/x": {"AUDIENCE": "admin-api"}}}, 0),
    ],
)
def test_a_guard_that_the_middleware_contradicts(project: Any, given: dict[str, Any], told: int) -> None:
    """No token passes both, which a check says before anybody tries."""
    audience = given.pop("AUDIENCE", "api") if "AUDIENCE" in given else "api"
    settings = {"APIS": ADMIN, "MIDDLEWARE": site.WITH_MIDDLEWARE, **given}
    project({"/x": require_jwt(api="/admin-api/")(named)}, audience=audience, **settings)
    assert [each.id for each in run_checks()].count("jwks_auth_django.E023") == told


def test_routes_that_a_prefix_misses(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below a language, and where another URLconf has the same views; a guard that names its API is in no need."""
    import sys

    inner = [path("users", require_jwt(named)), path("report", Report.as_view())]
    other = ModuleType("public_urls_of_a_test")
    other.urlpatterns = [path("", include(inner)), path("own", require_jwt(lambda request: named(request)))]  # type: ignore[attr-defined]
    hosts = ModuleType("hosts_of_a_test")
    hosts.host_patterns = [SimpleNamespace(urlconf=other.__name__)]  # type: ignore[attr-defined]  # django-hosts'
    for module in (other, hosts):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    urls = (
        path("admin-api/", include(inner)),
        *i18n_patterns(
            path("admin-api/report", Report.as_view()),
            path("admin-api/named", require_jwt(api="/admin-api/")(named)),
            path("shop/", require_jwt(named)),
        ),
    )
    project(APIS=ADMIN, MIDDLEWARE=site.WITHOUT_MIDDLEWARE)
    for name, value in {
        "PUBLIC_SCHEMA_URLCONF": other.__name__,
        "TENANT_TYPES": {"tenant": {"URLCONF": other.__name__}},
        "SUBDOMAIN_URLCONFS": {"www": other.__name__, None: None},
        "ROOT_HOSTCONF": hosts.__name__,
    }.items():
        with override_settings(ROOT_URLCONF=urls, **{name: value}):
            told = [each.msg for each in run_checks() if each.id == "jwks_auth_django.E024"]
        assert len(told) == 3
        assert "'/admin-api/' misses /<language>/admin-api/report, because of i18n_patterns" in told[0]
        assert f"misses {other.__name__}: /users" in told[1]
        assert f"misses {other.__name__}: /report" in told[2]


def test_two_documents_in_one_place(project: Any) -> None:
    """One of them would never be served."""
    own = {"RESOURCE": "https://b.example/shop", "AUDIENCE": "b"}
    project(RESOURCE="https://a.example/shop", APIS={"/b/": own}, MIDDLEWARE=site.WITH_MIDDLEWARE)
    assert "jwks_auth_django.E025" in {each.id for each in run_checks()}


def test_required_below_a_prefix(project: Any) -> None:
    """Rules for paths are an entry's own, and the others' are not touched."""
    rules = {"REQUIRED": True, "PUBLIC_PATHS": ["/admin-api/ready"]}
    views = {each: (lambda request: HttpResponse()) for each in ("/x", "/admin-api/x", "/admin-api/ready")}
    project(views, APIS={"/admin-api/": rules}, MIDDLEWARE=site.WITH_MIDDLEWARE)
    assert [Client().get(each).status_code for each in views] == [200, 401, 200]
    from jwks_auth_django.routes import rows

    assert [row.guard for row in rows()] == [None, "REQUIRED", "public: PUBLIC_PATHS"]


def test_fake_issuers_of_all_apis() -> None:
    """trust_fake_issuer() replaces the keys of every entry; a client names the API that its token is for."""
    given = {
        "ISSUER": "https://a.example/",
        "AUDIENCE": "api",
        "APIS": {
            "/admin-api/": {"AUDIENCE": "admin-api"},
            "/b/": {"ISSUER": "https://b.example/", "AUDIENCE": "b"},
            "/r/": {"RESOURCE": "https://api.example/r"},
        },
    }
    targets = {None: "/x", "/admin-api/": "/admin-api/x", "/b/": "/b/x", "/r/": "/r/x"}
    views = tuple(path(each.lstrip("/"), require_jwt(named)) for each in targets.values())
    with (
        override_settings(JWKS_AUTH=given, ROOT_URLCONF=views, MIDDLEWARE=site.WITH_MIDDLEWARE),
        trust_fake_issuer() as issuer,
    ):
        assert issuer.issuer == "https://a.example/"
        for api in targets:
            client = JWTClient().with_token(api=api)
            statuses = {other: client.get(target).status_code for other, target in targets.items()}
            assert statuses == {other: 200 if other == api else 401 for other in targets}
