"""Every attack of the table is refused with its code, beside a control that is accepted."""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache

import pytest

from jwks_auth import InvalidTokenError, Issuer, TokenVerifier
from jwks_auth.faults import TOKEN_FAULTS
from tests.attacks.attack import Attack
from tests.attacks.forge import AUDIENCE, ISSUER
from tests.attacks.table import ATTACKS

# Where several issuers are trusted the claims are read before the signature is verified.
OTHERS: dict[str, tuple[str, ...]] = {"signature first": (), "claims first": ("https://else.example/",)}


@lru_cache
def verifier(keys: str, order: str) -> TokenVerifier:
    """A verifier of the forged issuer's tokens, with these keys."""
    issuers = [Issuer(name, jwks=json.loads(keys)) for name in (*OTHERS[order], ISSUER)]
    return TokenVerifier(issuers, AUDIENCE)


@pytest.mark.parametrize("order", OTHERS)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_attack(attack: Attack, order: str) -> None:
    """9068-13: sync, async and the explanation agree; what a client may read is the constant text of the code."""
    assert verifier(json.dumps(attack.good_keys), order).verify(attack.control()).subject
    attacked, forged = verifier(json.dumps(attack.keys), order), attack.forged()
    if attack.code is None:
        assert attacked.verify(forged).claims == (await attacked.averify(forged)).claims
        assert attacked.explain(forged).failed is None
        return
    for outcome in (lambda: attacked.verify(forged), lambda: attacked.averify(forged)):
        with pytest.raises(InvalidTokenError) as caught:
            await outcome()  # type: ignore[misc]
        assert caught.value.code == attack.code
        assert str(caught.value) == TOKEN_FAULTS[attack.code]
    failed = attacked.explain(forged).failed
    assert failed is not None
    assert failed.code == attack.code


def test_names_are_unique() -> None:
    """No row hides another."""
    assert [name for name, count in Counter(attack.name for attack in ATTACKS).items() if count > 1] == []
