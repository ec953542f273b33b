"""A key source against a model provider: in whatever order, the promises of ``docs/explanation/keys.md`` hold."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jwks_auth.errors import InvalidTokenError, KeySourceError
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.fleet import Surroundings
from jwks_auth.keys.freshness import BRIEF_WAIT, RefreshReason, State
from jwks_auth.keys.refresher import Refresh
from jwks_auth.keys.shared import SharedLoad
from jwks_auth.keys.state import NOTHING, FetchResult, LoadRequest
from jwks_auth.stores.protocol import MemoryStore
from tests.key_fakes import ALG, Bench, Provider, source_of

LIFESPAN, STALE, COOLDOWN = 300.0, 3600.0, 30.0
WAIT = 5.0
RENEWAL = 0.75 * LIFESPAN


class SourceModel(RuleBasedStateMachine):
    """Rotations, withdrawals, outages and hangs in any order, with lookups of every kind between them."""

    @initialize()
    def start(self) -> None:
        """A source that has fetched nothing."""
        self.bench: Bench = source_of(
            Provider({"key-0"}), lifespan=LIFESPAN, stale_if_error=STALE, cooldown=COOLDOWN, wait=WAIT
        )
        self.names = 1
        # An answer tells of the moment at which it was asked for, however late it comes.
        self.bench.threads.depart = self.bench.provider.as_of_now
        self.bench.source.refresher.load = self._load()
        self.waits: list[float] = []
        self.lands_when_waited_for, self.latest = False, 0.0
        self.began = self.bench.clock.now
        self.failures, self.failed_at = 0, self.began
        self.accepted = self.bench.source.key_set
        self.hasty: list[tuple[int, float]] = []
        self.bench.source.voice._on_event = self._hear
        # No real time passes: a wait is noted, and the refresh has ended by then or not.
        self.real_wait = Refresh.wait
        Refresh.wait = lambda refresh, seconds: self._wait(seconds)  # type: ignore[method-assign]

    def teardown(self) -> None:
        """Give the waiting back."""
        if hasattr(self, "real_wait"):
            Refresh.wait = self.real_wait  # type: ignore[method-assign]

    # what happens at the provider

    @rule()
    def rotate(self) -> None:
        """A new key is published beside the others."""
        self.bench.provider.kids.add(f"key-{self.names}")
        self.names += 1

    @rule(number=st.integers(0, 5))
    def withdraw(self, number: int) -> None:
        """A key is no longer published; perhaps it was the last."""
        kids = self.bench.provider.kids
        if kids:
            kids.discard(sorted(kids)[number % len(kids)])

    @rule(kind=st.sampled_from(["timeout", "status", None, None]))
    def fail_or_recover(self, kind: str | None) -> None:
        """An outage begins or ends."""
        self.bench.provider.failing = kind

    @rule(held=st.booleans())
    def hang_or_release(self, held: bool) -> None:
        """Fetches hang from now on, or all of them end."""
        self.bench.threads.held = held
        if not held:
            self.bench.threads.run()

    @rule(seconds=st.sampled_from([0.0, 1.0, 600.0]))
    @precondition(lambda self: self.bench.source.refresher.current is not None)
    def stand_still(self, seconds: float) -> None:
        """The process is frozen during a fetch: that is no failure of anybody's."""
        failures = self.bench.source.health().failures
        self.bench.threads.freeze(self.bench.source.refresher.current)
        self.bench.clock.advance(seconds)
        assert self.bench.source.health().failures == failures

    @rule(seconds=st.sampled_from([0.1, 0.7, 1.0, 2.0, 5.0, 6.5, 31.0, 200.0, 280.0, 1000.0, 4000.0]))
    def pass_time(self, seconds: float) -> None:
        """Time passes."""
        self.bench.clock.advance(seconds)

    # what callers do

    @rule(number=st.integers(0, 8), waits=st.booleans())
    def look_up(self, number: int, waits: bool) -> None:
        """A key that was, is, or never will be there."""
        source, kid, now = self.bench.source, f"key-{number}", self.bench.clock.now
        snapshot, waited = source.cache.snapshot, len(self.waits)
        state, held = snapshot.life.state(now), kid in snapshot.keys.kids()
        accepted = source.find(kid, ALG) is not None or (waits and self._accepted(kid))
        quick = state in (State.FRESH, State.AHEAD)
        # Threads that are not held run at once: a lookup may itself bring the answer that withdraws its key.
        renewed = source.cache.snapshot is not snapshot and state is not State.FRESH
        if held and quick and (waits or state is State.FRESH):
            assert accepted or renewed, "a known key in its lifespan is always served"
        if (held and quick) or not waits:
            assert len(self.waits) == waited, "and nobody waits for it"
        if held and state is State.STALE and waits:
            assert accepted or renewed
            assert all(seconds <= BRIEF_WAIT for seconds in self.waits[waited:])
        if accepted:
            current = source.cache.snapshot
            assert kid in current.keys.kids(), "what is absent from the last good answer is refused"
            assert now < current.life.unusable_at, "and so is what is dead"

    @rule()
    @precondition(lambda self: self._is_healthy())
    def a_new_key_is_accepted_within_one_refill(self) -> None:
        """Whatever made-up kids have spent before."""
        kid = f"key-{self.names}"
        self.rotate()
        self.bench.clock.advance(COOLDOWN)
        assert self._accepted(kid)

    @rule()
    @precondition(lambda self: self._is_healthy() and self._budget() >= 2)
    def a_new_key_is_accepted_by_a_lookup_that_joins(self) -> None:
        """The refresh in progress began before the key was published: another follows."""
        self.hang_or_release(True)
        assert not self._accepted("made-up")
        kid = f"key-{self.names}"
        self.rotate()
        self.bench.clock.advance(0.1)
        self.lands_when_waited_for = True
        accepted = self._accepted(kid)
        self.lands_when_waited_for = False
        assert accepted or self.failures, "unless what the refresh brought was no key set at all"

    @rule(count=st.integers(1, 50))
    def flood(self, count: int) -> None:
        """Made-up kids, each asked for once."""
        before = self._successes()
        for number in range(count):
            assert not self._accepted(f"made-up-{number}")
        assert self._successes() - before <= 3, "a flood spends at most the burst, beside one renewal"

    # what always holds

    @invariant()
    def at_most_one_flight(self) -> None:
        """Beside those given up, of which there are at most two."""
        if not hasattr(self, "bench"):
            return
        source = self.bench.source
        hanging = [refresh for refresh in source.refresher._abandoned if not refresh.ended]
        assert len(hanging) <= 2
        assert len(self.bench.threads.waiting) <= len(hanging) + 1
        assert len(source.refresher._abandoned) <= 3

    @invariant()
    def fetches_are_bounded(self) -> None:
        """Successful ones by the schedule and the budget; failed ones by the distance that backoff keeps."""
        if not hasattr(self, "bench"):
            return
        assert self.hasty == []
        elapsed = self.bench.clock.now - self.began
        searches = sum(request.reason is RefreshReason.UNKNOWN_KID for request in self._answered())
        assert searches <= 2 + elapsed / COOLDOWN + len(self._hung())
        assert len(self._answered()) <= 1 + elapsed / RENEWAL + 2 + elapsed / COOLDOWN + len(self._hung())

    @invariant()
    def failures_remove_nothing(self) -> None:
        """The keys in hand are those of the last good answer."""
        if hasattr(self, "bench"):
            assert self.bench.source.key_set is self.accepted

    def _accepted(self, kid: str) -> bool:
        waited, began, self.latest = len(self.waits), self.bench.clock.now, 0.0
        try:
            self.bench.source.resolve(kid, ALG)
        except (InvalidTokenError, KeySourceError):
            return False
        finally:
            assert self.latest <= began + WAIT, "nobody waits past the timeout"
            assert len(self.waits) <= waited + 2, "or for a third refresh"
        return True

    def _wait(self, seconds: float) -> None:
        assert seconds > 0
        self.waits.append(seconds)
        self.latest = self.bench.clock.now + seconds
        if self.lands_when_waited_for:
            self.bench.clock.advance(0.25)
            self.hang_or_release(False)

    def _load(self) -> Callable[[LoadRequest], FetchResult]:
        return self.bench.provider

    def _hear(self, event: KeyEvent) -> None:
        now = self.bench.clock.now
        if event.name == "refresh_ok":
            self.failures, self.accepted = 0, self.bench.source.key_set
        elif event.name == "refresh_failed":
            self.failures, self.failed_at = self.failures + 1, now
        elif event.name == "refresh_started":
            pause = min(15, 2 ** (self.failures - 1)) if self.failures else 0
            self.hasty += [(self.failures, now - self.failed_at)] if now - self.failed_at < pause else []

    def _is_healthy(self) -> bool:
        bench = self.bench
        failures = bench.source.cache.backoff.failures
        return (
            not (bench.threads.held or bench.provider.failing or failures)
            and bench.source.refresher.current is None
        )

    def _budget(self) -> float:
        return self.bench.source.cache.budget.available(self.bench.clock.now)

    def _successes(self) -> int:
        return self.bench.provider.succeeded

    def _answered(self) -> list[object]:
        return self.bench.provider.answered

    def _hung(self) -> list[object]:
        return [refresh for refresh in self.bench.source.refresher._abandoned if refresh.ended]


class FleetModel(SourceModel):
    """The same, while other processes leave what they fetch in a store."""

    def _load(self) -> Callable[[LoadRequest], FetchResult]:
        clock, store = self.bench.clock, MemoryStore(clock=self.bench.clock)

        def sharing(provider: Provider) -> SharedLoad:
            return SharedLoad(
                provider,
                store,
                self.bench.source.rules,
                name="the keys",
                on_failure=lambda kind: pytest.fail(kind),
                around=Surroundings(
                    clock=clock,
                    wall=clock,
                    rng=lambda: 0.5,
                    sleep=lambda seconds: None,
                    spawn=lambda run: run(),
                ),
            )

        self.other = sharing(Provider(self.bench.provider.kids))
        return sharing(self.bench.provider)

    @rule(reason=st.sampled_from([RefreshReason.AHEAD, RefreshReason.EXPLICIT]))
    def another_process_fetches(self, reason: RefreshReason) -> None:
        """And leaves the keys in the store."""
        with suppress(KeySourceError):
            self.other(LoadRequest(reason, NOTHING, self.bench.clock.now + 5))

    @rule(name=st.sampled_from(["lease", "search"]))
    def another_process_dies(self, name: str) -> None:
        """With a lease in its hands."""
        self.other.fleet.lease(name, 5.0)


TestSourceModel = SourceModel.TestCase
TestFleetModel = FleetModel.TestCase
TestSourceModel.settings = TestFleetModel.settings = settings(
    max_examples=120, stateful_step_count=60, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("failures", range(1, 8))
def test_failed_fetches_keep_their_distance(failures: int) -> None:
    """Whatever is asked how often, the n-th failure is followed by a pause of at least 0.75 * 2^(n-1) seconds."""
    bench = source_of(Provider(failing="timeout"))
    times = []
    for _ in range(100_000):
        asked = bench.provider.asked
        with pytest.raises(KeySourceError):
            bench.source.resolve("key", ALG)
        if bench.provider.asked > asked:
            times.append(bench.clock.now)
        if len(times) > failures:
            break
        bench.clock.advance(0.05)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(gap >= min(15, 0.75 * 2**number) for number, gap in enumerate(gaps))
