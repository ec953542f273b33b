"""CACHE: keys shared through Django's caches, sealed; a process finds what another fetched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from jwks_auth.testing import FakeIssuer
from jwks_auth_django.cache import SharedCache
from jwks_auth_django.conf import configuration
from tests.adapters.django.daemons import free_port, running
from tests.needs import need_module, need_tool
from tests.patience import PATIENCE

KINDS = ["locmem", "database", "file", "redis", "memcached"]


@pytest.fixture(params=KINDS)
def backend(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[dict[str, Any]]:
    """An entry of CACHES, with a real server behind it."""
    name = "django.core.cache.backends."
    if request.param == "locmem":
        yield {"BACKEND": name + "locmem.LocMemCache", "LOCATION": str(tmp_path)}
    elif request.param == "file":
        yield {"BACKEND": name + "filebased.FileBasedCache", "LOCATION": str(tmp_path)}
    elif request.param == "database":
        request.getfixturevalue("database")
        yield {"BACKEND": name + "db.DatabaseCache", "LOCATION": "jwks_auth_cache"}
    elif request.param == "redis":
        need_module("redis")
        port = free_port()
        command = [need_tool("redis-server"), "--port", str(port), "--save", "", "--dir", str(tmp_path)]
        with running([*command, "--bind", "127.0.0.1"], port):
            yield {"BACKEND": name + "redis.RedisCache", "LOCATION": f"redis://127.0.0.1:{port}"}
    else:
        need_module("pymemcache")
        port = free_port()
        with running([need_tool("memcached"), "-u", "nobody", "-l", "127.0.0.1", "-p", str(port)], port):
            yield {"BACKEND": name + "memcached.PyMemcacheCache", "LOCATION": f"127.0.0.1:{port}"}


@pytest.fixture
def served() -> Iterator[FakeIssuer]:
    """An issuer whose keys have to be fetched."""
    with FakeIssuer.serve() as issuer:
        yield issuer


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store's answer is awaited on a slow machine, too."""
    monkeypatch.setattr("jwks_auth.keys.fleet._OPERATION", PATIENCE)


def verify_in_a_new_process(issuer: FakeIssuer, **settings: Any) -> Any:
    """Verify with a configuration that knows nothing yet; *settings* are Django's."""
    with override_settings(**settings):
        return configuration().authenticator.verifier.verify(issuer.token(sub="u1"))


@pytest.mark.usefixtures("patient")
def test_one_fetch_for_all(served: FakeIssuer, backend: dict[str, Any]) -> None:
    """The first process fetches and leaves the keys; the second starts with them, even in an outage."""
    given = {"JWKS_AUTH": {**served.settings(), "CACHE": "keys"}, "CACHES": {"keys": backend}}
    if "DatabaseCache" in backend["BACKEND"]:
        with override_settings(**given):
            call_command("createcachetable", "jwks_auth_cache", database="default", verbosity=0)
    assert verify_in_a_new_process(served, **given).subject == "u1"
    with served.outage():
        assert verify_in_a_new_process(served, **given).subject == "u1"
    assert served.requests[served.jwks_path] == 1


@pytest.mark.usefixtures("patient")
def test_sealed_with_the_secret_key(served: FakeIssuer, tmp_path: Any) -> None:
    """Keys that another SECRET_KEY sealed, or nobody, are as if they were not there."""
    cache = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(tmp_path)}
    given = {"JWKS_AUTH": {**served.settings(), "CACHE": "keys"}, "CACHES": {"keys": cache}}
    verify_in_a_new_process(served, **given)
    verify_in_a_new_process(served, SECRET_KEY="another secret, as long as it should be", **given)
    assert served.requests[served.jwks_path] == 2


@pytest.mark.usefixtures("patient")
def test_sealed_with_a_secret_of_its_own(served: FakeIssuer, tmp_path: Any) -> None:
    """``STORE_SECRET``: projects with different SECRET_KEYs share a cache, and others are kept out of it."""
    cache = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(tmp_path)}
    for key, secret, fetched in (
        ("the secret key of the first project", "shared by the projects", 1),
        ("the secret key of another project", "shared by the projects", 1),
        ("the secret key of the first project", "not shared by the others", 2),
    ):
        given = {"CACHE": "keys", "STORE_SECRET": secret}
        settings = {"JWKS_AUTH": {**served.settings(), **given}, "CACHES": {"keys": cache}}
        verify_in_a_new_process(served, SECRET_KEY=key, **settings)
        assert served.requests[served.jwks_path] == fetched


def test_a_dead_cache_is_as_if_absent(served: FakeIssuer) -> None:
    """Nobody waits for it and nobody fails for it."""
    need_module("redis")
    dead = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"redis://127.0.0.1:{free_port()}",
    }
    given = {"JWKS_AUTH": {**served.settings(), "CACHE": "keys"}, "CACHES": {"keys": dead}}
    assert verify_in_a_new_process(served, **given).subject == "u1"


def test_an_unknown_alias_is_named(project: Any) -> None:
    """At run time as by the system checks."""
    project(CACHE="nowhere")
    with pytest.raises(ImproperlyConfigured, match=r'JWKS_AUTH\["CACHE"\]: CACHES has no \'nowhere\''):
        configuration()


def test_cache_and_store_exclude_each_other(project: Any) -> None:
    """Two places are one too many."""
    project(CACHE="default", STORE=object())
    with pytest.raises(ImproperlyConfigured, match="exclude each other"):
        configuration()


def test_a_request_in_a_transaction_keeps_its_connection(database: None) -> None:
    """Called in a request's own thread, the cache leaves a transaction's connection open."""
    from django.db.transaction import atomic

    caches["default"].clear()
    shared = SharedCache("default")
    with atomic():
        assert shared.add("k", b"1", 60)
        assert not shared.add("k", b"2", 60)
        shared.set("k", b"3", 60)
        assert (shared.get("k"), connection.connection is not None) == (b"3", True)
