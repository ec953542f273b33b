"""Is there a token? A real ``None`` says no; the proxy never is one."""

from __future__ import annotations

import pytest
from flask import render_template_string, request

from jwks_auth_flask import current_token, current_user, require_jwt, token_of, user_of
from tests.seams.flask_sites import FlaskSite


def seen():
    """What either way of asking says."""
    token = token_of(request)
    return {
        "proxy": current_token is not None,
        "asked": bool(current_token),
        "token": None if token is None else token.subject,
        "user": user_of(request),
    }


ANONYMOUS = {"proxy": True, "asked": False, "token": None, "user": None}


@pytest.mark.parametrize("sent", [{}, {"Authorization": "Bearer a.b.c"}], ids=["nothing", "junk"])
def test_no_proxy_says_there_is_a_token_on_an_open_view(sent):
    """Nobody looked at the header: ``current_token is not None`` is true, ``token_of(request)`` is ``None``."""
    site = FlaskSite()
    site.route("/open", seen)
    assert site.ask("/open", **sent).json == ANONYMOUS


def test_no_proxy_says_there_is_a_token_on_an_optional_view():
    """None was sent; the control sends one, and finds its token and its user."""
    site = FlaskSite()
    site.auth.user_loader(lambda token: f"user {token.subject}")
    site.route("/", require_jwt(optional=True)(seen))
    assert site.ask("/").json == ANONYMOUS
    good = {"proxy": True, "asked": True, "token": "u1", "user": "user u1"}
    assert site.ask_with_token("/", sub="u1").json == good


def test_the_token_itself_and_no_proxy():
    """By the request or its proxy, it is the object that the guard made; without a loader the user is ``None``."""
    site = FlaskSite()

    @site.app.get("/")
    @require_jwt
    def view():
        token = token_of(request)
        same = token is token_of(request._get_current_object()) is current_token._get_current_object()
        return {"type": type(token).__name__, "same": same, "no user": user_of(request) is None}

    assert site.ask_with_token("/").json == {"type": "VerifiedToken", "same": True, "no user": True}


def test_a_token_ends_with_its_request():
    """Within one application context the next request has none."""
    site = FlaskSite()
    site.route("/in", require_jwt(seen))
    site.route("/open", seen)
    with site.app.app_context():
        assert site.ask_with_token("/in", sub="u1").json["token"] == "u1"
        assert site.ask("/open").json == ANONYMOUS


@pytest.mark.parametrize("asked", [token_of, user_of])
def test_outside_a_request_there_is_nothing_to_ask(asked):
    """As with everything of Flask's: an error, not an answer."""
    with pytest.raises(RuntimeError, match="outside of request context"):
        asked(request)


def test_a_template_asks_by_truth():
    """Jinja's ``is none`` is deceived as ``is None`` is; ``if token`` is not."""
    text = "{{ token is not none }} {{ 'yes' if token else 'no' }} {{ 'yes' if user else 'no' }}"
    site = FlaskSite()
    site.route("/", lambda: render_template_string(text, token=current_token, user=current_user))
    assert site.ask_with_token("/").text == "True no no"
