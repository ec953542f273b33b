"""The budget of fetches that unknown kids may cause, with strays and rotations."""

from __future__ import annotations

import pytest

from jwks_auth.keys.budget import BURST, SearchBudget

NOW = 1_000_000.0


def seek(budget: SearchBudget, kid: str, now: float) -> bool:
    """Return whether *kid* causes a fetch at *now*, and pay for it."""
    allowed = budget.allows(kid, now)
    if allowed:
        budget.spend(kid, now)
    return allowed


def dry() -> SearchBudget:
    """A bucket that made-up kids have emptied."""
    budget = SearchBudget(30.0)
    assert [seek(budget, f"made-up-{number}", NOW) for number in range(3)] == [True, True, False]
    return budget


def test_the_budget_is_a_burst_and_one_per_cooldown() -> None:
    """Two fetches at once, then one for every 30 s."""
    budget = dry()
    assert budget.available(NOW) == 0
    assert budget.available(NOW + 29.9) < 1
    assert budget.available(NOW + 30) == 1
    assert budget.available(NOW + 1e6) == BURST


def test_a_refund_gives_no_more_than_the_burst() -> None:
    """The token of a failed fetch comes back, and so does the kid's turn."""
    budget = SearchBudget(30.0)
    assert seek(budget, "b", NOW)
    budget.refund("b")
    assert budget.available(NOW) == BURST
    assert budget.allows("b", NOW)
    budget.refund("b")
    assert budget.available(NOW) == BURST


def test_no_cooldown_is_no_budget() -> None:
    """``cooldown_duration=0`` never runs out."""
    budget = SearchBudget(0.0)
    assert all(seek(budget, "b", NOW) for _ in range(100))
    assert budget.available(NOW) == BURST


def test_a_missed_kid_is_paid_for_once_in_a_cooldown() -> None:
    """The rest of the budget is for others; a kid is remembered for ten cooldowns at most."""
    budget = SearchBudget(30.0)
    assert seek(budget, "b", NOW)
    assert (budget.allows("b", NOW + 29), budget.allows("c", NOW + 29)) == (False, True)
    assert budget.allows("b", NOW + 30)
    for number in range(1000):
        budget.spend("k" * 10_000, NOW + 60 * number)
    assert len(budget._paid_for) <= 6


def test_once_dry_the_last_token_is_for_a_kid_seen_again() -> None:
    """A stray is seen once; a rotated key stands in request after request."""
    budget = dry()
    for second in range(1, 60):
        assert not seek(budget, f"stray-{second}", NOW + second)
    assert not seek(budget, "rotated", NOW + 59)
    assert not seek(budget, "rotated", NOW + 59), "two looks of one moment are one"
    assert seek(budget, "rotated", NOW + 59.5)
    assert not seek(budget, "another", NOW + 59.6)
    assert not seek(budget, "another", NOW + 59.7), "there is no token"


def test_strays_may_spend_all_but_the_last_token() -> None:
    """They cause one fetch for each cooldown, as ever, and one is there whenever a rotation comes."""
    budget = dry()
    fetched = [second for second in range(1, 3590) if seek(budget, f"stray-{second}", NOW + second)]
    assert fetched == list(range(60, 3590, 30))
    assert not seek(budget, "rotated", NOW + 3589.1)
    assert seek(budget, "rotated", NOW + 3589.2)


def test_a_quiet_cooldown_later_any_kid_is_served_on_first_sight() -> None:
    """The strays are gone, or were but one flood: the next rotation is noticed with its first token."""
    budget = dry()
    assert seek(budget, "rotated", NOW + 30)
    assert not seek(budget, "another", NOW + 59)
    assert not seek(budget, "a third", NOW + 60)


def test_no_sequence_of_kids_is_worth_more_than_the_bucket() -> None:
    """However often each is seen: two, and one for each cooldown."""
    budget = SearchBudget(30.0)
    fetched = sum(seek(budget, f"pair-{tick // 2}", NOW + tick / 4) for tick in range(4 * 3600))
    assert fetched <= 2 + 3600 / 30


def test_a_kid_sought_in_vain_has_no_claim_to_the_last_token() -> None:
    """One stray, repeated for ever beside others, does not take from a rotation what is kept for it."""
    budget = dry()
    for second in range(1, 280):
        seek(budget, "made-up-0", NOW + second)
        seek(budget, f"stray-{second}", NOW + second)
    assert not seek(budget, "rotated", NOW + 280.1)
    assert seek(budget, "rotated", NOW + 280.5)


@pytest.mark.parametrize(("every", "aim"), [(20.0, 3.0), (1.0, 6.0)])
@pytest.mark.parametrize("requests", [0.2, 1.0, 2.0])
def test_strays_hardly_delay_a_rotated_key(every: float, aim: float, requests: float) -> None:
    """The new key is accepted on second sight at the latest, whether requests come five a second or one in two."""
    delays = []
    for moment in range(600, 1200, 7):
        budget, tick, delay = SearchBudget(30.0), 0.0, requests / 2
        while True:
            while tick <= moment + delay:
                seek(budget, f"stray-{tick}", NOW + tick)
                tick += every
            if seek(budget, "rotated", NOW + moment + delay):
                break
            delay += requests
        delays.append(delay)
    assert sorted(delays)[len(delays) // 2] <= aim
    assert max(delays) <= 9 * requests, "or a little later, where a stray took its place in the memory"


def test_memory_is_bounded() -> None:
    """Whatever kids come."""
    budget = dry()
    for number in range(10_000):
        budget.allows(f"stray-{number}" * 100, NOW + 1)
    assert len(budget._seen) <= 256
