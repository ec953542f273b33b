"""A challenge lost on the way: a client that can't meet the one scheme is not told of the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from fastapi import Depends, FastAPI
from flask import jsonify
from starlette.responses import JSONResponse
from starlette.testclient import TestClient

from jwks_auth import InvalidTokenError, VerifiedToken
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt as require_jwt_in_django
from jwks_auth_django.authentication import finish
from jwks_auth_fastapi import JWTBearer, RequestRejected, install_error_handlers
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt
from jwks_auth_flask import AuthRejected
from jwks_auth_flask import require_jwt as in_flask
from tests.seams.flask_sites import FlaskSite
from tests.seams.sites import EVERY_SITE, Site

OTHER = 'Other realm="elsewhere"'
REVOKED = 'error="invalid_token", error_description="The access token has been revoked"'
OURS = f'Bearer realm="api", {REVOKED}'


class TwoWays(InvalidTokenError):
    """Offers another scheme beside ours."""

    def challenges(self, **parameters: Any) -> tuple[str, ...]:
        """Both."""
        return (*super().challenges(**parameters), OTHER)


def validator(token: VerifiedToken, now: float) -> None:
    """Refuse some tokens with two challenges, others with one."""
    if token.subject in ("two", "one"):
        raise (TwoWays if token.subject == "two" else InvalidTokenError)("revoked")


def settings_of(issuer: FakeIssuer) -> dict[str, Any]:
    """With the validator."""
    return {**issuer.settings(), "VALIDATORS": [validator]}


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer whose tokens are trusted."""
    return FakeIssuer()


@pytest.mark.parametrize("site", EVERY_SITE.values(), ids=EVERY_SITE)
def test_no_site_loses_the_second_challenge(site: Site, issuer: FakeIssuer) -> None:
    """As lines of their own or as one list (RFC 9110 section 5.3); one challenge stays one."""
    settings = {**settings_of(issuer), "REALM": "orders"}
    with site(settings) as app:
        for subject, more in (("two", [OTHER]), ("one", [])):
            answer = app.request("GET", "/me", list(issuer.headers(sub=subject, aud="api").items()))
            wanted = ", ".join([OURS.replace('"api"', '"orders"', 1), *more])
            assert (answer.status, ", ".join(answer.values("www-authenticate"))) == (401, wanted)
        assert app.request("GET", "/me", list(issuer.headers(sub="u1", aud="api").items())).status == 200


def shown(headers: Mapping[str, str]) -> JSONResponse:
    """A handler's own answer."""
    return JSONResponse({}, 401, headers=headers)


HANDLERS: dict[str, Any] = {
    "as they are": lambda request, exc: shown(exc.headers),
    "pair by pair": lambda request, exc: shown(dict(exc.headers.items())),
    "in another dict": lambda request, exc: shown({**exc.headers, "X-Own": "1"}),
    "into an answer": lambda request, exc: updated(exc.headers),
}


def updated(headers: Mapping[str, str]) -> JSONResponse:
    """An answer whose headers are set one after the other."""
    answer = JSONResponse({}, 401)
    answer.headers.update(headers)
    return answer


@pytest.mark.parametrize("handler", ["none", "rfc6750", "problem+json", *HANDLERS])
def test_no_handler_of_fastapi_s_loses_it(issuer: FakeIssuer, handler: Any) -> None:
    """FastAPI's own, ours, and those that copy ``exc.headers``, whichever way."""
    app = FastAPI()
    app.add_api_route("/", lambda: {}, dependencies=[Depends(JWTBearer(settings_of(issuer)))])
    ours = handler in ("rfc6750", "problem+json")
    if ours:
        install_error_handlers(app, handler)
    if handler in HANDLERS:
        app.exception_handler(RequestRejected)(HANDLERS[handler])
    found = TestClient(app).get("/", headers=issuer.headers(sub="two")).headers.get_list("www-authenticate")
    assert found == ([OURS, OTHER] if ours else [f"{OURS}, {OTHER}"])


def test_no_bare_asgi_app_loses_it(issuer: FakeIssuer) -> None:
    """Behind the guard alone, with nothing of Starlette's around it."""
    app = require_jwt(backend=JWTAuthenticationBackend(settings_of(issuer)))(JSONResponse({}))
    answer = TestClient(app).get("/", headers=issuer.headers(sub="two"))
    assert answer.headers.get_list("www-authenticate") == [OURS, OTHER]


@pytest.mark.parametrize("handler", ["none", "own words", "own challenge"])
def test_no_handler_of_flask_s_loses_it(handler: str) -> None:
    """Nor does one with words of its own; a challenge that it writes itself stands alone."""
    site = FlaskSite(JWKS_AUTH_VALIDATORS=[validator])
    site.route("/", in_flask(lambda: {}))
    if handler == "own words":
        site.app.register_error_handler(AuthRejected, lambda error: (jsonify(no=1), error.code))
    if handler == "own challenge":
        site.app.register_error_handler(401, lambda error: ("", 401, {"WWW-Authenticate": "Own"}))
    found = site.ask_with_token("/", sub="two").headers.getlist("WWW-Authenticate")
    assert found == (["Own"] if handler == "own challenge" else [OURS, OTHER])


def test_no_handler_of_django_s_loses_it(issuer: FakeIssuer) -> None:
    """Django has one value of a name, which then lists both."""
    with override_settings(JWKS_AUTH=settings_of(issuer)):
        request = RequestFactory().get("/", headers=issuer.headers(sub="two"))
        refused = require_jwt_in_django(lambda request: HttpResponse())(request)
        own = finish(request, HttpResponse("own words", status=401))
    assert refused["WWW-Authenticate"] == own["WWW-Authenticate"] == f"{OURS}, {OTHER}"
