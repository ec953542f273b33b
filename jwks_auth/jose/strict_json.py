"""JSON objects from bytes an attacker wrote: UTF-8 only, unique names, finite numbers, bounded depth.

``json.loads`` detects UTF-16 and UTF-32, swallows a byte-order mark, keeps the last of two equal names, and
reads ``NaN``. By each of these, two programs can read different claims in one signed token (RFC 8725 section 3.7).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

__all__ = ["MAX_DEPTH", "TooCostly", "copied_json", "parse_json_object", "picklable_json"]

MAX_DEPTH = 32
"""The deepest nesting of lists and objects allowed; providers' tokens need four."""

_LONGEST_NUMBER = 64
"""The most characters of a number in a header; the largest float takes 24."""

_CHANGEABLE = frozenset({dict, list})
_SPACE = " \t\r\n"
_OPENING = ord("[")
_AS_LISTS = bytes.maketrans(b"{}", b"[]")
_NO_MARKS = bytes(set(range(256)) - set(b'{}[]"'))


class TooCostly(ValueError):
    """A number is longer than any that a header has, and would take long to read."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name appears twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):  # "1e999": other programs read it as an error, or write it as Infinity
        raise ValueError("a number is beyond the range of floats")
    return number


# JSONDecoder.decode runs a regular expression before and after scan_once; neither is needed here.
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
        raise TooCostly("a number is longer than any that a header has")
    return digits


_brief_decoder: Any = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_refuse_constant,
    parse_float=_brief_float,
    parse_int=_brief_int,
)
_scan_once_briefly: Callable[[str, int], tuple[Any, int]] = _brief_decoder.scan_once


def parse_json_object(data: bytes, *, brief: bool = False) -> dict[str, Any]:
    """Return the object in *data*; raise ``ValueError`` for any other bytes.

    *brief* refuses long numbers, which take long to read: for what is read before anything is verified.
    """
    text = data.decode("utf-8")
    # Most payloads are flat, and to see that costs a fifth of counting their brackets.
    if ("[" in text or text.find("{", 1) >= 0) and data.count(b"{") + data.count(b"[") > MAX_DEPTH:
        _check_depth(data)
    if text[:1] != "{" and (text := text.lstrip(_SPACE))[:1] != "{":
        raise ValueError("not a JSON object")
    try:
        parsed, end = (_scan_once_briefly if brief else _scan_once)(text, 0)
    except StopIteration:  # scan_once raises it where a value is missing
        raise ValueError("not JSON") from None
    if end != len(text) and text[end:].strip(_SPACE):
        raise ValueError("something follows the JSON object")
    if "\\" in text and ("\\ud" in text or "\\uD" in text):
        # An escape alone can bring in half of a surrogate pair, which no UTF-8 text can hold.
        json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    members: dict[str, Any] = parsed
    return members


def copied_json(value: Any) -> Any:
    """Return a copy of a parsed value that shares nothing changeable with it."""
    if type(value) is dict:
        return {
            name: copied_json(member) if type(member) in _CHANGEABLE else member
            for name, member in value.items()
        }
    return [copied_json(member) for member in value] if type(value) is list else value


def picklable_json(value: Any) -> Any:
    """Return a read-only value as one that can be pickled."""
    if isinstance(value, Mapping):
        return {name: picklable_json(member) for name, member in value.items()}
    return tuple(map(picklable_json, value)) if isinstance(value, tuple) else value


def _check_depth(data: bytes) -> None:
    # Judges depth alone: the decoder refuses misplaced brackets and escapes. In a shallow text, however many brackets
    # it has, a few calls into C remove them all before the loop.
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = data.translate(_AS_LISTS, _NO_MARKS)
    if b'"' in brackets:
        # Two quotes side by side end one string and begin another, so dropping both leaves the rest in or out of one.
        brackets = b"".join(brackets.replace(b'""', b"").split(b'"')[::2])
    if b"[" * (MAX_DEPTH + 1) in brackets:  # the plainest attack, found at once
        raise ValueError("nested too deeply")
    depth = 0
    for _ in range(MAX_DEPTH):
        shallower = brackets.replace(b"[]", b"")  # without the innermost level
        if 8 * len(shallower) >= 7 * len(brackets):  # it removed few: the loop is cheaper now
            break
        brackets, depth = shallower, depth + 1
    for octet in brackets:
        depth += 1 if octet == _OPENING else -1
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
