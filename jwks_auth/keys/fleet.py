"""The other processes of a fleet, as a shared store shows them: what they left, their leases, their failures.

Every operation is bounded, and a store that fails is as if it were not there.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

from jwks_auth.errors import KeySourceError
from jwks_auth.keys.freshness import Backoff, Rules
from jwks_auth.runtime import BoundedCalls, dataclass, elapsed, in_background
from jwks_auth.stores import KeySetStore, StoreError

__all__ = ["Fleet", "Outage", "Surroundings"]

ResultT = TypeVar("ResultT")

_OPERATION = 0.25
"""The most seconds for one operation of a store."""

_PAUSE = 5.0
"""Seconds for which a store is not used after a failure."""

_MOST_YIELDS = 3
"""The most leases of other processes in a row for which a fetch is put off."""

_LONGEST_POSTPONEMENT = 900.0
"""Seconds, or up to twice as many, for which failures of other processes put off a fetch."""

_MOST_SKEW = 5.0
"""Seconds by which the clocks of a fleet may differ."""

_LONGEST_DELAY = 300.0
_MOST_FAILURES = 10**6
_KIND = re.compile("[a-z_]{1,32}")


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """The clocks, the chance and the threads of a process, which a test may replace."""

    clock: Callable[[], float] = elapsed
    wall: Callable[[], float] = time.time
    rng: Callable[[], float] = random.random
    sleep: Callable[[float], object] = time.sleep
    spawn: Callable[[Callable[[], None]], None] = in_background


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A process's note that its fetch failed, at *failed_at* (seconds since 1970), as others did before.

    The next attempt is due *delay* seconds later.
    """

    failed_at: float
    failures: int
    delay: float
    kind: str

    def to_bytes(self, name: str) -> bytes:
        """Return the note as JSON, for the *name* it is put under."""
        return json.dumps([name, self.failed_at, self.failures, self.delay, self.kind]).encode()

    @classmethod
    def from_bytes(cls, value: bytes, name: str) -> Outage:
        """Return the note in *value*; raises ``ValueError`` for anything else."""
        if len(value) > 1000:
            raise ValueError("too large")
        fields = json.loads(value)
        if not isinstance(fields, list) or [type(field) for field in fields] != [str, float, int, float, str]:
            raise ValueError("no note")
        found, failed_at, failures, delay, kind = fields
        usable = 0 <= delay <= _LONGEST_DELAY and 0 < failures <= _MOST_FAILURES and _KIND.fullmatch(kind)
        if found != name or not usable:
            raise ValueError("no note of ours")
        return cls(failed_at=failed_at, failures=failures, delay=delay, kind=kind)


class Fleet:
    """The processes that share *store* under *name*. *on_failure* hears the kind of each failure of the store."""

    def __init__(
        self,
        store: KeySetStore,
        rules: Rules,
        *,
        name: str,
        on_failure: Callable[[str], None],
        around: Surroundings,
    ) -> None:
        self._store, self._rules, self._on_failure, self._around = store, rules, on_failure, around
        self.name = f"jwks-auth:{sha256(name.encode()).hexdigest()[:32]}"
        self._out_until = around.clock()
        self._calls = BoundedCalls(around.spawn)
        self._leases: dict[str, float] = {}
        self._yielding_since: float | None = None
        self._postponed_since: float | None = None
        # Drawn, so that those who have waited for long enough don't go together.
        self._longest_postponement = _LONGEST_POSTPONEMENT * (1 + around.rng())

    def read(self, reader: Callable[[bytes, str], ResultT], name: str | None = None) -> ResultT | None:
        """Return what *reader* makes of the value under *name*, by default the fleet's own; ``None`` for junk."""
        name = name or self.name
        value = self._bounded(lambda: self._store.get(name))
        try:
            return None if value is None else reader(value, name)
        except (ValueError, RecursionError):
            self._on_failure("junk")
            return None

    def leave(self, value: bytes, ttl: float, name: str | None = None) -> None:
        """Keep *value* for the others, at least for *ttl* seconds."""
        self._bounded(lambda: self._store.put(name or self.name, value, ttl))

    # leases

    def may_fetch(self) -> bool:
        """Return whether this process is the one to fetch, or others had their turn."""
        now = self._around.clock()
        ttl = min(self._rules.timeout + 1.0, self._rules.lifespan / 4)
        if self.lease("lease", ttl):
            return True
        # Several leases in a row without new keys: they are forged, or their holders all fail.
        self._yielding_since = now if self._yielding_since is None else self._yielding_since
        return now - self._yielding_since >= _MOST_YIELDS * ttl

    def lease(self, name: str, ttl: float) -> bool:
        """Return whether this process has the lease; true if the store fails, so that each process fetches."""
        now = self._around.clock()
        if now < self._leases.get(name, now):
            return True
        free = self._bounded(lambda: self._store.lease(f"{self.name}:{name}", ttl))
        if free:
            self._leases[name] = now + ttl
        return free is not False

    # failures

    def outage(self, since: float) -> Outage | None:
        """Return the failure that a process met after *since*, and that still counts."""
        outage = self.read(Outage.from_bytes, self._outages)
        if outage is None or outage.failed_at <= since:
            return None
        age = self._around.wall() - outage.failed_at
        return outage if -_MOST_SKEW < age < 2 * outage.delay + self._rules.timeout else None

    def postponement(self, outage: Outage | None) -> float:
        """Return the seconds until the next attempt after *outage*; 0 if this process has waited for long enough."""
        now = self._around.clock()
        left = 0.0 if outage is None else outage.failed_at + outage.delay - self._around.wall()
        if left <= 0:
            return 0.0
        self._yielding_since = None  # somebody did fetch
        self._postponed_since = now if self._postponed_since is None else self._postponed_since
        # A note can be forged, as a lease can: it puts off a fetch, and not for ever.
        return left if now - self._postponed_since < self._longest_postponement else 0.0

    def note_failure(self, error: KeySourceError, *, since: float) -> Outage:
        """Tell the others of a fetch that failed, with those of all processes *since* then; return the note."""
        outage = self.outage(since)
        before = Backoff() if outage is None else Backoff(outage.failures)
        draw, asked = self._around.rng(), error.retry_after
        after = before.after_failure(0.0, draw=draw, empty=False, retry_after=asked)
        noted = Outage(
            failed_at=float(self._around.wall()),
            failures=after.failures,
            delay=float(after.not_before),
            kind=error.kind,
        )
        self._postponed_since = None
        self.leave(noted.to_bytes(self._outages), 2 * noted.delay + 60, self._outages)
        return noted

    @property
    def _outages(self) -> str:
        return f"{self.name}:outage"

    def note_success(self) -> None:
        """Keys have come: nothing has been put off."""
        self._yielding_since = self._postponed_since = None

    def _bounded(self, call: Callable[[], ResultT]) -> ResultT | None:
        """Return the result of *call*; ``None`` if it fails, takes too long, or is not tried."""
        if self._around.clock() < self._out_until or not self._calls.may_start():
            return None
        try:
            return self._calls.result(call, _OPERATION)
        except StoreError as exc:
            self._on_failure(exc.kind)
        except Exception as exc:  # noqa: BLE001 - a store is the user's, and may raise anything
            self._out_until = self._around.clock() + _PAUSE
            self._on_failure("timeout" if isinstance(exc, TimeoutError) else "failed")
        return None
