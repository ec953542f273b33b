"""Chromium with a token in a cookie: another site's form and WebSocket are refused, the service's own pass."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from fastapi import FastAPI, Security, WebSocket
from flask import Flask, request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from werkzeug.serving import make_server

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt as django_requires
from jwks_auth_fastapi import JWTBearer, VerifiedToken, install_error_handlers
from jwks_auth_flask import JWKSAuth, current_token
from jwks_auth_flask import require_jwt as flask_requires
from tests.asgi import serve
from tests.contract.runner import refusals_logged
from tests.needs import need_module, need_tool
from tests.patience import PATIENCE

COOKIE = {"TOKEN_SOURCES": ["cookie:session"]}
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
HOSTS = {
    # Browsers trust these without TLS, so that they tell the site; the cookie is one that every site's pages send.
    "sites": ("127.0.0.1", "localhost", "SameSite=None; Secure"),
    # These they don't, and send Origin alone; the cookie is one that a neighbour's pages send.
    "neighbours": ("api.acme.test", "forum.acme.test", "SameSite=Lax"),
}
SOCKET = """
const [url, done] = arguments, socket = new WebSocket(url);
socket.onmessage = event => { socket.close(); done(event.data); };
socket.onerror = () => done("refused");
"""


def form(target: str, hidden: str = "") -> str:
    """A page with one button."""
    return f"<form method=post action='{target}'>{hidden}<button id=buy>Buy</button></form>"


@contextmanager
def in_fastapi(issuer: FakeIssuer, project: Any, cookie: str) -> Iterator[str]:
    """A dependency for the form and for the WebSocket."""
    auth, app = JWTBearer({**issuer.settings(), **COOKIE}), FastAPI()
    install_error_handlers(app)

    async def login() -> HTMLResponse:
        return HTMLResponse(form("/orders"), headers={"Set-Cookie": cookie})

    async def orders(token: VerifiedToken = Security(auth)) -> dict[str, Any]:
        return {"buyer": token.subject}

    async def live(websocket: WebSocket, token: VerifiedToken = Security(auth)) -> None:
        await websocket.accept()
        await websocket.send_text(str(token.subject))
        await websocket.receive()

    app.add_api_route("/login", login)
    app.add_api_route("/orders", orders, methods=["POST"])
    app.add_api_websocket_route("/live", live)
    with serve(app) as url:
        yield url


@contextmanager
def in_flask(issuer: FakeIssuer, project: Any, cookie: str) -> Iterator[str]:
    """A view that speaks WebSocket itself, as extensions do, behind the guard of every view."""
    app = Flask(__name__)
    app.config.update({f"JWKS_AUTH_{name}": value for name, value in {**issuer.settings(), **COOKIE}.items()})
    app.testing = True
    JWKSAuth(app)
    app.add_url_rule("/login", "login", lambda: (form("/orders"), {"Set-Cookie": cookie}))
    app.add_url_rule(
        "/orders", "orders", flask_requires(lambda: {"buyer": current_token.subject}), methods=["POST"]
    )
    app.add_url_rule("/live", "live", flask_requires(speak), websocket=True)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(PATIENCE)
        server.server_close()


def speak() -> str:
    """Accept the handshake (RFC 6455 section 4.2.2), and send one text."""
    key = request.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accepted = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    text = str(current_token.subject).encode()
    connection = request.environ["werkzeug.socket"]
    connection.settimeout(PATIENCE)
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + f"Sec-WebSocket-Accept: {accepted}\r\n\r\n".encode()
        + b"\x81"
        + bytes([len(text)])
        + text
    )
    # A server that leaves with something unread resets the connection, and the page may lose the text.
    connection.recv(64)
    return ""


def _in_django(middleware: list[str]) -> Callable[..., AbstractContextManager[str]]:
    @contextmanager
    def served(issuer: FakeIssuer, project: Any, cookie: str) -> Iterator[str]:
        routing = need_module("channels.routing")
        need_module("channels.auth")
        from jwks_auth_django.channels import JWTAuthMiddleware

        def login(request: HttpRequest) -> HttpResponse:
            hidden = f"<input type=hidden name=csrfmiddlewaretoken value={get_token(request)}>"
            return HttpResponse(form("/orders", hidden), headers={"Set-Cookie": cookie})

        @django_requires
        def orders(request: Any) -> HttpResponse:
            return HttpResponse(f"buyer: {request.user}")

        async def live(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": scope["token"].subject})
            await receive()

        project({"/login": login, "/orders": orders}, MIDDLEWARE=middleware, ALLOWED_HOSTS=["*"], **COOKIE)
        sockets = JWTAuthMiddleware(live, optional=False)
        with serve(routing.ProtocolTypeRouter({"http": ASGIHandler(), "websocket": sockets})) as url:
            yield url

    return served


SERVICES: dict[str, tuple[Any, str]] = {
    "FastAPI": (in_fastapi, "cross_site"),
    "Flask": (in_flask, "cross_site"),
    "Django": (_in_django([CSRF]), "CSRF verification failed"),
    "Django without CSRF protection": (_in_django([]), "cross_site"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window, in which every host is this machine."""
    webdriver = need_module("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = need_tool("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_argument("--host-resolver-rules=MAP *.acme.test 127.0.0.1, MAP localhost 127.0.0.1")
    # As in browsers that send cookies to frames and sockets of other sites, which are in use.
    options.add_experimental_option("prefs", {"profile.cookie_controls_mode": 0})
    driver = webdriver.Chrome(options, webdriver.ChromeService(need_tool("chromedriver")))
    driver.set_script_timeout(PATIENCE)
    driver.implicitly_wait(PATIENCE)
    yield driver
    driver.quit()


@pytest.mark.parametrize(("own", "other", "attributes"), HOSTS.values(), ids=HOSTS)
@pytest.mark.parametrize(("service", "refusal"), SERVICES.values(), ids=SERVICES)
def test_another_sites_page_can_not_use_the_cookie(
    browser: Any,
    project: Any,
    issuer: FakeIssuer,
    service: Any,
    refusal: str,
    own: str,
    other: str,
    attributes: str,
) -> None:
    """Neither with a form nor with a WebSocket; the service's own page can do both."""
    with service(issuer, project, f"session={issuer.token(sub='u1')}; Path=/; {attributes}") as url:
        place = f"{own}:{urlsplit(url).port}"
        browser.get(f"http://{place}/login")
        assert browser.execute_async_script(SOCKET, f"ws://{place}/live") == "u1"
        assert "u1" in pressed(browser)

        async def page(request: Request) -> HTMLResponse:
            return HTMLResponse(form(f"http://{place}/orders"))

        with serve(Starlette(routes=[Route("/", page)])) as elsewhere, refusals_logged() as lines:
            browser.get(f"http://{other}:{urlsplit(elsewhere).port}/")
            assert browser.execute_async_script(SOCKET, f"ws://{place}/live") == "refused"
            assert lines == ["request refused: cross_site"]
            assert refusal in pressed(browser)


def pressed(browser: Any) -> str:
    """Press the button of the page; return the text of the answer."""
    button = browser.find_element("id", "buy")
    button.click()
    wait = need_module("selenium.webdriver.support.wait").WebDriverWait(browser, PATIENCE)
    wait.until(need_module("selenium.webdriver.support.expected_conditions").staleness_of(button))
    return str(browser.page_source)
