"""Hours of a fleet's day, simulated with the library's own rules, as ``benchmarks/fleet.py`` does."""

from __future__ import annotations

import pytest

from benchmarks.fleet import DOWN, FLEETS, ROTATED, UP, WITHDRAWN, Day, World, fleet_of

PYJWT, ALONE, SHARED = FLEETS


def lived(name: str, seconds: range) -> Day:
    """A fleet's day between these seconds."""
    day = Day(World())
    day.run(fleet_of(name, day.world, 300), seconds)
    return day


def test_a_fleet_asks_a_provider_that_is_down_as_one_process_would() -> None:
    """Three hundred processes make at most thirty attempts in a quarter of an hour, and refuse nobody."""
    day = lived(SHARED, range(DOWN - 600, UP + 120))
    assert 5 <= day.attempts_while_down <= 30
    assert day.refused == 0
    assert max(day.world.attempts.values()) <= 3


@pytest.mark.parametrize("name", [ALONE, SHARED])
def test_known_keys_are_served_through_an_outage(name: str) -> None:
    """Where PyJWT's client refuses every request once its cache is over."""
    assert lived(name, range(DOWN - 400, UP + 60)).refused == 0


def test_a_max_age_of_seconds_does_not_multiply_fetches() -> None:
    """``max-age=15``: twelve to sixteen fetches an hour and process, and as many for a whole fleet with a store."""
    alone, shared = (lived(name, range(3600)) for name in (ALONE, SHARED))
    assert sum(alone.world.attempts.values()) <= 17 * 300
    assert sum(shared.world.attempts.values()) <= 20


@pytest.mark.parametrize("name", FLEETS)
def test_a_rotation_reaches_all_processes(name: str) -> None:
    """A new key with each one's first request, though it was just published; a withdrawn one is gone in time."""
    known = lived(name, range(ROTATED - 700, ROTATED + 60))
    assert known.known_after is not None
    assert known.known_after <= 30
    gone = lived(name, range(WITHDRAWN - 600, WITHDRAWN + 400))
    assert gone.gone_after is not None
    assert gone.gone_after <= 300
