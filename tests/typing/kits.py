"""The test kits, as users' tests see them: mypy and pyright know what each name gives."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import assert_type

import django.test
from fastapi import FastAPI
from flask import Flask
from flask.testing import FlaskClient
from starlette.testclient import TestClient

import jwks_auth_django.test
import jwks_auth_fastapi.testing
import jwks_auth_flask.testing
from jwks_auth.testing import FakeIssuer, hostile_tokens, trusted_issuer, with_token
from jwks_auth_fastapi import JWTBearer


def of_flask(app: Flask) -> None:
    """An app, as it is."""
    with jwks_auth_flask.testing.trust_fake_issuer(app, LEEWAY=0) as issuer:
        assert_type(issuer, FakeIssuer)
        client = app.test_client()
        assert_type(with_token(client, sub="u1"), FlaskClient)
        assert_type(jwks_auth_flask.testing.with_token(client, dpop=True), FlaskClient)
        jwks_auth_flask.testing.assert_refuses(client, "/orders", scopes=["orders:read"], accepted=["aud"])
    jwks_auth_flask.testing.assert_protected(app, public=["/health"])


async def of_fastapi(app: FastAPI, auth: JWTBearer) -> None:
    """An app or a bearer, as it is."""
    trust: AbstractContextManager[FakeIssuer] = jwks_auth_fastapi.testing.trust_fake_issuer(auth)
    with trust, jwks_auth_fastapi.testing.trust_fake_issuer(app, FakeIssuer(), leeway=0) as issuer:
        assert_type(issuer, FakeIssuer)
        assert_type(with_token(TestClient(app), certificate=True), TestClient)
        await jwks_auth_fastapi.testing.aassert_refuses(TestClient(app), "/orders", issuer=issuer)
    jwks_auth_fastapi.testing.assert_protected(app)


def of_django() -> None:
    """The project, as it is."""
    with jwks_auth_django.test.trust_fake_issuer(LEEWAY=0) as issuer:
        assert_type(issuer, FakeIssuer)
        assert_type(jwks_auth_django.test.with_token(django.test.Client(), sub="u1"), django.test.Client)
        jwks_auth_django.test.assert_refuses(django.test.Client(), "/orders", method="POST")
    jwks_auth_django.test.assert_protected(public=["/health"])


def of_any(issuer: FakeIssuer) -> None:
    """The core's own words."""
    assert_type(trusted_issuer(), FakeIssuer | None)
    assert_type(hostile_tokens(issuer, sub="u1"), dict[str, str])
    assert_type(issuer.presented(sub="u1"), str)
    assert_type(issuer.headers(sub="u1"), dict[str, str])
