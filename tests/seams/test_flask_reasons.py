"""Why was it refused? flask-smorest's and APIFlask's bodies say so, in their own shapes."""

from __future__ import annotations

import flask_smorest
import pytest
from apiflask import APIBlueprint, APIFlask, HTTPError
from flask import abort
from werkzeug.exceptions import HTTPException, Unauthorized

from jwks_auth_flask import AuthRejected, require_jwt
from tests.seams.flask_sites import FlaskSite

MISSING = {"error": "missing_token", "error_description": "Authentication is required"}
SMOREST = {"API_TITLE": "orders", "API_VERSION": "1", "OPENAPI_VERSION": "3.0.3"}

REFUSED = {
    "no token": ({}, 401, "missing_token"),
    "junk": ({"Authorization": "Bearer a.b.c"}, 401, "invalid_token"),
    "two tokens": ({"Authorization": "Bearer a.b.c, Bearer a.b.c"}, 400, "invalid_request"),
    "too little": (None, 403, "insufficient_scope"),
}


def orders():
    """The view."""
    return {}


def refused(site: FlaskSite, kind: str):
    """The answer to a refused request for ``/orders``, the expected status and error, and our own body for it."""
    headers, status, error = REFUSED[kind]
    bare = FlaskSite()
    bare.route("/orders", require_jwt(scopes="orders:read")(lambda: {}))
    ask = [
        each.ask_with_token("/orders") if headers is None else each.ask("/orders", **headers)
        for each in (site, bare)
    ]
    assert (ask[0].status_code, ask[1].json["error"]) == (status, error)
    assert ask[0].headers.getlist("WWW-Authenticate") == ask[1].headers.getlist("WWW-Authenticate")
    return ask[0], ask[1].json


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("guard", ["decorator", "blueprint"])
def test_flask_smorest_says_why(kind, guard):
    """In ``errors``, and in ``message``; the challenge is there as ever."""
    site = FlaskSite(**SMOREST)
    blueprint = flask_smorest.Blueprint("orders", __name__)
    if guard == "blueprint":
        site.auth.protect(blueprint, scopes="orders:read")
    blueprint.route("/orders")(orders if guard == "blueprint" else require_jwt(scopes="orders:read")(orders))
    flask_smorest.Api(site.app).register_blueprint(blueprint)
    answer, own = refused(site, kind)
    assert answer.json["errors"] == own
    assert answer.json["message"] == own["error_description"]
    assert answer.json["code"] == answer.status_code


def orders_of(app_class=APIFlask, **options) -> FlaskSite:
    """An APIFlask app with the route of all these tests."""
    site = FlaskSite(lambda name: app_class(name, **options))
    site.app.get("/orders")(require_jwt(scopes="orders:read")(lambda: {}))
    return site


@pytest.mark.parametrize("kind", REFUSED)
def test_apiflask_says_why(kind):
    """In ``detail``, and in ``message``."""
    answer, own = refused(orders_of(), kind)
    assert answer.json == {"detail": own, "message": own["error_description"]}


def test_apiflask_says_why_of_a_blueprint_s_guard():
    """A guard around APIFlask's own kind of blueprint."""
    site = FlaskSite(APIFlask)
    blueprint = APIBlueprint("orders", __name__)
    site.auth.protect(blueprint, scopes="orders:read")
    blueprint.get("/orders")(orders)
    site.app.register_blueprint(blueprint)
    assert site.ask("/orders").json["detail"] == MISSING


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_error_processor_hears_why(asynchronous):
    """APIFlask's own way to another shape: it is given the reason, and its answer is sent."""
    site = orders_of()

    def shaped(error):
        return {"why": error.detail, "text": error.message}, error.status_code, error.headers

    async def later(error):
        return shaped(error)

    site.app.error_processor(later if asynchronous else shaped)
    answer, own = refused(site, "junk")
    assert answer.json == {"why": own, "text": own["error_description"]}


@pytest.mark.parametrize("handled", [AuthRejected, 401, Unauthorized, HTTPException, Exception], ids=str)
@pytest.mark.parametrize("early", [False, True])
def test_handlers_of_the_app_s_own_come_first(handled, early):
    """Whatever an APIFlask app registered for refusals is asked as before, before and after ``init_app``."""
    if early:
        app = APIFlask("early", json_errors=False)
        app.errorhandler(handled)(lambda error: ({"own": error.error.code}, 401))
        site = FlaskSite(lambda name: app)
    else:
        site = FlaskSite(lambda name: APIFlask(name, json_errors=False))
        site.app.errorhandler(handled)(lambda error: ({"own": error.error.code}, 401))
    site.app.get("/orders")(require_jwt(scopes="orders:read")(lambda: {}))
    answer, _ = refused(site, "no token")
    assert answer.json == {"own": "missing_token"}


def test_without_json_errors_our_own_body_stays():
    """``json_errors=False``: APIFlask leaves errors to Flask."""
    answer, own = refused(orders_of(json_errors=False), "no token")
    assert answer.json == own


def test_other_errors_of_apiflask_are_as_before():
    """The control: the shape is only ours for our refusals."""
    site = orders_of()

    @site.app.get("/gone")
    def gone():
        abort(410)

    @site.app.get("/own")
    def own():
        raise HTTPError(409, "Taken", {"by": "another"})

    assert site.ask("/gone").json == {"detail": {}, "message": "Gone"}
    assert site.ask("/own").json == {"detail": {"by": "another"}, "message": "Taken"}
