"""The keys of one issuer: an immutable snapshot that readers share, renewed by one fetch at a time.

Reads take no lock. A lookup uses three parts: :mod:`~jwks_auth.keys.freshness` decides,
:class:`~jwks_auth.keys.state.CacheState` holds the state, :class:`~jwks_auth.keys.refresher.Refresher` fetches.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any, TypeVar

from jwks_auth.errors import KeySourceError
from jwks_auth.jose import KeySet, VerificationKey
from jwks_auth.keys.events import KeyEvent, OnEvent
from jwks_auth.keys.freshness import Decision, RefreshReason, Rules, State, WaitPolicy, decide
from jwks_auth.keys.lookup import Lookup, LookupResult, RecentKids, key_lookup, resolved
from jwks_auth.keys.refresh import Refresh
from jwks_auth.keys.refresher import Refresher
from jwks_auth.keys.state import CacheState, FetchResult, Health, LoadRequest, Snapshot
from jwks_auth.keys.voice import Voice
from jwks_auth.keys.waiters import Waiters
from jwks_auth.runtime import elapsed

__all__ = ["KeySource"]

ValueT = TypeVar("ValueT")
Steps = Generator[tuple[Refresh, float] | LookupResult[ValueT], None, None]

_MOST_WAITS = 2
"""The most refreshes that one lookup waits for: the one in progress when it begins, and the one after it."""


class KeySource:
    """Finds keys, and keeps them fresh with *load*.

    *load* fetches once, in the calling thread, and raises ``KeySourceError``. *recent* is for a source that keeps no
    set: every lookup loads, except those of kids remembered in *recent*, while they are fresh. *parts* are those of
    :class:`~jwks_auth.keys.refresher.Refresher` that a test may replace.
    """

    def __init__(
        self,
        load: Callable[[LoadRequest], FetchResult],
        rules: Rules,
        *,
        uri: str = "",
        recent: RecentKids | None = None,
        on_event: OnEvent | None = None,
        clock: Callable[[], float] = elapsed,
        **parts: Any,
    ) -> None:
        self.rules, self.clock = rules, clock
        self.cache = CacheState(rules, uri, keeps_set=recent is None)
        self.voice = Voice(self.cache, on_event)
        self.tell = self.voice.tell
        self.waiters = Waiters()
        self.refresher = Refresher(load, self.cache, self.tell, timeout=rules.timeout, clock=clock, **parts)
        self._recent = recent

    @property
    def key_set(self) -> KeySet:
        """Return the keys in hand, for display; empty before the first fetch. Never waits."""
        return self.snapshot.keys

    @property
    def snapshot(self) -> Snapshot:
        """The keys in hand, with their age."""
        return self.cache.snapshot

    @property
    def state(self) -> State:
        """The state of the keys in hand."""
        return self.snapshot.state(self.clock())

    def fresh(self) -> Snapshot | None:
        """Return the keys in hand if they are fresh."""
        snapshot = self.cache.snapshot
        return snapshot if self.clock() < snapshot.fresh_until else None

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """Return the key if it is fresh; otherwise call :meth:`resolve`. Never waits or starts a fetch."""
        snapshot = self.cache.snapshot
        return snapshot.keys.select(kid, alg) if self.clock() < snapshot.fresh_until else None

    def resolve(self, kid: str | None, alg: str, *, tried: VerificationKey | None = None) -> VerificationKey:
        """Return the key: at once if it may be served, even while a renewal starts; otherwise after a fetch.

        Raises ``InvalidTokenError`` for a key that is not in the set, and ``KeySourceError`` if there is no set.
        """
        return resolved(self.lookup(_key(kid, alg, tried)), tried)

    async def aresolve(
        self, kid: str | None, alg: str, *, tried: VerificationKey | None = None
    ) -> VerificationKey:
        """Do as :meth:`resolve`, without holding the event loop."""
        return resolved(await self.alookup(_key(kid, alg, tried)), tried)

    def lookup(self, wanted: Lookup[ValueT], *, force: bool = False) -> LookupResult[ValueT]:
        """Look for *wanted*; with *force*, only after the refresh in progress, or a new one."""
        with closing(self._steps(wanted, force=force)) as steps:
            while not isinstance(step := next(steps), LookupResult):
                refresh, seconds = step
                refresh.wait(seconds)
        return step

    async def alookup(self, wanted: Lookup[ValueT], *, force: bool = False) -> LookupResult[ValueT]:
        """Do as :meth:`lookup`, without holding the event loop."""
        with closing(self._steps(wanted, force=force)) as steps:
            while not isinstance(step := next(steps), LookupResult):
                refresh, seconds = step
                await refresh.await_(seconds)
        return step

    def health(self) -> Health:
        """Return the source's health, for a health check or a dashboard. Never waits."""
        return self.cache.health(self.clock())

    def publish(self, result: FetchResult | None) -> None:
        """Accept keys that were fetched outside a refresh; ``None`` drops those in hand."""
        self.refresher.publish(result)

    def note_store_failure(self, kind: str) -> None:
        """Report that the store failed."""
        self.tell(KeyEvent("store_failed", self.cache.uri, kind=kind))

    def _steps(self, wanted: Lookup[ValueT], *, force: bool) -> Steps[ValueT]:
        """Yield each refresh to wait for, with the seconds to wait; return the result."""
        began, waited_for, admitted, waits = self.clock(), None, False, 0
        force = force or self._loads_always(wanted, began)
        try:
            while waits < _MOST_WAITS:
                refresh, seconds, strange = self._begin(wanted, began, force=force)
                if refresh is None or seconds <= 0:
                    break
                admitted = admitted or (strange and self.waiters.enter())
                brief = strange and not admitted
                if brief:
                    seconds = min(seconds, refresh.started + self.waiters.grace - self.clock())
                if seconds > 0:
                    self.voice.joined()
                    yield refresh, seconds
                if brief and not refresh.outcome.done():
                    yield self._turned_away()
                waited_for = refresh
                waits += not refresh.deferred
                if not self._deserves_another(wanted, refresh, began):
                    break
            yield self._conclude(wanted, waited_for, force=force)
        finally:
            if admitted:
                self.waiters.leave()

    def _loads_always(self, wanted: Lookup[Any], now: float) -> bool:
        """Return whether no set is kept, and *wanted* is none of the kids remembered."""
        recent = self._recent
        return recent is not None and not wanted.again and not recent.holds(wanted.kid, self.snapshot, now)

    def _turned_away(self) -> LookupResult[Any]:
        self.tell(KeyEvent("unknown_kid", self.cache.uri, action="refused"))
        return LookupResult(None, KeySourceError("others wait for keys not seen before", kind="busy"))

    def _begin(self, wanted: Lookup[Any], began: float, *, force: bool) -> tuple[Refresh | None, float, bool]:
        """Return the refresh in progress, which may start now, and for how many seconds to wait for it.

        And whether *wanted* is strange: there are keys, and none of them is the one, which may be made up.
        """
        refresher, cache = self.refresher, self.cache
        while True:
            now = self.clock()
            refresher.drop_lost(now)
            version, refresh = refresher.version, refresher.current
            # Looked for without the lock, as that may be a user's code.
            snapshot = cache.snapshot
            known = wanted.usable(snapshot, now) is not None
            decision = self._decision(known, now, refresh, kid=wanted.kid, force=force)
            if decision.fetch is not None:
                # Where anything has changed since, it is decided anew; most lookups start nothing and take no lock.
                refresh = refresher.start(decision.fetch, now, version=version, kid=wanted.kid)
                if refresh is None:
                    continue
            strange = not known and not force and now < snapshot.life.unusable_at
            return (
                refresh,
                (began if refresh is None else refresh.until(decision.wait, self.rules.wait, began)) - now,
                strange,
            )

    def _decision(
        self, known: bool, now: float, refresh: Refresh | None, *, kid: str | None, force: bool
    ) -> Decision:
        refreshing = refresh is not None
        if not refreshing and not self.refresher.may_start():
            return Decision(None, WaitPolicy.NONE)
        if force:
            return Decision(None if refreshing else RefreshReason.EXPLICIT, WaitPolicy.FULL)
        awaited = refresh is not None and not refresh.behind
        return decide(self.cache.view(now, kid, known=known, refreshing=refreshing, awaited=awaited))

    def _deserves_another(self, wanted: Lookup[Any], refresh: Refresh, began: float) -> bool:
        """Return whether the answer of *refresh* is older than the lookup, so that another may have the key."""
        joined = refresh.started < began
        if not refresh.succeeded:
            return refresh.deferred or (joined and refresh.outcome.done())
        # One that was joined may have left before the provider published the key, and a store's answer was fetched
        # some time ago.
        snapshot = self.snapshot
        return (joined or snapshot.result.age > 0) and wanted.pick(snapshot) is None

    def _conclude(
        self, wanted: Lookup[ValueT], refresh: Refresh | None, *, force: bool
    ) -> LookupResult[ValueT]:
        now, cache = self.clock(), self.cache
        answered = refresh is not None and refresh.succeeded
        value = wanted.pick(cache.snapshot) if answered else None
        if not answered and not force:
            value = wanted.usable(cache.snapshot, now)
        if value is not None:
            self._note_served(wanted.kid, now)
            return LookupResult(value)
        held = answered or (cache.holds_keys(now) and not force)
        if held:
            action = "refused" if refresh is None else "awaited"
            self.tell(KeyEvent("unknown_kid", cache.uri, action=action))
        # After a failed fetch it is unknown whether the provider has the key by now.
        failing = cache.failing or (refresh is not None and not refresh.deferred)
        failed = not answered and (failing or not held)
        return LookupResult(None, self._error(refresh, now) if failed else None, held)

    def _note_served(self, kid: str | None, now: float) -> None:
        if self._recent is not None:
            self._recent.add(kid)
        elif self.voice.is_heard and self.snapshot.state(now) is State.STALE:
            self.voice.served_stale()

    def _error(self, refresh: Refresh | None, now: float) -> KeySourceError:
        if refresh is None:
            return self.cache.error(None, now)
        if not refresh.outcome.done():
            return KeySourceError("the keys did not arrive in time", kind="timeout")
        return self.cache.error(refresh.outcome.result(), now)


def _key(kid: str | None, alg: str, tried: VerificationKey | None) -> Lookup[VerificationKey]:
    return key_lookup(lambda snapshot: snapshot.keys.select(kid, alg), kid, tried)
