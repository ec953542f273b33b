"""``MemoryReplay``: bounded, fair, and no name is taken twice; and the pool that asks other stores."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from jwks_auth import KeySourceError
from jwks_auth.proofs import MemoryReplay, memory
from jwks_auth.runtime import DaemonPool
from jwks_auth.stores import CacheStore, RedisStore


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_a_name_is_new_once_and_again_after_its_time() -> None:
    """It is kept for its whole time, across a change of generations."""
    clock = Clock()
    memory = MemoryReplay(90, clock=clock)
    clock.now = 89
    assert memory.first("a.1", 90)
    for clock.now in (90, 100, 178):
        assert not memory.first("a.1", 1)
    clock.now = 400
    assert memory.first("a.1", 90)
    assert len(memory) == 1


def test_one_client_holds_a_quarter_at_most() -> None:
    """The others still have room; a full memory refuses, and never grows."""
    memory = MemoryReplay(90, most=40, clock=Clock())
    assert all(memory.first(f"a.{each}", 90) for each in range(10))
    with pytest.raises(KeySourceError):
        memory.first("a.11", 90)
    assert not memory.first("a.1", 90)
    assert memory.first("b.1", 90)
    assert all(memory.first(f"c{each}.1", 90) for each in range(9))
    with pytest.raises(KeySourceError):
        memory.first("d.1", 90)
    assert len(memory) == 20


def test_a_longer_time_is_kept_too() -> None:
    """A name that has to be kept longer than was said keeps its generation longer."""
    clock = Clock()
    memory = MemoryReplay(1, clock=clock)
    assert memory.first("a.1", 100)
    clock.now = 1.5
    assert memory.first("a.2", 100)
    clock.now = 99
    assert not memory.first("a.1", 100)


def test_threads_take_a_name_once() -> None:
    """Of many at the same time, one."""
    memory = MemoryReplay(90)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: memory.first("a.1", 90), range(200)))
    assert taken.count(True) == 1


def test_a_fork_frees_the_lock_that_a_lost_thread_held() -> None:
    """What was seen before is still known in the child."""
    seen = MemoryReplay(90)
    assert seen.first("a.1", 90)
    seen._lock.acquire()
    memory._after_fork_in_child()
    assert not seen.first("a.1", 90)
    assert seen.first("a.2", 90)


class FakeRedis:
    """A client that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def get(self, name: str) -> bytes:
        """The name itself."""
        return name.encode()

    def set(self, name: str, value: bytes, *, px: int, nx: bool = False) -> bool | None:
        """Keep the first."""
        known = any(each[0] == name for each in self.told)
        self.told.append((name, px, nx))
        return None if known else True


class FakeCache:
    """Django's cache, as far as it matters."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}

    def get(self, key: str) -> None:
        """Nothing is ever read."""

    def set(self, key: str, value: object, timeout: int) -> None:
        """Nothing is ever replaced."""

    def add(self, key: str, value: object, timeout: int) -> bool:
        """Keep the first."""
        return self.kept.setdefault(key, timeout) is timeout and len(self.kept) == 1


def test_the_stores_of_keys_know_proofs_too() -> None:
    """Redis and Valkey by ``SET NX PX``, Django's cache by ``add``."""
    redis = FakeRedis()
    store = RedisStore(redis, prefix="p:")
    assert [store.first("a", 1.5), store.first("a", 1.5)] == [True, False]
    assert redis.told[0] == ("p:a", 1500, True)
    store.put("b", b"record", 2)
    assert redis.told[-1] == ("p:b", 2000, False)
    assert store.get("b") == b"p:b"
    cache = FakeCache()
    assert CacheStore(cache, prefix="p:").first("a", 1.5)
    assert cache.kept == {"p:a": 2}


def test_a_pool_has_no_more_threads_than_its_size() -> None:
    """Calls beyond wait in line; one that was given up is not begun."""
    pool, end, ran = DaemonPool(2), threading.Event(), []
    hanging = [pool.submit(end.wait) for _ in range(2)]
    given_up = pool.submit(lambda: ran.append(1))
    assert given_up.cancel()
    end.set()
    assert [each.result(5) for each in hanging] == [True, True]
    assert pool.submit(lambda: 3).result(5) == 3
    assert ran == []
    assert pool._threads <= 2
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 / 0).result(5)
