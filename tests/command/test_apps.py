"""``--app``: the app itself, of each framework, and what is wrong with its name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jwks_auth.testing import FakeIssuer
from tests.command.programs import Outcome, started

FASTAPI = """
from fastapi import Depends, FastAPI, Security
from jwks_auth_fastapi import JWTBearer, public
auth = JWTBearer()
app = FastAPI()
@app.get("/orders/{number}")
def order(number: int, token=Security(auth, scopes=["orders:read"])): return {}
@app.get("/me")
def me(token=Depends(auth)): return {}
@app.get("/open")
def opened(): return {}
@app.get("/ready")
@public
def ready(): return {}
wrapped = lambda: app
class Layer:
    def __init__(self, app): self.app = app
around = Layer(app)
"""
STARLETTE = """
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from jwks_auth import TokenVerifier, Issuer
from jwks_auth.adapters import Settings
import os
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt, public
backend = JWTAuthenticationBackend(Settings.from_environment(os.environ))
@require_jwt(scopes="orders:read")
async def order(request): return JSONResponse({})
@require_jwt
async def me(request): return JSONResponse({})
async def opened(request): return JSONResponse({})
@public
async def ready(request): return JSONResponse({})
layer = Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
app = Starlette(routes=[
    Mount("/orders", routes=[Route("/{number:int}", order)]), Route("/me", me), Route("/open", opened),
    Route("/ready", ready),
], middleware=[layer])
wrapped = lambda: app
class Layer:
    def __init__(self, app): self.app = app
around = Layer(app)
auth = backend
"""
FLASK = """
from flask import Flask
from jwks_auth_flask import JWKSAuth, require_jwt, public
auth_ = JWKSAuth()
def make():
    app = Flask(__name__, static_folder=None)
    app.config.from_prefixed_env()
    auth_.init_app(app)
    @app.get("/orders/<int:number>")
    @require_jwt(scopes="orders:read")
    def order(number): return {}
    @app.get("/me")
    @require_jwt
    def me(): return {}
    @app.get("/open")
    def opened(): return {}
    @app.get("/ready")
    @public
    def ready(): return {}
    return app
app = make()
wrapped = make
class Layer:
    def __init__(self, app): self.wsgi_app = app
around = Layer(app)
auth = auth_.authenticator(app)
"""
DJANGO = """
import os
from django.conf import settings
settings.configure(
    SECRET_KEY="x" * 50, ROOT_URLCONF="main", ALLOWED_HOSTS=["*"], INSTALLED_APPS=["django.contrib.contenttypes",
    "django.contrib.auth", "jwks_auth_django"], DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    JWKS_AUTH={"ISSUER": os.environ["JWKS_AUTH_ISSUER"], "AUDIENCE": os.environ["JWKS_AUTH_AUDIENCE"],
               "ALLOW_FAKE_ISSUER": True},
)
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
app = get_wsgi_application()
from jwks_auth_django import require_jwt, public
@require_jwt(scopes="orders:read")
def order(request, number): return JsonResponse({})
@require_jwt
def me(request): return JsonResponse({})
def opened(request): return JsonResponse({})
@public
def ready(request): return JsonResponse({})
urlpatterns = [path("orders/<int:number>", order), path("me", me), path("open", opened), path("ready", ready)]
wrapped = lambda: app
class Layer:
    def __init__(self, app): self.app = app
around = Layer(app)
from jwks_auth_django.conf import configuration
auth = configuration().authenticator
"""
APPS = {"fastapi": FASTAPI, "starlette": STARLETTE, "flask": FLASK, "django": DJANGO}


@pytest.fixture(scope="module")
def served() -> Iterator[FakeIssuer]:
    """An issuer whose keys are fetched."""
    with FakeIssuer.serve() as issuer:
        yield issuer


@pytest.fixture(params=list(APPS))
def main(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of an app, ``main.py``."""
    (tmp_path / "main.py").write_text(APPS[request.param])
    return tmp_path


def run(folder: Path, issuer: FakeIssuer, *arguments: str, typed: str = "") -> Outcome:
    """The outcome of the command in *folder*."""
    env = {"JWKS_AUTH_ISSUER": issuer.issuer, "JWKS_AUTH_AUDIENCE": "api", "FLASK_DEBUG": "1"}
    flask = {f"FLASK_{name}": value for name, value in env.items() if name.startswith("JWKS")}
    return started(*arguments, typed=typed, env={**env, **flask}, cwd=folder)


def test_an_app_is_checked_and_its_routes_are_listed(main: Path, served: FakeIssuer) -> None:
    """Keys of the app's own settings, a checklist with its routes, and the table of these."""
    done = run(main, served, "check", "--app", "main:app", "--json")
    told = json.loads(done.out)
    assert (done.status, told["ok"]) == (0, True), done
    assert [key["kid"] for key in told["issuers"][0]["keys"]] == [served.kid]
    assert {item["item"]: item["ok"] for item in told["checklist"]}["routes"] is False
    done = run(main, served, "routes", "--app", "main:app", "--json")
    states = {row["path"].strip("/").split("/")[0]: row["state"] for row in json.loads(done.out)["rows"]}
    found = {name: states[name] for name in ("orders", "me", "open", "ready")}
    assert found == {"orders": "guarded", "me": "guarded", "open": "unprotected", "ready": "public"}
    assert run(main, served, "routes", "--app", "main:app", "--fail-unprotected").status == 1


@pytest.mark.parametrize("app", ["main:wrapped()", "main:around", "main:auth"])
def test_an_app_is_found_within_others_and_by_what_authenticates(
    main: Path, served: FakeIssuer, app: str
) -> None:
    """A factory, an app in other middleware, and the authenticator alone, which knows no routes."""
    done = run(main, served, "show", "--app", app)
    assert done.status == 0, done
    assert served.kid in done.out


def test_a_token_is_judged_by_a_route(main: Path, served: FakeIssuer) -> None:
    """The scope that the route asks; one object with the code; an unknown route is a mistake."""
    asked = ("verify", "--json", "--app", "main:app", "--route")
    good, poor = served.token(scope="orders:read"), served.token()
    assert run(main, served, *asked, "/orders/7", typed=good).status == 0
    done = run(main, served, *asked, "/orders/7", typed=poor)
    told = json.loads(done.out)
    assert (done.status, told["ok"], told["code"]) == (1, False, "insufficient_scope"), done
    assert run(main, served, *asked, "/me", typed=poor).status == 0
    assert run(main, served, *asked, "/nowhere", typed=poor).status == 2


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ("main", "expected MODULE:NAME"),
        ("nowhere:app", "there is no module nowhere here"),
        ("main:nothing", "main has no nothing"),
        ("main:number", "is a int, expected an app"),
        ("broken:app", "SyntaxError in"),
        ("secretive:app", "importing secretive: KeyError, at secretive.py, line 2"),
        ("leaving:app", "importing leaving: SystemExit, at leaving.py, line 1"),
        ("lacking:app", "lacking imports nothing_of_that_name, which is not installed"),
        ("main:fails()", "calling fails(): ZeroDivisionError, at main.py, line 4"),
        ("main:wrong()", "JWKS_AUTH_ISSUER is missing"),
        ("main:lacks()", "calling lacks(): nothing_of_that_name is not installed"),
        ("main:guarded.name", "reading guarded.name: RuntimeError, at main.py, line 15"),
        ("main:guarded", "reading main:guarded: RuntimeError, at main.py, line 15"),
        ("stopping:app", "importing stopping: GeneratorExit, at stopping.py, line 1"),
    ],
)
def test_a_wrong_app_is_one_sentence_without_secrets(tmp_path: Path, app: str, said: str) -> None:
    """Exit status 2 and no traceback, whatever the module does."""
    (tmp_path / "main.py").write_text(
        "number = 1\n\ndef fails():\n    1 / 0\n\ndef wrong():\n"
        "    from jwks_auth.adapters import Settings\n    Settings.from_environment({})\n\n"
        "def lacks():\n    import nothing_of_that_name\n\n"
        "class Guarded:\n    def __getattr__(self, name):\n        raise RuntimeError('hunter2')\n\n"
        "guarded = Guarded()\n"
    )
    (tmp_path / "stopping.py").write_text("raise GeneratorExit('hunter2')")
    (tmp_path / "broken.py").write_text("app = (")
    (tmp_path / "secretive.py").write_text("print('printed')\n{}['hunter2']")
    (tmp_path / "leaving.py").write_text("raise SystemExit('hunter2')")
    (tmp_path / "lacking.py").write_text("import nothing_of_that_name")
    for as_json in ((), ("--json",)):
        done = started("check", "--app", app, *as_json, cwd=tmp_path)
        told = json.loads(done.out)["error"] if as_json else done.err.splitlines()[-1]
        assert done.status == 2, done
        assert said in told
        assert "hunter2" not in done.out + done.err
        assert "Traceback" not in done.err


LOUD = """
import atexit, os, subprocess, sys
print("python")
sys.__stdout__.write("the interpreter's")
os.write(1, b"the system's")
subprocess.run([sys.executable, "-c", "print('a program')"])
atexit.register(print, "at the end")
"""


def test_a_loud_app_leaves_one_object_on_standard_output(tmp_path: Path) -> None:
    """Whatever writes there, and by which way; it is on standard errors."""
    (tmp_path / "loud.py").write_text(LOUD)
    done = started("check", "--app", "loud:app", "--json", cwd=tmp_path)
    assert json.loads(done.out)["error"] == "--app: loud has no app"
    for each in ("python", "interpreter's", "system's", "a program", "at the end"):
        assert each in done.err
