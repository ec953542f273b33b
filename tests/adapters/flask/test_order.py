"""``@require_jwt`` above ``@app.route``: refused, and nothing else is."""

from __future__ import annotations

import functools

import pytest
from flask import Blueprint

from jwks_auth_flask import public, require_jwt


def passing(view):
    """A decorator of somebody else's."""

    @functools.wraps(view)
    def wrapper():
        return view()

    return wrapper


@pytest.mark.parametrize("between", [lambda view: view, passing], ids=["directly", "around another"])
def test_a_guard_above_the_route_is_no_open_view(app, issuer, between):
    """The request fails and names the fix, token or not; other views go on."""

    @require_jwt
    @between
    @app.get("/orders")
    def orders():
        return "open"

    @app.get("/health")
    def health():
        return "well"

    del orders  # as when a factory returns
    client = app.test_client()
    for headers in ({}, issuer.headers(sub="u1")):
        response = client.get("/orders", headers=headers)
        assert (response.status_code, b"open" in response.data) == (500, False)
    assert client.get("/health").text == client.get("/health").text == "well"
    assert client.get("/nowhere").status_code == 404
    app.testing = True
    with pytest.raises(RuntimeError, match=r"'orders'.*put @app\.route above @require_jwt"):
        client.get("/orders")


def test_an_outer_guard_above_the_route(app, issuer):
    """The inner one is registered, but not what the outer one asks."""

    @require_jwt(scopes="orders:read")
    @app.get("/orders")
    @require_jwt
    def orders():
        return "half open"

    assert app.test_client().get("/orders", headers=issuer.headers(sub="u1")).status_code == 500


def test_on_a_blueprint(app):
    """Whose views the app calls by other names."""
    blueprint = Blueprint("shop", __name__)
    require_jwt(blueprint.get("/orders")(lambda: "open"))
    app.register_blueprint(blueprint)
    assert app.test_client().get("/orders").status_code == 500


@pytest.mark.parametrize("around", [lambda view: view, passing], ids=["bare", "wrapped"])
def test_one_function_registered_both_ways(app, around):
    """Open at one URL and guarded at another: both were meant."""

    def orders():
        return "seen"

    app.add_url_rule("/open", "open", orders)
    app.add_url_rule("/guarded", "guarded", around(require_jwt(around(orders))))
    client = app.test_client()
    assert client.get("/open").text == "seen"
    assert client.get("/guarded").status_code == 401


@pytest.mark.parametrize("marked", [lambda view: view, public], ids=["bare", "public"])
def test_open_here_and_guarded_in_another_app(make_app, issuer, marked):
    """Both were meant, whichever app is asked first."""

    def orders():
        return "seen"

    guarding, other = make_app(), make_app()
    guarding.add_url_rule("/orders", view_func=require_jwt(orders))
    other.add_url_rule("/orders", view_func=marked(orders))
    assert other.test_client().get("/orders").text == "seen"
    assert guarding.test_client().get("/orders").status_code == 401


class Unhashable:
    """A view object that no set can hold."""

    __hash__ = None

    def __call__(self):
        """The view."""
        return "seen"


def test_view_objects_that_cannot_be_noted(app):
    """They are guarded all the same."""
    view = Unhashable()
    app.add_url_rule("/guarded", "guarded", require_jwt(view))
    app.add_url_rule("/open", "open", view)
    client = app.test_client()
    assert (client.get("/guarded").status_code, client.get("/open").text) == (401, "seen")
