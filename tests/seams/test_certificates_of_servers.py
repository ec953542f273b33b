"""The certificate of the server's own connection, as ASGI, WSGI and gunicorn give it."""

from __future__ import annotations

import asyncio
import http.client
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.test import override_settings
from fastapi import FastAPI, Security
from flask import Flask
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from werkzeug.serving import make_server

from example_projects.demo.servers import AppServer
from jwks_auth.testing import FakeIssuer
from jwks_auth.testing.certificates import ClientCertificate
from jwks_auth_fastapi import JWTBearer, install_error_handlers
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt
from jwks_auth_flask import JWKSAuth
from jwks_auth_flask import require_jwt as require_in_flask
from tests.certificates import Authority
from tests.django_site.asgi_client import call
from tests.patience import PATIENCE

ISSUER = FakeIssuer()
OURS, THEIRS = ClientCertificate.generate("ours"), ClientCertificate.generate("theirs")


def settings() -> dict[str, Any]:
    """Those of a service whose server ends the TLS connections."""
    return {**ISSUER.settings(), "MTLS": "accept", "CLIENT_CERTIFICATE": "tls"}


def fastapi_app() -> Any:
    """A dependency."""
    auth, app = JWTBearer(settings()), FastAPI()
    install_error_handlers(app)

    async def me(token: Any = Security(auth)) -> dict[str, Any]:
        return {"sender": token.sender}

    app.add_api_route("/me", me)
    return app


def starlette_app() -> Any:
    """Middleware and decorator."""
    backend = JWTAuthenticationBackend(settings())

    @require_jwt(sender="mtls")
    async def me(request: Request) -> JSONResponse:
        return JSONResponse({"sender": request.auth.token.sender})

    within = Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
    return Starlette(routes=[Route("/me", me)], middleware=[within])


def with_tls(app: Any, *chain: str) -> Any:
    """*app* behind a server with the extension, and a client that showed *chain*."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "extensions": {"tls": {"client_cert_chain": chain}}}, receive, send)

    return serve


def status(app: Any, *chain: str) -> int:
    """The answer to a token that is bound to our certificate, beside a forged header."""
    headers = [*ISSUER.headers(cnf=OURS.confirmation).items(), ("Client-Cert", OURS.field())]
    return asyncio.run(call(with_tls(app, *chain), "GET", "/me", headers)).status


@contextmanager
def django_app(urls: str, *, middleware: bool) -> Iterator[Any]:
    """The contract's site under ASGI, whose views see a ``META``."""
    around = ["jwks_auth_django.middleware.JWTAuthenticationMiddleware"] if middleware else []
    within = ["django.contrib.sessions.middleware.SessionMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware", *around]  # fmt: skip
    with override_settings(JWKS_AUTH=settings(), ROOT_URLCONF=f"tests.django_site.{urls}", MIDDLEWARE=within):
        yield ASGIHandler()


def judged(app: Any) -> None:
    """Hold *app* to the rule: the first of the chain alone counts."""
    found = [status(app, *chain) for chain in ([OURS.pem], [OURS.pem, THEIRS.pem], [THEIRS.pem], [THEIRS.pem, OURS.pem],
                                               [], ["junk"])]  # fmt: skip
    assert found == [200, 200, 401, 401, 401, 401]


@pytest.mark.parametrize("made", [fastapi_app, starlette_app])
def test_asgi_s_extension(made: Callable[[], Any]) -> None:
    """FastAPI and Starlette take the leaf of the chain that the server saw, and no header for it."""
    judged(made())


@pytest.mark.parametrize("middleware", [True, False], ids=["middleware", "decorator"])
@pytest.mark.parametrize(
    "urls", ["sync_urls", "async_urls", "class_urls", "drf_urls", "ninja_urls", "ninja_async_urls"]
)
def test_django_sees_the_extension_of_its_scope(urls: str, middleware: bool) -> None:
    """Under ASGI, though its ``META`` has no room for it: views, classes, DRF and Ninja."""
    with django_app(urls, middleware=middleware) as app:
        judged(app)


@contextmanager
def served(folder: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    """Flask under Werkzeug's server, which asks for certificates; yield its port and a client's context."""
    authority = Authority(folder)
    app = Flask(__name__)
    app.config.update({f"JWKS_AUTH_{name}": value for name, value in settings().items()}, TESTING=True)
    JWKSAuth(app)
    app.add_url_rule("/me", view_func=require_in_flask(lambda: {}))
    context = _asking(authority, folder)
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, ssl.create_default_context(cafile=str(authority.file))
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)


def _asking(authority: Authority, folder: Path) -> ssl.SSLContext:
    context = authority.server()
    context.load_verify_locations(_file(folder, "trusted", OURS.pem + THEIRS.pem))
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.pem"
    path.write_text(text)
    return path


def asked(port: int, context: ssl.SSLContext, path: str = "/me") -> int:
    """The status for a token that is bound to our certificate."""
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context)
    try:
        connection.request("GET", path, headers=ISSUER.headers(cnf=OURS.confirmation))
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("shown", "wanted"), [(OURS, 200), (THEIRS, 401), (None, 401)], ids=["ours", "theirs", "none"]
)
def test_werkzeug_s_own_connections(tmp_path: Path, shown: ClientCertificate | None, wanted: int) -> None:
    """``SSL_CLIENT_CERT`` of a real handshake."""
    with served(tmp_path) as (port, context):
        if shown is not None:
            context.load_cert_chain(_file(tmp_path, "client", shown.key_pem + shown.pem))
        assert asked(port, context) == wanted


GUNICORN = """
from flask import Flask
from jwks_auth_flask import JWKSAuth, require_jwt

def of_gunicorn(credentials):
    return credentials.kept["gunicorn.socket"].getpeercert(binary_form=True)

app = Flask(__name__)
app.config.update(JWKS_AUTH_ISSUER={issuer!r}, JWKS_AUTH_AUDIENCE="api", JWKS_AUTH_MTLS="accept",
                  JWKS_AUTH_CLIENT_CERTIFICATE="site_of_gunicorn.of_gunicorn", TESTING=True)
JWKSAuth(app)
app.add_url_rule("/me", view_func=require_jwt(lambda: {{}}))
"""


@pytest.mark.parametrize("shown", [OURS, THEIRS, None], ids=["ours", "theirs", "none"])
def test_gunicorn_s_own_connections(tmp_path: Path, shown: ClientCertificate | None) -> None:
    """The function that the docs show, by its dotted path."""
    authority = Authority(tmp_path)
    context = ssl.create_default_context(cafile=str(authority.file))
    if shown is not None:
        context.load_cert_chain(_file(tmp_path, "client", shown.key_pem + shown.pem))
    with FakeIssuer.serve() as issuer:
        (tmp_path / "site_of_gunicorn.py").write_text(GUNICORN.format(issuer=issuer.issuer))
        server, trusted = authority.leaf("server"), _file(tmp_path, "trusted", OURS.pem + THEIRS.pem)
        options = [f"--certfile={server}", f"--keyfile={server}", f"--ca-certs={trusted}", "--cert-reqs=1"]
        command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--bind", "fd://{fd}", *options,
                   "site_of_gunicorn:app"]  # fmt: skip
        with AppServer("gunicorn", command, tmp_path, {"PYTHONPATH": str(Path(__file__).parents[2])}) as app:
            connection = http.client.HTTPSConnection("127.0.0.1", app.port, timeout=PATIENCE, context=context)
            connection.request("GET", "/me", headers=issuer.headers(cnf=OURS.confirmation))
            assert connection.getresponse().status == (200 if shown is OURS else 401), app.log()
            connection.close()
