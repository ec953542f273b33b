"""Caches around views, for real: above a guard one would answer anybody with what it made for one sender."""

from __future__ import annotations

import functools
from typing import Any

import cachetools
import flask_restx
import pytest
from flask import Flask, request
from flask.views import MethodView, View
from flask_caching import Cache

from jwks_auth_flask import JWKSAuth, current_token, require_jwt


def me(*args: Any) -> dict[str, Any]:
    """The sender, by whom the answer differs."""
    return {"sub": current_token.subject}


def around(view: Any) -> Any:
    """A decorator as most are."""

    @functools.wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return wrapper


def remembering(view: Any) -> Any:
    """A cache written by hand, with the method that caches have by convention."""
    answers: dict[Any, Any] = {}

    @functools.wraps(view)
    def wrapper(*args: Any) -> Any:
        return answers.setdefault(args, None) or answers.update({args: view(*args)}) or answers[args]

    wrapper.cache_clear = answers.clear  # type: ignore[attr-defined]
    return wrapper


@pytest.fixture
def cache(app: Flask) -> Cache:
    """Flask-Caching, in memory."""
    return Cache(app, config={"CACHE_TYPE": "SimpleCache"})


CACHES: dict[str, Any] = {
    "flask_caching cached": lambda cache: cache.cached(),
    "flask_caching memoize": lambda cache: cache.memoize(),
    "cachetools": lambda cache: cachetools.cached({}),
    "functools lru_cache": lambda cache: functools.lru_cache,
    "functools cache": lambda cache: functools.cache,
    "by hand": lambda cache: remembering,
}


def of_class(cached: Any) -> Any:
    """In ``decorators``, where the last is the outermost."""
    kind = type("Me", (MethodView,), {"get": me, "decorators": [require_jwt, cached]})
    return kind.as_view("me")


def of_plain_class(cached: Any) -> Any:
    """The same, in a class without methods for methods."""
    kind = type("Me", (View,), {"dispatch_request": me, "decorators": [require_jwt, cached]})
    return kind.as_view("me")


def of_method(cached: Any) -> Any:
    """On one method of a class, another than the one that is asked for."""
    return type("Me", (MethodView,), {"get": lambda self: {}, "post": cached(require_jwt(me))}).as_view("me")


def of_resource(cached: Any) -> Any:
    """In the list that Flask-RESTX applies on each request."""
    kind = type("Me", (flask_restx.Resource,), {"get": me, "method_decorators": [require_jwt, cached]})
    return kind.as_view("me")


FORMS: dict[str, Any] = {
    "a function": lambda cached: cached(require_jwt(me)),
    "between decorators": lambda cached: around(cached(around(require_jwt(me)))),
    "between guards": lambda cached: require_jwt(cached(require_jwt(scopes="a")(me))),
    "a class": of_class,
    "a class without methods": of_plain_class,
    "a method": of_method,
    "a resource": of_resource,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", CACHES)
def test_no_cache_serves_one_senders_answer_to_anybody(app, issuer, cache, kind, form):
    """The view is refused on the first request, with the fix, and the table does not call it guarded."""
    app.add_url_rule("/me", "me", FORMS[form](CACHES[kind](cache)))
    app.testing = True
    client = app.test_client()
    for headers in (issuer.headers(sub="alice"), {}):
        with pytest.raises(RuntimeError, match=r"above its @require_jwt.*Put the cache below @require_jwt"):
            client.get("/me", headers=headers)
    listed = app.test_cli_runner().invoke(args=["jwks", "routes", "--fail-unprotected"])
    assert "UNKNOWN: " in listed.output
    assert listed.exit_code == 1


@pytest.mark.parametrize("kind", CACHES)
def test_a_cache_below_a_guard_is_served(app, issuer, cache, kind):
    """The control: every request meets the guard, and the answer may come from the cache."""
    made: list[int] = []

    def orders() -> dict[str, Any]:
        made.append(1)
        return {"orders": []}

    app.add_url_rule("/orders", "orders", around(require_jwt(around(CACHES[kind](cache)(orders)))))
    client = app.test_client()
    for sub in ("alice", "bob"):
        assert client.get("/orders", headers=issuer.headers(sub=sub)).json == {"orders": []}
    assert client.get("/orders").status_code == 401
    assert made == [1]
    assert "token" in app.test_cli_runner().invoke(args=["jwks", "routes"]).output


def test_a_cache_below_a_guard_by_sender(app, issuer, cache):
    """A key that names the sender keeps answers apart, as the guide shows."""

    def key(*args: Any, **kwargs: Any) -> str:
        return repr((current_token.issuer, current_token.subject, request.full_path))

    app.add_url_rule("/me", "me", require_jwt(cache.cached(make_cache_key=key)(me)))
    client = app.test_client()
    for sub in ("alice", "bob", "alice"):
        assert client.get("/me", headers=issuer.headers(sub=sub)).json == {"sub": sub}


def test_a_cache_of_an_open_view_is_served(app, cache):
    """The control: nothing is guarded, and nothing refused; a guard around a blueprint comes before its caches."""
    app.add_url_rule("/open", "open", cache.cached()(lambda: {"open": True}))
    assert app.test_client().get("/open").json == {"open": True}


def test_a_cache_behind_an_app_wide_guard_is_served(make_app, issuer):
    """A guard on the app is asked before the view, whatever stands around that."""
    app = make_app(JWKS_AUTH_REQUIRED=True)
    cache = Cache(app, config={"CACHE_TYPE": "SimpleCache"})
    app.add_url_rule("/orders", "orders", cache.cached()(lambda: {"orders": []}))
    assert app.test_client().get("/orders", headers=issuer.headers()).status_code == 200
    assert app.test_client().get("/orders").status_code == 401


def test_a_partial_of_functools_is_no_cache(app, issuer, auth: JWKSAuth):
    """Not everything of ``functools`` remembers."""
    app.add_url_rule("/me", "me", functools.partial(require_jwt(me), None))
    assert app.test_client().get("/me", headers=issuer.headers(sub="u1")).json == {"sub": "u1"}
