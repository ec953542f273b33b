"""Standstills of the process, seen by a clock in the test's hands."""

from __future__ import annotations

import _thread
import threading
from concurrent.futures import Future

import pytest

from jwks_auth.runtime.heartbeat import Heartbeat, heartbeat_during
from tests.key_fakes import Clock
from tests.patience import PATIENCE, eventually


@pytest.fixture
def clock() -> Clock:
    """The process's clock."""
    return Clock()


@pytest.mark.parametrize(("seconds", "stopped"), [(0.0, False), (1.9, False), (2.1, True), (3600.0, True)])
def test_a_long_gap_is_a_standstill(clock: Clock, seconds: float, stopped: bool) -> None:
    """Whoever asks sees it, before the next beat does."""
    heartbeat = Heartbeat(Future(), list, clock)
    clock.advance(seconds)
    assert heartbeat.stopped() is stopped


def test_a_standstill_is_remembered(clock: Clock) -> None:
    """The beat after it closes the gap, and has seen it: then whoever waits is told."""
    alarms: list[bool] = []
    heartbeat = Heartbeat(Future(), lambda: alarms.append(heartbeat.stopped()), clock)
    for _ in range(100):
        clock.advance(1.0)
        heartbeat._beat()
    assert not heartbeat.stopped()
    clock.advance(10)
    heartbeat._beat()
    clock.advance(1.0)
    heartbeat._beat()
    assert heartbeat.stopped()
    assert alarms == [True], "told once, after it can be asked"


def test_it_beats_until_the_work_is_done(clock: Clock) -> None:
    """In whichever thread it runs."""
    work = Future[None]()
    heartbeat = Heartbeat(work, list, clock)
    thread = threading.Thread(target=heartbeat.run)
    thread.start()
    work.set_result(None)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    heartbeat.run()
    assert not heartbeat.stopped()


def test_the_thread_ends_with_the_work() -> None:
    """And work that goes on without a gap was never stopped."""
    threads, work = _thread._count(), Future[None]()
    stopped = heartbeat_during(work, list)
    assert eventually(lambda: _thread._count() > threads)
    assert not stopped()
    work.set_result(None)
    assert eventually(lambda: _thread._count() <= threads)


def test_where_no_thread_can_be_started_nothing_is_taken_for_a_standstill(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As at the interpreter's exit."""

    def none(run: object, args: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("_thread.start_new_thread", none)
    assert not heartbeat_during(Future(), list)()
