"""Tokens of the service's own: when its function is asked, and what its answer is worth."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from jwks_auth import (
    ANY_AUDIENCE,
    ConfigurationError,
    ForbiddenError,
    InvalidTokenError,
    Issuer,
    KeySourceError,
    Refused,
    Tenants,
    TokenVerifier,
)
from jwks_auth.adapters import Authenticator, Credentials, Requirement
from jwks_auth.stores import MemoryRevocations
from jwks_auth.testing import FakeIssuer
from tests.introspecting import API, asking

ISSUER = FakeIssuer("https://id.example/")
OTHER = FakeIssuer("https://other.example/")


class Function:
    """Returns or raises what a test says, and notes what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, list[str]()

    def __call__(self, credential: str) -> Any:
        """Answer one question."""
        self.asked.append(credential)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def verifier_of(function: Any, **options: Any) -> TokenVerifier:
    """A service of one issuer."""
    return TokenVerifier(
        Issuer(ISSUER.issuer, jwks=ISSUER.jwks()),
        **{"audience": API, "allow_fake_issuer": True, "other_tokens": function, **options},
    )


def code_of(verifier: TokenVerifier, raw: Any, **options: Any) -> str:
    """What becomes of a token, sync and async alike."""

    def outcome(run: Callable[[], Any]) -> str:
        try:
            token = run()
        except Refused as error:
            return f"{error.status} {error.code}"
        return str(token.kind)

    sync = outcome(lambda: verifier.verify(raw, **options))
    assert outcome(lambda: asyncio.run(verifier.averify(raw, **options))) == sync
    return sync


def test_a_credential_of_the_service_s_own_is_a_token() -> None:
    """With the same properties and policies as others."""
    token = verifier_of(lambda raw: {"iss": "keys", "sub": "p7", "scope": "a b"}).verify("ak_1")
    assert (token.kind, token.issuer, token.subject, token.scopes) == ("other", "keys", "p7", {"a", "b"})
    assert (token.raw, token.expires_at, token.header) == ("ak_1", None, {})


def test_an_async_function_is_awaited() -> None:
    """Of whichever kind: a coroutine function, an object with an async call."""

    async def function(raw: str) -> dict[str, str]:
        await asyncio.sleep(0)
        return {"sub": raw}

    class Known:
        async def __call__(self, raw: str) -> dict[str, str]:
            """Answer as the function does."""
            return {"sub": raw}

    for each in (function, Known()):
        assert code_of(verifier_of(each), "ak_1") == "other"


@pytest.mark.parametrize(
    ("raw", "asked"),
    [
        ("ak_1", True),
        ("a.b", True),
        (lambda: ISSUER.token(), False),
        (lambda: ISSUER.token(aud="x"), False),
        (lambda: ISSUER.token(expires_in=-1000), False),
        (lambda: FakeIssuer(ISSUER.issuer).token(), False),
        (lambda: ISSUER.token()[:-4] + "AAAA", False),
        (lambda: OTHER.token(), True),
        (lambda: OTHER.token(iss=None), True),
        (lambda: OTHER.token(iss=None, sub="spiffe://id.example/x"), True),
        (lambda: ISSUER.token(iss=7), True),
        ("eyJhbGciOiJIUzI1NiJ9.broken.x", False),
        ("x" * 20_000, False),
        ("with space", False),
        ("", False),
        (b"bytes", False),
    ],
    ids=range(16),
)
def test_the_form_and_iss_say_whether_it_is_asked(raw: Any, asked: bool) -> None:
    """Never that a verification failed."""
    function = Function(None)
    raw = raw() if callable(raw) else raw
    code_of(verifier_of(function), raw)
    assert bool(function.asked) is asked
    assert set(function.asked) <= {raw}


def test_a_refused_jwt_of_ours_is_not_rescued() -> None:
    """A function that says yes to everything hears nothing of it (OWN-1)."""
    verifier = verifier_of(Function({"sub": "x"}))
    assert code_of(verifier, FakeIssuer(ISSUER.issuer).token()) == "401 unknown_key"
    assert code_of(verifier, OTHER.token()) == "other"
    assert code_of(verifier_of(Function({"sub": "x"}), token_cache=8), ISSUER.token()) == "jwt"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (None, "401 malformed"),
        (InvalidTokenError("revoked"), "401 revoked"),
        (InvalidTokenError("key_gone", "The key is gone"), "401 key_gone"),
        (ForbiddenError("guest"), "503 key_source_unavailable"),
        (KeySourceError("the database is away"), "503 key_source_unavailable"),
        (RuntimeError("boom"), "503 key_source_unavailable"),
        ("sub", "503 key_source_unavailable"),
        ([("sub", "x")], "503 key_source_unavailable"),
        (True, "503 key_source_unavailable"),
        ({7: "x"}, "503 key_source_unavailable"),
        ({"iss": ISSUER.issuer}, "503 key_source_unavailable"),
        ({"iss": ISSUER.issuer.rstrip("/")}, "503 key_source_unavailable"),
        ({"iss": ISSUER.issuer.upper()}, "503 key_source_unavailable"),
        ({"iss": f" {ISSUER.issuer}/"}, "503 key_source_unavailable"),
        ({"iss": "https://id.example.net/"}, "other"),
        ({"iss": 7}, "503 key_source_unavailable"),
        ({"iss": ""}, "503 key_source_unavailable"),
        ({"exp": "soon"}, "503 key_source_unavailable"),
        ({"exp": True}, "503 key_source_unavailable"),
        ({"nbf": []}, "503 key_source_unavailable"),
        ({"sub": 7}, "503 key_source_unavailable"),
        ({"aud": 7}, "503 key_source_unavailable"),
        ({"aud": [7]}, "503 key_source_unavailable"),
        ({"exp": 1}, "401 expired"),
        ({"exp": float("nan")}, "401 invalid_claim"),
        ({"exp": 10**400}, "401 invalid_claim"),
        ({"nbf": 9e10}, "401 not_yet_valid"),
        ({"aud": "other"}, "401 wrong_audience"),
        ({"aud": []}, "401 wrong_audience"),
        ({"aud": [API]}, "other"),
        ({"cnf": {"jkt": "x"}}, "401 bound_token"),
        ({}, "other"),
    ],
    ids=str,
)
def test_an_answer_is_judged_where_it_says_anything(answer: Any, code: str) -> None:
    """A fault of the function is the service's: 503."""
    assert code_of(verifier_of(Function(answer)), "ak_1") == code


class Row(Mapping[str, Any]):
    """Claims that are read when somebody asks for them, from a database that is away."""

    def __getitem__(self, name: str) -> Any:
        """Fail."""
        raise OSError("postgres://user:secret@host")

    def __iter__(self) -> Iterator[str]:
        """The name of one claim."""
        return iter(["sub"])

    def __len__(self) -> int:
        """Count it."""
        return 1


def endless() -> dict[str, Any]:
    """Claims that hold themselves."""
    claims: dict[str, Any] = {"sub": "x"}
    claims["actor"] = claims
    return claims


@pytest.mark.parametrize("answer", [Row(), endless()], ids=["a row", "endless"])
def test_claims_that_cannot_be_read_are_a_fault_too(answer: Any) -> None:
    """503, not a crash; the text of the failure is not told."""
    verifier = verifier_of(Function(answer))
    assert code_of(verifier, "ak_1") == "503 key_source_unavailable"
    with pytest.raises(KeySourceError) as caught:
        verifier.verify("ak_1")
    assert "secret" not in str(caught.value)


def test_a_tenant_s_name_is_no_other_s() -> None:
    """Whoever may be one (OWN-2)."""
    tenants = Tenants(lambda name: None, hosts=["id.example"])
    verifier = verifier_of(Function({"iss": "https://id.example/t1"}), tenants=tenants)
    assert code_of(verifier, "ak_1") == "503 key_source_unavailable"


def test_a_fault_of_the_function_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """As an error, with where it is, and without the credential."""
    for answer in (RuntimeError("boom"), {"iss": ISSUER.issuer}):
        settings = {**ISSUER.settings(API), "OTHER_TOKENS": Function(answer)}
        auth = Authenticator(settings, in_tests=True)
        with pytest.raises(KeySourceError), caplog.at_level(logging.ERROR):
            auth.authenticate(Credentials(["Bearer ak_secret"]))
    told = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert len(told) == 2
    assert "ak_secret" not in caplog.text


@pytest.mark.parametrize(
    ("asked", "silent", "named"),
    [
        ({}, "other", "other"),
        ({"audience": API}, "wrong_audience", "other"),
        ({"audience": ANY_AUDIENCE}, "other", "other"),
        ({"issuer": "keys"}, "wrong_issuer", "other"),
        ({"issuer": ISSUER.issuer}, "wrong_issuer", "wrong_issuer"),
        ({"scopes": "a"}, "other", "other"),
        ({"scopes": "b"}, "insufficient_scope", "insufficient_scope"),
    ],
    ids=str,
)
def test_without_aud_no_route_of_its_own_demands_is_passed(
    asked: dict[str, Any], silent: str, named: str
) -> None:
    """Only the service's own audience; one that names it may pass a route too (OWN-3)."""
    for aud, expected in ((None, silent), (API, named)):
        claims = {"iss": "keys", "sub": "x", "scope": "a", **({"aud": aud} if aud else {})}
        auth = Authenticator({**ISSUER.settings(API), "OTHER_TOKENS": Function(claims)}, in_tests=True)
        try:
            token = auth.authenticate(Credentials(["Bearer ak_1"]), Requirement.of(**asked))
            found = None if token is None else token.kind
        except Refused as error:
            found = error.code
        assert found == expected


def test_without_an_audience_of_the_service_a_silent_token_passes_nothing() -> None:
    """An issuer's own is its own."""
    function = Function({"sub": "x"})
    issuer = Issuer(ISSUER.issuer, jwks=ISSUER.jwks(), audience=API)
    verifier = TokenVerifier(issuer, other_tokens=function, allow_fake_issuer=True)
    assert code_of(verifier, "ak_1") == "401 wrong_audience"
    assert code_of(verifier_of(function, audience=ANY_AUDIENCE), "ak_1") == "other"


def test_nothing_is_kept() -> None:
    """A key that is withdrawn is refused on the next request."""
    function = Function({"sub": "x"})
    verifier = verifier_of(function, token_cache=64)
    for _ in range(3):
        verifier.verify("ak_1")
    assert len(function.asked) == 3


def test_what_is_not_ours_goes_on_to_the_issuer() -> None:
    """``None`` does; a refusal ends it."""
    function = Function(None)
    with asking(rest={"other_tokens": function}) as service:
        raw = service.issuer.opaque()
        assert service.verifier.verify(raw).kind == "opaque"
        assert asyncio.run(service.verifier.averify(raw)).kind == "opaque"
        function.answer = InvalidTokenError("revoked")
        assert service.code(service.issuer.opaque()) == "401 revoked"
        assert service.asked == 1


def test_claims_are_a_copy() -> None:
    """The function may keep its own."""
    known = {"sub": "x", "roles": ["a"]}
    token: Any = verifier_of(Function(known)).verify("ak_1")
    token.claims["roles"].append("b")
    assert known["roles"] == ["a"]


@pytest.mark.parametrize(
    ("sources", "place", "heard"),
    [
        (["header"], {"authorization": ["Bearer ak_1"]}, True),
        (["header", "header:X-Key"], {"values": "ak_1"}, True),
        (["header", "cookie:key"], {"cookies": "ak_1"}, False),
    ],
    ids=["header", "own header", "cookie"],
)
def test_it_hears_of_the_service_s_own_places_never_of_cookies(
    sources: list[str], place: dict[str, Any], heard: bool
) -> None:
    """A cookie is sent by browsers, unasked (OWN-4)."""
    function = Function({"sub": "x"})
    settings = {**ISSUER.settings(API), "OTHER_TOKENS": function, "TOKEN_SOURCES": sources}
    auth = Authenticator(settings, in_tests=True)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": "api.example"}
    environ |= {"HTTP_AUTHORIZATION": "Bearer ak_1"} if "authorization" in place else {}
    environ |= {"HTTP_X_KEY": "ak_1"} if "values" in place else {}
    environ |= {"HTTP_COOKIE": "key=ak_1", "HTTP_SEC_FETCH_SITE": "same-origin"} if "cookies" in place else {}
    with suppress(Refused):
        auth.authenticate(Credentials.from_wsgi(environ))
    assert bool(function.asked) is heard


def test_a_partner_s_header_is_not_the_service_s_own() -> None:
    """A source of one issuer alone is that issuer's."""
    function = Function({"sub": "x"})
    entry = {"ISSUER": ISSUER.issuer, "JWKS": ISSUER.jwks, "TOKEN_SOURCES": ["header:X-Partner"]}
    auth = Authenticator(
        {
            "ISSUERS": [entry, {"ISSUER": OTHER.issuer, "JWKS": OTHER.jwks}],
            "AUDIENCE": API,
            "OTHER_TOKENS": function,
        },
        in_tests=True,
    )
    with pytest.raises(Refused):
        auth.authenticate(Credentials.from_wsgi({"REQUEST_METHOD": "GET", "HTTP_X_PARTNER": "ak_1"}))
    assert function.asked == []
    assert auth.authenticate(Credentials(["Bearer ak_1"])) is not None


def test_a_mistaken_function_is_told_at_the_start() -> None:
    """By its setting."""
    with pytest.raises(ConfigurationError, match=r"other_tokens: found 7"):
        verifier_of(7)
    with pytest.raises(ConfigurationError, match="OTHER_TOKENS: can't import"):
        Authenticator({**ISSUER.settings(API), "OTHER_TOKENS": "no.such.module"}, in_tests=True)


def test_documents_do_not_call_every_token_a_jwt() -> None:
    """OpenAPI's ``bearerFormat`` is told only where it is true."""
    plain = Authenticator(ISSUER.settings(API), in_tests=True)
    other = Authenticator({**ISSUER.settings(API), "OTHER_TOKENS": Function(None)}, in_tests=True)
    assert plain.security_schemes("a")["a"]["bearerFormat"] == "JWT"
    assert "bearerFormat" not in other.security_schemes("a")["a"]


def test_an_explanation_tells_of_a_token_of_the_service_s_own() -> None:
    """What it grants, or why it is refused."""
    assert "accepted" in str(verifier_of(Function({"sub": "x"})).explain("ak_1"))
    assert "malformed" in str(verifier_of(Function(None)).explain("ak_1"))


def test_a_token_that_could_not_be_revoked_is_none_where_revocations_count() -> None:
    """They are by issuer, so the function has to name one."""
    revocations = MemoryRevocations()
    function = Function({"iss": "keys", "sub": "x"})
    verifier = verifier_of(function, revocation=revocations)
    assert code_of(verifier, "ak_1") == "other"
    revocations.revoke("keys", sub="x", ttl=60)
    assert code_of(verifier, "ak_1") == "401 revoked"
    function.answer = {"sub": "x"}
    assert code_of(verifier, "ak_1") == "503 key_source_unavailable"
