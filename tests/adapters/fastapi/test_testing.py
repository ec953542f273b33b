"""What an app's own tests are written with; nothing of the verification is switched off."""

from typing import Annotated

import pytest
from fastapi import FastAPI, Security

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, VerifiedToken
from jwks_auth_fastapi.testing import JWTClient

pytest_plugins = ["pytester"]


@pytest.fixture
def client(issuer: FakeIssuer) -> JWTClient:
    """The client as a project would make it."""
    auth, app = JWTBearer(issuer.settings()), FastAPI()

    async def orders(token: Annotated[VerifiedToken, Security(auth, scopes=["orders:read"])]) -> str | None:
        return token.subject

    app.add_api_route("/orders", orders)
    return JWTClient(app, issuer=issuer, headers={"X-Own": "1"})


def test_with_token(client: JWTClient, issuer: FakeIssuer) -> None:
    """The claims are the arguments; the client itself stays anonymous, and a header of the request wins."""
    known = client.with_token(sub="u1", scope="orders:read")
    assert known.get("/orders").json() == "u1"
    assert known.headers["X-Own"] == "1"
    headers = issuer.headers(sub="u2", scope="orders:read")
    assert known.get("/orders", headers=headers).json() == "u2"
    assert known.with_token(sub="u1").get("/orders").status_code == 403
    assert client.get("/orders").status_code == 401


def test_the_pytest_plugin(pytester: pytest.Pytester) -> None:
    """Two lines in ``conftest.py`` and an ``app`` fixture are all a project needs."""
    pytester.makeconftest(
        """
        import pytest
        from fastapi import FastAPI
        from jwks_auth_fastapi import JWTBearer, protect

        pytest_plugins = ["jwks_auth_fastapi.pytest_plugin"]

        @pytest.fixture
        def auth(fake_issuer):
            return JWTBearer(fake_issuer.settings(audience="orders"))

        @pytest.fixture
        def app(auth):
            app = FastAPI()
            protect(app, auth)
            app.add_api_route("/", lambda: "ok")
            return app
        """
    )
    pytester.makepyfile(
        """
        def test_orders(jwt_client, sign_in, auth):
            assert jwt_client.get("/").status_code == 401
            assert jwt_client.with_token(aud="orders").get("/").status_code == 200
            sign_in(jwt_client.app, auth, sub="u1")
            assert jwt_client.get("/").status_code == 200
        """
    )
    pytester.runpytest_inprocess("-p", "no:asyncio", "-p", "no:randomly").assert_outcomes(passed=1)
