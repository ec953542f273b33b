"""Every attack of the table is refused with its code, beside a control that is accepted."""

from __future__ import annotations

from collections import Counter

import pytest

from jwks_auth import InvalidTokenError, Issuer, TokenVerifier
from jwks_auth.errors import TOKEN_FAULTS
from tests.attacks.forge import AUDIENCE, ISSUER, KEY_SET
from tests.attacks.table import ATTACKS, Attack

VERIFIER = TokenVerifier(Issuer(ISSUER, jwks=KEY_SET), AUDIENCE)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_attack(attack: Attack) -> None:
    """Sync and async agree; what a client may read is the constant text of the code."""
    assert VERIFIER.verify(attack.control()).subject
    forged = attack.forged()
    if attack.code is None:
        assert VERIFIER.verify(forged).claims == (await VERIFIER.averify(forged)).claims
        return
    for outcome in (lambda: VERIFIER.verify(forged), lambda: VERIFIER.averify(forged)):
        with pytest.raises(InvalidTokenError) as caught:
            await outcome()  # type: ignore[misc]
        assert caught.value.code == attack.code
        assert str(caught.value) == TOKEN_FAULTS[attack.code]


def test_names_are_unique() -> None:
    """No row hides another."""
    assert [name for name, count in Counter(attack.name for attack in ATTACKS).items() if count > 1] == []
