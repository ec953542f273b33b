"""The stores: what each keeps, and what becomes of it when it fails or lies."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.freshness import Errand, Life, Rules
from jwks_auth.key_set import KeySet
from jwks_auth.snapshot import Deferred, Loaded, Order, Snapshot
from jwks_auth.store import KeySetStore, MemoryStore, SealedStore, StoreError
from jwks_auth.store_cache import CacheStore
from jwks_auth.store_file import FileStore
from jwks_auth.store_load import SharedLoad
from jwks_auth.store_record import Record
from jwks_auth.store_url import opened_store
from tests.key_fakes import Clock, Provider, document, source_of

SECRET = "a secret of the fleet"


class DictCache:
    """A cache with Django's methods, and its habit of whole seconds."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        """The value."""
        return self.values.get(key)

    def set(self, key: str, value: Any, timeout: int) -> None:
        """Keep it."""
        assert isinstance(timeout, int)
        self.values[key] = value

    def add(self, key: str, value: Any, timeout: int) -> bool:
        """Keep it if there is none."""
        assert isinstance(timeout, int)
        if key in self.values:
            return False
        self.values[key] = value
        return True


STORES: dict[str, Callable[[Path], KeySetStore]] = {
    "memory": lambda folder: MemoryStore(),
    "file": lambda folder: FileStore(folder / "keys"),
    "cache": lambda folder: CacheStore(DictCache(), prefix="jwks:"),
    "sealed": lambda folder: SealedStore(FileStore(folder), SECRET),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> KeySetStore:
    """Each kind of store in turn."""
    return STORES[request.param](tmp_path)


def test_a_store_keeps_what_it_is_given(store: KeySetStore) -> None:
    """The last record under each name, byte for byte."""
    assert store.get("a") is None
    store.put("a", b"\x00first", 60)
    store.put("a", b"\x00second", 60)
    store.put("b", b"other", 60)
    assert (store.get("a"), store.get("b")) == (b"\x00second", b"other")


def test_one_caller_gets_the_lease(store: KeySetStore) -> None:
    """For each name."""
    assert [store.lease("a", 60), store.lease("a", 60), store.lease("b", 60)] == [True, False, True]


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_lease_ends(kind: str, tmp_path: Path) -> None:
    """Whoever took it may have died."""
    store = STORES[kind](tmp_path)
    assert store.lease("a", 0.0)
    assert store.lease("a", 60.0)


def test_files_are_private_and_replaced_as_a_whole(tmp_path: Path) -> None:
    """0600 in a 0700 directory, and no temporary file left behind."""
    store = FileStore(tmp_path / "deep" / "keys")
    store.put("a", b"value", 60)
    [file] = (tmp_path / "deep" / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_another_users_file_is_no_record(tmp_path: Path) -> None:
    """Whoever may write to the directory, as everybody to /tmp, gives us no keys."""
    store = FileStore(tmp_path)
    store.put("a", b"value", 60)
    [file] = tmp_path.iterdir()
    moved = file.rename(tmp_path / "elsewhere")
    file.symlink_to(moved)
    with pytest.raises(OSError, match="symbolic links"):
        store.get("a")
    moved.rename(file)
    assert store.get("a") == b"value"
    if os.geteuid() == 0:
        os.chown(file, 65_534, 65_534)
        with pytest.raises(PermissionError, match="another user's"):
            store.get("a")


def test_a_failed_write_leaves_the_old_record(tmp_path: Path) -> None:
    """And no temporary file."""
    store = FileStore(tmp_path)
    store.put("a", b"value", 60)
    with pytest.raises(TypeError):
        store.put("a", "no bytes", 60)  # type: ignore[arg-type]
    assert store.get("a") == b"value"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("forged", [b"", b"x", b"\x00" * 32 + b"value", b"\x00" * 500])
def test_a_broken_seal_is_refused(forged: bytes) -> None:
    """Whoever can write to the store, but lacks the secret, gives us no keys."""
    inner = MemoryStore()
    inner.put("a", forged, 60)
    with pytest.raises(StoreError, match="seal"):
        SealedStore(inner, SECRET).get("a")


def test_a_record_moved_to_another_name_is_refused() -> None:
    """The seal covers the name: one issuer's keys are not another's."""
    inner = MemoryStore()
    SealedStore(inner, SECRET).put("a", b"value", 60)
    inner.put("b", inner.get("a") or b"", 60)
    with pytest.raises(StoreError, match="seal"):
        SealedStore(inner, SECRET.encode()).get("b")


def test_a_short_secret_is_refused() -> None:
    """At construction."""
    with pytest.raises(ConfigurationError, match="secret"):
        SealedStore(MemoryStore(), "short")


def test_a_cache_that_holds_something_else() -> None:
    """Another's value under our name is an error, and not keys."""
    cache = DictCache()
    cache.values["a"] = 10**12
    with pytest.raises(TypeError):
        CacheStore(cache).get("a")


@pytest.mark.parametrize("url", ["file:/var/lib/keys", "file:///var/lib/my%20keys"])
def test_a_store_has_a_url(url: str) -> None:
    """For settings that are text; nothing is made yet."""
    assert isinstance(opened_store(url), FileStore)


@pytest.mark.parametrize("wrong", ["", "keys", "file:", "ftp://x", "redis://[", object(), 7])
def test_what_is_no_store_is_refused(wrong: Any) -> None:
    """Naming the setting."""
    with pytest.raises(ConfigurationError, match="store"):
        opened_store(wrong)


def test_redis_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which extra to install."""
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"jwks-auth\[redis\]"):
        opened_store("redis://127.0.0.1/0")


# records


def loaded(kids: str = "a", **fields: Any) -> Loaded:
    """An answer with the keys *kids*."""
    published = document(set(kids))
    return Loaded(document=published, keys=KeySet.from_dict(published), raw=published, **fields)


def test_a_record_comes_back_as_it_went() -> None:
    """Keys, ETag and what was left of its freshness."""
    value = Record(loaded(etag='"1"', max_age=60.0), 1000.5).to_bytes()
    assert value is not None
    record = Record.from_bytes(value)
    assert (record.fetched_at, record.loaded.etag, record.loaded.max_age) == (1000.5, '"1"', 60.0)
    assert record.loaded.keys.kids() == {"a"}
    assert record.loaded.raw == record.loaded.document
    assert Record.from_bytes(replace(record, name="its own").to_bytes() or b"").name == "its own"


def test_a_record_keeps_both_documents_of_an_override() -> None:
    """The ETag belongs to what came, the keys to what ``fetch_data`` made of it."""
    changed = Loaded(document=document("a"), keys=KeySet.from_dict(document("a")), raw=document("ab"))
    record = Record.from_bytes(Record(changed, 0.0).to_bytes() or b"")
    assert record.loaded.keys.kids() == {"a"}
    assert record.loaded.raw == document("ab")


@pytest.mark.parametrize("odd", [object(), {"keys": [], "odd": object()}, {"keys": []} | {"o": {1, 2}}])
def test_what_json_cannot_hold_is_not_stored(odd: Any) -> None:
    """An override may return anything."""
    assert Record(Loaded(document=odd, keys=KeySet(())), 0.0).to_bytes() is None


def test_an_override_with_an_object_of_its_own_is_not_shared(clock: Clock) -> None:
    """A ``PyJWKSet`` stays in its process."""
    store = MemoryStore()
    process = Sharing(store, Provider(), clock)
    process.load._load = lambda order: Loaded(document=object(), keys=loaded().keys)
    process()
    assert store.get(process.load._name) is None


GOOD = json.loads(Record(loaded(), 1000.0).to_bytes() or b"")


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        *(
            json.dumps({**GOOD, **change}).encode()
            for change in (
                {"version": 2},
                {"document": {}},
                {"document": None},
                {"document": {"keys": [{}] * 101}},
                {"raw": 7},
                {"fetched_at": "now"},
                {"fetched_at": True},
                {"fetched_at": 10**400},
                {"max_age": "long"},
            )
        ),
    ],
    ids=lambda junk: repr(junk[:40]),
)
def test_junk_is_no_record(junk: bytes) -> None:
    """Whatever lies in the store, it raises ``ValueError`` and nothing else."""
    with pytest.raises(ValueError):  # noqa: PT011 - the message is nobody's
        Record.from_bytes(junk)


# loading through a store


class Sharing:
    """A process of a fleet: its load through *store*, and what it reported."""

    def __init__(self, store: KeySetStore, provider: Provider, clock: Clock, **rules: float) -> None:
        self.reported: list[str] = []
        self.deadline = inf
        self.held = source_of().source.books.snapshot
        self.provider, self.clock = provider, clock
        self.naps: list[float] = []
        self.load = SharedLoad(
            provider,
            store,
            Rules(**rules),
            name="https://issuer.example/keys",
            on_failure=self.reported.append,
            clock=clock,
            wall=clock,
            sleep=self.sleep,
            spawn=lambda run: run(),
        )

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.naps.append(seconds)
        self.clock.advance(seconds)

    def __call__(self, errand: Errand = Errand.SCHEDULED, kid: str | None = None) -> Loaded:
        """Load, and hold what came."""
        result = self.load(Order(errand, self.held, self.deadline, kid))
        self.held = Snapshot(result.keys, result, Life(0.0, inf, inf), 0.0, 0.0, self.clock.now - result.age)
        return result


@pytest.fixture
def clock() -> Clock:
    """One clock for the whole fleet."""
    return Clock()


def test_a_fleet_makes_one_fetch(clock: Clock) -> None:
    """The second process begins with what the first left."""
    store, provider = MemoryStore(), Provider()
    first, second = Sharing(store, provider, clock), Sharing(store, provider, clock)
    first()
    clock.advance(100)
    assert second().age == pytest.approx(105)
    assert provider.asked == 1


def test_one_process_at_a_time_fetches_ahead_of_need(clock: Clock) -> None:
    """The other is put off, and finds the new record later."""
    store, provider = MemoryStore(clock=clock), Provider()
    first, second = Sharing(store, provider, clock), Sharing(store, provider, clock)
    first()
    second()
    clock.advance(250)
    assert store.lease(f"{first.load._name}:lease", 10)
    with pytest.raises(Deferred):
        first(Errand.AHEAD)
    clock.advance(10)
    assert second(Errand.AHEAD).age == 0
    assert first(Errand.AHEAD).age == pytest.approx(5)
    assert provider.asked == 2
    clock.advance(250)
    provider.failing = "status"
    for _ in range(2):
        with pytest.raises(KeySourceError, match="as ordered"):
            second(Errand.AHEAD)


def test_a_lease_without_end_is_not_obeyed(clock: Clock) -> None:
    """Whoever can write to the store delays a fetch by a few leases, and keeps no withdrawn key alive."""
    store, provider = MemoryStore(clock=clock), Provider()
    process = Sharing(store, provider, clock, timeout=5.0)
    process()
    clock.advance(250)
    assert store.lease(f"{process.load._name}:lease", 1e9)
    for _ in range(18):
        with pytest.raises(Deferred):
            process(Errand.AHEAD)
        clock.advance(1)
    assert process(Errand.AHEAD).age == 0
    assert provider.asked == 2


def test_a_lease_is_not_obeyed_past_the_lifespan(clock: Clock) -> None:
    """With a long timeout a few leases would last longer than keys may be used while the provider answers."""
    store, provider = MemoryStore(clock=clock), Provider()
    process = Sharing(store, provider, clock, timeout=30.0)
    process()
    process.held = replace(process.held, life=Life(0.0, clock.now + 300, inf))
    assert store.lease(f"{process.load._name}:lease", 1e9)
    clock.advance(299)
    with pytest.raises(Deferred):
        process(Errand.AHEAD)
    clock.advance(1)
    assert process(Errand.AHEAD).age == 0
    assert provider.asked == 2


def test_a_late_answer_does_not_reach_the_store(clock: Clock) -> None:
    """The flight was given up, and another may have left a newer one."""
    store = MemoryStore()
    process = Sharing(store, Provider(), clock)
    process.deadline = clock.now - 1
    process()
    assert store.get(process.load._name) is None


def test_where_keys_are_needed_nobody_is_waited_for(clock: Clock) -> None:
    """A lease delays only what can wait."""
    store, provider = MemoryStore(), Provider()
    process = Sharing(store, provider, clock)
    assert store.lease(f"{process.load._name}:lease", 60)
    assert process(Errand.SCHEDULED).age == 0


def test_an_unknown_kid_looks_in_the_store_first(clock: Clock) -> None:
    """Another process has fetched the rotated set; the same set again is no news."""
    store, provider = MemoryStore(), Provider()
    first, second = Sharing(store, provider, clock), Sharing(store, provider, clock)
    first()
    second()
    clock.advance(20)
    second(Errand.UNKNOWN_KID)
    assert provider.asked == 2
    clock.advance(20)
    provider.kids.add("b")
    second(Errand.EXPLICIT)
    assert first(Errand.UNKNOWN_KID).keys.kids() == {"a", "b"}
    assert provider.asked == 3
    clock.advance(20)
    first(Errand.UNKNOWN_KID)
    assert provider.asked == 4


def test_a_newer_set_without_the_kid_is_no_answer(clock: Clock) -> None:
    """Two rotations: what another process found after the first does not hide the second."""
    store, provider = MemoryStore(), Provider()
    first, second = Sharing(store, provider, clock), Sharing(store, provider, clock)
    first()
    clock.advance(20)
    provider.kids = {"a", "b"}
    second(Errand.EXPLICIT)
    held = first.held
    adopted = first.load(Order(Errand.UNKNOWN_KID, held, inf, "b"))
    assert (adopted.keys.kids(), provider.asked) == ({"a", "b"}, 2)
    provider.kids = {"b", "c"}
    assert first.load(Order(Errand.UNKNOWN_KID, held, inf, "c")).keys.kids() == {"b", "c"}
    assert provider.asked == 3


@pytest.mark.parametrize("errand", [Errand.UNKNOWN_KID, Errand.SCHEDULED])
def test_the_same_set_again_is_no_answer_to_an_unknown_kid(clock: Clock, errand: Errand) -> None:
    """However new the record is, the provider is asked; for a renewal ahead of need it will do."""
    store, provider = MemoryStore(), Provider()
    first, second = Sharing(store, provider, clock), Sharing(store, provider, clock)
    first()
    clock.advance(20)
    second(Errand.EXPLICIT)
    assert first(errand).age == 0
    clock.advance(20)
    second(Errand.EXPLICIT)
    assert first(Errand.AHEAD).age > 0
    assert provider.asked == 4


def met_at_once(clock: Clock, **rules: float) -> tuple[Sharing, Sharing]:
    """Two processes that hold the keys, and of which the first has begun to look for a new one, "b"."""
    store, provider = MemoryStore(clock=clock), Provider()
    first, second = Sharing(store, provider, clock, **rules), Sharing(store, provider, clock, **rules)
    first()
    second()
    clock.advance(20)
    provider.kids.add("b")
    assert first.load._leased("search", 0.5)
    return first, second


@pytest.mark.parametrize("errand", [Errand.UNKNOWN_KID, Errand.SCHEDULED])
def test_of_a_fleet_that_meets_a_new_kid_at_once_one_process_fetches(clock: Clock, errand: Errand) -> None:
    """The others see a moment later that it has."""
    first, second = met_at_once(clock)
    nap = second.load._sleep

    def fetched_meanwhile(seconds: float) -> None:
        nap(seconds)
        if len(second.naps) == 3:
            first(Errand.UNKNOWN_KID, "b")

    second.load._sleep = fetched_meanwhile
    assert second(errand, "b").keys.kids() == {"a", "b"}
    assert (second.provider.asked, len(second.naps)) == (2, 3)
    assert first.naps == []


@pytest.mark.parametrize(
    ("rules", "patience"), [({}, 0.5), ({"wait": 1.0}, 0.25), ({"timeout": 0.4, "wait": 9.0}, 0.1)]
)
def test_a_search_by_another_is_not_waited_for_long(
    clock: Clock, rules: dict[str, float], patience: float
) -> None:
    """Where it brings nothing in ten looks each fetches for itself, and leaves room for that."""
    _, second = met_at_once(clock, **rules)
    assert second(Errand.UNKNOWN_KID, "b").keys.kids() == {"a", "b"}
    assert (len(second.naps), second.provider.asked) == (10, 2)
    assert sum(second.naps) == pytest.approx(patience)


def test_a_slow_store_is_not_asked_ten_times(clock: Clock) -> None:
    """Its own time counts."""
    _, second = met_at_once(clock)
    store = second.load._store
    get = store.get

    def slowly(name: str) -> bytes | None:
        clock.advance(0.2)
        return get(name)

    store.get = slowly  # type: ignore[method-assign]
    second(Errand.UNKNOWN_KID, "b")
    assert len(second.naps) == 2


def test_a_clock_that_stands_still_holds_up_no_search(clock: Clock) -> None:
    """The looks are counted."""
    _, second = met_at_once(clock)
    second.load._sleep = second.naps.append
    assert second(Errand.UNKNOWN_KID, "b").keys.kids() == {"a", "b"}
    assert len(second.naps) == 10


def test_the_search_of_this_process_is_not_waited_for(clock: Clock) -> None:
    """A made-up kid a moment ago does not delay a new one."""
    first, _ = met_at_once(clock)
    first(Errand.UNKNOWN_KID, "made-up")
    clock.advance(0.1)
    assert first(Errand.UNKNOWN_KID, "b").keys.kids() == {"a", "b"}
    assert first.naps == []


@pytest.mark.parametrize(
    ("errand", "held_for", "hard"),
    [(Errand.UNKNOWN_KID, 20, 10), (Errand.UNKNOWN_KID, 4, inf), (Errand.EXPLICIT, 20, inf)],
    ids=["known keys wait too", "a record can't be newer", "the program asked"],
)
def test_a_search_is_not_waited_for_where(clock: Clock, errand: Errand, held_for: float, hard: float) -> None:
    """Each fetches for itself at once."""
    _, second = met_at_once(clock)
    life = Life(0.0, clock.now - 20 + hard, inf)
    second.held = replace(second.held, life=life, fetched_at=clock.now - held_for)
    assert second(errand, "b").keys.kids() == {"a", "b"}
    assert second.naps == []


def test_a_process_starts_with_the_last_good_keys(clock: Clock) -> None:
    """While the provider is down, even with keys past their lifespan, but never with dead ones."""
    store, provider = MemoryStore(), Provider()
    Sharing(store, provider, clock)()
    provider.failing = "timeout"
    clock.advance(1000)
    found = Sharing(store, provider, clock)()
    assert found.keys.kids() == {"a"}
    assert found.age == pytest.approx(1005)
    assert found.failure is not None
    clock.advance(3000)
    with pytest.raises(KeySourceError):
        Sharing(store, provider, clock)()


def test_a_source_that_starts_in_an_outage_is_stale_and_failing(clock: Clock) -> None:
    """It serves the stored key at once, and backs off."""
    store, provider = MemoryStore(), Provider()
    process = Sharing(store, provider, clock)
    process()
    provider.failing = "timeout"
    clock.advance(1000)
    bench = source_of()
    bench.source.clock = bench.source.flights.clock = bench.source.flights.wall = clock
    bench.source.flights.load = process.load
    assert bench.source.resolve("a", "EdDSA")
    assert bench.seek("a")
    health = bench.source.health()
    assert (health.state, health.last_error, health.failures) == ("stale", "timeout", 1)


def test_a_withdrawn_key_leaves_the_store_with_the_next_answer(clock: Clock) -> None:
    """Even when it was the last one."""
    store, provider = MemoryStore(), Provider({"a", "b"}, accept_empty=True)
    process = Sharing(store, provider, clock)
    process()
    provider.kids = {"b"}
    process(Errand.EXPLICIT)
    assert Sharing(store, provider, clock)().keys.kids() == {"b"}
    provider.kids = set()
    process(Errand.EXPLICIT)
    asked = provider.asked
    assert Sharing(store, provider, clock)().keys.kids() == set()
    assert provider.asked == asked + 1


@pytest.mark.parametrize("lie", [60.0, 1e9])
def test_a_record_from_the_future_is_as_if_absent(clock: Clock, lie: float) -> None:
    """It would live longer than any key may."""
    store, provider = MemoryStore(), Provider()
    Sharing(store, provider, clock)()
    clock.advance(-lie)
    Sharing(store, provider, clock)()
    assert provider.asked == 2


def test_junk_is_reported_and_overwritten(clock: Clock) -> None:
    """And costs nothing else."""
    store, provider = MemoryStore(), Provider()
    process = Sharing(store, provider, clock)
    store.put(process.load._name, b"junk", 60)
    process()
    assert process.reported == ["junk"]
    assert Sharing(store, provider, clock)().age > 0


def test_a_record_of_another_name_is_junk(clock: Clock) -> None:
    """As one file renamed to another's name: it would be the keys of another issuer."""
    store, provider = MemoryStore(), Provider()
    process = Sharing(store, provider, clock)
    elsewhere = Sharing(store, Provider({"b"}), clock)
    elsewhere.load._name = "elsewhere"
    elsewhere()
    store.put(process.load._name, store.get("elsewhere") or b"", 60)
    assert process().keys.kids() == {"a"}
    assert process.reported == ["junk"]


def test_a_wrong_seal_is_reported_and_replaced(clock: Clock) -> None:
    """Another secret's record gives no keys, and does not switch the store off."""
    store, provider = MemoryStore(), Provider()
    Sharing(SealedStore(store, "the secret of someone else"), provider, clock)()
    process = Sharing(SealedStore(store, SECRET), provider, clock)
    assert process().age == 0
    assert process.reported == ["seal"]
    assert Sharing(SealedStore(store, SECRET), provider, clock)().age > 0
    assert provider.asked == 2


class Failing:
    """A store that is down."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.calls = 0

    def get(self, name: str) -> bytes | None:
        """Fail."""
        self.calls += 1
        raise self.error

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Fail."""
        raise AssertionError("a store that failed a moment ago is left alone")

    def lease(self, name: str, ttl: float) -> bool:
        """Fail."""
        raise AssertionError("a store that failed a moment ago is left alone")


@pytest.mark.parametrize(("error", "kind"), [(OSError(), "failed"), (TimeoutError(), "timeout")])
def test_a_store_that_is_down_is_as_if_absent(clock: Clock, error: Exception, kind: str) -> None:
    """Reported once, and left alone for a while."""
    store, provider = Failing(error), Provider()
    process = Sharing(store, provider, clock)
    for errand in (Errand.SCHEDULED, Errand.AHEAD):
        assert process(errand).age == 0
    assert (process.reported, store.calls) == ([kind], 1)
    clock.advance(6)
    store.put = lambda name, value, ttl: None  # type: ignore[method-assign]
    process()
    assert store.calls == 2


def test_a_slow_store_is_waited_for_a_quarter_of_a_second(clock: Clock) -> None:
    """And after two calls that hang none is made until one has ended."""
    process = Sharing(MemoryStore(), Provider(), clock)
    held: list[Callable[[], None]] = []
    process.load._calls._spawn = held.append
    started = time.monotonic()
    for _ in range(3):
        process()
        clock.advance(6)
    assert 0.4 < time.monotonic() - started < 5
    assert process.reported == ["timeout", "timeout"]
    for run in held:
        run()
    process.load._calls._spawn = lambda run: run()
    process()
    assert process.reported == ["timeout", "timeout"]
