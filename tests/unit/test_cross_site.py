"""A token in a cookie, and requests that other sites have a browser send: the rule of Go's CrossOriginProtection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from jwks_auth import AuthError, ForbiddenError
from jwks_auth.adapters import Authenticator, Credentials, Requirement
from jwks_auth.testing import FakeIssuer
from tests.unit.test_credentials import environ, scope

FAKE = FakeIssuer()
SOURCES = ["header", "cookie:session"]
TRUSTED = ["https://app.acme.dev", "https://b.example:8443", "HTTP://Localhost:3000", "https://c.example:443"]

Headers = Sequence[tuple[str, str]]


def service(**settings: Any) -> Authenticator:
    """A service that takes cookies."""
    return Authenticator(
        {**FAKE.settings(audience="api"), "TOKEN_SOURCES": SOURCES, "COOKIE_ORIGINS": TRUSTED, **settings}
    )


def wsgi(headers: Headers, method: str) -> Credentials:
    """The request as a WSGI server gives it."""
    return Credentials.from_wsgi(environ(headers, REQUEST_METHOD=method))


def asgi(headers: Headers, method: str) -> Credentials:
    """The request as an ASGI server gives it."""
    return Credentials.from_asgi(scope(headers, method=method))


def with_cookie(*headers: tuple[str, str], host: str | None = "api.example") -> Headers:
    """The headers beside the cookie that a browser adds."""
    named = [] if host is None else [("Host", host)]
    return [*named, ("Cookie", f"session={FAKE.token(sub='u1')}"), *headers]


def passes(authenticator: Authenticator, credentials: Credentials, **asked: Any) -> bool:
    """Return whether the token counts; a refusal is 403 ``cross_site``."""
    try:
        return authenticator.authenticate(credentials, Requirement.of(**asked)) is not None
    except ForbiddenError as error:
        return not (error.status == 403 and error.code == error.error == "cross_site")


ORIGIN, SITE = "Origin", "Sec-Fetch-Site"

REQUESTS: list[tuple[str, str | None, list[tuple[str, str]], bool]] = [
    ("same-origin", "api.example", [(SITE, "same-origin")], True),
    ("none: the user's own doing", "api.example", [(SITE, "none")], True),
    ("same-site: a neighbour's page", "api.example", [(SITE, "same-site")], False),
    ("cross-site", "api.example", [(SITE, "cross-site")], False),
    ("cross-site beside an origin that looks right", "api.example",
     [(SITE, "cross-site"), (ORIGIN, "https://api.example")], False),
    ("same-origin beside an origin that looks wrong", "inner:8000",
     [(SITE, "same-origin"), (ORIGIN, "https://api.example")], True),
    ("an unknown word", "api.example", [(SITE, "friendly")], False),
    ("same-origin in capitals", "api.example", [(SITE, "SAME-ORIGIN")], False),
    ("said twice", "api.example", [(SITE, "same-origin"), (SITE, "cross-site")], False),
    ("an empty one, and a foreign origin", "api.example", [(SITE, ""), (ORIGIN, "https://evil.example")], False),
    ("an empty one, and the own origin", "api.example", [(SITE, ""), (ORIGIN, "https://api.example")], True),
    ("the own origin", "api.example", [(ORIGIN, "https://api.example")], True),
    ("the own origin over http", "api.example", [(ORIGIN, "http://api.example")], True),
    ("the own origin in capitals", "API.Example", [(ORIGIN, "https://api.example")], True),
    ("the default port said", "api.example:443", [(ORIGIN, "https://api.example")], True),
    ("the default port said over http", "api.example:80", [(ORIGIN, "http://api.example")], True),
    ("the other scheme's default port", "api.example:80", [(ORIGIN, "https://api.example")], False),
    ("the own port", "api.example:8000", [(ORIGIN, "http://api.example:8000")], True),
    ("another port", "api.example:8000", [(ORIGIN, "http://api.example:8001")], False),
    ("no port", "api.example:8000", [(ORIGIN, "http://api.example")], False),
    ("IPv6", "[::1]:8000", [(ORIGIN, "http://[::1]:8000")], True),
    ("another host", "api.example", [(ORIGIN, "https://evil.example")], False),
    ("a host that begins alike", "api.example", [(ORIGIN, "https://api.example.evil.example")], False),
    ("a host that ends alike", "api.example", [(ORIGIN, "https://evilapi.example")], False),
    ("a user in front", "api.example", [(ORIGIN, "https://evil@api.example")], False),
    ("a path behind", "api.example", [(ORIGIN, "https://api.example/")], False),
    ("null", "api.example", [(ORIGIN, "null")], False),
    ("null as the host too", "null", [(ORIGIN, "null")], False),
    ("no scheme", "api.example", [(ORIGIN, "api.example")], False),
    ("a scheme alone", "", [(ORIGIN, "https://")], False),
    ("another scheme", "api.example", [(ORIGIN, "ftp://api.example")], False),
    ("two origins", "api.example", [(ORIGIN, "https://api.example"), (ORIGIN, "https://evil.example")], False),
    ("letters beyond ASCII", "api.example", [(ORIGIN, "https://\u00e9")], False),
    ("a bracket", "api.example", [(ORIGIN, "https://[")], False),
    ("a huge port", "api.example", [(ORIGIN, "https://api.example:99999999")], False),
    ("no Host", None, [(ORIGIN, "https://api.example")], False),
    ("two Hosts", "api.example", [("Host", "b"), (ORIGIN, "https://api.example")], False),
    ("a Host that is none", "api example", [(ORIGIN, "https://api example")], False),
    ("a trusted origin", "api.example", [(SITE, "cross-site"), (ORIGIN, "https://app.acme.dev")], True),
    ("a trusted origin without the other header", "api.example", [(ORIGIN, "https://app.acme.dev")], True),
    ("a trusted origin with its port", "api.example", [(ORIGIN, "https://b.example:8443")], True),
    ("a trusted origin written in capitals", "api.example", [(ORIGIN, "http://localhost:3000")], True),
    ("a trusted origin written with its default port", "api.example", [(ORIGIN, "https://c.example")], True),
    ("a trusted origin on another port", "api.example", [(ORIGIN, "https://b.example")], False),
    ("a trusted origin over http", "api.example", [(ORIGIN, "http://app.acme.dev")], False),
    ("a trusted and another origin", "api.example",
     [(ORIGIN, "https://app.acme.dev"), (ORIGIN, "https://evil.example")], False),
    ("no browser", "api.example", [], True),
    ("no browser, and no Host", None, [], True),
    ("an empty origin", "api.example", [(ORIGIN, "")], True),
]  # fmt: skip

each_request = pytest.mark.parametrize(
    ("host", "headers", "expected"), [each[1:] for each in REQUESTS], ids=[each[0] for each in REQUESTS]
)
each_server = pytest.mark.parametrize("server", [wsgi, asgi])


@each_server
@each_request
def test_a_cookie_that_another_site_has_a_browser_send_does_not_count(
    server: Any, host: str | None, headers: list[tuple[str, str]], expected: bool
) -> None:
    """For every unsafe method; on optional routes it is refused too, never anonymous."""
    sent = with_cookie(*headers, host=host)
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "post", "X"):
        assert passes(service(), server(sent, method)) is expected
    assert passes(service(), server(sent, "POST"), optional=True) is expected


@each_server
@each_request
def test_safe_methods_pass(server: Any, host: str | None, headers: Any, expected: bool) -> None:
    """A page elsewhere can't read their answers."""
    for method in ("GET", "HEAD", "OPTIONS"):
        assert passes(service(), server(with_cookie(*headers, host=host), method))


@each_server
@each_request
def test_a_token_in_a_header_comes_from_nobody_else(
    server: Any, host: str | None, headers: Any, expected: bool
) -> None:
    """The control: no browser adds it by itself, so its sender's site does not matter."""
    sent = [*with_cookie(*headers, host=host), *FAKE.headers(sub="u1").items()]
    assert passes(service(), server(sent, "POST"))


@each_request
def test_a_websocket_of_another_site_is_refused(host: str | None, headers: Any, expected: bool) -> None:
    """Its handshake is a GET, but the page reads what comes over it. Where a framework has CSRF protection too."""
    sent = with_cookie(*headers, host=host)
    for authenticator in (service(), with_csrf()):
        assert passes(authenticator, Credentials.from_asgi(scope(sent, type="websocket"))) is expected
        for upgrade in ("websocket", "WebSocket", "h2c, websocket"):
            for server in (wsgi, asgi):
                assert passes(authenticator, server([*sent, ("Upgrade", upgrade)], "GET")) is expected


def with_csrf() -> Authenticator:
    """A service whose framework judges unsafe methods itself."""
    return Authenticator({**FAKE.settings(audience="api"), "TOKEN_SOURCES": SOURCES, "COOKIE_ORIGINS": TRUSTED},
                         has_csrf=True)  # fmt: skip


def test_a_framework_with_a_protection_of_its_own_judges_unsafe_methods_itself() -> None:
    """And sees a good token of another site's request."""
    assert passes(with_csrf(), wsgi(with_cookie((SITE, "cross-site")), "POST"))


def test_a_bad_token_in_a_cookie_is_refused_for_its_site_first() -> None:
    """Before any key is looked up."""
    sent = wsgi([("Host", "a"), ("Cookie", "session=x.y.z"), (SITE, "cross-site")], "POST")
    with pytest.raises(ForbiddenError):
        service().authenticate(sent)


def test_the_answer_has_a_challenge_and_a_constant_text() -> None:
    """403, as for every refusal of the service's own."""
    authenticator, sent = service(), wsgi(with_cookie((SITE, "cross-site")), "POST")
    with pytest.raises(AuthError) as caught:
        authenticator.authenticate(sent)
    answer = authenticator.rejection(caught.value, sent)
    text = "A token in a cookie does not allow requests from other sites"
    assert (answer.status, answer.document) == (403, {"error": "cross_site", "error_description": text})
    assert (
        answer.fields["WWW-Authenticate"]
        == f'Bearer realm="api", error="cross_site", error_description="{text}"'
    )
    assert answer.fields["Vary"] == "Authorization, Cookie"


@pytest.mark.parametrize("has_csrf", [True, False])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_header_that_a_proxy_makes_of_a_cookie_is_judged_too(has_csrf: bool, method: str) -> None:
    """Whatever protection the framework has, as that one is waived for headers; a header of a page's own is not."""
    proxy, own = "X-Auth-Request-Access-Token", "X-Token"
    settings = {**FAKE.settings(audience="api"), "COOKIE_ORIGINS": TRUSTED}
    sources = [f"header:{proxy.lower()}", f"header:{own}"]
    authenticator = Authenticator({**settings, "TOKEN_SOURCES": sources}, has_csrf=has_csrf)
    forged, trusted = [(SITE, "cross-site")], [(SITE, "cross-site"), (ORIGIN, "https://app.acme.dev")]
    for server in (wsgi, asgi):
        for header, more, expected in (
            (proxy, forged, False),
            (proxy, trusted, True),
            (proxy, [], True),
            (own, forged, True),
        ):
            sent = [(header, FAKE.token(sub="u1")), *more]
            assert passes(authenticator, server(sent, method)) is expected
            assert passes(authenticator, server(sent, "GET"))
