"""What holds for all tests: one Hypothesis profile, and a clock on which nothing that tests share is new."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import pytest

from tests.needs import in_ci

if find_spec("hypothesis") is not None:
    from hypothesis import settings

    # A busy machine fails no test, and CI tries the same examples each time.
    settings.register_profile("jwks_auth", deadline=None, derandomize=in_ci(), print_blob=in_ci())
    settings.load_profile("jwks_auth")


class Clock:
    """``time.time`` for tests, where none may depend on how long the others take.

    While tests are collected it tells ours no time: a token that is made at import, or in a table of
    parameters, would expire before its test on a slow machine. For fixtures that tests share it is two hours
    ago: what they make has the same age on every machine.
    """

    def __init__(self) -> None:
        self._real, self._behind, self.collecting = time.time, 0, False

    def __call__(self) -> float:
        """The time."""
        asking = sys._getframe(1).f_globals["__name__"]
        if self.collecting and asking.startswith(("tests.", "jwks_auth.testing.")):
            raise RuntimeError("make times and tokens in the test: this is long before it runs")
        return self._real() - self._behind

    @contextmanager
    def long_ago(self) -> Iterator[None]:
        """Two hours ago, for as long as the block lasts."""
        before, self._behind = self._behind, 7200
        try:
            yield
        finally:
            self._behind = before


if find_spec("flask") is not None:
    from flask import Flask
    from werkzeug.datastructures import ImmutableDict

    # The apps of these tests answer as in production, so not with TESTING; and they trust fake issuers.
    allowed = {"JWKS_AUTH_ALLOW_FAKE_ISSUER": True, "PARTNER_JWKS_AUTH_ALLOW_FAKE_ISSUER": True}
    Flask.default_config = ImmutableDict({**Flask.default_config, **allowed})

CLOCK = Clock()
time.time = CLOCK  # before anything imports it by name


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """The modules of tests are imported, and their parameters made."""
    CLOCK.collecting = True
    try:
        return (yield)
    finally:
        CLOCK.collecting = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests have the same names in every process, or they could not be shared out among several."""
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(
                f"an address is no name for a test; give its parameters ids: {item.nodeid}"
            )


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Blame the test that leaves the root logger changed, not one that reads the log long after it."""
    root = logging.getLogger()
    level, root.level = root.level, logging.WARNING
    if level != logging.WARNING:
        root.manager._clear_cache()  # type: ignore[attr-defined]
        raise AssertionError(f"{item.nodeid} left the root logger at level {level}")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
    """A fixture is made: for one test, or for those of a class, a module or the whole suite."""
    if fixturedef.scope == "function":
        return (yield)
    with CLOCK.long_ago():
        return (yield)
