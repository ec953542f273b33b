"""The stores: what each keeps, and who has its leases."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jwks_auth.errors import ConfigurationError
from jwks_auth.stores.cache import CacheStore
from jwks_auth.stores.file import FileStore
from jwks_auth.stores.protocol import KeySetStore, MemoryStore, SealedStore, StoreError
from jwks_auth.stores.url import opened_store

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


def test_attack_a_record_for_each_token_fills_no_disk(tmp_path: Path) -> None:
    """Records whose time is over go with the next ones; other files, and other records, stay."""
    (tmp_path / "notes.keys").write_bytes(b"")
    os.utime(tmp_path / "notes.keys", (0, 0))
    store = FileStore(tmp_path)
    for number in range(5):
        store.put(str(number), b"answer", -1)
    store.put("good", b"keys", 60)
    assert len(list(tmp_path.iterdir())) == 6  # swept a moment ago; the first was gone by then
    FileStore(tmp_path).put("next", b"keys", 60)
    assert sorted(each.suffix for each in tmp_path.iterdir()) == [".keys"] * 3
    assert (store.get("good"), store.get("0"), store.get("4")) == (b"keys", None, None)
    assert (tmp_path / "notes.keys").exists()


def test_attack_a_record_for_each_token_fills_no_memory() -> None:
    """The same in one process."""
    now = 0.0
    store = MemoryStore(clock=lambda: now)
    store.put("keys", b"keys", 600)
    for number in range(200):
        store.put(str(number), b"answer", 30)
        now += 1
    assert (store.get("keys"), store.get("0"), store.get("199")) == (b"keys", None, b"answer")
    assert len(store._values) <= 100


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
