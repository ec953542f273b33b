"""Attacks on the JSON in a header or a payload."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.attacks.attack import Attack, of_payload
from tests.attacks.forge import claims, header, token


def member(text: str) -> Callable[[str], str]:
    """One more member, written as *text*."""
    return lambda good: f"{good[:-1]}, {text}}}"


TEXTS: dict[str, Callable[[str], Any]] = {
    "duplicate_of_two": member('"x": 1, "x": 1'),
    "duplicate_name_nested": member('"a": [{"b": 1, "b": 2}]'),
    "duplicate_name_escaped_nested": member('"a": {"b": 1, "\\u0062": 2}'),
    "utf16": lambda text: text.encode("utf-16"),
    "utf16_without_mark": lambda text: text.encode("utf-16-le"),
    "utf32": lambda text: text.encode("utf-32"),
    "byte_order_mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "latin1": lambda text: (text[:-1] + ', "name": "\xe9"}').encode("latin-1"),
    "overlong_utf8": lambda text: text[:-1].encode() + b', "name": "\xc0\xaf"}',
    "overlong_nul": lambda text: text[:-1].encode() + b', "name": "\xc0\x80"}',
    "utf8_beyond_unicode": lambda text: text[:-1].encode() + b', "name": "\xf4\x90\x80\x80"}',
    "surrogate_in_utf8": lambda text: text[:-1].encode() + b', "name": "\xed\xa0\x80"}',
    "lone_surrogate_escape": member('"name": "\\ud800"'),
    "lone_surrogate_swapped": member('"name": "\\udc00\\ud800"'),
    "lone_surrogate_nested": member('"a": [{"b": ["\\ud800x"]}]'),
    "lone_surrogate_in_a_name": member('"\\udc00": 1'),
    "nan": member('"x": NaN'),
    "infinity": member('"x": Infinity'),
    "minus_infinity": member('"x": [-Infinity]'),
    "trailing_comma": lambda text: text[:-1] + ",}",
    "trailing_garbage": lambda text: text + "x",
    "two_objects": lambda text: text + text,
    "comment": lambda text: text[:-1] + "/**/}",
    "single_quotes": lambda text: text.replace('"', "'"),
    "names_without_quotes": member("x: 1"),
    "no_break_space_around": lambda text: text + "\u00a0",
    "form_feed_around": lambda text: "\f" + text,
    "nul_at_the_end": lambda text: text + "\0",
    "control_character": member('"name": "a\tb"'),
    "unknown_escape": member('"name": "\\x41"'),
    "short_escape": member('"name": "\\u41"'),
    "leading_zero": member('"x": 01'),
    "hexadecimal": member('"x": 0x1'),
    "plus_sign": member('"x": +1'),
    "bare_point": member('"x": .5'),
    "capital_true": member('"x": True'),
    "huge_integer": member(f'"x": {"9" * 5000}'),
    "huge_negative_integer": member(f'"x": [-{"9" * 5000}]'),
    "beyond_floats": member('"x": 1e999'),
    "beyond_floats_nested": member('"x": [{"y": -1e400}]'),
    "deep_lists": member(f'"x": {"[" * 40}{"]" * 40}'),
    "very_deep_lists": member(f'"x": {"[" * 4000}{"]" * 4000}'),
    "deep_objects": member('"x": ' + '{"x":' * 40 + "1" + "}" * 40),
    "deep_behind_strings": member(f'"x": "\\"]}}]}}", "y": {"[" * 40}{"]" * 40}'),
    "unclosed": lambda text: text[:-1],
    "a_list": lambda text: f"[{text}]",
    "a_string": lambda text: json.dumps(text),
    "a_number": lambda text: "1",
    "null": lambda text: "null",
    "only_space": lambda text: "  ",
    "nested_token": lambda text: token(),
}
"""JSON that two programs could read differently, or that is none; of a header as well as of a payload."""

REPEATED_CLAIMS = {"duplicate_name": '"sub": "admin"', "duplicate_name_escaped": '"s\\u0075b": "admin"'}
REPEATED_MEMBERS = {
    "duplicate_alg": '"alg": "none"',
    "duplicate_kid": '"kid": "other"',
    "duplicate_alg_escaped": '"\\u0061lg": "none"',
    "duplicate_of_the_same": '"alg": "RS256"',
}


def json_texts() -> Iterator[Attack]:
    """BCP-6, BCP-9, JOSE-2, JOSE-10: JSON in the one way that everybody reads alike."""
    head = json.dumps(header())
    for name, change in TEXTS.items():
        yield of_payload(f"json_payload_{name}", change)
        yield Attack(f"json_header_{name}", lambda change=change: token(change(head)), "malformed")
    for name, text in REPEATED_CLAIMS.items():
        yield of_payload(f"json_payload_{name}", member(text))
    for name, text in REPEATED_MEMBERS.items():
        yield Attack(f"json_header_{name}", lambda text=text: token(member(text)(head)), "malformed")
    yield Attack("json_wide_but_not_deep", lambda: token(payload=claims(x=[[{}]] * 200)), None)
    yield Attack("json_brackets_in_strings", lambda: token(payload=claims(x='[{"' * 200)), None)
    yield Attack("json_whole_surrogate_pair", lambda: token(payload=claims(x="\U0001f600")), None)
    yield Attack("json_space_around", lambda: token(payload=f"\r\n\t {json.dumps(claims())} "), None)
