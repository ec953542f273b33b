"""Each reader takes a Python object or an environment's string, and says what it expected otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jwks_auth import TokenVerifier
from jwks_auth.claims.audience import ANY_AUDIENCE
from jwks_auth.jose.key_set import KeySet
from jwks_auth.settings import readers as read
from jwks_auth.settings import readers_of_trust as trust

GOOD: list[tuple[Callable[[Any], Any], Any, Any]] = [
    (read.text, "x", "x"),
    (read.names, ["a", "b"], ("a", "b")),
    (read.names, ("a",), ("a",)),
    (read.names, "a b", ("a", "b")),
    (read.names, '["a", "b c"]', ("a", "b c")),
    (read.names, '["a,b"]', ("a,b",)),
    (read.audience, ["a,b"], ("a,b",)),
    (read.audience, "api", ("api",)),
    (read.audience, ["api", "reports"], ("api", "reports")),
    (read.audience, ANY_AUDIENCE, ANY_AUDIENCE),
    (read.audience, "ANY_AUDIENCE", ANY_AUDIENCE),
    (read.flag, True, True),
    (read.flag, "False", False),
    (read.flag, "on", True),
    (read.flag, 1, True),
    (read.flag, 0, False),
    (read.seconds, 5, 5.0),
    (read.seconds, "2.5", 2.5),
    (read.count, "16", 16),
    (read.count, 3, 3),
    (read.headers, {"X-Key": "v"}, {"X-Key": "v"}),
    (read.headers, '{"X-Key": "v"}', {"X-Key": "v"}),
    (read.key_set, {"keys": []}, KeySet(keys=(), refused=())),
    (read.key_set, '{"keys": []}', KeySet(keys=(), refused=())),
    (read.issuers, "https://a https://b", ["https://a", "https://b"]),
    (read.issuers, '[{"ISSUER": "https://a"}]', [{"ISSUER": "https://a"}]),
    (read.issuers, ["https://a"], ["https://a"]),
    (read.function, "math.floor", __import__("math").floor),
    (read.function, len, len),
    (read.callables, len, (len,)),
    (read.callables, "math.floor math.ceil", (__import__("math").floor, __import__("math").ceil)),
    (read.callables, [len, "math.floor"], (len, __import__("math").floor)),
    (trust.place, "realm_access.roles", ["realm_access.roles"]),
    (trust.place, '["a.b", ["c", "my.d"]]', ["a.b", ["c", "my.d"]]),
    (trust.place, ("a.b", ("c", "my.d")), ("a.b", ("c", "my.d"))),
    (trust.places, "scope scp", ["scope", "scp"]),
    (trust.places, '["scope", ["a", "my.b"]]', ["scope", ["a", "my.b"]]),
    (trust.places, ("scope",), ("scope",)),
    (read.parameter, "orders", "orders"),
    (read.imported, "math.floor", __import__("math").floor),
    (read.imported, len, len),
    (read.mapping, {"a": 1}, {"a": 1}),
    (read.mapping, '{"a": 1}', {"a": 1}),
    (read.pairs, '{"a": "b"}', {"a": "b"}),
    (read.one_of("mirror", "off"), "off", "off"),
    (read.secret, "sixteen letters.", "sixteen letters."),
    (read.secret, b"sixteen letters.", b"sixteen letters."),
]

BAD: list[tuple[Callable[[Any], Any], Any, str]] = [
    (read.text, "", "expected a string"),
    (read.text, 3, "expected a string, found 3"),
    (trust.place, "roles groups", "found a space"),
    (trust.place, "roles,groups", "found a comma"),
    (trust.place, '["roles groups"]', "without spaces"),
    (trust.place, "[]", "at least one place"),
    (trust.place, '["roles"', "expected JSON"),
    (trust.place, '[["roles", 1]]', "its steps as a list"),
    (trust.place, {"roles": 1}, "at least one place"),
    (trust.place, "realm..roles", "before and after each dot"),
    (trust.places, "", "at least one place"),
    (trust.places, "scope,scp", "found a comma"),
    (read.names, 3, "list of strings"),
    (read.names, [1], "list of strings"),
    (read.names, [""], "list of strings"),
    (read.names, "[1", "JSON"),
    (read.names, "a,b", r"found a comma; .* spaces between, or as JSON"),
    (read.audience, "a, b", "found a comma"),
    (read.issuers, "https://a/,https://b/", "found a comma"),
    (read.callables, "math.floor,math.ceil", "found a comma"),
    (read.secret, 1234567890123456, "expected a string or bytes, found a int"),
    (read.secret, "short", r"expected at least 16 characters, found 5\Z"),
    (read.audience, [], "at least one audience"),
    (read.flag, "maybe", "true or false"),
    (read.flag, 2, "true or false"),
    (read.flag, 1.0, "true or false"),
    (read.seconds, "soon", "seconds"),
    (read.seconds, -1, "seconds"),
    (read.seconds, float("nan"), "seconds"),
    (read.seconds, float("inf"), "seconds"),
    (read.seconds, True, "seconds"),
    (read.count, 0, "whole number"),
    (read.count, 1.5, "whole number"),
    (read.headers, {"X": 1}, "header names"),
    (read.headers, "X: 1", "header names"),
    (read.issuers, [], "list of issuer URLs"),
    (read.issuers, {"a": 1}, "list of issuer URLs"),
    (read.verifier, "math.floor", "expected a verifier, with issuers, verify_any_audience"),
    (read.verifier, "math.no_such_name", "can't import"),
    (read.verifier, TokenVerifier, "expected a verifier"),
    (read.verifier, {"ISSUER": "https://a"}, "expected a verifier"),
    (read.function, "no.such.module", "can't import"),
    (read.function, "math.no_such_name", "can't import"),
    (read.function, "not a path!", "can't import"),
    (read.function, 3, "callable"),
    (read.callables, 3, "list of callables"),
    (read.imported, "math.no_such_name", "can't import"),
    (read.mapping, "a", "a dict, or a JSON object"),
    (read.mapping, ["a"], "a dict, or a JSON object"),
    (read.pairs, {"a": 1}, "a dict of strings"),
    (read.one_of("mirror", "off"), "on", "expected one of mirror, off, found 'on'"),
    (read.parameter, 'a"b', "quote"),
    (read.parameter, "a\nb", "header"),
]


@pytest.mark.parametrize(("reader", "value", "expected"), GOOD)
def test_a_good_value_is_read(reader: Callable[[Any], Any], value: Any, expected: Any) -> None:
    """Python objects and strings give the same."""
    assert reader(value) == expected


@pytest.mark.parametrize(("reader", "value", "message"), BAD)
def test_a_bad_value_says_what_is_expected(reader: Callable[[Any], Any], value: Any, message: str) -> None:
    """A ValueError, for the settings to name."""
    with pytest.raises(ValueError, match=message):
        reader(value)


def test_headers_are_not_shown() -> None:
    """A header may hold a secret; the message does not."""
    with pytest.raises(ValueError, match="mapping") as caught:
        read.headers({"Authorization": b"hunter2"})
    assert "hunter2" not in str(caught.value)
