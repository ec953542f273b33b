"""A shared store that is not sealed: whoever can write to it gives the service keys. The log says so once."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from jwks_auth.adapters import CacheStore, Settings
from jwks_auth.stores.protocol import MemoryStore, SealedStore
from jwks_auth_fastapi import JWTBearer
from tests.contract.flask_apps import create_app

SETTINGS: dict[str, Any] = {"ISSUER": "https://issuer.example/", "AUDIENCE": "api"}
SECRET = "at least sixteen bytes"


class Shared:
    """A store of the service's own."""

    def get(self, name: str) -> bytes | None:
        """Nothing."""
        return None

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Kept nowhere."""

    def lease(self, name: str, ttl: float) -> bool:
        """Always."""
        return True


class Unhashable(Shared):
    """One that can't be remembered."""

    __hash__ = None  # type: ignore[assignment]


class Cache:
    """What a framework's cache offers."""

    def get(self, key: str) -> Any:
        """Nothing."""

    def set(self, key: str, value: Any, timeout: float) -> None:
        """Kept nowhere."""

    def add(self, key: str, value: Any, timeout: float) -> bool:
        """Always."""
        return True


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of stores."""
    return [
        text for _, level, text in caplog.record_tuples if level == logging.WARNING and "not sealed" in text
    ]


def test_an_unsealed_store_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """Not once an issuer, nor once an adapter; another store is another warning."""
    store = Shared()
    for _ in range(2):
        Settings.from_mapping({**SETTINGS, "STORE": store}).verifier()
        JWTBearer({**SETTINGS, "STORE": store})
    several = {"AUDIENCE": "api", "ISSUERS": ["https://a.example/", "https://b.example/"], "STORE": store}
    Settings.from_mapping(several).verifier()
    assert len(told(caplog)) == 1
    assert "(Shared)" in told(caplog)[0]
    Settings.from_mapping({**SETTINGS, "STORE": Shared()}).verifier()
    Settings.from_mapping({**SETTINGS, "STORE": Unhashable()}).verifier()
    assert len(told(caplog)) == 3


def test_a_store_s_password_is_not_told_with_it(caplog: pytest.LogCaptureFixture) -> None:
    """Of a URL only the scheme is shown."""
    pytest.importorskip("redis")
    for _ in range(2):
        Settings.from_mapping({**SETTINGS, "STORE": "redis://:hunter2@cache.example/7"}).verifier()
    [text] = told(caplog)
    assert "(redis)" in text
    assert "hunter2" not in caplog.text


def test_a_flask_app_s_unsealed_store_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    """As everywhere, by the core; the control has a secret."""
    cache = Cache()
    prefixed = {f"JWKS_AUTH_{name}": value for name, value in SETTINGS.items()}
    create_app({**prefixed, "JWKS_AUTH_STORE": CacheStore(cache), "JWKS_AUTH_STORE_SECRET": SECRET})
    assert told(caplog) == []
    create_app({**prefixed, "JWKS_AUTH_STORE": CacheStore(cache)})
    assert len(told(caplog)) == 1


@pytest.mark.parametrize(
    "store", [SealedStore(Shared(), SECRET), MemoryStore()], ids=["sealed", "of this process"]
)
def test_a_store_that_nobody_else_writes_is_no_news(store: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The controls; with a secret any store is one."""
    Settings.from_mapping({**SETTINGS, "STORE": store}).verifier()
    Settings.from_mapping({**SETTINGS, "STORE": Shared(), "STORE_SECRET": SECRET}).verifier()
    assert told(caplog) == []


def test_files_of_this_user_are_no_news(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Another user's are not read."""
    Settings.from_mapping({**SETTINGS, "STORE": f"file:{tmp_path}"}).verifier()
    assert told(caplog) == []
