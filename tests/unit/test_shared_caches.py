"""What answers tell shared caches: ``Vary`` and ``Cache-Control``."""

from __future__ import annotations

import pytest

from jwks_auth.adapters import private_value, vary_value
from jwks_auth.request.answers import guarded_headers


@pytest.mark.parametrize(
    ("values", "private"),
    [
        (["public"], "private"),
        (["public, max-age=60"], "private, max-age=60"),
        (["max-age=60, Public"], "max-age=60, private"),
        (["max-age=60,PUBLIC,s-maxage=600"], "max-age=60, private"),
        (["s-maxage=600"], "private"),
        (["S-MaxAge=600, must-revalidate"], "private, must-revalidate"),
        (["s-maxage = 600"], "private"),
        (['s-maxage="600", max-age="60"'], 'private, max-age="60"'),
        (["private, public"], "private"),
        (['private="set-cookie", public'], 'private="set-cookie", private'),
        (['public="x", no-transform'], "private, no-transform"),
        (["max-age=60", "public"], "max-age=60, private"),
        (['community="public, s-maxage=1", public'], 'community="public, s-maxage=1", private'),
        (['a="unclosed, public'], 'a="unclosed, private'),
        ([",, public ,"], "private"),
    ],
)
def test_leave_for_shared_caches_is_taken_back(values: list[str], private: str) -> None:
    """``private`` stands in place of ``public`` and ``s-maxage``; nothing else is changed."""
    assert private_value(values) == private


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        ["max-age=60"],
        ["private, max-age=60"],
        ["no-store"],
        ["no-cache, must-revalidate"],
        ['community="public"'],
        ["publicity, s-maxage-like=3, x-public"],
    ],
)
def test_other_directives_are_left_alone(values: list[str]) -> None:
    """Names that only look alike, and words in quotes, are not leave."""
    assert private_value(values) is None


@pytest.mark.parametrize(
    ("values", "vary"),
    [
        ([], "Authorization"),
        (["Accept"], "Accept, Authorization"),
        (["Accept, authorization"], "Accept, authorization"),
        (["Accept", "Cookie"], "Accept, Cookie, Authorization"),
        (["*"], "*"),
        (["Accept, *"], "*"),
        (["", " , "], "Authorization"),
    ],
)
def test_vary_names_each_header_once(values: list[str], vary: str) -> None:
    """Beside what others said, compared without case; ``*`` says it all."""
    assert vary_value(values, ["Authorization"]) == vary


def test_other_headers_stay_as_they_are() -> None:
    """In number and order; the lines that were replaced become one of each."""
    given = [
        ("Set-Cookie", "a=1"),
        ("vary", "Accept"),
        ("cache-control", "public"),
        ("Set-Cookie", "b=2"),
        ("Cache-Control", "max-age=60"),
        ("Vary", "Origin"),
    ]
    assert guarded_headers(given, ["Authorization"]) == [
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("Vary", "Accept, Origin, Authorization"),
        ("Cache-Control", "private, max-age=60"),
    ]


def test_what_is_told_to_anybody_may_be_shared() -> None:
    """An optional route's answer without a token depends on the header, and may be public."""
    told = guarded_headers([("Cache-Control", "public")], ["Authorization"], private=False)
    assert told == [("Vary", "Authorization"), ("Cache-Control", "public")]
