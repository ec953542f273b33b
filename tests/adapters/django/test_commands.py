"""manage.py jwks, and the route table."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required, login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path, re_path
from django.views import View
from ninja import NinjaAPI
from ninja.security import django_auth
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from jwks_auth.command import main
from jwks_auth.command.apps import place_of
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import RequireJWTMixin, public, require_jwt
from jwks_auth_django.command import place_of as place_of_project
from jwks_auth_django.management.commands.jwks import Command
from jwks_auth_django.ninja import JWTBearer
from jwks_auth_django.rest_framework import HasRole, HasScopes
from jwks_auth_django.routes import rows
from tests.command.programs import called

LOGIN = "django.contrib.auth.middleware.LoginRequiredMiddleware"


def jwks(*arguments: str, **options: Any) -> str:
    """What the command prints."""
    out = io.StringIO()
    try:
        call_command("jwks", *arguments, stdout=out, **options)
    except CommandError as error:
        return f"{out.getvalue()}failed: {error}"
    return out.getvalue()


def test_check_show_and_refresh() -> None:
    """Keys fetched, in hand, and fetched again; an outage fails."""
    with FakeIssuer.serve() as issuer, override_settings(JWKS_AUTH=issuer.settings()):
        assert f"key {issuer.kid}" in jwks("show")
        assert f"key {issuer.kid}" in jwks("check")
        kid = issuer.rotate()
        assert f"added: {kid}" in jwks("refresh")
    with FakeIssuer.serve() as issuer, override_settings(JWKS_AUTH=issuer.settings()), issuer.outage():
        assert "failed: " in jwks("check")


def test_verify_explains_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token as argument or from standard input: each step, and a failure for a refused one."""
    issuer = FakeIssuer()
    with override_settings(JWKS_AUTH=issuer.settings()):
        assert "failed" not in jwks("verify", issuer.token())
        assert "FAIL audience" in jwks("verify", issuer.token(aud="elsewhere"))
        monkeypatch.setattr("sys.stdin", io.StringIO(f"Bearer {issuer.token()}\n"))
        assert "failed" not in jwks("verify")


class Reports(ViewSet):
    """DRF's permissions, by action; one of its own asks nothing of tokens."""

    permission_classes = (IsAuthenticated, HasScopes, HasRole("ops"))
    required_scopes = {"list": ["reports:read"], "create": ["reports:write"]}

    def list(self, request: Any) -> HttpResponse:
        """Read."""
        return HttpResponse()

    def create(self, request: Any) -> HttpResponse:
        """Write."""
        return HttpResponse()


ACTIONS = {"get": "list", "post": "create"}


def order(request: HttpRequest, number: int) -> HttpResponse:
    """One order."""
    return HttpResponse()


class Routed:
    """Routes that ask for something, by path, by pattern and by name."""

    urlpatterns = (
        path("orders/<int:number>/", require_jwt(scopes="orders:read")(order), name="order"),
        path("api/", include(([path("reports/", Reports.as_view(ACTIONS), name="reports")], "api"))),
        path("open/", lambda request: HttpResponse()),
    )


@pytest.mark.parametrize(
    ("route", "method", "claims", "code"),
    [
        ("/orders/7/", "GET", {}, "insufficient_scope"),
        ("/orders/<int:number>/", "GET", {}, "insufficient_scope"),
        ("order", "GET", {}, "insufficient_scope"),
        ("order", "GET", {"scope": "orders:read"}, None),
        ("api:reports", "get", {"scope": "reports:read", "roles": ["ops"]}, None),
        ("api:reports", "get", {"scope": "reports:read"}, "insufficient_scope"),
        ("/api/reports/", "post", {"scope": "reports:read", "roles": ["ops"]}, "insufficient_scope"),
        ("/open/", "GET", {}, None),
    ],
)
def test_verify_asks_what_a_route_does(
    route: str, method: str, claims: dict[str, Any], code: str | None
) -> None:
    """A good token that a route refuses is explained as refused: guards, and DRF's permissions."""
    issuer = FakeIssuer()
    with override_settings(JWKS_AUTH=issuer.settings(), ROOT_URLCONF=Routed):
        told = jwks("verify", issuer.token(**claims), route=route, method=method)
    assert ("failed" in told) is (code is not None)
    assert (f"refused: {code}" in told) is (code is not None)


def test_verify_knows_no_other_route() -> None:
    """A path, pattern or name that is none is an error of the command's."""
    issuer = FakeIssuer()
    with override_settings(JWKS_AUTH=issuer.settings(), ROOT_URLCONF=Routed):
        for route in ("/nowhere/", "nobody", "reports"):
            assert "no route is, or has the name" in jwks("verify", issuer.token(), route=route)


def test_a_command_of_its_own_is_needed() -> None:
    """manage.py jwks alone says which there are."""
    with pytest.raises(CommandError, match="required"):
        call_command("jwks")


def view(request: HttpRequest) -> HttpResponse:
    """Anything."""
    return HttpResponse()


class Mixed(RequireJWTMixin, View):
    """Guarded by our mixin."""

    jwt = {"audience": "api"}
    get = post = view


class SignedIn(LoginRequiredMixin, View):
    """Guarded by Django's."""

    get = view


class Open(APIView):
    """DRF, for anybody."""

    permission_classes = [AllowAny]
    get = view


class Closed(APIView):
    """DRF, for scopes."""

    permission_classes = [IsAuthenticated, HasScopes("orders:read") | ~HasRole("guest")]
    get = view


class WithAdmin:
    """It bears the admin's mark, as what wraps the admin's views does."""

    admin_site = None
    __name__ = "admin"

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Anything."""
        return view(request)


def table(project: Any, **settings: Any) -> dict[tuple[str, str], str | None]:
    """Guards by path and method."""
    api = NinjaAPI(urls_namespace="routes", docs_url="docs", openapi_url="schema")
    api.get("/closed", auth=JWTBearer(scopes="a"))(view)
    api.post("/closed", auth=[JWTBearer(), django_auth])(view)
    api.delete("/closed")(view)
    urls = (
        path("bare", view),
        path("jwt", require_jwt(scopes="a")(require_jwt(view))),
        path("optional", require_jwt(optional=True)(view)),
        path("mixed", Mixed.as_view()),
        path("login", login_required(view)),
        path("mixin", SignedIn.as_view()),
        path("public", login_not_required(lambda request: view(request))),
        path("drf/", include([path("open", Open.as_view()), path("closed", Closed.as_view())])),
        path("ninja/", api.urls),
        path("admin", WithAdmin()),
        path("recursive", recursive()),
        path("password", AdminSite().admin_view(view)),
    )
    with override_settings(ROOT_URLCONF=urls, **settings):
        return {(row.path, row.methods): row.guard for row in rows()}


def recursive() -> Any:
    """A view that encloses itself, and a name that was never bound."""

    def again(request: HttpRequest) -> HttpResponse:
        return again(request) if request.GET else never

    if not again:
        never = again
    return again


def test_routes_and_their_guards(project: Any) -> None:
    """Every URL pattern, with what guards it; None where nothing does, and nothing says it is public."""
    assert table(project) == {
        ("/bare", "any"): None,
        ("/jwt", "any"): "require_jwt: token with scopes a and require_jwt: token",
        ("/optional", "any"): "require_jwt: token or none",
        ("/mixed", "GET POST"): "require_jwt: token for api",
        ("/login", "any"): "login_required",
        ("/mixin", "GET"): "LoginRequiredMixin",
        ("/public", "any"): "public: login_not_required",
        ("/drf/open", "GET"): None,
        ("/drf/closed", "GET"): "DRF: IsAuthenticated, (HasScopes('orders:read') OR NOT HasRole('guest'))",
        ("/ninja/", "any"): "public: API documentation",
        ("/ninja/schema", "any"): "public: API documentation",
        ("/ninja/docs", "any"): "public: API documentation",
        ("/ninja/closed", "GET"): "JWTBearer: token with scopes a",
        ("/ninja/closed", "POST"): "JWTBearer: token or SessionAuth",
        ("/ninja/closed", "DELETE"): None,
        ("/admin", "any"): None,
        ("/recursive", "any"): None,
        ("/password", "any"): "admin",
    }


def test_login_required_middleware_guards_the_rest(project: Any) -> None:
    """Where Django denies by default, a bare view is guarded."""
    guards = table(project, MIDDLEWARE=[LOGIN])
    assert guards["/bare", "any"] == guards["/ninja/docs", "any"] == "LoginRequiredMiddleware"


def test_fail_unprotected(project: Any) -> None:
    """Exits with 1 when something is open, with 0 when all is guarded or said to be public."""
    project({"/bare": view, "/jwt": require_jwt(view)})
    assert "UNPROTECTED" in jwks("routes")
    assert "failed: " not in jwks("routes")
    assert "failed: " in jwks("routes", fail_unprotected=True)
    project({"/jwt": require_jwt(view), "/public": login_not_required(lambda request: view(request))})
    assert "failed: " not in jwks("routes", fail_unprotected=True)


OUTSIDE = """
import os, sys
from django.core.management import execute_from_command_line
os.environ.pop("DJANGO_SETTINGS_MODULE", None)
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


@pytest.mark.parametrize(
    "arguments",
    [
        [
            "jwks",
            "routes",
            "--settings=tests.django_site.settings",
            "--verbosity",
            "2",
            "--traceback",
            "--skip-checks",
        ],
        ["jwks", "--settings=tests.django_site.settings", "routes", "-v0", "--no-color", "--skip-checks"],
        ["jwks", "routes", "--settings", "tests.django_site.settings", "--pythonpath", ".", "--skip-checks"],
    ],
    ids=["after", "before and after", "apart"],
)
def test_djangos_own_options_may_follow(arguments: list[str]) -> None:
    """As for any other command, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", OUTSIDE, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "/me" in done.stdout) == (0, True), done.stderr


def test_an_option_before_the_subcommand_stays() -> None:
    """The same option without a value after it undoes nothing."""
    parser = Command().create_parser("manage.py", "jwks")
    assert parser.parse_args(["--verbosity", "3", "--traceback", "routes"]).verbosity == 3
    assert parser.parse_args(["--traceback", "routes"]).traceback is True
    assert parser.parse_args(["routes", "-v", "2"]).verbosity == 2
    assert parser.parse_args(["routes"]).verbosity == 1


def test_reports_for_programs(project: Any) -> None:
    """``call_command("jwks", "routes", json=True)`` prints rows, and every other report its lines."""
    project({"/bare": view, "/jwt": require_jwt(view), "/public": public(lambda request: view(request))})
    told = json.loads(jwks("routes", json=True))
    assert told["ok"] is True
    assert [(row["path"], row["state"]) for row in told["rows"]] == [
        ("/bare", "unprotected"),
        ("/jwt", "guarded"),
        ("/public", "public"),
    ]
    assert told["rows"][1] == {
        "path": "/jwt",
        "methods": ["any"],
        "guard": "require_jwt: token",
        "doubt": None,
        "state": "guarded",
    }
    assert jwks("routes", "--json") == jwks("routes", json=True)
    assert "failed" in jwks("routes", "--json", "--fail-unprotected")
    assert json.loads(jwks("check", "--json"))["lines"]


def test_paths_are_readable(project: Any) -> None:
    """Of regular expressions the paths they match, with the names of their groups."""
    urls = (
        re_path(r"^v1\.0/orders/(?P<number>\d+)/$", view),
        re_path(r"^files/(.+)$", view),
        path("api/", include([re_path(r"^things\.(?P<format>[a-z]+)/?$", view)])),
        path("users/<int:pk>/", view),
        *i18n_patterns(path("shop/", view)),
    )
    project()
    with override_settings(ROOT_URLCONF=urls):
        assert [row.path for row in rows()] == [
            "/v1.0/orders/<number>/",
            "/files/<var>",
            "/api/things.<format>/",
            "/users/<int:pk>/",
            "/<language>/shop/",
        ]


def test_a_stock_project_can_be_green(project: Any) -> None:
    """Sign-in pages are open on purpose, by Django's mark or by their paths."""
    urls = (path("accounts/", include("django.contrib.auth.urls")), path("jwt", require_jwt(view)))
    project(PUBLIC_PATHS=["/accounts"])
    with override_settings(ROOT_URLCONF=urls):
        assert "failed" not in jwks("routes", fail_unprotected=True)
        project(PUBLIC_PATHS=[])
        with override_settings(ROOT_URLCONF=urls):
            assert "failed" in jwks("routes", fail_unprotected=True)


def test_reports_on_several_apis(project: Any, issuer: FakeIssuer) -> None:
    """Keys under each API's name, and a token by the settings of the API that is named, or that the route is of."""
    urls = (
        path("admin-api/x", require_jwt(view), name="inside"),
        path("x", require_jwt(api="/admin-api/")(view)),
    )
    project(APIS={"/admin-api/": {"AUDIENCE": "admin"}})
    with override_settings(ROOT_URLCONF=urls):
        check_reports(issuer)


def check_reports(issuer: FakeIssuer) -> None:
    """Ask each command."""
    for command in ("check", "show", "refresh"):
        told = jwks(command).splitlines()
        assert told.index("all other requests:") < told.index("/admin-api/:")
    token = issuer.token(aud="admin")
    assert "FAIL audience" in jwks("verify", token)
    for options in ({"api": "/admin-api/"}, {"route": "/admin-api/x"}, {"route": "/x"}, {"route": "inside"}):
        assert "failed" not in jwks("verify", token, **options)
    assert "no key of" in jwks("verify", token, api="/nowhere/")


def words(text: str) -> set[str]:
    """The options in a help text."""
    return {word.strip("[],") for word in text.split() if word.strip("[]").startswith("--")}


@pytest.mark.parametrize("name", ["check", "show", "refresh", "verify", "explain", "routes", "doctor"])
def test_the_words_are_those_of_jwks_auth(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same subcommands and options, but for those that choose the service."""
    texts = []
    for run in (
        lambda: main([name, "--help"]),
        lambda: Command().run_from_argv(["manage.py", "jwks", name, "--help"]),
    ):
        with pytest.raises(SystemExit, match="0"):
            run()  # type: ignore[no-untyped-call]
        texts.append(words(capsys.readouterr().out))
    ours, theirs = texts
    assert ours - theirs == {"--app", "--env-file", "--issuer", "--audience", "--provider"}
    assert theirs - ours == {"--api"}


def test_a_mistake_quotes_no_argument(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could be a token. The exit status is 2, and with --json there is one object."""
    with override_settings(JWKS_AUTH=FakeIssuer().settings()):
        assert "there are too many arguments" in jwks("verify", "Bearer", "hunter2")
        told = jwks("check", "--api", "x", "--json")
        with pytest.raises(SystemExit, match="2"):
            Command().run_from_argv(["manage.py", "jwks", "verify", "Bearer", "hunter2"])
        monkeypatch.setattr("sys.stdin", io.StringIO("x"))
        with pytest.raises(SystemExit, match="2"):
            Command().run_from_argv(["manage.py", "jwks", "check", "--api", "x", "--skip-checks"])
        with pytest.raises(SystemExit, match="1"):
            Command().run_from_argv(["manage.py", "jwks", "verify", "x", "--skip-checks"])
    assert json.loads(told.partition("failed: ")[0])["ok"] is False
    assert "hunter2" not in capsys.readouterr().err


def test_an_application_of_django_names_the_project() -> None:
    """``jwks-auth --app shop.wsgi:application``: its settings, routes and those of other packages."""
    place = place_of(WSGIHandler(), "shop.wsgi:application")
    issuer = FakeIssuer()
    apis = {"/a/": {"AUDIENCE": "a"}}
    oidc = {"OIDC_ENDPOINT": "https://id.example/"}
    with override_settings(JWKS_AUTH={**issuer.settings(), "APIS": apis}, OIDC_AUTH=oidc):
        told = json.loads(called("check", "--json", place=place).out)
        assert [each["service"] for each in told["issuers"]] == ["all other requests", "/a/"]
        assert called("show", "--api", "/a/", place=place).status == 0
        assert called("routes", place=place).status == 0
        assert called("verify", place=place, typed=issuer.token()).status == 0
        assert called("verify", "--route", "/nowhere", place=place, typed=issuer.token()).status == 2
        assert json.loads(called("doctor", "--json", place=place).out)["found"] == ["drf-oidc-auth"]
    with override_settings(JWKS_AUTH={"ISSUER": 7}):
        assert called("check", place=place).status == 2
    assert place_of_project(7) is None
