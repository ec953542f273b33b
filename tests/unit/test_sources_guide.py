"""The recipes of docs/how-to/sources.md, each with the requests that its provider, gateway or frontend sends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import AuthError
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier.token_sources import _OF_PROXIES, is_of_a_proxy
from tests.unit.test_credentials import environ

TEXT = (Path(__file__).parent.parent.parent / "docs" / "how-to" / "sources.md").read_text()
RECIPES = dict(re.findall(r"### ([^\n]+)\n\n```python\n(.*?)```", TEXT, re.DOTALL))
ACME, IAP = "https://acme.eu.auth0.com/", "https://cloud.google.com/iap"
CLERK, ACCESS = "https://clerk.acme.dev", "https://acme.cloudflareaccess.com"
CLOUDFLARE = "32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228"
BACKEND = "/projects/123456789/global/backendServices/987654321"
API = {"aud": "https://api.acme.dev"}
APP = {"aud": None, "client_id": None, "azp": "https://acme.dev", "sts": "active"}

SENT: list[tuple[str, str, str, dict[str, Any], list[tuple[str, str]], str]] = [
    ("Cloudflare Access", ACCESS, "RS256", {"aud": CLOUDFLARE, "type": "app"},
     [("Cf-Access-Jwt-Assertion", "{0}"), ("Cookie", "CF_Authorization={0}")], "ada"),
    ("Cloudflare Access", ACCESS, "RS256", {"aud": CLOUDFLARE, "type": "app"},
     [("Cookie", "CF_Authorization={0}")], "missing_token"),
    ("Cloudflare Access", ACCESS, "RS256", {"aud": CLOUDFLARE, "type": "app"},
     [("Cf-Access-Jwt-Assertion", "{0}"), ("Authorization", "Bearer x")], "ada"),
    ("Cloudflare Access", ACCESS, "RS256", {"aud": CLOUDFLARE, "type": "app"},
     [("Cf-Access-Jwt-Assertion", "{0}"), ("Sec-Fetch-Site", "cross-site")], "cross_site"),
    ("Google IAP", IAP, "ES256", {"aud": BACKEND},
     [("x-goog-iap-jwt-assertion", "{0}"), ("Origin", "https://evil.example"), ("Host", "app.acme.dev")], "cross_site"),
    ("Google IAP", IAP, "ES256", {"aud": BACKEND},
     [("X-Goog-IAP-JWT-Assertion", "{0}"), ("Sec-Fetch-Site", "same-origin")], "ada"),
    ("Google IAP", IAP, "ES256", {"aud": BACKEND}, [("X-Goog-IAP-JWT-Assertion", "{0}")], "ada"),
    ("Google IAP", IAP, "ES256", {"aud": BACKEND}, [("Authorization", "Bearer {0}")], "missing_token"),
    ("API gateways that move the header", ACME, "RS256", API,
     [("Authorization", "Bearer gateways.own.token"), ("X-Forwarded-Authorization", "Bearer {0}")], "ada"),
    ("Clerk", CLERK, "RS256", APP, [("Cookie", "__client_uat=1; __session={0}")], "ada"),
    ("Clerk", CLERK, "RS256", APP, [("Authorization", "Bearer {0}"), ("Cookie", "__session=old")], "ada"),
    ("Clerk", CLERK, "RS256", APP, [("Cookie", "__session={0}"), ("Sec-Fetch-Site", "cross-site")], "cross_site"),
    ("A backend for a frontend", ACME, "RS256", API,
     [("Cookie", "__Host-access={0}"), ("Sec-Fetch-Site", "same-site"), ("Origin", "https://app.acme.dev")], "ada"),
    ("A backend for a frontend", ACME, "RS256", API,
     [("Cookie", "__Host-access={0}"), ("Sec-Fetch-Site", "same-site"), ("Origin", "https://x.acme.dev")],
     "cross_site"),
    ("The scheme `JWT`", ACME, "RS256", API, [("Authorization", "JWT {0}")], "ada"),
    ("The scheme `JWT`", ACME, "RS256", API, [("Authorization", "Bearer {0}")], "ada"),
]  # fmt: skip


def settings_of(recipe: str) -> dict[str, Any]:
    """The settings that a recipe shows."""
    defined: dict[str, Any] = {}
    exec(compile(RECIPES[recipe], "docs/how-to/sources.md", "exec"), defined)
    found: dict[str, Any] = defined["JWKS_AUTH"]
    return found


@pytest.mark.parametrize(("recipe", "issuer", "alg", "claims", "headers", "expected"), SENT)
def test_recipes(
    recipe: str, issuer: str, alg: str, claims: Any, headers: Sequence[tuple[str, str]], expected: str
) -> None:
    """A POST with what the recipe says is read; only the keys are a test's."""
    fake = FakeIssuer(issuer, algorithms=[alg])
    authenticator = Authenticator({**settings_of(recipe), "JWKS": fake.jwks})
    raw = fake.token(sub="ada", header={"typ": "JWT"}, **claims)
    sent = environ([(name, value.format(raw)) for name, value in headers])
    try:
        token = authenticator.authenticate(Credentials.from_wsgi(sent))
        found = None if token is None else token.subject
    except AuthError as error:
        found = error.code
    assert found == expected


def test_headers_that_proxies_make_of_cookies_are_listed() -> None:
    """As the code knows them, in any case."""
    section = TEXT.partition("### Proxies that sign users in by a cookie")[2].partition("### ")[0]
    listed = re.findall(r"`(X-[\w-]+|Cf-[\w-]+)`", section)
    assert len(listed) == len(_OF_PROXIES)
    assert all(is_of_a_proxy(f"header:{name}") for name in listed)
    assert not is_of_a_proxy("header:X-Forwarded-Authorization")


def test_every_recipe_has_a_test() -> None:
    """And the first snippet of the page is one, too."""
    assert RECIPES.keys() == {row[0] for row in SENT}
    [first, *_] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    defined: dict[str, Any] = {}
    exec(compile(first, "docs/how-to/sources.md", "exec"), defined)
    assert Authenticator(defined["JWKS_AUTH"]).sources == ("header", "cookie:session")
