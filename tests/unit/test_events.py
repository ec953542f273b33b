"""Each event of a key source, as ``KeyEvent``'s table and docs/reference/events.md describe it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

import jwks_auth
from jwks_auth import Issuer, PyJWKClient
from jwks_auth.errors import InvalidTokenError, KeySourceError
from jwks_auth.jose.jwk import RefusedKey
from jwks_auth.jose.key_set import KeySet
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.state import FetchResult, LoadRequest
from jwks_auth.stores.protocol import KeySetStore, MemoryStore, SealedStore
from jwks_auth.testing import FakeIssuer
from tests.key_fakes import ALG, Bench, Provider, document, jwk, source_of

URI = "https://issuer.example/keys"
PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "events.md"


def look(bench: Bench, kid: str = "a") -> None:
    """Ask for a key; whether it is there does not matter."""
    with suppress(InvalidTokenError, KeySourceError):
        bench.source.resolve(kid, ALG)


def cold(bench: Bench) -> None:
    """The first lookup."""
    look(bench)


def rotation(bench: Bench) -> None:
    """One key for another, and a member that can't be used."""
    look(bench)
    published = {"keys": [jwk("b"), {"kty": "oct", "kid": "x", "k": "AA"}]}

    def load(request: LoadRequest) -> FetchResult:
        return FetchResult(document=published, keys=KeySet.from_dict(published))

    bench.source.refresher.load = load
    look(bench, "b")


def failure(bench: Bench) -> None:
    """No answer in time."""
    bench.provider.failing = "timeout"
    look(bench)


def past_lifespan(bench: Bench) -> None:
    """A key that can't be renewed."""
    look(bench)
    bench.provider.failing = "timeout"
    bench.clock.advance(301)
    look(bench)


def made_up(bench: Bench) -> None:
    """A kid that nobody published."""
    look(bench)
    look(bench, "made-up")


def flood(bench: Bench) -> None:
    """More such kids than the budget pays for."""
    look(bench)
    for number in range(3):
        look(bench, f"made-up-{number}")


@pytest.mark.parametrize(
    ("happens", "name", "filled"),
    [
        (cold, "refresh_started", {"reason": "scheduled"}),
        (cold, "refresh_ok", {"added": ("a",)}),
        (rotation, "refresh_started", {"reason": "unknown_kid"}),
        (
            rotation,
            "refresh_ok",
            {
                "added": ("b",),
                "removed": ("a",),
                "skipped": (RefusedKey("x", "symmetric: a shared secret has no place in a public key set"),),
            },
        ),
        (failure, "refresh_failed", {"kind": "timeout", "retry_in": 1.0}),
        (past_lifespan, "stale_served", {}),
        (made_up, "unknown_kid", {"action": "awaited"}),
        (flood, "unknown_kid", {"action": "refused"}),
    ],
)
def test_each_event_has_its_fields(
    happens: Callable[[Bench], None], name: str, filled: dict[str, Any]
) -> None:
    """Those of the table, and no other."""
    bench = source_of(Provider({"a"}))
    happens(bench)
    last = [event for event in bench.events if event.name == name][-1]
    assert last == KeyEvent(name, URI, **filled)


class Fetching(PyJWKClient):
    """A client without a network."""

    def fetch_data(self) -> Any:
        """One key."""
        return document({"a"})


class Failing(MemoryStore):
    """A store that is down."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def get(self, name: str) -> bytes | None:
        """Fail."""
        raise self.error


class Junk(MemoryStore):
    """A store in which somebody else keeps things too."""

    def get(self, name: str) -> bytes | None:
        """Anything."""
        return b"x" * 100


@pytest.mark.parametrize(
    ("store", "kind"),
    [
        (Failing(OSError()), "failed"),
        (Failing(TimeoutError()), "timeout"),
        (Junk(), "junk"),
        (SealedStore(Junk(), "a secret of the fleet"), "seal"),
    ],
)
def test_a_store_that_fails_is_told_by_its_kind(
    store: KeySetStore, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log as well, as a wrong secret shows nowhere else; and it costs the lookup nothing."""
    heard: list[KeyEvent] = []
    assert Fetching(URI, store=store, on_event=heard.append).get_signing_key("a")
    assert [event for event in heard if event.name == "store_failed"] == [
        KeyEvent("store_failed", URI, kind=kind)
    ]
    assert f"keys of {URI}: the store is of no use ({kind})" in caplog.messages
    assert f"`{kind}`" in re.findall(r"^\| `store_failed` .*$", PAGE.read_text(), re.MULTILINE)[0]


def test_the_log_says_why_keys_cannot_be_fetched(caplog: pytest.LogCaptureFixture) -> None:
    """Not only of what kind it is: a slash too many shows nowhere else in a running service."""
    with FakeIssuer.serve() as issuer, pytest.raises(KeySourceError):
        Issuer(f"{issuer.issuer}/").warm_up()
    [line] = caplog.messages
    assert "refresh failed (discovery): no metadata of the issuer: " in line
    assert f"the metadata is not that of '{issuer.issuer}/'" in line


def test_both_tables_have_every_event() -> None:
    """The docstring's and the page's."""
    names = {
        "refresh_started",
        "refresh_ok",
        "refresh_failed",
        "stale_served",
        "unknown_kid",
        "store_failed",
        "tenant_dropped",
    }
    assert set(re.findall(r"^ *``(\w+)`` {2,}", KeyEvent.__doc__ or "", re.MULTILINE)) - {"name"} == names
    table = PAGE.read_text().partition("| name | happens when | fields |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == names
    told = set(re.findall(r"`(\w+)`", table))
    assert {field.name for field in fields(KeyEvent)} - {"name", "uri", "reason"} <= told


def test_an_event_does_not_change() -> None:
    """It may be kept, and read in another thread."""
    with pytest.raises(FrozenInstanceError):
        KeyEvent("stale_served", URI).name = "other"  # type: ignore[misc]


def test_the_page_has_every_kind_of_failure() -> None:
    """What ``refresh_failed`` and ``KeySourceError`` say, wherever it is said; and no other."""
    package = Path(jwks_auth.__file__).parent
    source = "\n".join(path.read_text() for path in package.rglob("*.py"))
    said = set(re.findall(r'kind="(\w+)"', source))
    said |= set(re.findall(r'caused\("[^"]*", "(\w+)"', source))
    said |= {
        kind
        for line in re.findall(r"kind = .* if .* else .*", source)
        for kind in re.findall(r'"(\w+)"', line)
    }
    [table] = re.findall(r"\| kind \| what happened \|\n\|---\|---\|\n(.*?)\n\n", PAGE.read_text(), re.DOTALL)
    told = {kind for line in table.splitlines() for kind in re.findall(r"`(\w+)`", line.split(" | ")[0])}
    assert said - {"deferred"} == told


def test_a_document_is_not_an_event() -> None:
    """Nothing in an event holds a key: it may be logged as it is."""
    bench = source_of(Provider({"a"}))
    look(bench)
    [member] = document({"a"})["keys"]
    assert member["x"] not in repr(bench.events)
