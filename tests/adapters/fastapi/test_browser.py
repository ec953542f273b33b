"""Swagger UI in a real browser: Authorize signs in at a provider with PKCE, and ``/me`` then answers 200.

``SCREENSHOT=docs/images/swagger.png pytest tests/adapters/fastapi/test_browser.py`` renews the picture in the docs.
"""

import base64
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode

import pytest
from fastapi import FastAPI, Security
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, OpenAPISettings, VerifiedToken
from tests.asgi import serve
from tests.needs import need_module, need_tool
from tests.patience import PATIENCE


class Provider:
    """The two endpoints of an identity provider that a browser sees, for a public client with PKCE."""

    def __init__(self, issuer: FakeIssuer) -> None:
        self.issuer = issuer
        self.codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[Route("/authorize", self.authorize), Route("/token", self.token, methods=["POST"])],
            middleware=[
                Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
            ],
        )

    async def authorize(self, request: Request) -> HTMLResponse:
        """A page with one button."""
        asked = dict(request.query_params)
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        return HTMLResponse(f"<title>Sign in</title><a id=ada href='{back}'>Sign in as Ada</a>")

    async def token(self, request: Request) -> JSONResponse:
        """A token for the code, if the verifier belongs to its challenge (RFC 7636 section 4.6)."""
        sent = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(sent["code"])
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        raw = self.issuer.token(sub="ada", scope=asked["scope"], client_id=asked["client_id"])
        return JSONResponse({"access_token": raw, "token_type": "Bearer", "expires_in": 300})


def api(issuer: FakeIssuer, provider_url: str) -> FastAPI:
    """An API whose documentation page is served without any network."""
    auth = JWTBearer(
        issuer.settings(),
        openapi=OpenAPISettings(
            kind="oauth2",
            authorization_url=f"{provider_url}/authorize",
            token_url=f"{provider_url}/token",
            client_id="swagger",
            scopes={"profile": "Who you are"},
        ),
    )
    app = FastAPI(title="Orders", docs_url=None, swagger_ui_init_oauth=auth.swagger_ui_init_oauth)
    assets = Path(need_module("fastapi_offline").__file__ or "").parent / "static"
    app.mount("/assets", StaticFiles(directory=assets))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Orders",
            oauth2_redirect_url="/docs/oauth2-redirect",
            init_oauth=app.swagger_ui_init_oauth,
            swagger_js_url="/assets/swagger-ui-bundle.js",
            swagger_css_url="/assets/swagger-ui.css",
            swagger_favicon_url="/assets/favicon.png",
        )

    @app.get("/docs/oauth2-redirect", include_in_schema=False)
    async def redirect() -> HTMLResponse:
        return get_swagger_ui_oauth2_redirect_html()

    @app.get("/me", responses=auth.responses)
    async def me(token: Annotated[VerifiedToken[Any], Security(auth, scopes=["profile"])]) -> dict[str, Any]:
        """Who is calling."""
        return {"sub": token.subject}

    return app


@pytest.fixture
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    webdriver = need_module("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = need_tool("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,1250"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options, webdriver.ChromeService(need_tool("chromedriver")))
    yield driver
    driver.quit()


def test_swagger_signs_in_and_calls_me(browser: Any) -> None:
    """Authorize, sign in at the provider, Try it out, Execute: 200."""
    issuer = FakeIssuer()
    provider = Provider(issuer)
    with serve(provider.app) as provider_url, serve(api(issuer, provider_url)) as url:
        browser.implicitly_wait(PATIENCE)
        browser.get(f"{url}/docs#/default/me_me_get")
        click(browser, "button.authorize")
        click(browser, ".modal-ux .auth-btn-wrapper button.authorize")
        page, popup = windows(browser)
        browser.switch_to.window(popup)
        click(browser, "#ada")
        browser.switch_to.window(page)
        browser.find_element("xpath", "//button[contains(., 'Logout')]")  # signed in
        click(browser, ".modal-ux button.btn-done")
        if not browser.find_elements("css selector", ".opblock.is-open"):
            click(browser, ".opblock-summary")
        click(browser, ".try-out__btn")
        click(browser, "button.execute")
        status = browser.find_element("css selector", ".live-responses-table .response .response-col_status")
        answer = browser.find_element("css selector", ".live-responses-table .response pre")
        assert (status.text.split()[0], '"sub": "ada"' in answer.text) == ("200", True)
        keep_picture(browser)


def click(browser: Any, selector: str) -> None:
    """Click the one thing that *selector* names, scrolled to if need be."""
    found = browser.find_element("css selector", selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
    browser.execute_script("arguments[0].click()", found)


def windows(browser: Any) -> list[str]:
    """The page and the window it opened."""
    wait = need_module("selenium.webdriver.support.wait").WebDriverWait(browser, PATIENCE)
    handles: list[str] = wait.until(lambda driver: len(driver.window_handles) == 2 and driver.window_handles)
    return handles


def keep_picture(browser: Any) -> None:
    """For the docs, where it is asked for."""
    if path := os.environ.get("SCREENSHOT"):
        operation = browser.find_element("css selector", ".opblock")
        browser.execute_script("arguments[0].scrollIntoView()", operation)
        browser.save_screenshot(path)
