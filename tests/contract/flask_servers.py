"""The contract's Flask app under real WSGI servers."""

from __future__ import annotations

import sys
from pathlib import Path

from example_projects.demo.servers import AppServer, gunicorn
from jwks_auth.testing import FakeIssuer
from tests.needs import need_module

__all__ = ["GUNICORN", "server_of"]

ROOT = Path(__file__).parents[2]
GUNICORN = {
    "gunicorn sync": ["--workers=2", "create_app()"],
    "gunicorn gthread": ["--worker-class=gthread", "--threads=4", "create_app()"],
    "gunicorn gthread, async views": ["--worker-class=gthread", "--threads=4", "create_app(views='async')"],
    "gunicorn gevent": ["--worker-class=gevent", "create_app()"],
    "gunicorn --preload": ["--preload", "--workers=2", "create_warm_app()"],
}
"""Options and the app, by name; ``"waitress"`` is the one server more."""


def server_of(name: str, issuer: FakeIssuer, **settings: str) -> AppServer:
    """The contract's app under the server *name*, with *settings* beside those of *issuer*."""
    env = {"JWKS_AUTH_ISSUER": issuer.issuer, "JWKS_AUTH_ALLOW_FAKE_ISSUER": "true", **settings}
    if name == "waitress":
        need_module("waitress")
        return AppServer(name, [sys.executable, "-m", "tests.contract.serve_waitress", "{fd}"], ROOT, env)
    if "gevent" in name:
        need_module("gevent")
    *options, app = GUNICORN[name]
    return gunicorn(name, f"tests.contract.flask_apps:{app}", "--timeout=600", *options, cwd=ROOT, env=env)
