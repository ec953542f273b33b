"""Blinker signals, with sync and async receivers."""

from __future__ import annotations

import queue

import jwt
import pytest

from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import keys_refresh_failed, keys_refreshed, require_jwt, token_rejected, token_verified
from tests.patience import PATIENCE


def sync_view():
    """Empty."""
    return {}


async def async_view():
    """Empty."""
    return {}


@pytest.fixture(params=[sync_view, async_view])
def client(request, app):
    """A client of an app whose one view is sync, then async."""
    app.add_url_rule("/", view_func=require_jwt(scopes="a")(request.param))
    return app.test_client()


@pytest.fixture(params=["sync", "async"])
def heard(request, app):
    """What receivers of either kind heard from *app*: pairs of sender and values."""
    found = []

    def receive(sender, **values):
        found.append((sender, values))

    async def receive_async(sender, **values):
        receive(sender, **values)

    receiver = receive if request.param == "sync" else receive_async
    with token_verified.connected_to(receiver, app), token_rejected.connected_to(receiver, app):
        yield found


def test_an_accepted_token_is_announced(app, client, heard, issuer):
    """The sender is the app, the token is the verified one."""
    client.get("/", headers=issuer.headers(sub="u1", scope="a"))
    assert [(sender, values["token"].subject) for sender, values in heard] == [(app, "u1")]


@pytest.mark.parametrize(("claims", "code"), [({"aud": "x"}, "wrong_audience"), ({}, "insufficient_scope")])
def test_a_refused_token_is_announced(app, client, heard, issuer, claims, code):
    """With the core's exception."""
    client.get("/", headers=issuer.headers(**claims))
    assert [(sender, values["error"].code) for sender, values in heard] == [(app, code)]


def test_a_missing_token_is_not_announced(client, heard):
    """Every crawler would be."""
    client.get("/")
    assert heard == []


def test_other_apps_are_not_heard(client, make_app, issuer):
    """Receivers choose an app by its sender, as with Flask's own signals."""
    found = []
    with token_verified.connected_to(lambda sender, token: found.append(token), make_app()):
        client.get("/", headers=issuer.headers(scope="a"))
    assert found == []


def test_key_refreshes_are_announced(auth, make_app):
    """Fetches that succeed and fetches that fail, told of by the app they are for."""
    with FakeIssuer.serve() as issuer:
        app = make_app(**issuer.settings(prefix="JWKS_AUTH_"), JWKS_AUTH_JWKS=None)
        found = queue.Queue()

        def receive(sender, event):
            found.put((sender, event.name))

        with (
            keys_refreshed.connected_to(receive, app),
            keys_refresh_failed.connected_to(receive, app),
        ):
            auth.authenticator(app).warm_up()
            with issuer.outage(), pytest.raises(jwt.PyJWKClientConnectionError):
                auth.authenticator(app).issuers[0].client.get_jwk_set(refresh=True)
            # Told in the fetch's own thread, perhaps after those who wait for it went on.
            heard = [found.get(timeout=PATIENCE) for _ in range(2)]
    assert heard == [(app, "refresh_ok"), (app, "refresh_failed")]
