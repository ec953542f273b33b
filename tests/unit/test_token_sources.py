"""Sources, schemes and origins in settings: what can't be is named at start-up, with what was found."""

from __future__ import annotations

from typing import Any

import pytest

from jwks_auth import ConfigurationError, Issuer
from jwks_auth.adapters import Authenticator, Settings
from jwks_auth.testing import FakeIssuer

FORMS = 'expected "header", "header:<name>" or "cookie:<name>"'


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("header", ("header",)),
        (["header"], ("header",)),
        ("header cookie:session", ("header", "cookie:session")),
        ('["cookie:__Host-a", "header:X-Token"]', ("cookie:__Host-a", "header:X-Token")),
        ("header:Authorization", ("header",)),
        ("header:authorization", ("header",)),
        (["cookie:a", "cookie:A"], ("cookie:a", "cookie:A")),
        (["cookie:header"], ("cookie:header",)),
        (["header:Proxy-Authorization", "header:X-Forwarded-Authorization"],
         ("header:Proxy-Authorization", "header:X-Forwarded-Authorization")),
    ],
)  # fmt: skip
def test_sources_are_read(given: Any, read: tuple[str, ...]) -> None:
    """As a list, as JSON, or with spaces between; each in its shortest form."""
    assert Settings.read("TOKEN_SOURCES", given) == read


IMPOSSIBLE: list[tuple[Any, str]] = [
    ([], "expected at least one of"),
    ("", "expected a list of strings"),
    (7, "expected a list of strings"),
    ([7], "expected a list of strings"),
    ("Header", f"found 'Header', {FORMS}"),
    ("HEADER", f"found 'HEADER', {FORMS}"),
    ("haeder:X-Token", FORMS),
    ("X-Token", FORMS),
    ("headers:X-Token", FORMS),
    ("cookie", FORMS),
    ("cookies:a", FORMS),
    ("query:access_token", "a token in the query is never read"),
    ("header, cookie:a", "found a comma"),
    ("header:", "'' can't be the name of a header"),
    ("header:X:Y", "'X:Y' can't be the name of a header"),
    (["header:X Token"], "'X Token' can't be the name of a header"),
    (["header:X-Token\n"], "can't be the name of a header"),
    ("header:X-T\u00f6ken", "can't be the name of a header"),
    ("header:X_Token", "servers drop headers with underscores: 'header:X-Token'"),
    ("header:Cookie", "write cookie:<name>"),
    ("header:DPoP", "it has a proof, not a token"),
    ("header:Sec-WebSocket-Protocol", "the adapter's own setting"),
    ("header:Host", "a meaning of its own"),
    ("header:Transfer-Encoding", "it ends at the next proxy"),
    ("header:Connection", "it ends at the next proxy"),
    ("cookie:", "'' can't be the name of a cookie"),
    ("cookie:a=b", "'a=b' can't be the name of a cookie"),
    ("cookie:a;b", "'a;b' can't be the name of a cookie"),
    (["cookie:a b"], "'a b' can't be the name of a cookie"),
    (["header", "header:Authorization"], "found 'header' twice"),
    (["header:X-Token", "header:x-token"], "found 'header:x-token' twice"),
    (["cookie:a", "header", "cookie:a"], "found 'cookie:a' twice"),
]


@pytest.mark.parametrize(("given", "message"), IMPOSSIBLE, ids=[repr(given) for given, _ in IMPOSSIBLE])
def test_a_source_that_can_not_be_is_named_at_start_up(given: Any, message: str) -> None:
    """By its setting; in an issuer's entry too."""
    fake = FakeIssuer()
    with pytest.raises(ConfigurationError) as caught:
        Authenticator({**fake.settings(), "TOKEN_SOURCES": given})
    assert str(caught.value).startswith("TOKEN_SOURCES: ")
    assert message in str(caught.value)
    entry = {"ISSUER": fake.issuer, "JWKS": fake.jwks, "TOKEN_SOURCES": given}
    with pytest.raises(ConfigurationError, match=r'ISSUERS\[0\]\["TOKEN_SOURCES"\]: '):
        Settings.from_mapping({"ISSUERS": [entry], "AUDIENCE": "api"})


@pytest.mark.parametrize("given", [[], ["X-Token"], [7], ["header", "header"]], ids=str)
def test_an_issuer_that_code_makes_is_checked_too(given: Any) -> None:
    """At construction."""
    with pytest.raises(ConfigurationError, match="token_sources: "):
        Issuer("https://id.example/", token_sources=given)


@pytest.mark.parametrize(("given", "read"), [("JWT", ("JWT",)), (["Bearer", "JWT"], ("Bearer", "JWT"))])
def test_schemes_are_read(given: Any, read: tuple[str, ...]) -> None:
    """As a list, as JSON, or with spaces between."""
    assert Settings.read("AUTH_SCHEMES", given) == read


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "expected at least one scheme"),
        (["Bearer "], "can't be a scheme"),
        (["Bearer:"], "can't be a scheme"),
        (["a.b"], "can't be a scheme"),
        (["Bearer", "bearer"], "found 'bearer' twice"),
        (["Bearer", "dpop"], "found 'dpop', whose tokens need a proof"),
    ],
)
def test_a_scheme_that_can_not_be_is_named_at_start_up(given: Any, message: str) -> None:
    """``DPoP`` is one of ours anyway: its tokens need more than a word in a list."""
    with pytest.raises(ConfigurationError, match=message):
        Settings.read("AUTH_SCHEMES", given, label="AUTH_SCHEMES")


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("https://App.acme.dev", "https://app.acme.dev"),
        ("https://app.acme.dev:443", "https://app.acme.dev"),
        ("http://app.acme.dev:80", "http://app.acme.dev"),
        ("https://app.acme.dev:80", "https://app.acme.dev:80"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
    ],
)
def test_origins_are_read_as_browsers_write_them(given: str, read: str) -> None:
    """In lower case, without a default port."""
    assert Settings.read("COOKIE_ORIGINS", given) == (read,)


def test_an_origin_that_no_browser_writes_is_named_at_start_up() -> None:
    """A host in letters beyond ASCII would never be equal to what is sent."""
    assert Settings.read("COOKIE_ORIGINS", "https://xn--bcher-kva.example") == (
        "https://xn--bcher-kva.example",
    )
    with pytest.raises(ConfigurationError, match=r"as browsers write it, as in https://xn--"):
        Settings.read("COOKIE_ORIGINS", "https://b\u00fccher.example")


@pytest.mark.parametrize(
    "given",
    ["*", "null", "app.acme.dev", "https://app.acme.dev/", "https://app.acme.dev/x", "https://*.acme.dev", "https://",
     "https://a@b.example", "https://a.example:x", "https://[", "//app.acme.dev", ["https://a b"], ["https://a,b"]],
)  # fmt: skip
def test_an_origin_that_can_not_be_is_named_at_start_up(given: Any) -> None:
    """No pattern and no ``null``: each origin is written out."""
    with pytest.raises(ConfigurationError, match=r"COOKIE_ORIGINS: found .*"):
        Settings.from_mapping({"ISSUER": "https://id.example/", "AUDIENCE": "a", "COOKIE_ORIGINS": given})
