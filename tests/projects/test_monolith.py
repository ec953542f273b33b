"""The shop: users by e-mail, deleted softly, Django REST framework, permissions on single rows."""

from __future__ import annotations

from tests.adapters.django.test_postgresql import postgresql
from tests.needs import need_module
from tests.projects.manage import run_tests

__all__ = ["postgresql"]  # a fixture


def test_the_shop_on_postgresql(postgresql: int) -> None:
    """Its own tests pass on a real server."""
    need_module("guardian")
    run_tests("monolith", postgresql)


def test_the_shop_on_sqlite() -> None:
    """And on SQLite."""
    need_module("guardian")
    run_tests("monolith")
