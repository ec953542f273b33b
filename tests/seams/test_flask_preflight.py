"""``OPTIONS`` with the headers of a preflight: a browser gets its answer, an attacker never reaches the view."""

from __future__ import annotations

import functools
from types import FunctionType

import flask_cors.decorator
import flask_smorest
import pytest
from apiflask import APIFlask
from flask import Blueprint, Flask
from flask.views import MethodView, View
from flask_cors import CORS, cross_origin
from werkzeug.routing import Rule

from jwks_auth_flask import public, require_jwt
from tests.seams.flask_sites import FlaskSite

PAGE = "https://page.example"
PREFLIGHT = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization",
}
WIPE = "/admin/wipe"


class Wiped(Exception):
    """The view ran."""


def wipe():
    """What nobody may run without a token."""
    raise Wiped


def wiping():
    """The view, as a function of its own: Flask-CORS leaves marks on what it decorates."""

    def wipe_all():
        return wipe()

    return wipe_all


def by_hand(view):
    """A decorator that claims to answer ``OPTIONS``, in the words of Flask-CORS, and does not."""

    @functools.wraps(view)
    def wrapped_function():
        return view()

    wrapped_function.required_methods = {"OPTIONS"}
    wrapped_function.provide_automatic_options = False
    wrapped_function.__module__ = "flask_cors.decorator"
    return wrapped_function


class Methods(MethodView):
    """A view with an answer of its own to ``OPTIONS``."""

    def post(self):
        """Wipe."""
        return wipe()

    options = post


class ByItself(View):
    """A view for any method."""

    methods = ("POST", "OPTIONS")
    provide_automatic_options = False

    def dispatch_request(self):
        """Wipe."""
        return wipe()


LISTED = {"methods": ["POST", "OPTIONS"]}

VIEWS = {
    "a decorator written by hand": (by_hand(wiping()), {}),
    "one above Flask-CORS's, which leaves it": (by_hand(cross_origin(automatic_options=False)(wiping())), {}),
    "Flask-CORS's, which leaves it": (cross_origin(automatic_options=False)(wiping()), LISTED),
    "a route for the method": (wiping(), LISTED),
    "a route without automatic options": (wiping(), {**LISTED, "provide_automatic_options": False}),
    "a class with the method": (Methods.as_view("methods"), {}),
    "a class without automatic options": (ByItself.as_view("itself"), {}),
}

GUARDS = ["required", "app", "blueprint", "decorator"]


def site_with(view, guard, flask=Flask, options=None, **config) -> FlaskSite:
    """*view* at ``/admin/wipe``, guarded in one of four ways; it raises where it runs."""
    site = FlaskSite(flask, JWKS_AUTH_REQUIRED=guard == "required", **config)
    site.app.testing = True
    place = site.app
    if guard == "app":
        site.auth.protect(site.app)
    elif guard == "blueprint":
        place = Blueprint("admin", __name__)
        site.auth.protect(place)
    guarded = require_jwt(view) if guard == "decorator" else view
    place.add_url_rule(WIPE, "wipe", guarded, **options or {})
    if place is not site.app:
        site.app.register_blueprint(place)
    return site


def preflight(site: FlaskSite):
    """The answer to a browser's question about the view."""
    return site.app.test_client().options(WIPE, headers=PREFLIGHT)


def allows(answer) -> bool:
    """Whether the browser goes on to send the request."""
    return (answer.status_code, answer.headers.get("Access-Control-Allow-Origin")) == (200, PAGE)


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("flask", [Flask, APIFlask])
@pytest.mark.parametrize("form", VIEWS)
def test_a_preflight_never_reaches_a_view(form, flask, guard):
    """The headers of a preflight are no token, whatever the view says of itself; a token is the control."""
    view, options = VIEWS[form]
    site = site_with(view, guard, flask, options)
    assert preflight(site).status_code == 401
    with pytest.raises(Wiped):
        site.ask_with_token(WIPE, "OPTIONS")


@pytest.mark.parametrize("guard", GUARDS)
def test_a_preflight_never_reaches_a_view_by_configuration(guard):
    """``CORS_AUTOMATIC_OPTIONS=False`` hands preflights of ``@cross_origin`` to the view; the control is without."""
    attacked = site_with(cross_origin(origins=PAGE)(wiping()), guard, CORS_AUTOMATIC_OPTIONS=False)
    assert preflight(attacked).status_code == 401
    with pytest.raises(Wiped):
        attacked.ask_with_token(WIPE, "OPTIONS")
    assert allows(preflight(site_with(cross_origin(origins=PAGE)(wiping()), guard)))


@pytest.mark.parametrize("guard", GUARDS)
def test_a_preflight_never_reaches_a_view_without_flask_s_automatic_options(guard):
    """``PROVIDE_AUTOMATIC_OPTIONS=False``: who lists the method gets it, with a token."""
    site = site_with(wiping(), guard, options={"methods": ["OPTIONS"]}, PROVIDE_AUTOMATIC_OPTIONS=False)
    assert preflight(site).status_code == 401


@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_a_rule_made_by_hand_is_guarded(method):
    """It lacks what Flask sets on rules, and takes every method."""
    site = site_with(wiping(), "required")
    site.app.url_map.add(Rule("/by/hand", endpoint="wipe"))
    assert site.app.test_client().open("/by/hand", method=method, headers=PREFLIGHT).status_code == 401


class Careless(Flask):
    """It calls the view for any method."""

    def dispatch_request(self):
        """Pay no heed to automatic options."""
        return wipe()


@pytest.mark.parametrize("guard", ["required", "app", "blueprint"])
def test_a_dispatch_of_ones_own_never_gets_a_preflight(guard):
    """Flask's answer is given before it, by the guard; a token is the control."""
    site = site_with(wiping(), guard, Careless)
    assert (preflight(site).status_code, preflight(site).data) == (200, b"")
    with pytest.raises(Wiped):
        site.ask_with_token(WIPE)


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("flask", [Flask, APIFlask])
@pytest.mark.parametrize("between", [lambda view: view, by_hand], ids=["outermost", "below another"])
def test_cross_origin_answers_preflights(between, flask, guard):
    """Below ``@require_jwt`` and behind guards, with its own headers; the request itself still needs a token."""
    view = between(cross_origin(origins=[PAGE], max_age=60)(wiping()))
    site = site_with(view, guard, flask, {"methods": ["POST"]})
    answer = preflight(site)
    assert allows(answer)
    assert answer.headers["Access-Control-Max-Age"] == "60"
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert site.ask(WIPE, "POST", Origin=PAGE).status_code == 401
    with pytest.raises(Wiped):
        site.ask_with_token(WIPE, "POST")


@pytest.mark.parametrize("guard", ["required", "app", "blueprint"])
def test_cross_origin_above_the_decorator_answers_preflights(guard):
    """The documented order, behind guards too."""
    site = site_with(cross_origin(origins=PAGE)(require_jwt(wiping())), guard)
    assert allows(preflight(site))
    assert site.ask(WIPE, Origin=PAGE).status_code == 401


def test_cross_origin_below_the_decorator_of_an_async_view():
    """And of a sync view between async decorators."""

    def asynchronous(view):
        @functools.wraps(view)
        async def call():
            return view()

        return call

    assert allows(preflight(site_with(asynchronous(cross_origin(origins=PAGE)(wiping())), "decorator")))


class Proxy:
    """An object that passes for the function it calls, as wrapt's are."""

    def __init__(self, wrapped):
        self.__wrapped__ = wrapped

    def __getattr__(self, name):
        return getattr(self.__wrapped__, name)

    def __call__(self):
        """Call it."""
        return self.__wrapped__()


@pytest.mark.parametrize("guard", ["required", "app", "blueprint"])
def test_cross_origin_below_a_proxy(guard):
    """Which is not taken for the decorator itself."""
    assert allows(preflight(site_with(Proxy(cross_origin(origins=PAGE)(wiping())), guard)))


def test_a_preflight_from_elsewhere_gets_no_leave():
    """The answer names no origin, as ever; the browser stops there."""
    site = site_with(cross_origin(origins="https://other.example")(wiping()), "required")
    answer = preflight(site)
    assert (answer.status_code, "Access-Control-Allow-Origin" in answer.headers) == (200, False)


@pytest.mark.parametrize("missing", ["Origin", "Access-Control-Request-Method"])
@pytest.mark.parametrize("guard", GUARDS)
def test_half_a_preflight_is_a_request(guard, missing):
    """Browsers send both headers."""
    site = site_with(cross_origin(origins=PAGE)(wiping()), guard)
    half = {name: value for name, value in PREFLIGHT.items() if name != missing}
    assert site.app.test_client().options(WIPE, headers=half).status_code == 401


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize(
    "how", [{}, {"resources": {"/admin/*": {"origins": PAGE}}}, {"resources": "/other/*"}], ids=str
)
def test_cors_on_the_app(guard, how):
    """``CORS(app)`` puts its headers on Flask's own answer, where its resources match."""
    site = site_with(wiping(), guard)
    CORS(site.app, **how)
    answer = preflight(site)
    assert answer.status_code == 200
    assert allows(answer) is (how.get("resources") != "/other/*")


@pytest.mark.parametrize("guard", GUARDS)
def test_cors_on_the_app_does_not_open_a_view_that_answers_options(guard):
    """Its headers are on the refusal, and the view is not reached."""
    site = site_with(Methods.as_view("methods"), guard)
    CORS(site.app)
    answer = preflight(site)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, PAGE)


@pytest.mark.parametrize(
    "listed", [[cross_origin(origins=PAGE), require_jwt], [require_jwt, cross_origin(origins=PAGE)]]
)
def test_cross_origin_among_a_class_s_decorators(listed):
    """In either order the class is guarded, and ``OPTIONS`` is Flask's, as it is without a guard."""

    class Listed(MethodView):
        decorators = listed

        def post(self):
            return wipe()

    site = site_with(Listed.as_view("listed"), None)
    assert preflight(site).status_code == 200
    assert site.ask(WIPE, "POST").status_code == 401


@pytest.mark.parametrize("guard", ["required", "app", "blueprint", "list"])
def test_cross_origin_on_a_class_s_method(guard):
    """An ``options`` of one's own that Flask-CORS answers for."""

    class Answering(MethodView):
        decorators = [require_jwt] if guard == "list" else []

        @cross_origin(origins=PAGE)
        def options(self):
            return wipe()

    site = site_with(Answering.as_view("answering"), guard)
    assert allows(preflight(site))
    assert site.ask(WIPE, "OPTIONS").status_code == 401


def test_a_public_view_answers_for_itself():
    """The control: who marks a view public has decided."""
    with pytest.raises(Wiped):
        preflight(site_with(public(by_hand(wiping())), "required"))


def test_a_hook_of_the_app_s_own_answers_first():
    """One that stands before ``init_app``: it has answered, the view is not reached."""
    app = Flask("hook")
    app.before_request(lambda: ("by hand", 204))
    site = FlaskSite(lambda name: app, JWKS_AUTH_REQUIRED=True)
    site.route(WIPE, by_hand(wiping()))
    assert preflight(site).status_code == 204


@pytest.mark.parametrize("guard", ["required", "blueprint"])
@pytest.mark.parametrize("answering", [True, False])
def test_flask_smorest_views(guard, answering):
    """Its class-based views with ``options``, and its routes with ``@cross_origin``."""
    config = {"API_TITLE": "wipes", "API_VERSION": "1", "OPENAPI_VERSION": "3.0.3"}
    site = FlaskSite(JWKS_AUTH_REQUIRED=guard == "required", **config)
    blueprint = flask_smorest.Blueprint("admin", __name__)
    blueprint.route(WIPE)(
        cross_origin(origins=PAGE)(blueprint.response(200)(wiping())) if answering else Methods
    )
    if guard == "blueprint":
        site.auth.protect(blueprint)
    flask_smorest.Api(site.app).register_blueprint(blueprint)
    assert preflight(site).status_code == (200 if answering else 401)
    assert allows(preflight(site)) is answering


def test_a_flask_cors_that_is_not_understood_answers_nothing():
    """Its options are read off its decorator; another version's, without them, is a decorator like any other."""
    renamed = {"origins": PAGE}

    def wrapped_function():
        return wipe(), renamed

    view = FunctionType(
        wrapped_function.__code__, vars(flask_cors.decorator), closure=wrapped_function.__closure__
    )
    view.required_methods, view.provide_automatic_options = {"OPTIONS"}, False
    assert preflight(site_with(view, "required")).status_code == 401
