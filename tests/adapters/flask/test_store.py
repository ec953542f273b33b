"""``JWKS_AUTH_STORE``: workers and new processes share the keys one of them has fetched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from example_projects.demo.servers import gunicorn
from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import JWKSAuth
from tests.contract.cases import AUDIENCES
from tests.contract.flask_servers import ROOT
from tests.load import Load
from tests.needs import need_module
from tests.scenarios.test_store_redis import Redis


@pytest.fixture(params=["file", "redis"])
def store(request: pytest.FixtureRequest, tmp_path) -> Iterator[str]:
    """The URL of an empty store of either kind."""
    if request.param == "file":
        yield f"file:{tmp_path}/keys"
        return
    need_module("redis")
    server = Redis("redis-server", tmp_path)
    yield server.url
    server.kill()


def test_new_processes_start_with_the_keys_of_others(store):
    """Four workers, started while the issuer is down, answer from the keys another process has put there."""
    with FakeIssuer.serve() as issuer:
        settings = {
            "JWKS_AUTH_ISSUER": issuer.issuer,
            "JWKS_AUTH_STORE": store,
            "JWKS_AUTH_ALLOW_FAKE_ISSUER": "true",
        }
        issuer.settings(AUDIENCES)
        app = Flask(__name__)
        app.config.from_mapping(settings, JWKS_AUTH_AUDIENCE="api")
        auth = JWKSAuth(app)
        auth.authenticator(app).warm_up()
        fetched = issuer.requests[issuer.jwks_path]
        application = "tests.contract.flask_apps:create_app()"
        with issuer.outage(), gunicorn("four", application, "--workers=4", cwd=ROOT, env=settings) as server:
            server.request("/public")
            phase = Load(server, issuer).run("cold, issuer down")
    assert phase.only(200), phase
    assert (fetched, phase.fetches) == (1, 0)


def test_a_store_is_sealed_with_the_secret(tmp_path):
    """``JWKS_AUTH_STORE_SECRET``: what another service has put there is no key of ours."""
    with FakeIssuer.serve() as issuer:
        for secret, fetched in (
            ("of the orders team", 1),
            ("of the orders team", 1),
            ("of the billing team", 2),
        ):
            app = Flask(__name__)
            app.config.from_mapping(
                JWKS_AUTH_ISSUER=issuer.issuer,
                JWKS_AUTH_AUDIENCE="api",
                JWKS_AUTH_STORE=f"file:{tmp_path}/keys",
                JWKS_AUTH_STORE_SECRET=secret,
            )
            JWKSAuth(app).authenticator(app).warm_up()
            assert issuer.requests[issuer.jwks_path] == fetched
