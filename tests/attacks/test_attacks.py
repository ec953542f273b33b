"""Every attack of the table is refused with its code, beside a control that is accepted."""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from typing import Any

import pytest

from jwks_auth import InvalidTokenError, Issuer, TokenVerifier
from jwks_auth.errors import TOKEN_FAULTS
from tests.attacks.attack import Attack
from tests.attacks.forge import AUDIENCE, ISSUER
from tests.attacks.table import ATTACKS


def verifier(keys: dict[str, Any]) -> TokenVerifier:
    """A verifier of the forged issuer's tokens, with these keys."""
    return _verifier(json.dumps(keys))


@lru_cache
def _verifier(keys: str) -> TokenVerifier:
    return TokenVerifier(Issuer(ISSUER, jwks=json.loads(keys)), AUDIENCE)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_attack(attack: Attack) -> None:
    """Sync and async agree; what a client may read is the constant text of the code."""
    assert verifier(attack.good_keys).verify(attack.control()).subject
    attacked, forged = verifier(attack.keys), attack.forged()
    if attack.code is None:
        assert attacked.verify(forged).claims == (await attacked.averify(forged)).claims
        return
    for outcome in (lambda: attacked.verify(forged), lambda: attacked.averify(forged)):
        with pytest.raises(InvalidTokenError) as caught:
            await outcome()  # type: ignore[misc]
        assert caught.value.code == attack.code
        assert str(caught.value) == TOKEN_FAULTS[attack.code]


def test_names_are_unique() -> None:
    """No row hides another."""
    assert [name for name, count in Counter(attack.name for attack in ATTACKS).items() if count > 1] == []
