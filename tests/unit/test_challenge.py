"""Challenges are well-formed whatever they are asked to carry."""

from __future__ import annotations

import pytest

from jwks_auth.challenge import checked_parameter, checked_scopes, format_challenge, several


def test_a_challenge_quotes_and_escapes() -> None:
    """6750-7: each parameter once, quoted; what is None is left out."""
    assert format_challenge({"realm": 'a"b\\c', "error": None}) == r'Bearer realm="a\"b\\c"'


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\x00", "caf\xe9", "a\x7f"])
def test_header_injection_is_refused(value: str) -> None:
    """A character that could end a header never gets into one."""
    with pytest.raises(ValueError, match="can't stand in a header"):
        format_challenge({"realm": value})


def test_a_parameter_with_a_quote_is_refused() -> None:
    """Clients that split a challenge at quotes are not put to the test."""
    with pytest.raises(ValueError, match="quote"):
        checked_parameter('a"b')
    assert checked_parameter("orders api") == "orders api"


@pytest.mark.parametrize("scopes", ["a,b", ["a b"], [""], "", "a  b", ['a"'], ["a\\"], ["é"], [1], "a\tb"])
def test_impossible_scopes_are_refused(scopes: object) -> None:
    """6750-8: a scope no token can hold is a mistake of the service."""
    with pytest.raises(ValueError, match="impossible"):
        checked_scopes(scopes)  # type: ignore[arg-type]


def test_scopes_are_a_string_or_a_list() -> None:
    """A string is split on spaces, a list is a list."""
    assert checked_scopes("a b:c") == checked_scopes(["a", "b:c"]) == ("a", "b:c")


def test_one_name_or_several_are_read_alike() -> None:
    """A string is one name, or scopes with single spaces between; nothing else is taken apart."""
    assert several("a b") == ("a b",)
    assert several("a b\tc", split=True) == ("a", "b\tc")
    assert several(["a b", "c"], split=True) == several(iter(["a b", "c"])) == ("a b", "c")
