"""The table of attacks against those who take ID tokens: each is refused there too, beside a control."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import pytest

from jwks_auth import IDTokenVerifier, InvalidTokenError, Issuer, TokenVerifier
from jwks_auth.jose.base64url import decode_base64url
from tests.attacks import forge
from tests.attacks.attack import Attack
from tests.attacks.forge import AUDIENCE, ISSUER
from tests.attacks.table import ATTACKS

REFUSED = [attack for attack in ATTACKS if attack.code is not None]
FAULTS = {"missing_claim", "invalid_claim", "wrong_issuer", "wrong_audience", "expired", "not_yet_valid"}
OF_CLAIMS = [attack for attack in REFUSED if attack.code in FAULTS]
"""Attacks by claims. An ID token's kind is no fault here, and a binding is for whoever is called with it."""


@lru_cache
def verifiers(keys: str) -> tuple[TokenVerifier, IDTokenVerifier]:
    """An API that is called with ID tokens, and a client's sign-in."""
    issuer = Issuer(ISSUER, jwks=json.loads(keys))
    return TokenVerifier(issuer, AUDIENCE, profile="id_token"), IDTokenVerifier(issuer, AUDIENCE)


def codes(keys: Any, raw: str) -> set[str | None]:
    """What both say of a token."""
    found: set[str | None] = set()
    for verifier in verifiers(json.dumps(keys)):
        try:
            verifier.verify(raw)
        except InvalidTokenError as error:
            found.add(error.code)
        else:
            found.add(None)
    return found


def as_id_token(raw: Any) -> str | None:
    """The same claims, rightly signed as an ID token's; ``None`` where the attack is not in the claims."""
    segments = raw.split(".") if isinstance(raw, str) else []
    if len(segments) != 3 or segments[0] != forge.segment(forge.header()):
        return None
    try:
        return forge.token(forge.header(typ="JWT"), decode_base64url(segments[1].encode()))
    except ValueError:
        return None


def test_the_control_is_an_id_token() -> None:
    """It is accepted, and as an access token it is not."""
    good = forge.token(forge.header(typ="JWT"), forge.claims())
    assert codes(forge.KEY_SET, good) == {None}
    assert codes(forge.KEY_SET, forge.token()) == {"wrong_type"}


@pytest.mark.parametrize("attack", REFUSED, ids=lambda attack: attack.name)
def test_attack(attack: Attack) -> None:
    """As it stands."""
    assert None not in codes(attack.keys, attack.forged())


@pytest.mark.parametrize("attack", OF_CLAIMS, ids=lambda attack: attack.name)
def test_attack_in_the_form_of_an_id_token(attack: Attack) -> None:
    """With the type of an ID token, so that nothing but the claims is wrong."""
    raw = as_id_token(attack.forged())
    if raw is None or attack.keys != forge.KEY_SET:
        return
    assert None not in codes(forge.KEY_SET, raw)
