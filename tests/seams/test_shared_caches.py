"""One sender's page handed to another by a cache between them: a proxy's, or Django's own."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from flask import Blueprint, abort, request, send_file
from flask_cors import cross_origin
from werkzeug.routing import Rule

from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import require_jwt as in_flask
from tests.contract.asgi_apps import APPS
from tests.contract.cases import SETTINGS
from tests.contract.flask_apps import TestClientApp, create_app
from tests.contract.runner import App
from tests.contract.test_django import SERVERS, SITES, STACKS
from tests.seams.flask_sites import FlaskSite
from tests.seams.shared_cache import SharedCache

PUBLIC = {"Cache-Control": "public, max-age=60, s-maxage=600"}
PRIVATE = "private, max-age=60"
Opened = Callable[[FakeIssuer], AbstractContextManager[App]]


@contextmanager
def django_app(issuer: FakeIssuer, site: str, stack: str) -> Iterator[App]:
    """One of the contract's Django sites."""
    urls, server = SITES[site]
    with override_settings(
        JWKS_AUTH={**issuer.settings(), **SETTINGS},
        MIDDLEWARE=getattr(django_settings, STACKS[stack]),
        ROOT_URLCONF=f"tests.django_site.{urls}",
    ):
        yield SERVERS[server]


def flask_app(issuer: FakeIssuer, views: str) -> AbstractContextManager[App]:
    """The contract's Flask app."""
    return nullcontext(TestClientApp(create_app(issuer.settings(prefix="JWKS_AUTH_"), views).test_client()))


EVERY_APP: dict[str, Opened] = {
    **{name: lambda issuer, make=make: nullcontext(make(issuer)) for name, make in APPS.items()},
    "flask": partial(flask_app, views="sync"),
    "flask async": partial(flask_app, views="async"),
    **{
        f"django, {site}, {stack}": partial(django_app, site=site, stack=stack)
        for site in SITES
        for stack in STACKS
    },
}


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer whose tokens are trusted."""
    return FakeIssuer()


def bearer(issuer: FakeIssuer, name: str) -> list[tuple[str, str]]:
    """The header that *name* sends."""
    return list(issuer.headers(sub=name, aud="api").items())


@pytest.mark.parametrize("opened", EVERY_APP.values(), ids=EVERY_APP)
def test_a_proxy_hands_nobody_s_page_to_another(opened: Opened, issuer: FakeIssuer) -> None:
    """Though the view says that its page is public; what nobody in particular was told is kept."""
    with opened(issuer) as app:
        cache = SharedCache(app)
        senders = {name: bearer(issuer, name) for name in ("alice", "bob")}
        told = [
            json.loads(cache.get("/shared", sent).body)["sub"]
            for sent in (senders["alice"], [], senders["bob"], senders["alice"], [])
        ]
        assert told == ["alice", None, "bob", "alice", None]
        assert cache.asked == 4


@pytest.mark.parametrize("opened", EVERY_APP.values(), ids=EVERY_APP)
def test_a_proxy_keeps_no_answer_to_a_token_for_those_without(opened: Opened, issuer: FakeIssuer) -> None:
    """Nor the other way round: a guarded page is asked for by each."""
    with opened(issuer) as app:
        cache = SharedCache(app)
        statuses = [
            cache.get("/me", sent).status for sent in (bearer(issuer, "alice"), [], bearer(issuer, "bob"))
        ]
        assert (statuses, cache.asked) == ([200, 401, 200], 3)


# Flask


def downloads() -> Any:
    """A file that may be kept for a minute: Flask says that it is public."""
    return send_file(io.BytesIO(b"x"), mimetype="text/plain", max_age=60)


def test_a_file_of_flask_s_is_not_for_everybody() -> None:
    """``send_file(max_age=...)`` says public; where nothing guards it, it stays so."""
    site = FlaskSite()
    site.route("/mine", in_flask(downloads))
    site.route("/open", downloads)
    mine, anybody = site.ask_with_token("/mine"), site.ask("/open")
    assert "private" in mine.headers["Cache-Control"]
    assert "public" not in mine.headers["Cache-Control"]
    assert "max-age=60" in mine.headers["Cache-Control"]
    assert mine.headers["Vary"] == site.ask("/mine").headers["Vary"] == "Authorization"
    assert ("Vary" in anybody.headers, "public" in anybody.headers["Cache-Control"]) == (False, True)


def test_flask_s_hooks_and_handlers_can_t_make_it_public() -> None:
    """An error handler's answer, a view's ``abort``, and a hook that says public to everything."""
    site = FlaskSite()
    site.route("/mine", in_flask(lambda: "x"))
    site.route("/gone", in_flask(lambda: abort(410)))
    site.app.register_error_handler(401, lambda error: ("Sign in", 401))
    site.app.register_error_handler(410, lambda error: ("Gone", 410))

    @site.app.after_request
    def everything_is_public(response: Any) -> Any:
        response.headers["Cache-Control"] = "public, max-age=60"
        return response

    answers = [site.ask("/mine"), site.ask_with_token("/mine"), site.ask_with_token("/gone")]
    assert [(a.status_code, a.headers["Vary"], a.headers["Cache-Control"]) for a in answers] == [
        (401, "Authorization", PRIVATE),
        (200, "Authorization", PRIVATE),
        (410, "Authorization", PRIVATE),
    ]


def test_flask_s_guards_on_blueprints_and_apps_tell_caches_too() -> None:
    """``auth.protect`` and ``JWKS_AUTH_REQUIRED``; a public view beside them is left alone."""
    site = FlaskSite(JWKS_AUTH_REQUIRED=True)
    blueprint = Blueprint("inner", __name__, url_prefix="/inner")
    blueprint.add_url_rule("/mine", "mine", downloads)
    site.auth.protect(blueprint)
    site.app.register_blueprint(blueprint)
    site.route("/mine", downloads)
    for path in ("/inner/mine", "/mine"):
        answer = site.ask_with_token(path)
        assert (answer.headers["Vary"], "public" in answer.headers["Cache-Control"]) == (
            "Authorization",
            False,
        )
        assert site.ask(path).headers["Vary"] == "Authorization"
    assert "Vary" not in site.ask("/nowhere").headers


def test_flask_s_preflights_of_guarded_routes_vary_too() -> None:
    """Flask's own answer, Flask-CORS's, and that of a hook before ours: the route is guarded, whoever answers."""
    site = FlaskSite()
    blueprint = Blueprint("inner", __name__, url_prefix="/inner")
    blueprint.add_url_rule("/mine", "mine", lambda: "x")
    site.auth.protect(blueprint)
    site.app.register_blueprint(blueprint)
    site.route("/mine", in_flask(lambda: "x"))
    site.route(
        "/cors", in_flask(cross_origin(automatic_options=True)(lambda: "x")), methods=["GET", "OPTIONS"]
    )
    site.route("/open", lambda: "x")
    site.app.before_request_funcs[None].insert(0, lambda: "early" if "early" in request.args else None)
    preflight = {"Origin": "https://page.example", "Access_Control_Request_Method": "GET"}
    for path in ("/mine", "/inner/mine", "/cors"):
        for answer in (site.ask(path, "OPTIONS", **preflight), site.ask(f"{path}?early=1"), site.ask(path)):
            assert "authorization" in answer.headers["Vary"].lower()
    for answer in (site.ask("/open", "OPTIONS", **preflight), site.ask("/open?early=1")):
        assert (answer.status_code, "Vary" in answer.headers) == (200, False)


def test_flask_views_without_a_hash_are_guarded_like_others() -> None:
    """A callable object, and a rule for any method: refused by a guard, and not with a 500."""

    @dataclass
    class View:
        __name__ = "view"

        def __call__(self) -> str:
            return "x"

    site = FlaskSite()
    site.route("/open", View())
    site.auth.protect(site.app)
    site.app.url_map.add(Rule("/any", endpoint="any"))
    site.app.view_functions["any"] = in_flask(lambda: "x")
    assert site.ask("/open").status_code == 401
    assert {site.ask("/any", each).headers["Vary"] for each in ("GET", "WIPE", "OPTIONS")} == {
        "Authorization"
    }
