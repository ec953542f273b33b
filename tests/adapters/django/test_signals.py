"""Signals: what happened, told to receivers that can't harm a request."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from jwt.exceptions import PyJWKClientError

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt, signals
from jwks_auth_django.conf import configuration
from jwks_auth_django.users import TokenUser
from tests.patience import PATIENCE


@contextmanager
def heard(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    """What a receiver was told meanwhile; an async and a failing one listen too."""
    told: list[dict[str, Any]] = []

    def listen(**kwargs: Any) -> None:
        told.append(kwargs)

    async def alisten(**kwargs: Any) -> None:
        told.append(kwargs)

    def fail(**kwargs: Any) -> None:
        raise LookupError("a receiver's bug")

    for receiver in (listen, alisten, fail):
        signal.connect(receiver)
    yield told
    for receiver in (listen, alisten, fail):
        signal.disconnect(receiver)


def ok(request: HttpRequest) -> HttpResponse:
    """Fine."""
    return HttpResponse()


def test_token_verified(project: Any, issuer: FakeIssuer) -> None:
    """Once a request, with request, token and user."""
    project({"/me": require_jwt(ok)})
    with heard(signals.token_verified) as told:
        assert Client().get("/me", headers=issuer.headers(sub="u1")).status_code == 200
        assert Client().get("/nowhere").status_code == 404
    assert len(told) == 2
    assert (told[0]["sender"], str(told[0]["user"]), told[0]["token"].subject) == (TokenUser, "u1", "u1")
    assert told[0]["request"].path == "/me"


async def test_token_verified_async(project: Any, issuer: FakeIssuer) -> None:
    """The same in an async stack."""
    project({"/me": require_jwt(ok)})
    with heard(signals.token_verified) as told:
        assert (await AsyncClient().get("/me", headers=issuer.headers())).status_code == 200
    assert len(told) == 2


REJECTED = [
    ({"Authorization": "Bearer nonsense"}, ["malformed"]),
    ({"Authorization": "Bearer"}, ["invalid_request"]),
    ({}, []),
]


@pytest.mark.parametrize(("headers", "codes"), REJECTED)
def test_token_rejected(project: Any, headers: dict[str, str], codes: list[str]) -> None:
    """With a stable word for what is wrong; a request without a token is no rejected token."""
    project({"/me": require_jwt(ok)})
    with heard(signals.token_rejected) as told:
        assert Client().get("/me", headers=headers).status_code >= 400
    assert [each["code"] for each in told] == codes * 2


@pytest.mark.parametrize(("headers", "codes"), REJECTED)
async def test_token_rejected_async(project: Any, headers: dict[str, str], codes: list[str]) -> None:
    """The same in an async stack."""
    project({"/me": require_jwt(ok)})
    with heard(signals.token_rejected) as told:
        assert (await AsyncClient().get("/me", headers=headers)).status_code >= 400
    assert [each["code"] for each in told] == codes * 2


def test_an_outage_rejects_no_token(project: Any, issuer: FakeIssuer) -> None:
    """503 says nothing about the token."""
    project({"/me": require_jwt(ok)})
    with heard(signals.token_rejected) as told, issuer.outage():
        assert Client().get("/me", headers=issuer.headers()).status_code == 503
    assert told == []


def test_keys_refreshed_and_failed() -> None:
    """Told by the thread that fetched, once it has; other events are no signals."""
    told: queue.Queue[tuple[str, Any]] = queue.Queue()

    def refreshed(event: Any, **kwargs: Any) -> None:
        told.put(("refreshed", event))

    def failed(event: Any, **kwargs: Any) -> None:
        told.put(("failed", event))

    signals.keys_refreshed.connect(refreshed)
    signals.keys_refresh_failed.connect(failed)
    with FakeIssuer.serve() as issuer, override_settings(JWKS_AUTH=issuer.settings()):
        configuration().authenticator.warm_up()
        name, event = told.get(timeout=PATIENCE)
        assert (name, issuer.kid in event.added) == ("refreshed", True)
        client = configuration().authenticator.issuers[0].client
        assert client is not None
        with issuer.outage(), pytest.raises(PyJWKClientError):
            client.get_jwk_set(refresh=True)
        name, event = told.get(timeout=PATIENCE)
        assert (name, event.kind) == ("failed", "status")
    signals.keys_refreshed.disconnect(refreshed)
    signals.keys_refresh_failed.disconnect(failed)
