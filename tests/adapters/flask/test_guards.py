"""``auth.protect``, ``JWKS_AUTH_REQUIRED`` and ``@public``."""

from __future__ import annotations

import functools

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView

from jwks_auth import ConfigurationError
from jwks_auth_flask import JWKSAuth, current_token, public, require_jwt


def view():
    """Says whether a token came."""
    return {"known": bool(current_token)}


@pytest.fixture
def guarded(make_app):
    """An app that denies by default."""
    return make_app(JWKS_AUTH_REQUIRED=True)


def test_a_blueprint_is_protected_as_a_whole(app, auth, issuer):
    """Every view of it and of blueprints nested in it, and nothing outside."""
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    auth.protect(outer, scopes="orders")
    for place, path in ((outer, "/view"), (inner, "/view"), (app, "/open")):
        place.add_url_rule(path, view_func=view)
    outer.register_blueprint(inner, url_prefix="/inner")
    app.register_blueprint(outer, url_prefix="/outer")
    client = app.test_client()
    for path in ("/outer/view", "/outer/inner/view"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=issuer.headers()).status_code == 403
        assert client.get(path, headers=issuer.headers(scope="orders")).json == {"known": True}
    assert client.get("/open").json == {"known": False}


def test_a_blueprint_registered_twice_is_protected_twice(app, auth, issuer):
    """The guard belongs to the blueprint, under whatever name it is registered."""
    blueprint = Blueprint("api", __name__)
    blueprint.add_url_rule("/view", view_func=view)
    auth.protect(blueprint)
    app.register_blueprint(blueprint, url_prefix="/v1")
    app.register_blueprint(blueprint, url_prefix="/v2", name="api2")
    assert [app.test_client().get(f"/{version}/view").status_code for version in ("v1", "v2")] == [401, 401]


def test_protection_and_decorators_add_up(app, auth, issuer):
    """A view in a protected blueprint needs what both ask for."""
    blueprint = Blueprint("api", __name__)
    auth.protect(blueprint, scopes="a")
    blueprint.add_url_rule("/view", view_func=require_jwt(scopes="b")(view))
    app.register_blueprint(blueprint)
    statuses = [
        app.test_client().get("/view", headers=issuer.headers(scope=scope)).status_code
        for scope in ("a", "b", "a b")
    ]
    assert statuses == [403, 403, 200]


def test_protect_refuses_impossible_scopes_at_once(auth, app):
    """As the decorator does."""
    with pytest.raises(ConfigurationError, match="scope"):
        auth.protect(app, scopes=["a,b"])


def test_an_app_may_be_protected_before_it_is_set_up(issuer):
    """The guard finds the instance when a request comes."""
    app, auth = Flask(__name__), JWKSAuth()
    auth.protect(app)
    app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"))
    auth.init_app(app)
    app.add_url_rule("/view", view_func=view)
    client = app.test_client()
    assert client.get("/view").status_code == 401
    assert client.get("/view", headers=issuer.headers()).json == {"known": True}


def test_deny_by_default(guarded, issuer):
    """``JWKS_AUTH_REQUIRED``: a view that says nothing asks for a token."""
    guarded.add_url_rule("/view", view_func=view)
    client = guarded.test_client()
    assert client.get("/view").status_code == 401
    assert client.get("/view", headers=issuer.headers()).json == {"known": True}


@pytest.mark.parametrize("value", [False, "false", "0", None])
def test_required_can_be_switched_off(make_app, value):
    """Also by the strings an environment gives."""
    app = make_app(JWKS_AUTH_REQUIRED=value)
    app.add_url_rule("/view", view_func=view)
    assert app.test_client().get("/view").status_code == 200


def test_optional_views_of_a_denying_app(guarded, issuer):
    """``optional=True`` is the view's own word: no token passes, a bad one does not."""
    guarded.add_url_rule("/view", view_func=require_jwt(optional=True)(view))
    client = guarded.test_client()
    assert client.get("/view").json == {"known": False}
    assert client.get("/view", headers=issuer.headers(aud="elsewhere")).status_code == 401


def test_optional_methods_of_a_denying_app(guarded):
    """The same where one method of a class says it."""

    class Orders(MethodView):
        @require_jwt(optional=True)
        def get(self):
            return {}

        def post(self):
            return {}

    guarded.add_url_rule("/orders", view_func=Orders.as_view("orders"))
    client = guarded.test_client()
    assert [client.get("/orders").status_code, client.post("/orders").status_code] == [200, 401]


def test_another_instance_s_optional_is_not_this_one_s(guarded, issuer):
    """What one instance leaves optional, another may still require."""
    guarded.config.from_mapping(issuer.settings(prefix="PARTNER_JWKS_AUTH_"))
    partner = JWKSAuth(guarded, name="partner")
    guarded.add_url_rule("/view", view_func=partner.require_jwt(optional=True)(view))
    assert guarded.test_client().get("/view").status_code == 401


def test_public_opts_out(guarded, auth):
    """Views, and views of protected blueprints; the mark survives other decorators."""
    blueprint = Blueprint("api", __name__)
    auth.protect(blueprint)
    blueprint.add_url_rule("/view", view_func=public(view))
    guarded.register_blueprint(blueprint)
    guarded.add_url_rule("/async", view_func=public(async_view))
    client = guarded.test_client()
    assert client.get("/view").status_code == client.get("/async").status_code == 200


async def async_view():
    """An async view."""
    return {}


def test_public_marks_what_it_returns_and_not_the_function(guarded):
    """The same function, registered again without the decorator, is guarded there."""
    guarded.add_url_rule("/open", "open", public(view))
    guarded.add_url_rule("/view", "view", view)
    client = guarded.test_client()
    assert [client.get(path).status_code for path in ("/open", "/view")] == [200, 401]


def test_public_takes_bound_methods(guarded):
    """Views may be methods of an object that holds what they need."""

    class Site:
        def health(self):
            return {}

    guarded.add_url_rule("/health", "health", public(Site().health))
    assert guarded.test_client().get("/health").status_code == 200


def test_a_public_blueprint(guarded, auth):
    """For blueprints of others: guards around it are lifted, its own and those of blueprints inside it are not."""
    outer, open_, inner = (
        Blueprint(name, __name__, url_prefix=f"/{name}") for name in ("outer", "open", "inner")
    )
    auth.protect(outer)
    auth.protect(inner)
    public(open_)
    for blueprint in (outer, open_, inner):
        blueprint.add_url_rule("/view", view_func=view)
    open_.register_blueprint(inner)
    outer.register_blueprint(open_)
    guarded.register_blueprint(outer)
    client = guarded.test_client()
    paths = ("/outer/view", "/outer/open/view", "/outer/open/inner/view")
    assert [client.get(path).status_code for path in paths] == [401, 200, 401]


def test_public_does_not_lift_a_view_s_own_decorator(guarded, issuer):
    """It is about guards; the view still asks for what it asks for."""
    guarded.add_url_rule("/view", view_func=public(require_jwt(scopes="a")(view)))
    client = guarded.test_client()
    assert client.get("/view").status_code == 401
    assert client.get("/view", headers=issuer.headers(scope="a")).status_code == 200


def test_public_classes_and_methods(guarded):
    """A class opts out as a whole or by method; a subclass does not inherit it."""

    @public
    class Open(MethodView):
        def get(self):
            return {}

    class Inherited(Open):
        pass

    class Listed(MethodView):
        decorators = [public]

        def get(self):
            return {}

    class Mixed(MethodView):
        @public
        def get(self):
            return {}

        def post(self):
            return {}

    for each in (Open, Inherited, Listed, Mixed):
        guarded.add_url_rule(f"/{each.__name__}", view_func=each.as_view(each.__name__))
    client = guarded.test_client()
    assert [client.get(f"/{name}").status_code for name in ("Open", "Inherited", "Listed", "Mixed")] == [
        200,
        401,
        200,
        200,
    ]
    assert client.head("/Mixed").status_code == 200
    assert client.post("/Mixed").status_code == 401


def test_what_runs_no_view_passes(guarded):
    """Unknown URLs, wrong methods and redirects stay what they are."""
    guarded.add_url_rule("/view/", view_func=view)
    client = guarded.test_client()
    assert client.get("/nowhere").status_code == 404
    assert client.post("/view/").status_code == 405
    assert client.get("/view").status_code == 308


def test_preflight_passes(guarded, auth):
    """Flask's own OPTIONS answers need no token, so CORS works; an OPTIONS view of one's own does."""
    guarded.add_url_rule("/view", view_func=view)
    guarded.add_url_rule("/own", view_func=lambda: {"secret": 1}, endpoint="own", methods=["OPTIONS"])
    client = guarded.test_client()
    preflight = {"Origin": "https://page.example", "Access-Control-Request-Method": "GET"}
    assert client.options("/view", headers=preflight).status_code == 200
    assert client.options("/own", headers=preflight).status_code == 401


@pytest.fixture
def static_folder(tmp_path):
    """A folder with one file."""
    (tmp_path / "page.css").write_text("body {}")
    return tmp_path


def test_static_files_pass_an_app_s_guard(guarded, static_folder):
    """The app's and blueprints' static files: a page's styles are fetched without a token."""
    guarded.static_folder = static_folder
    blueprint = Blueprint("site", __name__, static_folder=static_folder, url_prefix="/site")
    guarded.register_blueprint(blueprint)
    client = guarded.test_client()
    for path in ("/static/page.css", f"/site/{static_folder.name}/page.css"):
        with client.get(path) as answer:
            assert answer.status_code == 200


def test_static_files_of_a_protected_blueprint_are_protected(app, auth, static_folder, issuer):
    """Who names a blueprint means all of it."""
    blueprint = Blueprint("site", __name__, static_folder=static_folder, static_url_path="/files")
    auth.protect(blueprint)
    app.register_blueprint(blueprint, url_prefix="/site")
    assert app.test_client().get("/site/files/page.css").status_code == 401
    with app.test_client().get("/site/files/page.css", headers=issuer.headers()) as answer:
        assert answer.status_code == 200


def test_a_view_named_static_is_not_static(guarded):
    """Only folders Flask serves are exempt, not any endpoint of that name."""
    blueprint = Blueprint("site", __name__)
    blueprint.add_url_rule("/x", endpoint="static", view_func=view)
    guarded.register_blueprint(blueprint)
    assert guarded.test_client().get("/x").status_code == 401


def test_under_required_a_view_is_judged_by_its_own_guard(guarded, issuer):
    """By its audience, before hooks that come later; a copied mark of a view that is not called changes nothing."""
    seen = []
    guarded.before_request(lambda: seen.append(bool(current_token)))
    guarded.add_url_rule("/reports", "reports", require_jwt(audience="reports")(lambda: "ok"))
    guarded.add_url_rule(
        "/copied", "copied", functools.wraps(require_jwt(audience="reports")(view))(lambda: "ok")
    )
    client = guarded.test_client()
    for audience, reports, copied in (("reports", 200, 401), (issuer.settings()["AUDIENCE"], 401, 200)):
        headers = issuer.headers(aud=audience)
        assert client.get("/reports", headers=headers).status_code == reports
        assert client.get("/copied", headers=headers).status_code == copied
    assert seen == [True, True]
    assert client.get("/reports").status_code == 401
