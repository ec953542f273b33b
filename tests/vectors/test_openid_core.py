"""The ID tokens that OpenID Connect Core shows, with the codes and access tokens that came beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import IDTokenVerifier, InvalidTokenError, Issuer, TokenVerifier

CORE: dict[str, Any] = json.loads((Path(__file__).parent / "openid_core.json").read_text())
ISSUER = "http://server.example.com"
CLIENT = "s6BhdRkqt3"
NONCE = "n-0S6_WzA2Mj"
ACCESS_TOKEN = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
CODE = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"
THEN = 1311281000.0

TOKENS: dict[str, str] = {**CORE["tokens"], **CORE["draft_tokens"]}
BESIDE = {
    "3.1.3.3 code": {},
    "A.2 id_token": {},
    "A.3 id_token token": {"access_token": ACCESS_TOKEN},
    "A.4 code id_token": {"code": CODE},
    "A.6 code id_token token (draft)": {"access_token": ACCESS_TOKEN, "code": CODE},
}


def issuer_of(name: str) -> Issuer:
    """The specification's issuer, with the key of the example."""
    return Issuer(
        ISSUER, jwks={"keys": [CORE["key" if name in CORE["tokens"] else "draft_key"]]}, allow_http=True
    )


def verifier_of(name: str, client: str = CLIENT, **options: Any) -> IDTokenVerifier:
    """The client's verifier, while the example was good."""
    return IDTokenVerifier(issuer_of(name), client, **{"clock": lambda: THEN, **options})


@pytest.mark.parametrize("name", TOKENS)
async def test_the_example_is_accepted(name: str) -> None:
    """With its nonce, and all that came beside it; and where nothing of it is given."""
    verifier = verifier_of(name)
    for token in (
        verifier.verify(TOKENS[name]),
        verifier.verify(TOKENS[name], nonce=NONCE, **BESIDE[name]),
        await verifier.averify(TOKENS[name], nonce=NONCE, **BESIDE[name]),
    ):
        assert (token.subject, token.audience, token["nonce"]) == ("248289761001", (CLIENT,), NONCE)


SWAPPED: dict[str, dict[str, Any]] = {
    "nonce": {"nonce": NONCE[:-1]},
    "access token": {"access_token": ACCESS_TOKEN[:-1]},
    "code": {"code": CODE[:-1]},
    "an access token for a code": {"code": ACCESS_TOKEN},
    "a code for an access token": {"access_token": CODE},
    "empty nonce": {"nonce": ""},
    "empty access token": {"access_token": ""},
    "empty code": {"code": ""},
}


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("swapped", SWAPPED)
async def test_an_example_beside_something_else_is_refused(name: str, swapped: str) -> None:
    """An attacker swaps the code, the access token or the whole response; sync and async see it."""
    given = {"nonce": NONCE, **BESIDE[name], **SWAPPED[swapped]}
    codes = set()
    with pytest.raises(InvalidTokenError) as refused:
        verifier_of(name).verify(TOKENS[name], **given)
    codes.add(refused.value.code)
    with pytest.raises(InvalidTokenError) as refused:
        await verifier_of(name).averify(TOKENS[name], **given)
    codes.add(refused.value.code)
    [code] = codes
    assert code in ("wrong_nonce", "wrong_hash", "missing_claim")


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"client": "another"}, "wrong_audience"),
        ({"clock": lambda: 1311282001.0}, "expired"),
        ({"clock": lambda: 1311280900.0}, "not_yet_valid"),
        ({"algorithms": ["ES256"]}, "algorithm_not_allowed"),
        ({"max_age": 60}, "missing_claim"),
    ],
)
def test_an_example_is_refused_elsewhere(name: str, options: dict[str, Any], code: str) -> None:
    """By another client, at another time, and where the time of the sign-in is asked for, which it does not have."""
    with pytest.raises(InvalidTokenError) as refused:
        verifier_of(name, **options).verify(TOKENS[name])
    assert refused.value.code == code


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("profile", ["default", "rfc9068"])
def test_an_example_is_no_access_token(name: str, profile: str) -> None:
    """Even where an API has the client's id for its audience; under the profile for ID tokens it passes."""

    def verifier(profile: str) -> TokenVerifier:
        return TokenVerifier(issuer_of(name), CLIENT, profile=profile, clock=lambda: THEN)

    with pytest.raises(InvalidTokenError) as refused:
        verifier(profile).verify(TOKENS[name])
    assert refused.value.code in ("wrong_type", "missing_claim")
    assert verifier("id_token").verify(TOKENS[name]).subject == "248289761001"
