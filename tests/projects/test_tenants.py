"""Tenants by host, with django-tenants, and a plain project of several hosts."""

from __future__ import annotations

from tests.adapters.django.test_postgresql import postgresql
from tests.needs import need_module
from tests.projects.manage import run_tests

__all__ = ["postgresql"]  # a fixture


def test_tenants_in_schemas(postgresql: int) -> None:
    """Its own tests pass on a real server."""
    need_module("django_tenants")
    run_tests("tenants", postgresql)


def test_several_hosts() -> None:
    """A middleware of its own chooses the URLconf by host; no other package is needed."""
    run_tests("hosts")
