"""The values that a key source passes around."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from jwks_auth.errors import KeySourceError
from jwks_auth.keys.freshness import RefreshReason, State
from jwks_auth.keys.snapshot import (
    NOTHING,
    Deferred,
    FetchResult,
    Health,
    LoadRequest,
    Lookup,
    LookupResult,
    caused,
)


def test_nothing_is_never_served() -> None:
    """What is held before the first fetch has no keys and no age at which it would be good."""
    for now in (0.0, -1e9, 1e9):
        assert NOTHING.life.state(now) is State.EMPTY
        assert now >= NOTHING.fresh_until
    assert NOTHING.keys.kids() == set()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (NOTHING, "keys"),
        (LoadRequest(RefreshReason.AHEAD, NOTHING, 0.0), "deadline"),
        (FetchResult(document={}, keys=NOTHING.keys), "keys"),
        (Lookup(lambda snapshot: snapshot), "kid"),
        (LookupResult(None), "value"),
        (
            Health(
                state="empty",
                age=None,
                last_success=None,
                last_error=None,
                failures=0,
                next_attempt=None,
                keys=0,
                budget=2,
            ),
            "keys",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_do_not_change(value: object, name: str) -> None:
    """Readers take no lock, as nothing they have got hold of can change."""
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, None)


def test_putting_off_is_told_from_failing_by_type() -> None:
    """It is a ``KeySourceError`` on its way through a load, and has a kind as they all do."""
    assert isinstance(Deferred(), KeySourceError)
    assert Deferred().kind == "deferred"


def test_an_error_that_is_handed_on_has_its_cause() -> None:
    """It was never raised, so ``from`` could not set it."""
    cause = ZeroDivisionError()
    error = caused("fetch_data failed", "callback", cause)
    assert (str(error), error.kind, error.__cause__) == ("fetch_data failed", "callback", cause)
