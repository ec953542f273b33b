"""JSON objects from bytes an attacker wrote: UTF-8 only, unique names, finite numbers, bounded depth.

``json.loads`` detects UTF-16 and UTF-32, swallows a byte-order mark, keeps the last of two equal names, and
reads ``NaN``: each a way for two programs to read different claims out of one signed token (RFC 8725 section
3.7).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["MAX_DEPTH", "parse_json_object"]

MAX_DEPTH = 32
"""Nested lists and objects allowed; providers' tokens need four."""

# An unclosed string reaches to the end, where the decoder gives up too: otherwise each quote in it would be tried
# as a beginning, and 16 KiB of them would take seconds.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name appears twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# JSONDecoder.decode calls scan_once between two regular expressions of its own; we need neither.
_decoder: Any = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
_scan_once: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once


def parse_json_object(data: bytes) -> dict[str, Any]:
    """The object in *data*; raises ``ValueError`` for anything else, whatever the bytes are."""
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH:
        _check_depth(data)
    text = data.decode("utf-8").strip(" \t\r\n")
    if not text.startswith("{"):
        raise ValueError("not a JSON object")
    try:
        parsed, end = _scan_once(text, 0)
    except StopIteration:  # how scan_once says that a value is missing
        raise ValueError("not JSON") from None
    if end != len(text):
        raise ValueError("something follows the JSON object")
    if "\\" in text:
        # Only an escape can bring in half of a surrogate pair, which no UTF-8 text can hold.
        json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    members: dict[str, Any] = parsed
    return members


def _check_depth(data: bytes) -> None:
    depth = 0
    for octet in _STRING.sub(b"", data):
        if octet in b"{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError("nested too deeply")
        elif octet in b"}]":
            depth -= 1
