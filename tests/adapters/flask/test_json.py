"""``current_user`` in JSON answers: sent as the object that it stands for, or refused with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, jsonify, request
from flask.json.provider import DefaultJSONProvider, JSONProvider

from jwks_auth_flask import current_token, current_user, require_jwt, token_of, user_of


@dataclass
class Account:
    """A user as Flask can send it."""

    name: str


ADA: dict[str, Any] = {"dict": {"name": "Ada"}, "dataclass": Account("Ada")}
WAYS: dict[str, Any] = {
    "jsonify": lambda: jsonify(current_user),
    "by name": lambda: jsonify(user=current_user).json["user"],
    "without the proxy": lambda: jsonify(user_of(request)),
}


@pytest.mark.parametrize("kind", ADA)
@pytest.mark.parametrize("way", WAYS)
def test_a_user_is_sent(app, auth, issuer, kind, way):
    """As the object behind the proxy would be."""
    auth.user_loader(lambda token: ADA[kind])
    app.add_url_rule("/me", view_func=require_jwt(WAYS[way]))
    assert app.test_client().get("/me", headers=issuer.headers()).json == {"name": "Ada"}


def test_a_user_within_an_answer_is_sent(app, auth, issuer):
    """At any depth."""
    auth.user_loader(lambda token: ADA["dict"])
    app.add_url_rule("/me", view_func=require_jwt(lambda: {"users": [current_user, {"me": current_user}]}))
    answer = app.test_client().get("/me", headers=issuer.headers())
    assert answer.json == {"users": [{"name": "Ada"}, {"me": {"name": "Ada"}}]}


def problem(app: Flask, view: Any, headers: dict[str, str]) -> str:
    """The error of a view, as its developer sees it."""
    app.testing = True
    app.add_url_rule("/me", view_func=require_jwt(optional=True)(view))
    with pytest.raises((TypeError, RuntimeError)) as caught:
        app.test_client().get("/me", headers=headers)
    return str(caught.value)


def test_a_user_that_is_no_json_is_named(app, auth, issuer):
    """By its own type, not by the proxy's."""
    auth.user_loader(lambda token: object())
    said = problem(app, lambda: jsonify(current_user), issuer.headers())
    assert said == "Object of type object is not JSON serializable"


@pytest.mark.parametrize("way", [lambda: jsonify(current_token), lambda: jsonify(token_of(request))])
def test_a_token_is_not_sent_as_a_whole(app, issuer, way):
    """It would send the user's personal data, so it is chosen from; the error says how, and shows nothing of it."""
    said = problem(app, way, issuer.headers(sub="u1"))
    assert said.startswith(
        "A token is no JSON document. Choose from it, as in jsonify(sub=current_token.subject)"
    )


def test_claims_are_sent(app, issuer):
    """The control: what the error proposes works."""
    app.add_url_rule("/me", view_func=require_jwt(lambda: jsonify(current_token.payload)))
    app.add_url_rule("/sub", "sub", require_jwt(lambda: jsonify(sub=current_token.subject)))
    client = app.test_client()
    assert client.get("/me", headers=issuer.headers(sub="u1")).json["sub"] == "u1"
    assert client.get("/sub", headers=issuer.headers(sub="u1")).json == {"sub": "u1"}


@pytest.mark.parametrize(
    ("headers", "said"), [(False, "No token was accepted"), (True, "No user was loaded")]
)
def test_a_user_that_is_not_there_is_named(app, issuer, headers, said):
    """What is missing, a token or a loader, is in the error."""
    sent = issuer.headers() if headers else {}
    assert problem(app, lambda: jsonify(current_user), sent).startswith(said)


def test_a_provider_of_the_apps_own_keeps_its_word(app, auth, issuer):
    """Its ``default`` is asked for what is behind the proxy; one that is no kind of Flask's is left alone."""

    class Provider(DefaultJSONProvider):
        @staticmethod
        def default(value: Any) -> Any:
            return f"<{type(value).__name__}>"

    auth.user_loader(lambda token: object())
    app.json = Provider(app)
    app.add_url_rule("/me", view_func=require_jwt(lambda: jsonify(current_user)))
    assert app.test_client().get("/me", headers=issuer.headers()).json == "<object>"


def test_a_provider_of_another_kind_is_left_alone(app, issuer):
    """It has no ``default``."""

    class Provider(JSONProvider):
        def dumps(self, value: Any, **kwargs: Any) -> str:
            return "{}"

        def loads(self, value: str | bytes, **kwargs: Any) -> Any:
            return {}

    app.json = Provider(app)
    app.add_url_rule("/me", view_func=require_jwt(lambda: jsonify(1)))
    assert app.test_client().get("/me", headers=issuer.headers()).data == b"{}"
