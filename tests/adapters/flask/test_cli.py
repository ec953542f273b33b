"""``flask jwks``."""

from __future__ import annotations

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView

from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import JWKSAuth, public, require_jwt


def view():
    """Empty."""
    return {}


def run(app, *arguments, **options):
    """The result of ``flask jwks ...``."""
    return app.test_cli_runner().invoke(args=["jwks", *arguments], **options)


def test_check_says_what_came(app, issuer):
    """The issuer and its keys; 0 when there are some."""
    result = run(app, "check")
    assert result.exit_code == 0
    assert issuer.issuer in result.output
    assert issuer.kid in result.output


@pytest.mark.parametrize("command", ["check", "show"])
def test_an_issuer_that_is_down_is_an_error(auth, command):
    """1, and the reason."""
    app = Flask(__name__)
    with FakeIssuer.serve() as issuer, issuer.outage():
        app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"))
        auth.init_app(app)
        result = run(app, command)
    assert result.exit_code == 1
    assert issuer.issuer in result.output


def test_show_lists_the_keys(app, issuer):
    """Their ids and algorithms."""
    result = run(app, "show")
    assert result.exit_code == 0
    assert issuer.kid in result.output
    assert "RS256" in result.output


def test_a_named_instance(app, issuer):
    """``--name`` looks at another instance; a name that is none says so."""
    partner = FakeIssuer("https://partner.example/")
    app.config.from_mapping(partner.settings(prefix="PARTNER_JWKS_AUTH_"))
    JWKSAuth(app, name="partner")
    assert "partner.example" in run(app, "check", "--name", "partner").output
    nobody = run(app, "check", "--name", "nobody")
    assert nobody.exit_code == 2
    assert "no JWKSAuth named 'nobody'" in nobody.output


def test_verify_explains_a_token(app, issuer):
    """0 for a good token, as argument or from standard input; 1 and the failed step for another."""
    assert run(app, "verify", issuer.token()).exit_code == 0
    assert run(app, "verify", input=f"Bearer {issuer.token()}\n").exit_code == 0
    refused = run(app, "verify", issuer.token(aud="elsewhere"))
    assert refused.exit_code == 1
    assert "FAIL audience" in refused.output


@pytest.mark.parametrize(
    ("arguments", "claims", "status"),
    [
        (["--route", "/orders/7"], {}, 1),
        (["--route", "/orders/<int:number>"], {}, 1),
        (["--route", "order"], {}, 1),
        (["--route", "order"], {"scope": "orders:read"}, 0),
        (["--route", "order", "--method", "post"], {"scope": "orders:read"}, 1),
        (["--route", "order", "--method", "post"], {"scope": "orders:write"}, 0),
        (["--route", "/open"], {}, 0),
        (["--route", "/nowhere"], {}, 2),
        (["--route", "nobody"], {}, 2),
        (["--route", "/open", "--method", "PUT"], {}, 2),
        (["--route", "/slashed"], {}, 2),
    ],
)
def test_verify_asks_what_a_route_does(make_app, issuer, arguments, claims, status):
    """By a path, a rule, or an endpoint's name; 2 where there is none."""
    app = make_app()

    class Orders(MethodView):
        @require_jwt(scopes="orders:read")
        def get(self, number):
            return {}

        @require_jwt(scopes="orders:write")
        def post(self, number):
            return {}

    app.add_url_rule("/orders/<int:number>", view_func=Orders.as_view("order"))
    app.add_url_rule("/open", "open", public(view))
    app.add_url_rule("/slashed/", "slashed", view)
    result = run(app, "verify", issuer.token(**claims), *arguments)
    assert result.exit_code == status, result.output
    if status == 1:
        assert "FAIL route" in result.output
        assert "refused: insufficient_scope" in result.output


@pytest.fixture
def routed(make_app, auth):
    """An app with a route of every kind."""
    app = make_app()
    blueprint = Blueprint(
        "admin", __name__, url_prefix="/admin", static_folder="static", static_url_path="/files"
    )
    auth.protect(blueprint, roles="admin")
    blueprint.add_url_rule("/users", view_func=require_jwt(scopes="users")(view))
    blueprint.add_url_rule("/health", "health", public(lambda: {}))
    outer = Blueprint("outer", __name__)
    outer.register_blueprint(blueprint)
    app.register_blueprint(outer)

    class Orders(MethodView):
        @require_jwt(scopes="read")
        def get(self):
            return {}

        @require_jwt(scopes="write")
        def post(self):
            return {}

        @require_jwt(scopes="write")
        def put(self):
            return {}

    app.add_url_rule("/orders", view_func=Orders.as_view("orders"))
    app.add_url_rule("/optional", "optional", require_jwt(optional=True)(view))
    return app


def test_routes_lists_every_route_and_its_guards(routed):
    """Decorators, guards, public and static routes; a line for methods that ask for the same."""
    assert [" ".join(line.split()) for line in run(routed, "routes").output.splitlines()] == [
        "/admin/files/<path:filename> GET token with roles admin",
        "/admin/health GET public",
        "/admin/users GET token with roles admin and token with scopes users",
        "/optional GET token or none",
        "/orders GET token with scopes read",
        "/orders POST PUT token with scopes write",
        "/static/<path:filename> GET static",
        "7 routes, 0 unprotected",
        "kinds of tokens: jwt",
    ]


def test_fail_unprotected_is_for_ci(routed):
    """0 while every route is decided about, 1 when one is not."""
    assert run(routed, "routes", "--fail-unprotected").exit_code == 0
    routed.add_url_rule("/forgotten", "forgotten", view, methods=["POST"])
    result = run(routed, "routes", "--fail-unprotected")
    assert result.exit_code == 1
    assert "/forgotten" in result.output
    assert run(routed, "routes").exit_code == 0


def test_under_deny_by_default_nothing_is_unprotected(make_app):
    """The implied guard is shown as what it is; optional views as what they are."""
    app = make_app(JWKS_AUTH_REQUIRED=True)
    app.add_url_rule("/view", view_func=view)
    app.add_url_rule("/optional", "optional", require_jwt(optional=True)(view))
    output = run(app, "routes", "--fail-unprotected").output
    assert "0 unprotected" in output
    assert "token or none" in output
