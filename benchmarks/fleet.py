"""A day of three hundred processes, simulated with the library's own rules and, beside them, with PyJWT's.

    python -m benchmarks.fleet [--processes 300] [--hours 24]

Each process gets a request every ten seconds. The provider sends ``Cache-Control: max-age=15``. At 6:00 it signs with a
new key, published in that second, at 7:00 it withdraws the old one, and from 12:00 to 12:15 it is down. No time passes
but the simulated: the clock, chance and threads of key sources are those of this module.
"""

from __future__ import annotations

import argparse
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from jwks_auth.errors import KeySourceError, Refused
from jwks_auth.jose import KeySet
from jwks_auth.keys import FetchResult, KeySource, LoadRequest, Rules, SharedLoad, Surroundings
from jwks_auth.stores import MemoryStore
from tests.key_fakes import ALG, document

HOUR = 3600
ROTATED, WITHDRAWN, DOWN, UP = 6 * HOUR, 7 * HOUR, 12 * HOUR, 12 * HOUR + 900
EVERY = 10
"""Seconds between two requests of a process."""

RULES = Rules(lifespan=300, stale_if_error=3600, cooldown=30, timeout=5, wait=2)
SETS = {kids: KeySet.from_dict(document(set(kids))) for kids in ("a", "ab", "b")}


@dataclass
class World:
    """The time of day, the provider, and what was asked of it."""

    now: float = 0.0
    attempts: Counter[int] = field(default_factory=Counter)

    def clock(self) -> float:
        """Return the time, of a machine that was started a while ago."""
        return self.now + 1e6

    @property
    def published(self) -> str:
        """The names of the keys at this moment."""
        return "a" if self.now < ROTATED else "ab" if self.now < WITHDRAWN else "b"

    def fetch(self) -> KeySet:
        """Answer, or fail."""
        self.attempts[int(self.now)] += 1
        if DOWN <= self.now < UP:
            raise KeySourceError("refused", kind="connection")
        return SETS[self.published]

    def load(self, request: LoadRequest) -> FetchResult:
        """Answer a key source."""
        kids, keys = self.published, self.fetch()
        return FetchResult(document=document(set(kids)), keys=keys, max_age=15.0)


class Process(Protocol):
    """A process of the fleet."""

    def accepts(self, kid: str) -> bool:
        """Return whether a request with a token of this key is served."""

    def holds(self, kid: str) -> bool:
        """Return whether the key would be served now, without asking anybody."""


class Ours:
    """A process with a key source, perhaps with a store."""

    def __init__(self, world: World, chance: Callable[[], float], store: MemoryStore | None) -> None:
        around = Surroundings(
            clock=world.clock,
            wall=world.clock,
            rng=chance,
            sleep=lambda seconds: None,
            spawn=lambda run: run(),
        )
        load: Callable[[LoadRequest], FetchResult] = world.load
        if store is not None:
            load = SharedLoad(
                world.load, store, RULES, name="keys", on_failure=lambda kind: None, around=around
            )
        self._source = KeySource(
            load,
            RULES,
            clock=world.clock,
            wall=world.clock,
            rng=chance,
            spawn=lambda run: run(),
            watch=lambda work, alarm: bool,
        )

    def accepts(self, kid: str) -> bool:
        """Look the key up, as a verifier does."""
        try:
            return (self._source.find(kid, ALG) or self._source.resolve(kid, ALG)) is not None
        except Refused:
            return False

    def holds(self, kid: str) -> bool:
        """Return whether it is in hand and may be used."""
        snapshot = self._source.snapshot
        return self._source.clock() < snapshot.life.unusable_at and kid in snapshot.keys.kids()


class PyJWTs:
    """A process with the rules of PyJWT 2.15's client: its cache of a set, and its cooldown."""

    def __init__(self, world: World) -> None:
        self._world, self._keys, self._fetched_at = world, SETS["a"], -1e9

    def accepts(self, kid: str) -> bool:
        """Look the key up; a failed fetch is the request's."""
        now = self._world.clock()
        try:
            if now - self._fetched_at > RULES.lifespan:
                self._fetch()
            if not self.holds(kid) and now - self._fetched_at >= RULES.cooldown:
                self._fetch()
        except KeySourceError:
            return False
        return self.holds(kid)

    def holds(self, kid: str) -> bool:
        """Return whether it is in the cached set."""
        return kid in self._keys.kids() and self._world.clock() - self._fetched_at <= RULES.lifespan

    def _fetch(self) -> None:
        self._keys, self._fetched_at = self._world.fetch(), self._world.clock()


@dataclass
class Day:
    """The figures of one fleet's day."""

    world: World
    requests: int = 0
    refused: int = 0
    known_after: float | None = None
    gone_after: float | None = None

    def run(self, processes: Sequence[Process], seconds: range) -> None:
        """Live through these seconds of it."""
        for second in seconds:
            self.world.now = float(second)
            kid = "a" if second < ROTATED else "b"
            for process in processes[second % EVERY :: EVERY]:
                self.requests += 1
                self.refused += not process.accepts(kid)
            self._note_rotation(second, processes)

    def _note_rotation(self, second: int, processes: Sequence[Process]) -> None:
        if self.known_after is None and second >= ROTATED and all(one.holds("b") for one in processes):
            self.known_after = second - ROTATED
        if self.gone_after is None and second >= WITHDRAWN and not any(one.holds("a") for one in processes):
            self.gone_after = second - WITHDRAWN

    @property
    def attempts_while_down(self) -> int:
        """The fetches that the provider was asked for in vain."""
        return sum(count for second, count in self.world.attempts.items() if DOWN <= second < UP)

    def row(self, name: str, hours: float) -> str:
        """Return the row of the table."""
        attempts, down = self.world.attempts, self.attempts_while_down
        per_hour = (sum(attempts.values()) - down) / hours
        worst = max(attempts.values())
        known, gone = ("-" if at is None else f"{at:.0f} s" for at in (self.known_after, self.gone_after))
        return f"| {name} | {per_hour:,.0f} | {down:,} | {worst} | {self.refused:,} | {known} | {gone} |"


FLEETS = ("PyJWT 2.15", "jwks-auth", "jwks-auth, with a store")


def fleet_of(name: str, world: World, count: int) -> list[Process]:
    """Return *count* processes with the rules of that *name*."""
    chance, store = random.Random(7).random, MemoryStore(clock=world.clock)
    if name.startswith("PyJWT"):
        return [PyJWTs(world) for _ in range(count)]
    return [Ours(world, chance, store if name.endswith("store") else None) for _ in range(count)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=300)
    parser.add_argument("--hours", type=float, default=24)
    options = parser.parse_args()
    logging.getLogger("jwks_auth").disabled = True
    print("| rules | fetches an hour | attempts in the outage | worst second | refused | known | nowhere |")
    print("|---|---|---|---|---|---|---|")
    for name in FLEETS:
        day = Day(World())
        day.run(fleet_of(name, day.world, options.processes), range(int(options.hours * HOUR)))
        print(day.row(name, options.hours), flush=True)
    print(f"\n{day.requests:,} requests in each")


if __name__ == "__main__":
    main()
