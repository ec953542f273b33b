"""Lookups, and the kids found last."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from jwks_auth.keys.freshness import Life
from jwks_auth.keys.lookup import Lookup, LookupResult, RecentKids
from jwks_auth.keys.state import NOTHING, Snapshot

NOW = 1_000_000.0
HELD = Snapshot(NOTHING.keys, NOTHING.result, Life(NOW + 200, NOW + 300, NOW + 3900), NOW + 200, NOW, NOW)


def test_a_value_is_usable_as_long_as_its_snapshot() -> None:
    """Past that it is not even looked for."""
    wanted: Lookup[str] = Lookup(lambda snapshot: "found")
    assert wanted.usable(HELD, NOW + 3899) == "found"
    assert wanted.usable(HELD, NOW + 3900) is None
    assert wanted.usable(NOTHING, NOW) is None


@pytest.mark.parametrize(
    ("value", "name"), [(Lookup(lambda snapshot: snapshot), "kid"), (LookupResult(None), "value")]
)
def test_values_do_not_change(value: object, name: str) -> None:
    """Readers take no lock."""
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, None)


@pytest.mark.parametrize(
    ("most", "found", "held"),
    [(0, "a", ""), (2, "ab", "ab"), (2, "abc", "bc"), (2, "abac", "ac"), (None, "abcdefgh", "abcdefgh")],
)
def test_the_kids_found_last_are_recent(most: int | None, found: str, held: str) -> None:
    """The one longest unused goes first; ``None`` is no bound, as in functools."""
    kids, snapshot = RecentKids(most), HELD
    for kid in found:
        kids.add(kid)
    kids.add(None)
    assert "".join(kid for kid in "abcdefgh" if kids.holds(kid, snapshot, NOW)) == held
    assert not kids.holds(None, snapshot, NOW)


def test_no_kid_is_recent_past_the_lifespan() -> None:
    """A per-key cache that outlives its set would serve withdrawn keys."""
    kids, snapshot = RecentKids(2), HELD
    kids.add("a")
    assert kids.holds("a", snapshot, snapshot.life.expires_at - 1)
    assert not kids.holds("a", snapshot, snapshot.life.expires_at)
