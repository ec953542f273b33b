"""Tokens in other headers and in cookies: every framework takes and refuses them alike, from any site's page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from jwks_auth.testing import FakeIssuer
from tests.contract.asgi_apps import APPS
from tests.contract.cases import SETTINGS, U1
from tests.contract.connexion_app import ConnexionApp
from tests.contract.flask_apps import TestClientApp, create_app
from tests.contract.runner import App, Headers
from tests.contract.test_django import SERVERS, SITES, STACKS
from tests.contract.test_wsgi import WSGIApp

SOURCES = {
    "TOKEN_SOURCES": ["header", "header:X-Token", "cookie:session"],
    "AUTH_SCHEMES": ["Bearer", "JWT"],
    "COOKIE_ORIGINS": ["https://app.acme.dev"],
}
CSRF = "django.middleware.csrf.CsrfViewMiddleware"

Sent = Callable[[FakeIssuer], Headers]


@dataclass(frozen=True, slots=True)
class Settled:
    """An issuer whose settings have sources too, or others."""

    issuer: FakeIssuer
    own: Mapping[str, Any] = field(default_factory=lambda: SOURCES)

    def settings(self) -> dict[str, Any]:
        """All of them."""
        return {**self.issuer.settings(), **SETTINGS, **self.own}


Site = Callable[[Any], AbstractContextManager[App]]


@contextmanager
def in_django(issuer: Settled, site: str, stack: str, csrf: bool) -> Iterator[App]:
    """One of the contract's sites, with or without Django's CSRF protection."""
    urls, server = SITES[site]
    around = [each for each in getattr(django_settings, STACKS[stack]) if each != CSRF]
    with override_settings(
        JWKS_AUTH=issuer.settings(),
        MIDDLEWARE=[CSRF, *around] if csrf else around,
        ROOT_URLCONF=f"tests.django_site.{urls}",
    ):
        yield SERVERS[server]


def in_flask(issuer: Settled, views: str) -> AbstractContextManager[App]:
    """The contract's app."""
    return nullcontext(TestClientApp(create_app(prefixed(issuer), views).test_client(use_cookies=False)))


def prefixed(issuer: Settled) -> dict[str, Any]:
    """Flask's settings."""
    return {f"JWKS_AUTH_{name}": value for name, value in issuer.settings().items()}


def _django(site: str, stack: str, csrf: bool) -> Site:
    return lambda issuer: in_django(issuer, site, stack, csrf)


def _asgi(name: str) -> Site:
    return lambda issuer: nullcontext(APPS[name](issuer))


BY_THE_CORE: dict[str, Site] = {
    **{name: _asgi(name) for name in APPS},
    "flask": lambda issuer: in_flask(issuer, "sync"),
    "flask async": lambda issuer: in_flask(issuer, "async"),
    "connexion": lambda issuer: nullcontext(ConnexionApp.made(prefixed(issuer), own=False)),
    "documented WSGI": lambda issuer: nullcontext(WSGIApp(issuer)),
    **{
        f"django, {site}, {stack}, no CSRF protection": _django(site, stack, csrf=False)
        for site in SITES
        for stack in STACKS
    },
}
BY_DJANGO: dict[str, Site] = {
    f"django, {site}, {stack}": _django(site, stack, csrf=True) for site in SITES for stack in STACKS
}


@dataclass(frozen=True, slots=True)
class Case:
    """A request, its status, and the error in its challenge or the body of its answer."""

    name: str
    headers: Sent
    status: int = 200
    error: str = ""
    path: str = "/me"
    method: str = "GET"
    body: Mapping[str, Any] | None = None


def header(name: str, form: str = "{}") -> Sent:
    """One header with a token."""
    return lambda issuer: [(name, form.format(issuer.token(sub="u1")))]


def both(*parts: Sent) -> Sent:
    """Several headers."""
    return lambda issuer: [pair for part in parts for pair in part(issuer)]


def said(name: str, value: str) -> Sent:
    """One header as it is."""
    return lambda issuer: [(name, value)]


AUTHORIZATION, TOKEN = header("Authorization", "Bearer {}"), header("X-Token")
COOKIE = header("Cookie", "a=b; session={}")
TWO = {"status": 400, "error": 'error="invalid_request"'}
SCHEME = {"status": 401, "error": "under another authentication scheme"}
CROSS_SITE, SAME_ORIGIN = said("Sec-Fetch-Site", "cross-site"), said("Sec-Fetch-Site", "same-origin")
HOST = said("Host", "testserver")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")

CASES = [
    Case("Authorization", AUTHORIZATION, body=U1),
    Case("another scheme of ours", header("Authorization", "jwt {}"), body=U1),
    Case("another header, bare", TOKEN, body=U1),
    Case("another header, with a scheme", header("X-Token", "Bearer {}"), body=U1),
    Case("a cookie", COOKIE, body=U1),
    Case("a cookie, where optional", COOKIE, path="/optional", body=U1),
    Case("a cookie beside a header", both(TOKEN, said("Cookie", "session=junk")), body=U1),
    Case("two headers", both(AUTHORIZATION, TOKEN), **TWO),
    Case("two headers, where optional", both(AUTHORIZATION, TOKEN), path="/optional", **TWO),
    Case("two cookies of one name", header("Cookie", "session={0}; session={0}"), **TWO),
    Case("a password beside a cookie", both(said("Authorization", "Basic dTpw"), COOKIE), body=U1),
    Case("nothing", lambda issuer: [], 401, 'Bearer realm="orders", resource'),
    Case("nothing, where optional", said("Cookie", "session="), path="/optional", body={"sub": None}),
    Case("a foreign scheme before our token", header("Authorization", "Token {}"), **SCHEME),
    Case("the same, where optional", header("X-Token", "Token {}"), path="/optional", **SCHEME),
    Case("a bad cookie, where optional", said("Cookie", "session=a.b.c"), 401, "malformed", "/optional"),
    Case("a cookie of any shape", said("Cookie", 'session="; =;;session'), **TWO),
    Case("a safe request of another site", both(COOKIE, CROSS_SITE), body=U1),
    *(Case(f"a header from another site, {m}", both(AUTHORIZATION, CROSS_SITE), method=m, body=U1) for m in UNSAFE),
]  # fmt: skip

FORGED = [
    Case(f"{name}, {method} {path}", both(COOKIE, sent, HOST), 403, path=path, method=method)
    for name, sent in {
        "cross-site": CROSS_SITE,
        "same-site": said("Sec-Fetch-Site", "same-site"),
        "another origin": said("Origin", "https://evil.example"),
        "null": said("Origin", "null"),
    }.items()
    for method, path in [("POST", "/me"), ("DELETE", "/optional")]
]
"""Requests that a page of another site causes: refused by whoever judges them."""

OF_THE_CORE = [
    *(Case(f"the core's answer: {each.name}", each.headers, 403, 'error="cross_site"', each.path, each.method)
      for each in FORGED),
    *(Case(f"same-origin, {m}", both(COOKIE, SAME_ORIGIN), method=m, body=U1) for m in UNSAFE),
    Case("the own origin", both(COOKIE, said("Origin", "http://testserver"), HOST), method="POST", body=U1),
    Case("a trusted origin", both(COOKIE, CROSS_SITE, said("Origin", "https://app.acme.dev")), method="POST", body=U1),
    Case("no browser", COOKIE, method="POST", body=U1),
]  # fmt: skip


def run(app: App, case: Case, issuer: FakeIssuer) -> None:
    """Send *case* to *app*, and compare."""
    answer = app.request(case.method, case.path, case.headers(issuer))
    challenge = ", ".join(answer.values("www-authenticate"))
    assert answer.status == case.status, (answer.status, challenge, answer.body)
    assert case.error in challenge
    if case.body is not None:
        assert json.loads(answer.body) == case.body
    varies = [name.strip().lower() for value in answer.values("vary") for name in value.split(",")]
    for name in ("authorization", "x-token", "cookie"):
        assert varies.count(name) == 1, varies


@pytest.fixture(scope="module", params=[*BY_THE_CORE, *BY_DJANGO])
def every_app(request: pytest.FixtureRequest) -> Iterator[tuple[App, FakeIssuer]]:
    """Every framework."""
    issuer, sites = FakeIssuer(), {**BY_THE_CORE, **BY_DJANGO}
    with sites[request.param](Settled(issuer)) as app:
        yield app, issuer


@pytest.fixture(scope="module", params=BY_THE_CORE)
def judged_app(request: pytest.FixtureRequest) -> Iterator[tuple[App, FakeIssuer]]:
    """Every framework whose cookies the core judges."""
    issuer = FakeIssuer()
    with BY_THE_CORE[request.param](Settled(issuer)) as app:
        yield app, issuer


def ids(cases: Sequence[Case]) -> list[str]:
    """Their names."""
    return [case.name for case in cases]


@pytest.mark.parametrize("case", [*CASES, *FORGED], ids=ids([*CASES, *FORGED]))
def test_sources(every_app: tuple[App, FakeIssuer], case: Case) -> None:
    """Every case, the same status and challenge; ``Vary`` names every source."""
    run(every_app[0], case, every_app[1])


@pytest.mark.parametrize("case", OF_THE_CORE, ids=ids(OF_THE_CORE))
def test_cookies_where_the_core_judges_them(judged_app: tuple[App, FakeIssuer], case: Case) -> None:
    """By the site of the page that causes a request; one that is no browser's passes."""
    run(judged_app[0], case, judged_app[1])
