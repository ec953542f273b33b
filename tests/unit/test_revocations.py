"""The stores of revocations: what each keeps, and what can be revoked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from jwks_auth.errors import ConfigurationError
from jwks_auth.stores import (
    CacheRevocations,
    MemoryRevocations,
    Revocation,
    StoreError,
    opened_revocations,
    short,
)
from jwks_auth.stores.revocations import Revoker
from tests.key_fakes import Clock

ISSUER = "https://id.example/"


class TimedCache:
    """A cache with Django's methods, which forgets in time."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.values: dict[str, tuple[Any, float]] = {}

    def get(self, key: str) -> Any:
        """The value."""
        return self.get_many([key]).get(key)

    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        """The values that there are."""
        now = self.clock()
        return {key: self.values[key][0] for key in keys if key in self.values and self.values[key][1] > now}

    def set(self, key: str, value: Any, timeout: int) -> None:
        """Keep it."""
        assert isinstance(timeout, int)
        self.values[key] = (value, self.clock() + timeout)

    def add(self, key: str, value: Any, timeout: int) -> bool:
        """Keep it if there is none."""
        if self.get(key) is not None:
            return False
        self.set(key, value, timeout)
        return True


STORES: dict[str, Callable[[Clock], Any]] = {
    "memory": lambda clock: MemoryRevocations(clock=clock),
    "cache": lambda clock: CacheRevocations(TimedCache(clock), prefix="a:", clock=clock),
}


@pytest.fixture
def clock() -> Clock:
    """The time of the store."""
    return Clock()


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, clock: Clock) -> Any:
    """Each kind of store in turn; Redis is in ``tests/scenarios``."""
    return STORES[request.param](clock)


def kept(store: Any) -> list[tuple[str, str]]:
    """What a new worker reads."""
    return [(each.kind, each.value) for each in store.read(None)[0]]


def test_a_new_worker_reads_all(store: Any, clock: Clock) -> None:
    """Each with its limit and its end."""
    store.revoke(ISSUER, jti="one", ttl=60)
    store.revoke(ISSUER, sub="u1", ttl=60)
    store.revoke(ISSUER, kid="k1", before=7, ttl=60)
    store.revoke(ISSUER, before=8, ttl=60)
    now = clock()
    assert list(store.read(None)[0]) == [
        Revocation(ISSUER, "jti", "one", None, now + 60),
        Revocation(ISSUER, "sub", "u1", now, now + 60),
        Revocation(ISSUER, "kid", "k1", 7, now + 60),
        Revocation(ISSUER, "all", "", 8, now + 60),
    ]


def test_a_session_is_its_id_and_the_users_tokens_without_one(store: Any) -> None:
    """A provider whose access tokens name no session has logged out nobody otherwise."""
    store.revoke(ISSUER, sid="s1", sub="u1", ttl=60)
    assert kept(store) == [("sid", "s1"), ("sub without sid", "u1")]


def test_a_name_is_given_once(store: Any, clock: Clock) -> None:
    """Until its time is over."""
    assert [store.once("a", 10), store.once("a", 10), store.once("b", 10)] == [True, False, True]
    clock.advance(11)
    assert store.once("a", 10)


def test_copies_of_this_process_are_told_at_once(store: Any) -> None:
    """Without anybody reading the store."""

    class Listener(list[str]):
        __hash__ = object.__hash__  # type: ignore[assignment]

        def learn(self, revocation: Revocation) -> None:
            self.append(revocation.value)

    listener = Listener()
    store.listeners.add(listener)
    store.revoke(ISSUER, jti="one", ttl=60)
    assert listener == ["one"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"ttl": 60}, "what is to be revoked"),
        ({"jti": "", "ttl": 60}, "jti: expected a string"),
        ({"jti": 7, "ttl": 60}, "jti: expected a string"),
        ({"jti": "a", "sub": "b", "ttl": 60}, "exclude each other"),
        ({"jti": "a", "sid": "b", "sub": "c", "ttl": 60}, "exclude each other"),
        ({"jti": "a", "ttl": 0}, "ttl"),
        ({"jti": "a", "ttl": True}, "ttl"),
        ({"jti": "a", "ttl": 1e9}, "ttl"),
        ({"jti": "a", "ttl": float("nan")}, "ttl"),
        ({"before": float("inf"), "ttl": 60}, "before"),
        ({"before": "yesterday", "ttl": 60}, "before"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_revokes_nothing_is_an_error(store: Any, wrong: dict[str, Any], told: str) -> None:
    """Nobody believes that it did."""
    with pytest.raises(ValueError, match=told):
        store.revoke(ISSUER, **wrong)
    with pytest.raises(ValueError, match="issuer"):
        store.revoke("", jti="a", ttl=60)
    assert kept(store) == []


def test_a_full_store_says_so(store: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """It drops no revocation for another; those whose time is over make room."""
    for module in ("revocations", "shared_revocations"):
        monkeypatch.setattr(f"jwks_auth.stores.{module}.MOST_REVOCATIONS", 3)
    store.revoke(ISSUER, jti="long", ttl=600)
    for name in "ab":
        store.revoke(ISSUER, jti=name, ttl=60)
    with pytest.raises(StoreError, match="full"):
        store.revoke(ISSUER, jti="c", ttl=60)
    assert sorted(kept(store)) == [("jti", "a"), ("jti", "b"), ("jti", "long")]
    clock.advance(61)
    for name in "de":
        store.revoke(ISSUER, jti=name, ttl=60)
    assert {"long", "d", "e"} <= {value for _, value in kept(store)}


def test_a_worker_reads_only_what_is_new(clock: Clock) -> None:
    """And a little again, for writers that were late; a loss of all data makes it read all there is."""
    cache = TimedCache(clock)
    store = CacheRevocations(cache, clock=clock)
    assert store.read(None) == ([], 0)
    for number in range(100):
        store.revoke(ISSUER, jti=str(number), ttl=60)
    found, position = store.read(None)
    assert len(found) == 100
    assert store.read(position) == ([], position)
    store.revoke(ISSUER, jti="new", ttl=60)
    found, later = store.read(position)
    assert found[-1].value == "new"
    assert len(found) < 100
    cache.values.clear()
    assert store.read(later) == ([], 0)
    clock.advance(1)
    store.revoke(ISSUER, jti="after", ttl=60)
    assert [each.value for each in store.read(later)[0]] == ["after"]


def test_writers_that_meet_take_different_numbers(clock: Clock) -> None:
    """The second one goes on to the next; the last number never goes back."""
    cache = TimedCache(clock)
    one, other = (CacheRevocations(cache, clock=clock) for _ in range(2))
    one.revoke(ISSUER, jti="a", ttl=60)
    last = one._last()
    other.revoke(ISSUER, jti="b", ttl=60)
    cache.set(one._name, last, 60)  # of a writer that was late
    one.revoke(ISSUER, jti="c", ttl=60)
    assert [value for _, value in kept(other)] == ["a", "b", "c"]


class OvertakenCache(TimedCache):
    """A cache in which another writer is always faster."""

    def add(self, key: str, value: Any, timeout: int) -> bool:
        """Keep it, after which the other writer has its own number written down."""
        name, _, number = key.rpartition(":")
        if number.isdigit():
            self.set(name, int(number) + 5, timeout)
        return super().add(key, value, timeout)


def test_a_writer_that_is_overtaken_leaves_the_higher_number(clock: Clock) -> None:
    """Otherwise workers would not read what the faster one has written."""
    store = CacheRevocations(OvertakenCache(clock), clock=clock)
    store.revoke(ISSUER, jti="a", ttl=60)
    found, last = store.read(None)
    assert [each.value for each in found] == ["a"]
    assert last == int(clock() * 1000) + 6


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        7,
        b'["i", "jti", "a", null]',
        b'["i", "other", "a", null, 9]',
        b'["i", "jti", 7, null, 9]',
        b'["i", "jti", "a", "x", 9]',
        b'["i", "jti", "a", null, Infinity]',
    ],
    ids=range(10),
)
def test_junk_in_a_store_is_no_revocation(clock: Clock, junk: Any) -> None:
    """It is a store that can't be read, because what stood there before is not known."""
    cache = TimedCache(clock)
    store = CacheRevocations(cache, clock=clock)
    store.revoke(ISSUER, jti="a", ttl=60)
    cache.set(f"{store._name}:{store._last()}", junk, 60)
    with pytest.raises(StoreError, match="junk"):
        store.read(None)


def test_long_names_are_kept_as_digests() -> None:
    """Two of them differ; any text has one."""
    assert short("a" * 255) == "a" * 255
    assert len(short("a" * 256)) < 100
    assert short("a" * 256) != short("b" * 256)
    assert short("\ud800" * 300)


def test_a_file_is_no_place_for_revocations() -> None:
    """What a URL may hold is not shown."""
    with pytest.raises(ConfigurationError) as caught:
        opened_revocations("file:/secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("wrong", [MemoryRevocations, object(), 7], ids=["class", "object", "number"])
def test_what_is_no_store_is_refused(wrong: Any) -> None:
    """At start-up."""
    with pytest.raises(ConfigurationError, match="revoke, read and once"):
        opened_revocations(wrong)


def test_a_store_of_ones_own_only_adds() -> None:
    """The base does the rest."""
    added: list[Revocation] = []

    class Own(Revoker):
        def _add(self, revocation: Revocation) -> None:
            added.append(revocation)

    Own().revoke(ISSUER, jti="a", ttl=1)
    assert len(added) == 1
    with pytest.raises(TypeError, match="abstract"):
        Revoker()  # type: ignore[abstract]


class CountingCache(TimedCache):
    """Counts the names that it is asked for."""

    names = 0

    def get_many(self, keys: Any) -> Any:
        """The values, by name."""
        self.names += len(keys)
        return super().get_many(keys)


def test_a_new_worker_asks_a_cache_for_what_there_may_be_alone() -> None:
    """Some caches take milliseconds for each name, and it has to be ready at once."""
    clock = Clock()
    cache = CountingCache(clock)
    writers = [CacheRevocations(cache, clock=clock) for _ in range(2)]
    for number in range(10):
        writers[number % 2].revoke("https://id.example/", jti=str(number), ttl=60)
    before = cache.names
    found, _ = CacheRevocations(cache, clock=clock).read(None)
    assert sorted(each.value for each in found) == sorted(map(str, range(10)))
    assert cache.names - before <= 20


def test_writers_that_begin_at_once_lose_no_revocation() -> None:
    """Their clocks differ, and neither has seen the other's number."""
    early, late = Clock(), Clock()
    late.advance(5)
    cache = TimedCache(early)
    first, second = CacheRevocations(cache, clock=late), CacheRevocations(cache, clock=early)
    numbers = [each._begun() for each in (first, second)]
    assert numbers[0] == numbers[1]
    for store, jti in ((second, "a"), (first, "b")):
        store.revoke("https://id.example/", jti=jti, ttl=60)
    found, _ = CacheRevocations(cache, clock=early).read(None)
    assert sorted(each.value for each in found) == ["a", "b"]
