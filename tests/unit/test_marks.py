"""Claims that must have a value, and the marks of one provider's tokens."""

from __future__ import annotations

from typing import Any

import pytest

from jwks_auth import ConfigurationError, InvalidTokenError, Issuer, TokenVerifier
from jwks_auth.claims.marks import TokenMarks
from jwks_auth.settings.vocabulary import Settings
from jwks_auth.testing import FakeIssuer


@pytest.fixture(scope="module")
def fake() -> FakeIssuer:
    """An issuer with a key."""
    return FakeIssuer()


def code_of(verifier: TokenVerifier, raw: str) -> str | None:
    """The code of the refusal, or ``None``."""
    try:
        verifier.verify(raw)
    except InvalidTokenError as exc:
        return exc.code
    return None


REPOSITORY = {"owner": "acme", "env": ["prod", "test"], "signed": True, "level": 1}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"env": "test"}, None),
        ({"owner": "evil"}, "invalid_claim"),
        ({"owner": ["acme"]}, "invalid_claim"),
        ({"owner": {"acme": True}}, "invalid_claim"),
        ({"owner": None}, "missing_claim"),
        ({"env": ["prod", "test"]}, "invalid_claim"),
        ({"signed": 1}, "invalid_claim"),
        ({"signed": "true"}, "invalid_claim"),
        ({"level": True}, "invalid_claim"),
        ({"level": 1.0}, "invalid_claim"),
    ],
)
def test_claims_must_have_a_value_that_is_said(
    fake: FakeIssuer, change: dict[str, Any], code: str | None
) -> None:
    """In code, in settings, and as JSON in an environment; of several values one will do, and types count."""
    in_json = '{"owner": "acme", "env": ["prod", "test"], "signed": true, "level": 1}'
    claims = {"owner": "acme", "env": "prod", "signed": True, "level": 1, **change}
    raw = fake.token(**claims)
    settings = {**fake.settings(), "ALLOW_FAKE_ISSUER": True}
    for verifier in (
        TokenVerifier(Issuer(fake.issuer, jwks=fake.jwks()), "api", required_claims=REPOSITORY),
        TokenVerifier(Issuer(fake.issuer, jwks=fake.jwks(), required_claims=REPOSITORY), "api"),
        Settings.from_mapping({**settings, "REQUIRED_CLAIMS": REPOSITORY}).verifier(),
        Settings.from_mapping({**settings, "REQUIRED_CLAIMS": in_json}).verifier(),
    ):
        assert code_of(verifier, raw) == code


@pytest.mark.parametrize("values", ["", [], {}, None, 1.5, [None], ["acme", ""], {"a": 1}])
def test_values_that_no_claim_can_be_meant_to_have(values: Any) -> None:
    """The message names the setting and the claim."""
    with pytest.raises(ConfigurationError, match=r"^required_claims: found .* for owner, expected a string"):
        TokenVerifier("https://issuer.example/", "api", required_claims={"owner": values})
    with pytest.raises(ConfigurationError, match=r'^JWKS_AUTH\["REQUIRED_CLAIMS"\]'):
        Settings.from_mapping(
            {"ISSUER": "https://i/", "AUDIENCE": "api", "REQUIRED_CLAIMS": {"owner": values}},
            label='JWKS_AUTH["{}"]',
        ).verifier()


def test_what_is_required_is_explained(fake: FakeIssuer) -> None:
    """The names and the values."""
    issuer = Issuer(fake.issuer, jwks=fake.jwks(), required_claims=REPOSITORY)
    told = str(TokenVerifier(issuer, "api").explain(fake.token(owner="evil")))
    assert "owner: 'acme'; env: 'prod' or 'test'; signed: True" in told


@pytest.mark.parametrize(
    ("marks", "claims", "code"),
    [
        ({"any_of": ("azp", "appid")}, {"appid": "x"}, None),
        ({"any_of": ("azp", "appid")}, {"azp": None}, "wrong_type"),
        ({"values": {"tty": ("at",)}}, {}, None),
        ({"values": {"tty": ("at",)}}, {"tty": None}, None),
        ({"values": {"tty": ("at",)}}, {"tty": "at"}, None),
        ({"values": {"tty": ("at",)}}, {"tty": "it"}, "wrong_type"),
        ({"values": {"tty": ("at",)}}, {"tty": ["at"]}, "wrong_type"),
        ({"values": {"tty": ("at",)}}, {"tty": {}}, "wrong_type"),
        ({"other_issuer": "i"}, {"iss": "i"}, "wrong_type"),
        ({"other_issuer": "i"}, {"iss": "j"}, None),
        ({"subject": "spiffe://a/"}, {"sub": "spiffe://a/web"}, None),
        ({"subject": "spiffe://a/"}, {"sub": "spiffe://ab/web"}, "wrong_issuer"),
        ({"subject": "spiffe://a/"}, {"sub": None}, "wrong_issuer"),
        ({"subject": "spiffe://a/"}, {}, "wrong_issuer"),
        ({"subject": "spiffe://a/"}, {"sub": 10**5000}, "wrong_issuer"),
    ],
)
def test_marks_of_a_provider(marks: dict[str, Any], claims: dict[str, Any], code: str | None) -> None:
    """Each at its edge, for claims of any type."""
    found = None
    try:
        TokenMarks(**marks).check(claims)
    except InvalidTokenError as exc:
        found = exc.code
    assert found == code
