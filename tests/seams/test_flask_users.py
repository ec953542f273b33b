"""A ``user_loader`` that says no is heard, however it says it: nobody whose account is gone is let in."""

from __future__ import annotations

import functools

import pytest

from jwks_auth_flask import current_user, require_jwt
from tests.seams.flask_sites import FlaskSite

ACCOUNTS = {"u1": {"name": "Ada"}, "u2": {}}


def load(token):
    """An account, even an empty one, or ``None``."""
    return ACCOUNTS.get(token.subject)


async def load_async(token):
    """The same."""
    return load(token)


class Loader:
    """An object that is called like a coroutine function and is none."""

    async def __call__(self, token):
        """The same."""
        return load(token)


class OldLoader:
    """An object whose call returns a coroutine."""

    def __call__(self, token):
        """The same."""
        return load_async(token)


LOADERS = {
    "sync": load,
    "async": load_async,
    "async object": Loader(),
    "object": OldLoader(),
    "lambda": lambda token: load_async(token),
    "partial": functools.partial(load_async),
    "false": lambda token: load(token) is not None and load(token),
}


def sync_view():
    """Who is signed in."""
    return {"user": dict(current_user)}


async def async_view():
    """The same."""
    return sync_view()


@pytest.mark.parametrize("view", [sync_view, async_view])
@pytest.mark.parametrize("how", ["decorator", "required"])
@pytest.mark.parametrize("loader", LOADERS)
def test_a_loader_s_refusal_is_heard(loader, how, view):
    """An unknown person gets 401; known ones, even without a word about them, are the control."""
    site = FlaskSite(JWKS_AUTH_REQUIRED=how == "required")
    site.auth.user_loader(LOADERS[loader])
    site.route("/", require_jwt(view) if how == "decorator" else view)
    answers = [site.ask_with_token("/", sub=sub) for sub in ("gone", "u1", "u2")]
    assert [answer.status_code for answer in answers] == [401, 200, 200]
    assert answers[0].json["error_description"] == "The access token's user may not sign in"
    assert answers[1].json == {"user": {"name": "Ada"}}
