"""The dev issuer in a real browser: its pages, and the documentation pages of every framework that sign in there.

``SCREENSHOTS=docs/images pytest tests/devissuer/test_browser.py`` renews the pictures in the docs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from example_projects.demo.servers import AppServer, gunicorn, uvicorn
from jwks_auth.devissuer import DevServer, Options
from tests.devissuer.client import Client
from tests.interop.oidc_provider import installed_packages
from tests.needs import need_module, need_tool
from tests.patience import PATIENCE

APPS = Path(__file__).with_name("documented")
PAGES = ("/", "/tokens", "/keys", "/faults")
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}


class Browser:
    """Chromium without a window; *scheme* is the person's preferred colour scheme."""

    def __init__(
        self, *, scheme: str = "light", size: tuple[int, int] = SIZES["wide"], scripts: bool = True
    ) -> None:
        webdriver = need_module("selenium.webdriver")
        options = webdriver.ChromeOptions()
        options.binary_location = need_tool("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        if not scripts:
            options.add_experimental_option(
                "prefs", {"profile.managed_default_content_settings.javascript": 2}
            )
        self.driver = webdriver.Chrome(options, webdriver.ChromeService(need_tool("chromedriver")))
        self.driver.implicitly_wait(PATIENCE)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.scheme = scheme
        self.sized(*size)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.quit()

    def sized(self, width: int, height: int) -> None:
        """Have a window of this size."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def find(self, selector: str) -> Any:
        """The one thing that *selector* names."""
        return self.driver.find_element("css selector", selector)

    def click(self, selector: str) -> None:
        """Click it, scrolled to if need be."""
        found = self.find(selector)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
        self.driver.execute_script("arguments[0].click()", found)

    def type(self, selector: str, text: str) -> None:
        """Type into a field in place of what is there."""
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            need_module("selenium.webdriver").ActionChains(self.driver).send_keys(key).perform()

    def complaints(self) -> list[str]:
        """What the console has been told since the last time."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] != "DEBUG"]

    def faults(self) -> list[str]:
        """What axe-core finds that is serious or critical."""
        axe = (installed_packages() / "axe-core" / "axe.min.js").read_text()
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
        found = self.driver.execute_async_script("axe.run().then(arguments[0])")
        return [
            f"{each['id']}: {each['nodes'][0]['html']}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]

    def keep(self, name: str) -> None:
        """Keep a picture for the docs, where it is asked for."""
        if folder := os.environ.get("SCREENSHOTS"):
            self.driver.save_screenshot(f"{folder}/{name}-{self.scheme}.png")


@pytest.fixture(params=["light", "dark"])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """In either colour scheme."""
    with Browser(scheme=request.param) as running:
        yield running


def address(client: Client, **changed: Any) -> str:
    """The address of the page that asks who signs in."""
    found: str = client.http.prepare_request(
        need_module("requests").Request("GET", f"{client.url}/authorize", params=client.asked(**changed))
    ).url
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_silent(scheme: str, size: str, client: Client) -> None:
    """axe-core finds nothing serious, the console hears nothing, and nothing is wider than the window."""
    client.tokens()
    with Browser(scheme=scheme, size=SIZES[size]) as browser:
        for path in (*PAGES, "/logout", "/authorize?client_id=web", "made", "invented", "problem"):
            browser.driver.get(client.url + path if path.startswith("/") else address(client))
            if path == "made":
                browser.driver.get(f"{client.url}/tokens")
                browser.click("button.primary")
                browser.find("#made")
            elif path == "invented":
                browser.click("#person-new")
            elif path == "problem":
                browser.click("#person-new")
                browser.click("button[value=allow]")
                browser.find(".problem")
            assert browser.faults() == [], path
            wide = "return document.documentElement.scrollWidth <= window.innerWidth"
            assert browser.driver.execute_script(wide), path
            errors = [each for each in browser.complaints() if " 400 (Bad Request)" not in each]
            assert errors == [], path


def test_the_keyboard_is_enough_and_no_script_is_needed(server: DevServer, client: Client) -> None:
    """Arrows pick, Tab goes on, the space bar leaves a scope out, Enter signs in; JavaScript is off."""
    keys = need_module("selenium.webdriver").Keys
    client.client_id = "keyboard"
    with Browser(scripts=False) as browser:
        browser.driver.get(address(client, redirect_uri=f"{client.url}/keys"))
        browser.press(keys.ARROW_DOWN, keys.TAB, keys.SPACE, keys.TAB, keys.TAB, keys.ENTER)
        wait = need_module("selenium.webdriver.support.wait").WebDriverWait(browser.driver, PATIENCE)
        wait.until(lambda driver: "code=" in driver.current_url)
        code = browser.driver.current_url.partition("code=")[2].partition("&")[0]
    got = client.redeem(code, redirect_uri=f"{client.url}/keys").json()
    assert got["scope"] == "offline_access orders:read"
    claims = server.issuer.read(got["access_token"])
    assert claims is not None
    assert claims["sub"] == "grace"


def test_pictures_of_the_pages(browser: Browser) -> None:
    """For the docs: who signs in, and a token that was made."""
    with DevServer(Options(port=0)) as server:
        client = Client(server, "orders-web")
        browser.driver.get(address(client, scope="openid profile orders:read"))
        assert "Ada Lovelace" in browser.driver.page_source
        browser.keep("dev-issuer-sign-in")
        browser.driver.get(f"{server.url}/tokens")
        browser.type("#claims", '{"tier": "gold"}')
        browser.click("button.primary")
        assert "gold" in browser.find("#made").text
        browser.keep("dev-issuer-token")
        browser.driver.get(f"{server.url}/faults")
        browser.keep("dev-issuer-behaviour")


def site(name: str, issuer: str) -> AppServer:
    """An app with a documentation page, in debug mode, trusting *issuer*."""
    env = {
        "JWKS_AUTH_ISSUER": issuer,
        "JWKS_AUTH_AUDIENCE": "api",
        "FLASK_DEBUG": "1",
        "no_proxy": "127.0.0.1",
    }
    root = {"PYTHONPATH": str(Path(__file__).parents[2])}
    if name == "fastapi":
        return uvicorn(name, "fastapi_app:app", cwd=APPS, env=env | root)
    app = "flask_app:app" if name == "smorest" else "django_app:application"
    return gunicorn(name, app, "--threads", "4", cwd=APPS, env=env | root)


SIGNS_IN = {"fastapi": "/docs", "spectacular": "/docs/"}
PASTES = {"ninja": "/ninja/docs", "smorest": "/docs"}


@pytest.mark.parametrize("framework", SIGNS_IN)
def test_swagger_ui_signs_in_and_calls(framework: str, browser: Browser) -> None:
    """Authorize, pick somebody on the dev issuer's page, Try it out, Execute: 200."""
    with DevServer(Options(port=0)) as server, site(framework, server.issuer.issuer) as app:
        browser.driver.get(app.url + SIGNS_IN[framework])
        browser.click("button.authorize")
        if framework == "spectacular":  # FastAPI's page asks for all of them
            browser.click(".modal-ux .scopes input[type=checkbox]")
        browser.keep(f"dev-issuer-authorize-{framework}")
        browser.click(".modal-ux .auth-btn-wrapper button.authorize")
        page, popup = windows(browser)
        browser.driver.switch_to.window(popup)
        browser.click("#person-1")
        browser.click("button[value=allow]")
        browser.driver.switch_to.window(page)
        assert_answered(browser, framework)


@pytest.mark.parametrize("framework", PASTES)
def test_swagger_ui_takes_a_token_of_the_control_page(framework: str, browser: Browser) -> None:
    """Make it there, paste it into Authorize, Try it out, Execute: 200."""
    with DevServer(Options(port=0)) as server, site(framework, server.issuer.issuer) as app:
        browser.driver.get(f"{server.url}/tokens")
        browser.type("#sub", "grace")
        browser.click("button.primary")
        token = browser.find("#token").get_attribute("value")
        browser.driver.get(app.url + PASTES[framework])
        browser.click("button.authorize")
        browser.type(".modal-ux input[type=text]", token)
        browser.click(".modal-ux .auth-btn-wrapper button.authorize")
        assert_answered(browser, framework)


def assert_answered(browser: Browser, framework: str) -> None:
    """Try the operation out: 200, for who signed in."""
    browser.driver.find_element("xpath", "//button[contains(., 'Logout')]")  # signed in
    browser.keep(f"dev-issuer-signed-in-{framework}")
    browser.click(".modal-ux button.btn-done")
    if not browser.driver.execute_script("return document.querySelector('.opblock.is-open')"):
        browser.click(".opblock-summary-control")
    browser.click(".try-out__btn")
    browser.click("button.execute")
    status = browser.find(".live-responses-table .response .response-col_status")
    answer = browser.find(".live-responses-table .response pre")
    assert (status.text.split()[0], '"of": "grace"' in answer.text) == ("200", True), answer.text
    assert [each for each in browser.complaints() if "SEVERE" in each] == []
    browser.driver.execute_script("window.scrollTo(0, 0)")
    browser.sized(SIZES["wide"][0], 1240)
    browser.keep(f"dev-issuer-swagger-{framework}")


def windows(browser: Browser) -> list[str]:
    """The page and the window it opened."""
    wait = need_module("selenium.webdriver.support.wait").WebDriverWait(browser.driver, PATIENCE)
    handles: list[str] = wait.until(lambda driver: len(driver.window_handles) == 2 and driver.window_handles)
    return handles
