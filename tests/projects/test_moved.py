"""The project that moved here from other packages, with each of them installed."""

from __future__ import annotations

from importlib.util import find_spec

from tests.adapters.django.test_postgresql import postgresql
from tests.needs import missing
from tests.projects.manage import run_tests

__all__ = ["postgresql"]  # a fixture

PEERS = ("rest_framework_simplejwt", "oidc_auth", "mozilla_django_oidc", "helusers")


def need_peers() -> None:
    """All of them are installed; they are imported only where their settings are."""
    for name in PEERS:
        if find_spec(name) is None:
            missing(f"the package {name!r} is not installed")


def test_those_who_moved_on_postgresql(postgresql: int) -> None:
    """Their accounts are found as before, on a real server."""
    need_peers()
    run_tests("moved", postgresql)


def test_those_who_moved_on_sqlite() -> None:
    """And on SQLite."""
    need_peers()
    run_tests("moved")
