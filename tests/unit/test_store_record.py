"""What is written to a store, and what is read out of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from jwks_auth.jose.key_set import KeySet
from jwks_auth.keys.record import Record
from jwks_auth.keys.state import FetchResult
from tests.key_fakes import document


def loaded(kids: str = "a", **fields: Any) -> FetchResult:
    """An answer with the keys *kids*."""
    published = document(set(kids))
    return FetchResult(document=published, keys=KeySet.from_dict(published), raw=published, **fields)


def test_a_record_comes_back_as_it_went() -> None:
    """Keys, ETag and what was left of its freshness."""
    value = Record(loaded(etag='"1"', max_age=60.0), 1000.5).to_bytes()
    assert value is not None
    record = Record.from_bytes(value)
    assert (record.fetched_at, record.result.etag, record.result.max_age) == (1000.5, '"1"', 60.0)
    assert record.result.keys.kids() == {"a"}
    assert record.result.raw == record.result.document
    named = replace(record, name="its own").to_bytes() or b""
    assert Record.from_bytes(named, "its own").name == "its own"
    with pytest.raises(ValueError, match="another's"):
        Record.from_bytes(named, "another")


def test_a_record_keeps_both_documents_of_an_override() -> None:
    """The ETag belongs to what came, the keys to what ``fetch_data`` made of it."""
    changed = FetchResult(document=document("a"), keys=KeySet.from_dict(document("a")), raw=document("ab"))
    record = Record.from_bytes(Record(changed, 0.0).to_bytes() or b"")
    assert record.result.keys.kids() == {"a"}
    assert record.result.raw == document("ab")


@pytest.mark.parametrize("odd", [object(), {"keys": [], "odd": object()}, {"keys": []} | {"o": {1, 2}}])
def test_what_json_cannot_hold_is_not_stored(odd: Any) -> None:
    """An override may return anything."""
    assert Record(FetchResult(document=odd, keys=KeySet(())), 0.0).to_bytes() is None


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
                {"document": "text"},
                {"document": {"keys": [{}] * 1_001}},
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


@pytest.mark.parametrize(
    "junk",
    [b"x" * 16_000_000, b"[" + b"1," * 2_000_000 + b"1]", b'"' + b"{" * 200_000 + b'"'],
    ids=["16 MB", "4 MB of numbers", "100,000 marks"],
)
def test_junk_is_measured_before_it_is_parsed(junk: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that reads it would hold up every event loop and thread."""
    monkeypatch.setattr("jwks_auth.keys.record.json", None)
    with pytest.raises(ValueError, match="too large"):
        Record.from_bytes(junk)


def test_what_could_not_be_read_again_is_not_stored() -> None:
    """The same measure on the way in."""
    record = Record(loaded(), 0.0)
    size = len(record.to_bytes() or b"")
    assert record.to_bytes(size) is not None
    assert record.to_bytes(size - 1) is None


def test_letters_of_other_scripts_take_no_more_room_than_they_need() -> None:
    """A document that was small enough to be fetched is small enough to be stored."""
    document = {"keys": [], "note": "\U0001f511" * 1000}
    value = Record(FetchResult(document=document, keys=KeySet(())), 0.0).to_bytes() or b""
    assert len(value) < 4200
    assert Record.from_bytes(value).result.document == document
