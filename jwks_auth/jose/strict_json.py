"""JSON objects from bytes an attacker wrote: UTF-8 only, unique names, finite numbers, bounded depth.

``json.loads`` detects UTF-16 and UTF-32, swallows a byte-order mark, keeps the last of two equal names, and
reads ``NaN``: each a way for two programs to read different claims out of one signed token (RFC 8725 section
3.7).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["MAX_DEPTH", "parse_json_object"]

MAX_DEPTH = 32
"""Nested lists and objects allowed; providers' tokens need four."""

_LONGEST_NUMBER = 64
"""Characters of a number in a header; the largest float takes 24."""

_SPACE = " \t\r\n"
_OPENING = ord("[")
_AS_LISTS = bytes.maketrans(b"{}", b"[]")
_NO_MARKS = bytes(set(range(256)) - set(b'{}[]"'))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name appears twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):  # "1e999": what others read as an error, or write as Infinity
        raise ValueError("a number is beyond the range of floats")
    return number


# JSONDecoder.decode calls scan_once between two regular expressions of its own; we need neither.
_decoder: Any = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
)
_scan_once: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once


def _brief_int(digits: str) -> int:
    return int(_brief(digits))


def _brief_float(digits: str) -> float:
    return _finite(_brief(digits))


def _brief(digits: str) -> str:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError("a number is longer than any that a header has")
    return digits


_brief_decoder: Any = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_refuse_constant,
    parse_float=_brief_float,
    parse_int=_brief_int,
)
_scan_once_briefly: Callable[[str, int], tuple[Any, int]] = _brief_decoder.scan_once


def parse_json_object(data: bytes, *, brief: bool = False) -> dict[str, Any]:
    """The object in *data*; raises ``ValueError`` for anything else, whatever the bytes are.

    *brief*: for a header, which is read before anything is verified. Long numbers take long to read, and are refused.
    """
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH:
        _check_depth(data)
    text = data.decode("utf-8")
    if text[:1] != "{" and (text := text.lstrip(_SPACE))[:1] != "{":
        raise ValueError("not a JSON object")
    try:
        parsed, end = (_scan_once_briefly if brief else _scan_once)(text, 0)
    except StopIteration:  # how scan_once says that a value is missing
        raise ValueError("not JSON") from None
    if end != len(text) and text[end:].strip(_SPACE):
        raise ValueError("something follows the JSON object")
    if "\\ud" in text or "\\uD" in text:
        # Only such an escape can bring in half of a surrogate pair, which no UTF-8 text can hold.
        json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    members: dict[str, Any] = parsed
    return members


def _check_depth(data: bytes) -> None:
    # Nothing is judged but depth: where brackets or escapes are not where they may be, the decoder stops. However
    # many the brackets of a shallow text are, a few calls into C take them away, and the loop finds none.
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = data.translate(_AS_LISTS, _NO_MARKS)
    if b'"' in brackets:
        # Two quotes side by side end one string and begin another; what is around them stays inside or outside.
        brackets = b"".join(brackets.replace(b'""', b"").split(b'"')[::2])
    if b"[" * (MAX_DEPTH + 1) in brackets:  # the plainest attack, told at once
        raise ValueError("nested too deeply")
    depth = 0
    for _ in range(MAX_DEPTH):
        shallower = brackets.replace(b"[]", b"")  # the innermost level is taken away
        if 8 * len(shallower) >= 7 * len(brackets):  # few were so deep: one look at each is cheaper now
            break
        brackets, depth = shallower, depth + 1
    for octet in brackets:
        depth += 1 if octet == _OPENING else -1
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
