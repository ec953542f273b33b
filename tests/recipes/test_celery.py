"""Celery, by the recipe: a worker judges the token that a task was sent with, and no log has it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from jwks_auth import KeySourceError, VerifiedToken
from jwks_auth.testing import FakeIssuer
from tests.needs import need_module
from tests.patience import PATIENCE
from tests.recipes.page import Page


class Bench:
    """A Celery app with the recipe's tasks, a worker in this process, and everything that was logged."""

    def __init__(self, recipe: Any, issuer: FakeIssuer) -> None:
        fernet, celery = need_module("cryptography.fernet"), need_module("celery")
        self.issuer, self.recipe = issuer, recipe
        self.jwt = recipe.JWT(issuer.settings(), fernet.Fernet.generate_key())
        self.app = celery.Celery("tests", broker="memory://", backend="cache+memory://")
        self.logged: list[str] = []

        @self.app.task(shared=False, name="who", bind=True, base=self.jwt.task(scopes="orders:read"))  # type: ignore[untyped-decorator,unused-ignore]
        def who(task: Any, greeting: str) -> str:
            logging.getLogger("tests").debug("%r", task.request)
            token: VerifiedToken = recipe.TOKEN.get()
            return f"{greeting} {token.subject} {task.request.id is not None}"

        @self.app.task(shared=False, name="maybe", base=self.jwt.task(optional=True))  # type: ignore[untyped-decorator,unused-ignore]
        def maybe() -> bool:
            return recipe.TOKEN.get() is None

        @self.app.task(shared=False, name="careless", base=self.jwt.task())  # type: ignore[untyped-decorator,unused-ignore]
        def careless() -> None:
            raise ZeroDivisionError

        self.who, self.maybe, self.careless = who, maybe, careless

    def token(self, **claims: Any) -> VerifiedToken:
        """The token of a request, verified."""
        found: VerifiedToken = self.jwt.authenticator.verifier.verify(self.issuer.token(**claims))
        return found

    @contextmanager
    def worker(self) -> Iterator[None]:
        """A worker, with each line that anything logs at DEBUG."""
        start_worker = need_module("celery.contrib.testing.worker").start_worker
        # With somebody at this signal Celery leaves the log of this process alone, which the other tests read, too.
        need_module("celery.signals").setup_logging.connect(_keep_the_log)
        lines, root = self.logged, logging.getLogger()

        class Lines(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                lines.append(logging.Formatter().format(record))

        handler, before = Lines(), root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            with start_worker(self.app, pool="solo", perform_ping_check=False, loglevel="DEBUG"):
                yield
        finally:
            root.removeHandler(handler)
            root.setLevel(before)


def _keep_the_log(**_: Any) -> None:
    """Take the setting up of logs upon itself, and do nothing."""


@pytest.fixture
def bench() -> Iterator[Bench]:
    """The recipe's tasks."""
    need_module("celery")
    with Page("celery").imported() as recipe:
        yield Bench(recipe, FakeIssuer())


def test_a_task_knows_its_sender_and_no_log_has_the_token(bench: Bench) -> None:
    """Neither at DEBUG, where Celery logs messages as they came, nor in a task's request or a failure."""
    token = bench.token(sub="u1", scope="orders:read")
    with bench.worker():
        assert bench.who.delay_for(token, "hello").get(timeout=PATIENCE) == "hello u1 True"
        failed = bench.careless.delay_for(token)
        with pytest.raises(ZeroDivisionError):
            failed.get(timeout=PATIENCE)
    said = "\n".join([*bench.logged, str(failed.traceback)])
    assert "sealed_token" in said, "the control: the header is logged"
    assert token.raw is not None
    assert not any(part in said for part in token.raw.split("."))
    assert bench.recipe.TOKEN.get() is None


class DownAtFirst:
    """An authenticator whose issuer can't be reached for the first request."""

    def __init__(self, authenticator: Any) -> None:
        self.authenticator, self.asked = authenticator, 0

    def authenticate(self, *args: Any) -> Any:
        """The token, but not at first."""
        self.asked += 1
        if self.asked == 1:
            raise KeySourceError(retry_after=0)
        return self.authenticator.authenticate(*args)


REFUSED: dict[str, tuple[Callable[[Bench], Any], str]] = {
    "without a token": (lambda bench: bench.who.delay("hello"), "missing_token"),
    "without a scope": (lambda bench: bench.who.delay_for(bench.token(), "hello"), "insufficient_scope"),
    "with a header by hand": (
        lambda bench: bench.who.apply_async(["hello"], headers={"sealed_token": "abc"}),
        "malformed",
    ),
    "with a number": (
        lambda bench: bench.who.apply_async(["hello"], headers={"sealed_token": 7}),
        "malformed",
    ),
    "with letters that are none": (
        lambda bench: bench.who.apply_async(["hello"], headers={"sealed_token": "\u00fc\u20ac"}),
        "malformed",
    ),
    "with the bare token": (
        lambda bench: bench.who.apply_async(["hello"], headers={"sealed_token": bench.issuer.token()}),
        "malformed",
    ),
}


def test_tasks_are_refused(bench: Bench) -> None:
    """They fail, and do not run; whoever can write to the broker, but has no key and no token, is nobody."""
    with bench.worker():
        for way, (send, code) in REFUSED.items():
            result = send(bench)
            with pytest.raises(bench.recipe.TaskRefused) as caught:
                result.get(timeout=PATIENCE)
            assert (way, caught.value.args[0]) == (way, code)
        assert bench.maybe.delay().get(timeout=PATIENCE) is True


def test_a_token_that_was_revoked_meanwhile_is_refused(bench: Bench) -> None:
    """The worker judges when the task runs: its keys may be others than when it was sent."""
    token = bench.token(sub="u1", scope="orders:read")
    other = bench.recipe.JWT(FakeIssuer().settings(), b"A" * 43 + b"=")
    bench.jwt.authenticator = other.authenticator
    with bench.worker(), pytest.raises(bench.recipe.TaskRefused, match="unknown_key"):
        bench.who.delay_for(token, "hello").get(timeout=PATIENCE)


def test_a_task_waits_for_an_issuer_that_is_down(bench: Bench) -> None:
    """It is tried again, with its header, and runs when the keys can be fetched."""
    token = bench.token(sub="u1", scope="orders:read")
    bench.jwt.authenticator = DownAtFirst(bench.jwt.authenticator)
    with bench.worker():
        assert bench.who.delay_for(token, "hello").get(timeout=PATIENCE) == "hello u1 True"
    assert bench.jwt.authenticator.asked == 2


def test_a_token_that_was_pickled_is_not_sent(bench: Bench) -> None:
    """It has no credential any more, and the error says so before a task is sent."""
    import pickle

    token = pickle.loads(pickle.dumps(bench.token()))
    with pytest.raises(ValueError, match="pickled"):
        bench.who.delay_for(token, "hello")


def test_the_example_runs() -> None:
    """It makes an app with a task."""
    need_module("celery")
    assert "send_report" in Page("celery").used()
