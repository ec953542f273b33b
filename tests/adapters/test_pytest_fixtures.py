"""The fixtures that pytest finds by itself: one set of names for every framework, and nothing until one is named."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
PLUGIN = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]

FLASK = """
from flask import Flask
from jwks_auth_flask import JWKSAuth, current_token, require_jwt

made = Flask("orders")
made.config.update(JWKS_AUTH_ISSUER="https://login.shop.example/", JWKS_AUTH_AUDIENCE="orders")
JWKSAuth(made)
made.add_url_rule("/me", view_func=require_jwt(lambda: {"sub": current_token.subject}))
"""

FASTAPI = """
from typing import Annotated
from fastapi import Depends, FastAPI
from jwks_auth_fastapi import JWTBearer, VerifiedToken

auth = JWTBearer(issuer="https://login.shop.example/", audience="orders")
made = FastAPI(lifespan=auth.lifespan)

@made.get("/me")
def me(token: Annotated[VerifiedToken, Depends(auth)]):
    return {"sub": token.subject}
"""

STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt

backend = JWTAuthenticationBackend({"ISSUER": "https://login.shop.example/", "AUDIENCE": "orders"})

@require_jwt(backend=backend)
async def me(request):
    return JSONResponse({"sub": request.auth.token.subject})

made = Starlette(routes=[Route("/me", me)])
"""

DJANGO = """
import django
from django.conf import settings
from django.http import JsonResponse
from django.urls import path
from jwks_auth_django import require_jwt

settings.configure(
    SECRET_KEY="s",
    ROOT_URLCONF="shop",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "jwks_auth_django"],
    JWKS_AUTH={"ISSUER": "https://login.shop.example/", "AUDIENCE": "orders"},
)
django.setup()

@require_jwt
def me(request):
    return JsonResponse({"sub": request.token.subject})

urlpatterns = [path("me", me)]
"""

APP = """
import pytest
import shop

@pytest.fixture
def app():
    return shop.made
"""

TESTS = """
import pytest

def test_a_client(jwt_client):
    assert jwt_client.get("/me").status_code == 401
    answer = jwt_client.with_token(sub="u1").get("/me")
    assert answer.status_code == 200

def test_an_issuer(jwt_client, fake_issuer):
    assert fake_issuer.issuer == "https://login.shop.example/"
    headers = fake_issuer.headers(sub="u1")
    assert jwt_client.get("/me", headers=headers).status_code == 200
    assert jwt_client.get("/me", headers=fake_issuer.headers(aud="bills")).status_code == 401

def test_any_client(with_token, jwt_client):
    assert with_token(jwt_client, sub="u1").get("/me").status_code == 200

def test_nothing_is_left():
    from jwks_auth.testing import trusted_issuer
    assert trusted_issuer() is None
"""

NOTHING_LOADED = """
import sys

def test_nothing():
    loaded = {name.partition(".")[0] for name in sys.modules}
    assert not loaded & {"flask", "django", "starlette", "fastapi", "cryptography", "jwt", "requests"}
    ours = sorted(name for name in sys.modules if name.startswith("jwks_auth"))
    assert ours == ["jwks_auth", "jwks_auth.later", "jwks_auth.testing", "jwks_auth.testing.fixtures"]
"""


def run(tmp_path: Path, *options: str, **files: str) -> str:
    """Run pytest on *files* in a process of its own, with the plugin as its entry point loads it."""
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    environment = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", PLUGIN["jwks_auth"], *options, str(tmp_path)]
    found = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        check=False,
    )
    return found.stdout + found.stderr


def test_there_is_one_entry_point() -> None:
    """With one module for all frameworks."""
    assert PLUGIN == {"jwks_auth": "jwks_auth.testing.fixtures"}


def test_nothing_is_imported_until_a_fixture_is_named(tmp_path: Path) -> None:
    """Neither a framework nor the verifier costs anything at the start of every pytest."""
    assert "1 passed" in run(tmp_path, test_it=NOTHING_LOADED)


@pytest.mark.parametrize("shop", [FLASK, FASTAPI, STARLETTE], ids=["flask", "fastapi", "starlette"])
def test_an_app_fixture(tmp_path: Path, shop: str) -> None:
    """A module's app, in a fixture ``app``, is all that tests need."""
    assert "4 passed" in (found := run(tmp_path, shop=shop, conftest=APP, test_it=TESTS)), found


@pytest.mark.parametrize("options", [(), ("-p", "pytest_asyncio.plugin"), ("-p", "anyio.pytest_plugin")])
def test_beside_other_plugins(tmp_path: Path, options: tuple[str, ...]) -> None:
    """pytest-asyncio and anyio may be there, or not; so may the former names of the plugin."""
    named = f'pytest_plugins = ["jwks_auth_flask.pytest_plugin"]\n{APP}'
    assert "4 passed" in (found := run(tmp_path, *options, shop=FLASK, conftest=named, test_it=TESTS)), found


def test_a_django_project(tmp_path: Path) -> None:
    """Without an ``app`` fixture the project's settings trust the issuer, for async clients too."""
    more = """
import asyncio

def test_async(async_jwt_client):
    answer = asyncio.run(async_jwt_client.with_token(sub="u1").get("/me"))
    assert answer.status_code == 200
"""
    assert "5 passed" in (
        found := run(tmp_path, shop=DJANGO, conftest="import shop", test_it=TESTS + more)
    ), found


def test_an_app_that_is_made_of_the_issuer(tmp_path: Path) -> None:
    """An ``app`` fixture that asks for ``fake_issuer`` is configured by it, as it always was."""
    conftest = """
import pytest
from flask import Flask
from jwks_auth_flask import JWKSAuth, require_jwt

@pytest.fixture
def app(fake_issuer):
    app = Flask("orders")
    app.config.update(fake_issuer.settings("orders", prefix="JWKS_AUTH_"), TESTING=True)
    JWKSAuth(app)
    app.add_url_rule("/me", view_func=require_jwt(lambda: {}))
    return app
"""
    test = """
def test_client(jwt_client):
    assert jwt_client.with_token(sub="u1").get("/me").status_code == 200
"""
    assert "1 passed" in (found := run(tmp_path, conftest=conftest, test_it=test)), found


def test_without_an_app(tmp_path: Path) -> None:
    """An issuer is still made, and a client says what it lacks; an ``app`` of another kind is left alone."""
    test = """
import pytest

@pytest.fixture
def app(request):
    return object()

def test_issuer(fake_issuer):
    assert fake_issuer.issuer == "https://issuer.example/"

def test_client(jwt_client):
    pass

def test_async_client(async_jwt_client):
    pass
"""
    found = run(tmp_path, test_it=test)
    assert "jwt_client: found no fixture app" in found
    assert "use httpx.AsyncClient" in found
    assert "1 passed, 2 errors" in found


def test_attack_a_broken_app_is_no_missing_one(tmp_path: Path) -> None:
    """An ``app`` that lacks a fixture of its own, or asks for no tokens, fails the test."""
    broken = "import pytest\n\n@pytest.fixture\ndef app(gone):\n    return None\n"
    open_ = "import flask\nimport pytest\n\n@pytest.fixture\ndef app():\n    return flask.Flask('open')\n"
    test = "\ndef test_it(fake_issuer):\n    pass\n"
    found = run(tmp_path, test_broken=broken + test, test_open=open_ + test)
    assert "fixture 'gone' not found" in found
    assert "this app has no JWKSAuth" in found
    assert "2 errors" in found


def test_a_live_server_in_another_process(tmp_path: Path) -> None:
    """The trust is seen by a server that is forked within it, as pytest-flask's ``live_server`` is, and by threads."""
    test = """
import multiprocessing
import sys
import threading
import urllib.error
import urllib.request

import pytest
from werkzeug.serving import make_server

@pytest.fixture(params=["thread", "process"])
def live_server(request, app, fake_issuer):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    if request.param == "thread":
        runner = threading.Thread(target=server.serve_forever, daemon=True)
    else:
        runner = multiprocessing.get_context("fork").Process(target=server.serve_forever, daemon=True)
    runner.start()
    yield f"http://127.0.0.1:{server.server_port}"
    runner.terminate() if request.param == "process" else server.shutdown()
    runner.join()

def test_it(live_server, fake_issuer):
    request = urllib.request.Request(f"{live_server}/me", headers=fake_issuer.headers(sub="u1"))
    assert urllib.request.urlopen(request).status == 200
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{live_server}/me")
"""
    assert "2 passed" in (found := run(tmp_path, shop=FLASK, conftest=APP, test_it=test)), found


def test_a_live_server_that_starts_before_every_fixture(tmp_path: Path) -> None:
    """As pytest-flask's own, which forks once for all tests: ``fake_issuer`` is that of the ``app``'s own trust."""
    conftest = """
import pytest
from jwks_auth_flask.testing import trust_fake_issuer

@pytest.fixture(scope="session")
def app():
    from shop import made

    with trust_fake_issuer(made):
        yield made
"""
    test = """
import multiprocessing
import urllib.request

import pytest
from werkzeug.serving import make_server

@pytest.fixture(scope="session")
def live_server(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    runner = multiprocessing.get_context("fork").Process(target=server.serve_forever, daemon=True)
    runner.start()
    yield f"http://127.0.0.1:{server.server_port}"
    runner.terminate()
    runner.join()

@pytest.mark.parametrize("number", range(2))
def test_it(number, live_server, fake_issuer, jwt_client):
    request = urllib.request.Request(f"{live_server}/me", headers=fake_issuer.headers(sub="u1"))
    assert urllib.request.urlopen(request).status == 200
    assert jwt_client.with_token(sub="u1").get("/me").status_code == 200
"""
    assert "2 passed" in (found := run(tmp_path, shop=FLASK, conftest=conftest, test_it=test)), found
