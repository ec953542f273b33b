"""``@require_jwt`` in every place a Flask user puts it."""

from __future__ import annotations

import functools
import inspect

import pytest
from flask import Blueprint
from flask.views import MethodView, View

from jwks_auth import ConfigurationError, Policy
from jwks_auth_flask import current_token, require_jwt, token_verified


def named(status):
    """Header decorator of somebody else's: keeps what it wraps callable, sync or async."""

    def decorate(view):
        @functools.wraps(view)
        def wrapper(*args, **kwargs):
            return view(*args, **kwargs), status

        @functools.wraps(view)
        async def async_wrapper(*args, **kwargs):
            return await view(*args, **kwargs), status

        return async_wrapper if inspect.iscoroutinefunction(view) else wrapper

    return decorate


def sync_view():
    """Whose token."""
    return {"sub": current_token.subject}


async def async_view():
    """Whose token."""
    return {"sub": current_token.subject}


VIEWS = pytest.mark.parametrize("view", [sync_view, async_view])


@VIEWS
@pytest.mark.parametrize("decorate", [require_jwt, require_jwt()], ids=["bare", "called"])
def test_bare_and_called(app, issuer, view, decorate):
    """Both forms guard sync and async views."""
    app.add_url_rule("/me", view_func=decorate(view))
    client = app.test_client()
    assert client.get("/me").status_code == 401
    assert client.get("/me", headers=issuer.headers(sub="u1")).json == {"sub": "u1"}


@VIEWS
@pytest.mark.parametrize("order", ["inside", "outside"])
def test_other_decorators_in_either_order(app, issuer, view, order):
    """Above or below another decorator, also one that awaits its view."""
    stack = [require_jwt, named(202)] if order == "inside" else [named(202), require_jwt]
    for decorate in stack:
        view = decorate(view)
    app.add_url_rule("/me", view_func=view)
    client = app.test_client()
    assert client.get("/me").status_code == 401
    assert client.get("/me", headers=issuer.headers()).status_code == 202


@pytest.mark.parametrize(
    ("options", "good", "bad", "status"),
    [
        ({"audience": "reports"}, {"aud": "reports"}, {"aud": "api"}, 401),
        ({"issuer": "https://issuer.example/"}, {}, {"iss": "https://other.example/"}, 401),
        ({"scopes": "a b"}, {"scope": "b a"}, {"scope": "a"}, 403),
        ({"scopes": ["a", "b"]}, {"scope": "b a"}, {"scope": "b"}, 403),
        ({"any_scope": "a b"}, {"scope": "b"}, {"scope": "c"}, 403),
        ({"roles": ["x", "y"]}, {"roles": ["x", "y"]}, {"roles": ["x"]}, 403),
        ({"any_role": ["x", "y"]}, {"roles": ["y"]}, {}, 403),
        ({"permissions": "p"}, {"permissions": ["p"]}, {"permissions": ["q"]}, 403),
        ({"claims": {"tier": "gold"}}, {"tier": "gold"}, {"tier": "tin"}, 403),
        ({"policy": Policy(scopes="a") | Policy(roles="r")}, {"roles": ["r"]}, {"scope": "b"}, 403),
    ],
)
def test_options(app, issuer, options, good, bad, status):
    """Each option lets in what it says, and nothing else."""
    app.add_url_rule("/", view_func=require_jwt(**options)(sync_view))
    client = app.test_client()
    assert client.get("/", headers=issuer.headers(**good)).status_code == 200
    assert client.get("/", headers=issuer.headers(**bad)).status_code == status


def test_method_views_by_class(app, issuer):
    """``decorators = [require_jwt]`` guards every method of the class, sync or async."""

    class Orders(MethodView):
        decorators = [require_jwt(scopes="orders")]

        def get(self):
            return {"sub": current_token.subject}

        async def post(self):
            return {"sub": current_token.subject}

    app.add_url_rule("/orders", view_func=Orders.as_view("orders"))
    client = app.test_client()
    for call in (client.get, client.post):
        assert call("/orders").status_code == 401
        assert call("/orders", headers=issuer.headers(scope="orders", sub="u1")).json == {"sub": "u1"}


@pytest.mark.parametrize("every_request", [True, False])
def test_method_views_by_method(app, issuer, every_request):
    """On single methods, sync and async, each asks for its own; what is not decorated stays open."""

    class Orders(MethodView):
        init_every_request = every_request

        def get(self):
            return {"open": True}

        @require_jwt(scopes="write")
        def post(self):
            return {"sub": current_token.subject}

        @require_jwt(scopes="delete")
        async def delete(self):
            return {"sub": current_token.subject}

    app.add_url_rule("/orders", view_func=Orders.as_view("orders"))
    client = app.test_client()
    assert client.get("/orders").json == {"open": True}
    assert client.post("/orders", headers=issuer.headers(scope="write", sub="w")).json == {"sub": "w"}
    assert client.delete("/orders", headers=issuer.headers(scope="write")).status_code == 403
    assert client.delete("/orders", headers=issuer.headers(scope="delete", sub="d")).json == {"sub": "d"}


def test_nested_blueprints(app, issuer):
    """Views of nested blueprints are guarded like any other."""
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    inner.add_url_rule("/me", view_func=require_jwt(sync_view))
    outer.register_blueprint(inner, url_prefix="/inner")
    app.register_blueprint(outer, url_prefix="/outer")
    client = app.test_client()
    assert client.get("/outer/inner/me").status_code == 401
    assert client.get("/outer/inner/me", headers=issuer.headers(sub="u1")).json == {"sub": "u1"}


@VIEWS
def test_several_on_one_view_add_up(app, issuer, view):
    """All of them must hold, and the token is verified once for the request."""
    decorated = require_jwt(scopes="a")(
        require_jwt(audience=["api", "x"])(require_jwt(any_scope=["b", "c"])(view))
    )
    app.add_url_rule("/", view_func=decorated)
    client = app.test_client()
    verified = []
    with token_verified.connected_to(lambda sender, token: verified.append(token), app):
        assert client.get("/", headers=issuer.headers(scope="a b")).status_code == 200
    assert len(verified) == 1
    for lacking in ("a", "b"):
        assert client.get("/", headers=issuer.headers(scope=lacking)).status_code == 403
    assert client.get("/", headers=issuer.headers(scope="a b", aud="elsewhere")).status_code == 401


def test_the_token_is_verified_once_a_request(app, issuer, auth):
    """However many guards and decorators look at it: app, blueprint, and two on the view."""
    blueprint = Blueprint("orders", __name__)
    blueprint.add_url_rule("/me", view_func=require_jwt(scopes="a")(require_jwt(sync_view)))
    auth.protect(blueprint, scopes="a")
    app.register_blueprint(blueprint)
    auth.protect(app)
    issuer.requests.clear()
    assert app.test_client().get("/me", headers=issuer.headers(scope="a")).status_code == 200
    assert (
        issuer.requests[issuer.jwks_path] == 1
    )  # a callable JWKS is asked for its keys at each verification


def test_optional_lets_nobody_in_by_mistake(app, issuer):
    """No token is fine, a bad one is not."""
    app.add_url_rule("/", view_func=require_jwt(optional=True)(lambda: {"known": bool(current_token)}))
    client = app.test_client()
    assert client.get("/").json == {"known": False}
    assert client.get("/", headers=issuer.headers()).json == {"known": True}
    assert client.get("/", headers=issuer.headers(aud="elsewhere")).status_code == 401


@pytest.mark.parametrize("scopes", [["a,b"], "a,b", ['a"b'], ["a b"], ["ä"], [""], [7], ["a\nb"]])
def test_impossible_scopes_are_refused_when_the_view_is_decorated(scopes):
    """A scope no token can hold would lock everybody out at run time."""
    with pytest.raises(ConfigurationError, match="scope"):
        require_jwt(scopes=scopes)


@pytest.mark.parametrize("options", [{"any_role": []}, {"audience": []}, {"issuer": [""]}])
def test_impossible_requirements_are_refused_when_the_view_is_decorated(options):
    """So is everything else nobody can meet."""
    with pytest.raises(ConfigurationError):
        require_jwt(**options)


def test_unknown_options_are_refused():
    """A misspelt option must not guard less than was meant."""
    with pytest.raises(TypeError, match="scope"):
        require_jwt(scope="orders:read")


def test_a_class_is_refused():
    """Decorating the class itself would leave its views open."""

    class Orders(View):
        pass

    with pytest.raises(TypeError, match=r"decorators = \[require_jwt\]"):
        require_jwt(Orders)


def test_a_positional_option_is_refused():
    """``@require_jwt("orders:read")`` is a slip that says what to write."""
    with pytest.raises(TypeError, match="scopes="):
        require_jwt("orders:read")


def test_the_view_keeps_its_name_and_arguments(app, issuer):
    """Flask derives the endpoint from it, and URL values pass through."""

    @app.get("/orders/<int:number>")
    @require_jwt
    def order(number):
        return {"number": number}

    assert "order" in app.view_functions
    assert app.test_client().get("/orders/7", headers=issuer.headers()).json == {"number": 7}
