"""The log: whom a service trusts, and why a request is refused; of a token never more than four of its members."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from jwks_auth import ANY_AUDIENCE, AuthError, Issuer, Tenants, TokenVerifier
from jwks_auth.adapters import Authenticator, Credentials, Requirement
from jwks_auth.testing import FakeIssuer
from tests.attacks import forge

ISSUER = FakeIssuer("https://id.example/")
SETTINGS = {**ISSUER.settings(audience="api"), "ALLOW_FAKE_ISSUER": True}


def lines_of(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """The core's lines of one level."""
    return [
        each.getMessage() for each in caplog.records if each.name == "jwks_auth" and each.levelno == level
    ]


def refusal(
    caplog: pytest.LogCaptureFixture, raw: str, requirement: Requirement | None = None, **more: Any
) -> str:
    """The one line about the refusal of *raw*."""
    authenticator = Authenticator({**SETTINGS, **more})
    sent = Credentials([f"Bearer {raw}"], "secret=1", "POST", url="https://api.example/orders?secret=1")
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "jwks_auth"), pytest.raises(AuthError):
        authenticator.authenticate(sent, requirement or Requirement())
    [line] = lines_of(caplog, logging.DEBUG)
    assert "secret" not in line
    assert raw not in line
    return line


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"ISSUER": "https://a.example/", "AUDIENCE": ["b", "a"]},
         "trusting https://a.example/ for audience a or b, keys from https://a.example/.well-known/openid-configuration"),
        ({"ISSUER": "https://a.example/", "AUDIENCE": "ANY_AUDIENCE", "JWKS_URI": "https://keys.example/"},
         "trusting https://a.example/ for any audience, keys from https://keys.example/"),
        ({"ISSUERS": [{"ISSUER": "https://a.example/", "JWKS": forge.KEY_SET, "AUDIENCE": "x"}, "https://b.example/"],
          "AUDIENCE": "y", "TENANTS": Tenants(lambda name: None, hosts=["t.example"])},
         "trusting https://a.example/ for audience x, keys handed over; https://b.example/ for audience y, keys from "
         "https://b.example/.well-known/openid-configuration; tenants, as they are found"),
        ({"ISSUER": "https://a.example/", "AUDIENCE": "a", "JWKS": forge.KEY_SET, "INTROSPECTION": "always",
          "INTROSPECTION_CLIENT": {"ID": "a", "SECRET": "secret"}, "OTHER_TOKENS": lambda raw: None},
         "trusting https://a.example/ for audience a, keys handed over, introspection (always); OTHER_TOKENS for what "
         "is no issuer's"),
    ],
    ids=["discovery", "uri", "several", "no JWTs alone"],
)  # fmt: skip
def test_a_service_says_once_whom_it_trusts(
    settings: dict[str, Any], line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One line, at ``INFO``, when its authenticator is made; nothing is fetched for it."""
    with caplog.at_level(logging.INFO, "jwks_auth"):
        Authenticator(settings)
    assert lines_of(caplog, logging.INFO) == [line]


def test_a_verifier_of_ones_own_is_trusted_for_what_it_says(caplog: pytest.LogCaptureFixture) -> None:
    """Its issuers and their audiences, if it has any."""

    class Own:
        issuers: tuple[Issuer, ...] = ()
        verify_any_audience = averify_any_audience = admit = aadmit = None

    with caplog.at_level(logging.INFO, "jwks_auth"):
        Authenticator(Own())  # type: ignore[arg-type]
        Own.issuers = (Issuer("https://a.example/", jwks=forge.KEY_SET),)
        Authenticator(Own())  # type: ignore[arg-type]
    assert lines_of(caplog, logging.INFO) == [
        "trusting whom a verifier of the service's own does",
        "trusting https://a.example/ for the routes' audiences, keys handed over",
    ]


def test_each_refusal_says_what_was_expected_and_found(caplog: pytest.LogCaptureFixture) -> None:
    """Of issuer, audience, type and algorithm; with the method and the path, and no query."""
    where = "POST /orders"
    assert (
        refusal(caplog, ISSUER.token(aud="x"))
        == f"request refused: wrong_audience; aud: expected api, found 'x'; {where}"
    )
    assert refusal(caplog, ISSUER.token(aud="api"), Requirement(audience=("b", "a"))) == (
        f"request refused: wrong_audience; aud: expected a or b, found 'api'; {where}"
    )
    other = FakeIssuer("https://other.example/").token(aud="api")
    assert refusal(
        caplog, other, ISSUERS=["https://a.example/", "https://b.example/"], ISSUER=None, JWKS=None
    ) == (
        "request refused: wrong_issuer; iss: expected https://a.example/ or https://b.example/, found "
        f"'https://other.example/'; {where}"
    )
    two = [{"ISSUER": ISSUER.issuer, "JWKS": SETTINGS["JWKS"]}, "https://z.example/"]
    asked = Requirement(issuers=("https://z.example/",))
    assert refusal(caplog, ISSUER.token(aud="api"), asked, ISSUERS=two, ISSUER=None, JWKS=None) == (
        f"request refused: wrong_issuer; iss: expected https://z.example/, found 'https://id.example/'; {where}"
    )
    assert refusal(caplog, ISSUER.token(aud="api", header={"typ": "x"})) == (
        "request refused: wrong_type; typ: expected application/at+jwt or application/jwt or none, found 'x'; "
        + where
    )
    assert refusal(caplog, ISSUER.token(aud="api"), ALGORITHMS=["PS256", "ES256"]) == (
        f"request refused: algorithm_not_allowed; alg: expected ES256 or PS256, found 'RS256'; {where}"
    )


@pytest.mark.parametrize(
    ("claims", "code"),
    [({"exp": 1}, "expired"), ({"sub": 5}, "invalid_claim"), ({"aud": [5]}, "invalid_claim")],
)
def test_no_other_claim_is_in_the_log(
    claims: dict[str, Any], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The code and the place alone."""
    raw = ISSUER.token(**{"aud": "api", "email": "a@b.example", **claims})
    assert refusal(caplog, raw) == f"request refused: {code}; POST /orders"


def test_what_is_found_forges_no_line_and_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    """A token's words are escaped, and no longer than two hundred letters; so is the path."""
    line = refusal(caplog, ISSUER.token(aud="x\n\x1b[2J" + "y" * 1000))
    assert "\n" not in line
    assert "\x1b" not in line
    assert len(line) < 400
    assert refusal(caplog, "a.b.c") == "request refused: malformed; POST /orders"


def test_a_refusal_of_an_unreadable_token_has_no_details(caplog: pytest.LogCaptureFixture) -> None:
    """Its header may be refused before its payload is read."""
    raw = forge.assemble(forge.segment(forge.header(alg="none")), "W10", lambda data: bytes(3))
    assert refusal(caplog, raw) == "request refused: algorithm_not_allowed; POST /orders"


def test_of_a_verifier_of_ones_own_what_was_found_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody knows what it expects."""
    raw = ISSUER.token(aud="x")
    behind: Any = Authenticator(SETTINGS).verifier

    class Own:
        issuers = behind.issuers
        verify_any_audience, averify_any_audience = behind.verify_any_audience, behind.averify_any_audience
        admit, aadmit = behind.admit, behind.aadmit

    with caplog.at_level(logging.DEBUG, "jwks_auth"), pytest.raises(AuthError):
        Authenticator(Own()).authenticate(Credentials([f"Bearer {raw}"]))  # type: ignore[arg-type]
    assert lines_of(caplog, logging.DEBUG) == ["request refused: wrong_audience; aud: found 'x'; GET"]


async def test_a_good_request_and_a_silent_log_cost_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is told of what is let in, and nothing is read of what is refused, unless ``DEBUG`` is on."""
    authenticator = Authenticator(SETTINGS)
    with caplog.at_level(logging.DEBUG, "jwks_auth"):
        caplog.clear()
        good = Credentials([f"Bearer {ISSUER.token(aud='api')}"])
        assert await authenticator.aauthenticate(good) is not None
        assert lines_of(caplog, logging.DEBUG) == []
    with caplog.at_level(logging.INFO, "jwks_auth"), pytest.raises(AuthError):
        authenticator.authenticate(Credentials([f"Bearer {ISSUER.token(aud='x')}"]))
    assert lines_of(caplog, logging.DEBUG) == []


def test_any_audience_is_a_word_of_its_own() -> None:
    """Where an issuer takes tokens for anybody, no audience is wrong."""
    assert (
        TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), ANY_AUDIENCE).rules_of("x").audience
        is ANY_AUDIENCE
    )


@pytest.mark.parametrize(
    ("peer", "value", "told"),
    [
        ("", "::", "missing_certificate; the socket has no address to trust"),
        ("192.0.2.1", "::", "missing_certificate; the certificate's header is from a peer that is not among"),
        ("10.0.0.1", "secret", "wrong_certificate; the certificate is no Byte Sequence"),
    ],
)
def test_a_certificate_that_was_not_read_is_explained(
    caplog: pytest.LogCaptureFixture, peer: str, value: str, told: str
) -> None:
    """The line says why, in words of our own, and shows nothing of the header."""
    certificate = {"CLIENT_CERTIFICATE": {"HEADER": "Client-Cert", "FORMAT": "rfc9440"}, "MTLS": "accept"}
    service = Authenticator({**SETTINGS, **certificate, "TRUSTED_PROXIES": "10.0.0.0/8"})
    headers = {**ISSUER.headers(cnf={"x5t#S256": "secret"}), "Client-Cert": value}
    with caplog.at_level(logging.DEBUG, "jwks_auth"), pytest.raises(AuthError):
        service.authenticate(Credentials.from_headers(headers.items(), peer=peer))
    [line] = lines_of(caplog, logging.DEBUG)
    assert told in line
    assert "secret" not in line
