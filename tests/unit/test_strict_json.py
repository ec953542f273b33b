"""JSON objects read in one way (BCP-9, JOSE-2). What is refused is in the attack suite, too, signed."""

from __future__ import annotations

import pytest

from jwks_auth.jose.strict_json import MAX_DEPTH, parse_json_object


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"{}", {}),
        (b' \t\r\n{"a": [1, 2.5, "\xc3\xa9", true, null]}\n', {"a": [1, 2.5, "é", True, None]}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        (b'{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}', {"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}),
    ],
)
def test_objects_are_read(data: bytes, expected: object) -> None:
    """White space around, escapes, and one name at several places are all fine."""
    assert parse_json_object(data) == expected


@pytest.mark.parametrize(
    "data",
    [b"", b" ", b"[]",
     b'"a"', b"1", b"null", b"{", b'{"a"}', b'{"a":}', b"{}{}", b"{} x", b'{"a":1,"a":1}', b'{"a":NaN}',
     b'{"a":-Infinity}', b'\xef\xbb\xbf{}', "{}".encode("utf-16"), b'{"a":"\\ud800"}',
     b'{"a":"\\uDc00"}', b'{"a":"\\\\\\ud800"}', b'{"\\udc00":1}',
     b'{"a":"\xff"}', b'{"a":"\x01"}', b'{"a":01}', b"{'a':1}", b'{"a":1,}', b"\xa0{}",
     b"{" * 40, b"{[" + b"[]," * 40 + b"]}"],
)  # fmt: skip
def test_bcp_9_anything_else_is_refused(data: bytes) -> None:
    """Other values, other encodings, duplicates, constants, halves of surrogate pairs."""
    with pytest.raises(ValueError):  # noqa: PT011  the text is for developers
        parse_json_object(data)


@pytest.mark.parametrize("number", [b"1" * 64, b"-" + b"1" * 63, b"0." + b"1" * 62, b"1e" + b"0" * 62])
def test_a_header_has_no_long_numbers(number: bytes) -> None:
    """They take long to read, and a header is read before anything is verified; claims may have them."""
    for text in (b'{"a":%b}' % number, b'{"a":[{"b":%b}]}' % number):
        assert parse_json_object(text, brief=True) == parse_json_object(text)
        longer = text.replace(number, number + b"1")
        assert parse_json_object(longer)
        with pytest.raises(ValueError, match="longer"):
            parse_json_object(longer, brief=True)


def nested(depth: int) -> bytes:
    """An object that holds lists, *depth* levels in all."""
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 1000, 8000])
def test_depth_is_bounded(depth: int) -> None:
    """No recursion error, however deep."""
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json_object(nested(depth))


def test_width_and_strings_do_not_count_as_depth() -> None:
    """Many brackets side by side, or inside strings after escaped quotes, are no depth."""
    assert parse_json_object(nested(MAX_DEPTH))
    assert parse_json_object(b'{"a":[' + b"[],{}," * 200 + b"1]}")
    assert parse_json_object(b'{"a":"\\"' + b"[{" * 200 + b'\\\\"}')


@pytest.mark.parametrize(("deepest", "fits"), [(30, True), (31, False), (40, False)])
def test_depth_is_judged_where_every_level_is_wide(deepest: int, fits: bool) -> None:
    """Lists of every depth, fewer the deeper: no level is so thin that the count of levels ends early."""
    wide = [max(1, int(400 * (6 / 7) ** level)) for level in range(1, deepest + 1)]
    lists = [
        "[" * level + "]" * level
        for level, (here, next_) in enumerate(zip(wide, [*wide[1:], 0], strict=True), 1)
        for _ in range(here - next_)
    ]
    text = f'{{"a":[{",".join(lists)}]}}'.encode()
    if fits:
        assert list(parse_json_object(text)) == ["a"]
    else:
        with pytest.raises(ValueError, match="nested too deeply"):
            parse_json_object(text)
