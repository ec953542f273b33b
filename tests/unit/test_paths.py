"""Prefixes of paths: whole segments, and nothing that climbs."""

from __future__ import annotations

import pytest

from jwks_auth.adapters import Prefixes

OPEN = Prefixes(["/news", "/docs/", "/a/b"])


@pytest.mark.parametrize(
    "path", ["/news", "/news/", "/news/7", "/docs/", "/docs/x/y", "/a/b", "/a/b/c", "/news/..x"]
)
def test_a_prefix_covers_itself_and_what_is_below(path: str) -> None:
    """In whole segments; with a slash at its end only what is below."""
    assert OPEN.cover(path)


@pytest.mark.parametrize("path", ["/newsroom", "/docs", "/a", "/", "", "news", "/x/news", "/NEWS"])
def test_a_prefix_covers_nothing_else(path: str) -> None:
    """Neither a longer word, nor what is above, nor another case."""
    assert not OPEN.cover(path)


@pytest.mark.parametrize(
    "path",
    ["/news/../secret", "/docs/..", "/docs/./x", "/docs/..\\secret", "/news\\..\\secret", "/news/a/../.."],
)
def test_no_path_climbs_out_of_a_prefix(path: str) -> None:
    """A route for any path may take it for another one."""
    assert not OPEN.cover(path)


def test_prefixes_are_compared_by_what_they_cover() -> None:
    """Settings that say the same are the same."""
    assert Prefixes(["/news"]) == Prefixes(("/news",)) != Prefixes(["/news/"])
    assert not Prefixes([]).cover("/")
