"""JSON that was written to hurt whoever reads it."""

from __future__ import annotations

import pytest

from jwks_auth.jose.strict_json import parse_json_object
from tests.patience import cost


@pytest.mark.parametrize(
    "junk",
    [
        b"{" * 40 + b'"' + b'\\"' * 30_000,
        b'{"a":"' + b"{" * 40 + b'\\"' * 30_000,
        b"[" * 40 + b'"' * 60_001,
    ],
    ids=["unclosed string", "brackets in an unclosed string", "nothing but quotes"],
)
def test_quotes_are_read_in_linear_time(junk: bytes) -> None:
    """Eight times as many cost about eight times as much; read again from each quote it would be 64 times."""

    def read(length: int, times: int) -> None:
        for _ in range(times):
            with pytest.raises(ValueError, match=r"deeply|Unterminated"):
                parse_json_object(junk[:length])

    whole, eighth = len(junk), len(junk) // 8
    assert cost(lambda: read(whole, 1)) < 4 * cost(lambda: read(eighth, 8))


def test_brackets_in_strings_are_not_depth() -> None:
    """Nor do they hide any: what counts is what the decoder will open."""
    assert parse_json_object(b'{"a": "' + b"[" * 100 + b'\\""}') == {"a": "[" * 100 + '"'}
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json_object(b'{"a\\"": ' + b"[" * 100 + b"]" * 100 + b"}")


@pytest.mark.parametrize("unit", [b"[],", b"{},", b"[[]],", b'[{"":[]}],', b'"[",', b'"",', b'"\\\\\\"[",'])
def test_many_shallow_brackets_are_no_depth(unit: bytes) -> None:
    """8 KiB of them, in and out of strings; one that is too deep is still found between them."""
    many = unit * (8192 // len(unit))
    assert parse_json_object(b'{"a":[' + b"[]," * 40 + many + b"1]}")
    deep = b"[" * 31 + b"]" * 31 + b","
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json_object(b'{"a":[' + many + deep + many + b"1]}")
    assert parse_json_object(b'{"a":[' + many + deep[1:-2] + b"," + many + b"1]}")
