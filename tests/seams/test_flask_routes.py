"""``flask jwks routes`` calls no route guarded that is open; what nobody can tell is unknown, and fails the check."""

from __future__ import annotations

import functools
from types import FunctionType

import pytest
from apiflask import APIFlask
from flask import Blueprint, Flask
from flask.views import MethodView, View
from flask_cors import cross_origin
from flask_limiter import Limiter
from werkzeug.routing import Rule

from jwks_auth_flask import public, require_jwt
from tests.seams.flask_sites import FlaskSite


def orders():
    """The view."""
    return {"open": True}


guarded = require_jwt(orders)


def around(view):
    """A decorator as most are."""

    @functools.wraps(view)
    def wrapper(*args, **kwargs):
        return view(*args, **kwargs)

    return wrapper


def table(site: FlaskSite) -> dict[str, str]:
    """What the table says of each path and method, without static files; its status says if something is amiss."""
    result = site.app.test_cli_runner().invoke(args=["jwks", "routes", "--fail-unprotected"])
    *lines, _, _ = result.output.splitlines()  # how many there are, and the kinds of tokens
    rows = [line.split("  ") for line in lines if "/static" not in line]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    said = {f"{methods} {path}": state for path, methods, state in cells}
    amiss = any(state.startswith(("UNKNOWN", "UNPROTECTED")) for state in said.values())
    assert result.exit_code == int(amiss)
    return said


def copied_by_wraps():
    """The marks of a guarded view on one that never calls it."""

    @functools.wraps(guarded)
    def other():
        return orders()

    return other


def copied_by_wraps_around_the_view():
    """The same, calling what the guard was put around."""
    inner = orders

    @functools.wraps(guarded)
    def other():
        return inner()

    return other


def copied_with_the_dictionary():
    """The same, by hand."""

    def other():
        return orders()

    vars(other).update(vars(guarded))
    return other


def stamped_by_hand():
    """A mark that no guard made, on a function that does call what it wraps."""
    inner = orders

    def other():
        return inner()

    other.__wrapped__, other.__jwks_auth__ = inner, guarded.__jwks_auth__
    return other


def stamped_and_wrapping_nothing():
    """A mark by hand on a bare function."""

    def other():
        return orders()

    other.__jwks_auth__ = guarded.__jwks_auth__
    return other


def remembered():
    """The answer to the first request is everyone's."""
    return functools.lru_cache(guarded)


def cached():
    """The same, by a decorator that calls the guard only when it has no answer yet."""
    code = around(guarded)
    return functools.update_wrapper(
        FunctionType(code.__code__, {"__name__": "flask_caching"}, closure=code.__closure__), guarded
    )


def not_filled_yet():
    """A function whose cells are empty."""
    if False:
        inner = None

    def other():
        return orders() or inner

    return functools.update_wrapper(other, guarded)


class ByItself(View):
    """It has a guarded ``get``, which nothing calls."""

    @require_jwt
    def get(self):
        """Guarded."""
        return {}

    def dispatch_request(self):
        """Open."""
        return orders()


class Dispatching(MethodView):
    """It answers before its guarded method is called."""

    @require_jwt
    def get(self):
        """Guarded."""
        return {}

    def dispatch_request(self):
        """Open."""
        return orders()


class Guarded(MethodView):
    """A class whose method is guarded."""

    @require_jwt
    def get(self):
        """Guarded."""
        return {}


def copied_from_a_class():
    """A function that is named after a guarded class's view, and is another."""

    @functools.wraps(Guarded.as_view("guarded"))
    def other():
        return orders()

    return other


OPEN = {
    each.__name__: each
    for each in (
        copied_by_wraps,
        copied_by_wraps_around_the_view,
        copied_with_the_dictionary,
        stamped_by_hand,
        stamped_and_wrapping_nothing,
        not_filled_yet,
        copied_from_a_class,
    )
} | {
    "a class without methods": lambda: ByItself.as_view("itself"),
    "a class with a dispatch of its own": lambda: Dispatching.as_view("dispatching"),
    "below another decorator": lambda: around(copied_by_wraps()),
}


@pytest.mark.parametrize("form", OPEN)
def test_no_open_view_is_called_guarded(form):
    """Its marks are copies: anybody reads it, and the table does not call it guarded."""
    site = FlaskSite()
    site.route("/orders", OPEN[form]())
    assert site.ask("/orders").json == {"open": True}
    assert table(site)["GET /orders"].startswith(("UNKNOWN: ", "UNPROTECTED"))


@pytest.mark.parametrize("form", [remembered, cached])
def test_a_cache_above_the_guard_is_in_doubt(form):
    """One good token, and its answer is everyone's."""
    site = FlaskSite()
    site.route("/orders", form())
    assert table(site)["GET /orders"].startswith("UNKNOWN: ")


@pytest.mark.parametrize("form", OPEN)
def test_a_guard_around_it_is_still_asked(form):
    """Deny by default closes all of them, whatever their marks say."""
    site = FlaskSite(JWKS_AUTH_REQUIRED=True)
    site.route("/orders", OPEN[form]())
    assert site.ask("/orders").status_code == 401


def test_copied_marks_do_not_open_a_denying_app():
    """A copy of ``public`` or ``optional=True``, or a class's method that bears them uncalled, is nobody's word."""

    class Site(View):
        @public
        def get(self):
            """Not called."""

        @require_jwt(optional=True)
        def post(self):
            """Not called."""

        methods = ("GET", "POST")

        def dispatch_request(self):
            return orders()

    site = FlaskSite(JWKS_AUTH_REQUIRED=True)
    site.route("/class", Site.as_view("class"))
    assert [site.ask("/class", method).status_code for method in ("GET", "POST")] == [401, 401]
    for name, view in (("optional", require_jwt(optional=True)(orders)), ("public", public(orders))):
        marked = FlaskSite(JWKS_AUTH_REQUIRED=True)
        marked.route("/copy", functools.wraps(view)(lambda: orders()))
        marked.route("/twin", twin_of(view))
        for kept in (around, Decorator, Proxy, public):
            marked.route(f"/{kept.__name__}", kept(view))
        paths = ("/copy", "/twin", "/around", "/Decorator", "/Proxy", "/public")
        asked = [marked.ask(path).status_code for path in paths]
        assert (name, asked) == (name, [401, 401, 200, 200, 200, 200])


def twin_of(view):
    """Another function with all the marks."""

    def other():
        return orders()

    vars(other).update(vars(view))
    return other


class Proxy:
    """An object that passes for the function it calls, as wrapt's are."""

    def __init__(self, wrapped):
        self._self = wrapped

    @property
    def __wrapped__(self):
        """What it calls."""
        return self._self

    def __getattr__(self, name):
        return getattr(self._self, name)

    def __call__(self, *args, **kwargs):
        """Call it."""
        return self._self(*args, **kwargs)


class Decorator:
    """A decorator that is a class."""

    def __init__(self, view):
        self.view = view
        functools.update_wrapper(self, view)

    def __call__(self, *args, **kwargs):
        """Call the view."""
        return self.view(*args, **kwargs)


def by_default(view):
    """A decorator that keeps the view as a default."""

    def wrapper(view=view):
        return view()

    return functools.update_wrapper(wrapper, view)


def by_keyword(view):
    """The same, by a keyword."""

    def wrapper(*, view=view):
        return view()

    return functools.update_wrapper(wrapper, view)


@pytest.mark.parametrize(
    "decorate",
    [
        lambda view: view,
        around,
        Proxy,
        Decorator,
        by_default,
        by_keyword,
        cross_origin(),
        public,
        require_jwt,
    ],
    ids=["none", "around", "proxy", "class", "default", "keyword", "cross_origin", "public", "twice"],
)
def test_decorators_above_a_guard_leave_no_doubt(decorate):
    """The control: whoever keeps the guarded view is taken to call it."""
    site = FlaskSite()
    site.route("/orders", decorate(require_jwt(orders)))
    assert site.ask("/orders").status_code == 401
    assert all(state.startswith("token") for state in table(site).values())


def test_neighbours_leave_no_doubt():
    """Flask-Limiter, APIFlask and a bound method, above a guard."""

    class Shop:
        @require_jwt
        def orders(self):
            return orders()

    site = FlaskSite(lambda name: APIFlask(name, enable_openapi=False))
    limiter = Limiter(lambda: "one", app=site.app, storage_uri="memory://")
    site.app.get("/limited")(limiter.limit("9/minute")(require_jwt(orders)))
    site.app.get("/described")(site.app.output({})(site.app.doc(summary="x")(require_jwt(lambda: {}))))
    site.route("/bound", Shop().orders)
    assert set(table(site).values()) == {"token"}


def test_classes_leave_no_doubt():
    """Guards in ``decorators`` and on methods, with other decorators above."""

    class Listed(ByItself):
        decorators = [require_jwt(scopes="a"), around]

    class Inherited(Guarded):
        decorators = [around]

    site = FlaskSite()
    site.route("/listed", Listed.as_view("listed"))
    site.route("/inherited", Inherited.as_view("inherited"))
    assert site.ask("/listed").status_code == site.ask("/inherited").status_code == 401
    assert table(site) == {"GET /inherited": "token", "GET /listed": "token with scopes a"}


class Careless(Flask):
    """It asks no hook."""

    def preprocess_request(self):
        """Nothing."""


class Rushing(Flask):
    """It asks nobody but the view."""

    def full_dispatch_request(self):
        """The view."""
        return self.make_response(self.dispatch_request())


@pytest.mark.parametrize("flask", [Careless, Rushing])
def test_guards_that_are_not_asked_are_in_doubt(flask):
    """An app's class may skip hooks; a view's own guard holds there all the same."""
    site = FlaskSite(flask, JWKS_AUTH_REQUIRED=True)
    site.route("/orders", orders)
    assert site.ask("/orders").json == {"open": True}
    assert table(site)["GET /orders"].startswith(f"UNKNOWN: {flask.__name__}.")
    own = FlaskSite(flask)
    own.route("/orders", guarded)
    assert table(own) == {"GET /orders": "token"}


def test_no_method_is_left_out():
    """``HEAD`` where it is not ``GET``, and rules that take every method."""

    class Heads(Guarded):
        def head(self):
            return orders()

    site = FlaskSite()
    site.route("/class", Heads.as_view("heads"))
    site.route("/alone", orders, methods=["HEAD"])
    site.app.url_map.add(Rule("/every", endpoint="alone"))
    site.app.url_map.add(Rule("/nothing", endpoint="nothing"))
    assert [site.ask(path, "HEAD").status_code for path in ("/class", "/alone")] == [200, 200]
    every = "DELETE GET OPTIONS PATCH POST PUT TRACE"
    assert table(site) == {
        "GET /class": "token",
        "HEAD /class": "UNPROTECTED",
        "HEAD /alone": "UNPROTECTED",
        f"{every} /every": "UNPROTECTED",
        f"{every} /nothing": "UNKNOWN: it has no view",
    }


def test_a_view_put_in_the_place_of_static_files_is_no_static_file(tmp_path):
    """Under the name Flask gave the folder's view; the folder itself is the control."""
    (tmp_path / "page.css").write_text("body {}")
    site = FlaskSite(lambda name: Flask(name, static_folder=tmp_path), JWKS_AUTH_REQUIRED=True)
    with site.ask(f"/{tmp_path.name}/page.css") as answer:
        assert answer.status_code == 200
    site.app.view_functions["static"] = lambda filename: orders()
    assert site.ask(f"/{tmp_path.name}/page.css").status_code == 401
    assert table(site) == {f"GET /{tmp_path.name}/<path:filename>": "token"}


def test_an_endpoint_with_a_dot_belongs_to_no_blueprint():
    """It is guarded by the app alone, and served."""
    site = FlaskSite(JWKS_AUTH_REQUIRED=True)
    site.app.register_blueprint(Blueprint("shop", __name__))
    site.app.add_url_rule("/orders", "orders.list", orders)
    assert site.ask("/orders").status_code == 401
    assert site.ask_with_token("/orders").json == {"open": True}
    assert table(site) == {"GET /orders": "token"}
