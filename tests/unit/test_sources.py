"""The places where tokens may stand: which one is filled, whose tokens may stand there, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from jwks_auth import (
    AuthError,
    InvalidTokenError,
    Issuer,
    KeySourceError,
    MissingTokenError,
    Tenants,
    TokenVerifier,
    VerifiedToken,
)
from jwks_auth.adapters import Authenticator, Credentials, Requirement
from jwks_auth.testing import FakeIssuer
from tests.unit.test_credentials import environ, scope

FAKE = FakeIssuer()
OTHER = FakeIssuer("https://other.example/")
REQUIRED, OPTIONAL = Requirement(), Requirement(optional=True)
THREE = ["header", "header:X-Token", "cookie:session"]

Headers = Sequence[tuple[str, str]]


def service(sources: Any = THREE, **settings: Any) -> Authenticator:
    """A service that takes tokens from *sources*."""
    return Authenticator({**FAKE.settings(audience="api"), "TOKEN_SOURCES": sources, **settings})


def wsgi(headers: Headers, query: str = "") -> Credentials:
    """A request whose repeated headers the server has joined."""
    return Credentials.from_wsgi(environ(headers, query=query, REQUEST_METHOD="GET"))


def asgi(headers: Headers, query: str = "") -> Credentials:
    """A request with every header as it was sent."""
    return Credentials.from_asgi(scope(headers, query=query, method="GET"))


def subject(
    authenticator: Authenticator, credentials: Credentials, requirement: Any = REQUIRED
) -> str | None:
    """Who sent it, or the code of the refusal, by both faces."""
    found = [
        _outcome(lambda: authenticator.authenticate(credentials, requirement)),
        _outcome(lambda: asyncio.run(authenticator.aauthenticate(credentials, requirement))),
    ]
    assert found[0] == found[1]
    return found[0]


def _outcome(ask: Any) -> str | None:
    try:
        token: VerifiedToken | None = ask()
    except AuthError as error:
        return error.code
    return None if token is None else token.subject


each_server = pytest.mark.parametrize("server", [wsgi, asgi])


def alice() -> str:
    """A token of the service's issuer."""
    return FAKE.token(sub="alice")


def bob() -> str:
    """Another one."""
    return FAKE.token(sub="bob")


def stray() -> str:
    """A token of an issuer that nobody trusts."""
    return FAKE.token(iss="https://elsewhere.example/")


def filled(headers: Headers) -> Headers:
    """Headers with the tokens that they name."""
    return [(name, value.format(alice=alice(), bob=bob(), stray=stray())) for name, value in headers]


FILLED: list[tuple[str, Headers, str | None]] = [
    ("Authorization", [("Authorization", "Bearer {alice}")], "alice"),
    ("another header, bare", [("X-Token", "{alice}")], "alice"),
    ("another header, with a scheme", [("X-Token", "Bearer {alice}")], "alice"),
    ("a cookie", [("Cookie", "a=b; session={alice}")], "alice"),
    ("a cookie in quotes", [("Cookie", 'session="{alice}"; a=b')], "alice"),
    ("a cookie beside a header", [("X-Token", "{alice}"), ("Cookie", "session={bob}")], "alice"),
    (
        "two cookies beside a header",
        [("X-Token", "{alice}"), ("Cookie", "session={bob}; session=x")],
        "alice",
    ),
    ("an empty header beside another", [("Authorization", " "), ("X-Token", "{alice}")], "alice"),
    ("a password beside a header", [("Authorization", "Basic dTpw"), ("X-Token", "{alice}")], "alice"),
    (
        "a password beside a cookie",
        [("Authorization", "Basic dTpw"), ("Cookie", "session={alice}")],
        "alice",
    ),
    ("an empty header beside a cookie", [("X-Token", ""), ("Cookie", "session={alice}")], "alice"),
    (
        "another scheme in another header",
        [("X-Token", "Basic dTpw"), ("Cookie", "session={alice}")],
        "alice",
    ),
    ("nothing", [], "missing_token"),
    ("an empty cookie", [("Cookie", "session=")], "missing_token"),
    ("another's cookie", [("Cookie", "Session={alice}; sessio={alice}")], "missing_token"),
    ("another's header", [("X-Tokens", "{alice}")], "missing_token"),
    ("two headers", [("Authorization", "Bearer {alice}"), ("X-Token", "{alice}")], "multiple_credentials"),
    (
        "two headers, one junk",
        [("Authorization", "Bearer x"), ("X-Token", "{alice}")],
        "multiple_credentials",
    ),
    (
        "two headers, one unbound DPoP",
        [("Authorization", "DPoP x"), ("X-Token", "{alice}")],
        "multiple_credentials",
    ),
    ("one header twice", [("X-Token", "{alice}"), ("X-Token", "{alice}")], "multiple_credentials"),
    ("two cookies of one name", [("Cookie", "session={alice}; session={alice}")], "multiple_credentials"),
    ("two cookies, one empty", [("Cookie", "session=; session={alice}")], "multiple_credentials"),
    ("a scheme alone", [("X-Token", "Bearer")], "invalid_request"),
    ("a bare token that can't be one", [("X-Token", "a$b.c")], "invalid_request"),
    ("letters beyond ASCII", [("X-Token", "a\u00e9.b.c")], "invalid_request"),
    ("a cookie that can't be one", [("Cookie", "session=a b")], "invalid_request"),
    ("a cookie with a scheme", [("Cookie", "session=Bearer {alice}")], "invalid_request"),
    ("a bad token in a cookie", [("Cookie", "session=a.b.c")], "malformed"),
    ("a bad token in a header", [("X-Token", "abc")], "malformed"),
    ("a bad token beside a good cookie", [("X-Token", "abc"), ("Cookie", "session={alice}")], "malformed"),
    ("Authorization without a scheme", [("Authorization", "{alice}")], "invalid_request"),
    ("another scheme before our token", [("Authorization", "Token {alice}")], "wrong_scheme"),
    (
        "the same beside a good one",
        [("Authorization", "Token {bob}"), ("X-Token", "{alice}")],
        "wrong_scheme",
    ),
    ("the same beside a cookie", [("X-Token", "JWT {bob}"), ("Cookie", "session={alice}")], "wrong_scheme"),
    (
        "another scheme before a stranger's",
        [("Authorization", "Token {stray}"), ("X-Token", "{alice}")],
        "alice",
    ),
    ("DPoP", [("Authorization", "DPoP {alice}")], "bound_token"),
    ("DPoP in another header", [("X-Token", "dpop {alice}")], "bound_token"),
    ("DPoP beside a cookie", [("X-Token", "DPoP {alice}"), ("Cookie", "session={alice}")], "bound_token"),
]


@each_server
@pytest.mark.parametrize(
    ("headers", "expected"), [each[1:] for each in FILLED], ids=[each[0] for each in FILLED]
)
def test_one_place_is_filled_or_the_request_is_refused(
    server: Any, headers: Headers, expected: str | None
) -> None:
    """On a route that requires a token, and on one where it is optional; a bad one is nowhere anonymous."""
    authenticator, sent = service(), filled(headers)
    assert subject(authenticator, server(sent)) == expected
    optional = None if expected == "missing_token" else expected
    assert subject(authenticator, server(sent), OPTIONAL) == optional


def test_two_cookies_of_different_names_are_two_credentials() -> None:
    """No order of settings or of cookies tells which one counts."""
    authenticator = service(["cookie:a", "cookie:b"])
    assert subject(authenticator, wsgi([("Cookie", f"a={alice()}; b={bob()}")])) == "multiple_credentials"
    assert subject(authenticator, wsgi([("Cookie", f"a=; b={bob()}")])) == "bob"


@each_server
def test_9700_6_what_is_no_source_is_not_looked_at(server: Any) -> None:
    """A gateway's own ``Authorization`` beside the header that it moved the client's to."""
    authenticator = service(["header:X-Forwarded-Authorization"])
    moved = ("X-Forwarded-Authorization", f"Bearer {alice()}")
    for own in ("Bearer x", f"Bearer {stray()}", f"Bearer {bob()}", "Basic \u00e9", ""):
        assert subject(authenticator, server([("Authorization", own), moved])) == "alice"
    assert subject(authenticator, server([("Authorization", f"Bearer {alice()}")])) == "missing_token"


@pytest.mark.parametrize(
    "query", ["access_token={}", "a=1&access%5Ftoken={}", "access_token=x&access_token={}"]
)
@pytest.mark.parametrize("headers", [[("Authorization", "Bearer {alice}")], [("Cookie", "session={alice}")]])
def test_6750_4_a_token_of_ours_in_the_query_beside_another_is_refused(headers: Headers, query: str) -> None:
    """More than one method to send a token is 400; a stranger's parameter of that name does not matter."""
    authenticator, headers = service(), filled(headers)
    assert subject(authenticator, asgi(headers, query.format(bob()))) == "multiple_credentials"
    assert (
        subject(authenticator, asgi(headers, query.format(f"{bob()[:-342]}{'A' * 342}")))
        == "multiple_credentials"
    )
    for foreign in (stray(), "x", "", "ya29.a0AfB_by", "a.b.c", "%00"):
        assert subject(authenticator, asgi(headers, query.format(foreign))) == "alice"


def test_9700_5_a_token_in_the_query_alone_is_never_used() -> None:
    """6750-3: without a header the request has no credentials."""
    assert subject(service(), asgi([], f"access_token={alice()}")) == "missing_token"
    assert subject(service(), asgi([], f"access_token={alice()}"), OPTIONAL) is None


def test_a_query_of_many_tokens_is_refused_without_reading_them() -> None:
    """Each would cost a parse."""
    query = "&".join(["access_token=a.b.c"] * 9)
    assert subject(service(), asgi([("X-Token", alice())], query)) == "multiple_credentials"


def several(**settings: Any) -> Authenticator:
    """Two issuers, each with a place of its own, and a third with the service's."""
    third = FakeIssuer("https://third.example/")
    entries = [
        {"ISSUER": FAKE.issuer, "JWKS": FAKE.jwks, "TOKEN_SOURCES": ["header:X-Token", "cookie:session"]},
        {"ISSUER": OTHER.issuer, "JWKS": OTHER.jwks, "TOKEN_SOURCES": "header:x-other"},
        {"ISSUER": third.issuer, "JWKS": third.jwks},
    ]
    return Authenticator({"ISSUERS": entries, "AUDIENCE": "api", **settings})


@each_server
def test_an_issuers_tokens_stand_in_its_own_places_alone(server: Any) -> None:
    """Elsewhere they are another issuer's: who can write one place can't use it for another's tokens."""
    authenticator = several()
    other = OTHER.token(sub="carol")
    assert subject(authenticator, server([("X-Token", alice())])) == "alice"
    assert subject(authenticator, server([("Cookie", f"session={alice()}")])) == "alice"
    assert subject(authenticator, server([("X-Other", other)])) == "carol"
    for elsewhere in ([("X-Other", alice())], [("Authorization", f"Bearer {alice()}")], [("X-Token", other)],
                      [("Cookie", f"session={other}")]):  # fmt: skip
        assert subject(authenticator, server(elsewhere)) == "wrong_issuer"
        assert subject(authenticator, server(elsewhere), OPTIONAL) == "wrong_issuer"
    assert authenticator.sources == ("header:X-Token", "cookie:session", "header:x-other", "header")
    assert authenticator.vary == ("X-Token", "x-other", "Authorization", "Cookie")


@each_server
def test_what_is_filled_is_judged_over_the_places_of_all_issuers(server: Any) -> None:
    """Two headers are two credentials whosever tokens may stand there."""
    headers = [("X-Token", alice()), ("X-Other", OTHER.token())]
    assert subject(several(), server(headers)) == "multiple_credentials"
    assert subject(several(), server([("X-Token", alice()), ("X-Other", "x")])) == "multiple_credentials"


def test_the_services_sources_are_those_of_issuers_without_their_own() -> None:
    """As all shared settings are."""
    authenticator = several(TOKEN_SOURCES=["cookie:third"])
    assert authenticator.sources == ("header:X-Token", "cookie:session", "header:x-other", "cookie:third")


def test_the_log_says_where_a_token_was_expected(caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG: otherwise its issuer would look right."""
    caplog.set_level("DEBUG", "jwks_auth")
    subject(several(), asgi([("X-Other", alice())]))
    assert (
        "wrong_issuer; found in header:x-other, expected in header:X-Token or cookie:session" in caplog.text
    )


def test_a_providers_tokens_come_from_the_place_it_documents() -> None:
    """Unless settings name another."""
    access = {
        "PROVIDER": "cloudflare-access",
        "ISSUER": "https://acme.cloudflareaccess.com",
        "AUDIENCE": "a" * 64,
    }
    assert Authenticator(access).sources == ("header:Cf-Access-Jwt-Assertion",)
    assert Authenticator({**access, "TOKEN_SOURCES": "cookie:CF_Authorization"}).sources == (
        "cookie:CF_Authorization",
    )
    beside = {"ISSUERS": [access, {"ISSUER": FAKE.issuer, "JWKS": FAKE.jwks}], "AUDIENCE": "api"}
    assert Authenticator(beside).sources == ("header:Cf-Access-Jwt-Assertion", "header")


def test_issuers_that_code_has_made_have_sources_too() -> None:
    """And a verifier's are those of its issuers; beside it stand the service's."""
    issuer = Issuer(FAKE.issuer, jwks=FAKE.jwks, token_sources=["cookie:session"])
    verifier = TokenVerifier(issuer, "api")
    authenticator = Authenticator(verifier)
    assert authenticator.sources == ("cookie:session",)
    assert subject(authenticator, wsgi([("Cookie", f"session={alice()}")])) == "alice"
    beside = Authenticator({"VERIFIER": verifier, "TOKEN_SOURCES": ["header:X-Token"]})
    assert beside.sources == ("cookie:session",)
    plain = TokenVerifier(Issuer(FAKE.issuer, jwks=FAKE.jwks), "api")
    assert Authenticator({"VERIFIER": plain, "TOKEN_SOURCES": ["header:X-Token"]}).sources == (
        "header:X-Token",
    )


class Wrapped:
    """A verifier of one's own, around another."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self.verify_any_audience, self.averify_any_audience = (
            verifier.verify_any_audience,
            verifier.averify_any_audience,
        )
        self.admit, self.aadmit, self.issuers = verifier.admit, verifier.aadmit, verifier.issuers


def test_a_verifier_of_ones_own_knows_its_issuers_tokens_by_their_names() -> None:
    """Under a foreign scheme, and in the query."""
    authenticator = Authenticator(
        {"VERIFIER": Wrapped(TokenVerifier(Issuer(FAKE.issuer, jwks=FAKE.jwks), "api"))}
    )
    assert subject(authenticator, asgi([("Authorization", f"Bearer {alice()}")])) == "alice"
    assert subject(authenticator, asgi([("Authorization", f"Token {alice()}")])) == "wrong_scheme"
    assert subject(authenticator, asgi([("Authorization", f"Token {stray()}")])) == "missing_token"


def tenants(**options: Any) -> Tenants:
    """Anybody below the other issuer's host."""
    return Tenants(lambda name: Issuer(name, jwks=OTHER.jwks, **options), hosts=["other.example"])


def test_tenants_have_the_services_sources() -> None:
    """Which are known before any tenant is."""
    settings = {"TENANTS": tenants(), "AUDIENCE": "api", "TOKEN_SOURCES": ["cookie:session"]}
    carol = OTHER.token(sub="carol")
    assert subject(Authenticator(settings), wsgi([("Cookie", f"session={carol}")])) == "carol"
    beside = Authenticator(
        {**settings, "ISSUERS": [{"ISSUER": FAKE.issuer, "JWKS": FAKE.jwks, "TOKEN_SOURCES": "header"}]}
    )
    assert subject(beside, wsgi([("Authorization", f"Bearer {carol}")])) == "wrong_issuer"
    assert subject(beside, wsgi([("Authorization", f"Token {carol}")])) == "wrong_scheme"
    assert subject(beside, wsgi([("Cookie", f"session={carol}")])) == "carol"


def test_a_tenant_with_sources_of_its_own_is_a_mistake_in_the_callback() -> None:
    """Nobody would look there."""
    authenticator = Authenticator({"TENANTS": tenants(token_sources="cookie:x"), "AUDIENCE": "api"})
    with pytest.raises(KeySourceError, match="tenants have those of the service"):
        authenticator.authenticate(wsgi([("Authorization", f"Bearer {OTHER.token()}")]))


def test_other_schemes_are_taken_where_they_are_named() -> None:
    """Compared without case; challenges have the first, whichever the request has."""
    authenticator = service("header", AUTH_SCHEMES=["JWT", "Token"])
    for scheme in ("JWT", "jwt", "token"):
        assert subject(authenticator, wsgi([("Authorization", f"{scheme} {alice()}")])) == "alice"
    sent = wsgi([("Authorization", f"Bearer {alice()}")])
    assert subject(authenticator, sent) == "wrong_scheme"
    for headers in ([("Authorization", "Token abc")], [("Authorization", "Basic x")], []):
        sent = wsgi(headers)
        with pytest.raises(AuthError) as caught:
            authenticator.authenticate(sent)
        assert (
            authenticator.rejection(caught.value, sent)
            .fields["WWW-Authenticate"]
            .startswith('JWT realm="api"')
        )


def test_a_websocket_s_subprotocol_counts_as_a_header_of_any_issuer() -> None:
    """Whatever the sources and the schemes are; a cookie beside it is not looked at."""

    def offered(token: str, *headers: tuple[str, str]) -> Credentials:
        return Credentials.from_asgi(
            scope(headers, type="websocket", subprotocols=["bearer", token]), subprotocol="bearer"
        )

    plain = service(None)
    for authenticator in (plain, service(AUTH_SCHEMES=["JWT"]), service("cookie:session"), several()):
        assert subject(authenticator, offered(alice(), ("Cookie", f"session={bob()}"))) == "alice"
    assert (
        subject(service(), offered(alice(), ("Authorization", f"Bearer {alice()}"))) == "multiple_credentials"
    )
    assert subject(service(), offered("")) == "invalid_request"


def test_the_header_for_a_token_is_that_of_the_first_source() -> None:
    """For test clients, and for calls between services."""
    assert service("header").header_for("x") == ("Authorization", "Bearer x")
    assert service("header", AUTH_SCHEMES=["JWT"]).header_for("x") == ("Authorization", "JWT x")
    assert service("header:X-Token").header_for("x") == ("X-Token", "Bearer x")
    assert service(["cookie:a", "header"]).header_for("x") == ("Cookie", "a=x")


LEAKY: list[tuple[Headers, str]] = [
    ([("X-Token", "Bearer {alice} x")], ""),
    ([("X-Token", "{alice},{alice}")], ""),
    ([("X-Token", "{alice}$")], ""),
    ([("Cookie", "session={alice}; session={alice}")], ""),
    ([("Cookie", "session={alice}$")], ""),
    ([("Authorization", "Token {alice}")], ""),
    ([("Authorization", "DPoP {alice}")], ""),
    ([("Authorization", "Bearer {alice}"), ("X-Token", "{alice}")], ""),
    ([("Authorization", "Bearer {alice}")], "access_token={alice}"),
    ([("Cookie", "session={alice}"), ("Upgrade", "websocket"), ("Sec-Fetch-Site", "cross-site")], ""),
]


@each_server
@pytest.mark.parametrize(("headers", "query"), LEAKY)
def test_a_refusal_keeps_no_token_in_its_frames(server: Any, headers: Headers, query: str) -> None:
    """Whatever the place: error reports show the locals of each frame."""
    token = alice()
    sent = server([(name, value.format(alice=token)) for name, value in headers], query.format(alice=token))
    with pytest.raises(AuthError) as caught:
        service().authenticate(sent)
    frame = caught.value.__traceback__
    while frame is not None:
        assert frame.tb_frame.f_code.co_filename == __file__ or token[:40] not in repr(
            frame.tb_frame.f_locals
        )
        frame = frame.tb_next


@pytest.mark.parametrize("error", [InvalidTokenError("wrong_scheme"), MissingTokenError()])
def test_every_answer_varies_by_every_source(error: AuthError) -> None:
    """Shared caches hand nobody another's answer."""
    sent = wsgi([])
    assert service().rejection(error, sent).fields["Vary"] == "Authorization, X-Token, Cookie"
