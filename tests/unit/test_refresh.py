"""A fetch under way, and its thread."""

from __future__ import annotations

import threading

import pytest

from jwks_auth.keys.freshness import RefreshReason, WaitPolicy
from jwks_auth.keys.refresh import Refresh
from jwks_auth.runtime.threads import in_background, start
from tests.patience import PATIENCE


def test_a_thread_of_its_own_keeps_no_interpreter_alive() -> None:
    """It is a daemon that has a name."""
    ran = threading.Event()
    seen: list[threading.Thread] = []

    def run() -> None:
        seen.append(threading.current_thread())
        ran.set()

    in_background(run)
    assert ran.wait(PATIENCE)
    assert (seen[0].name, seen[0].daemon) == ("jwks-auth-fetch", True)


def test_where_no_more_threads_can_be_started_the_work_is_done_all_the_same() -> None:
    """The thread that waits for the other one's start does it."""

    class NoMore(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    ran: list[int] = []
    start(NoMore(target=ran.append, args=(threading.get_ident(),)))
    assert ran == [threading.get_ident()]


@pytest.mark.parametrize(
    ("patience", "started", "until"),
    [
        (WaitPolicy.NONE, 0.0, 10.0),
        (WaitPolicy.BRIEF, 9.0, 11.0),
        (WaitPolicy.BRIEF, 11.0, 12.0),
        (WaitPolicy.FULL, 9.0, 14.0),
        (WaitPolicy.FULL, 13.0, 14.0),
        (WaitPolicy.FULL, 5.0, 12.0),
    ],
)
def test_a_lookup_waits_no_longer_for_two_flights_than_for_one(
    patience: WaitPolicy, started: float, until: float
) -> None:
    """It began at 10 and waits 4 s at most, whenever the refresh left; and no longer than any refresh may take."""
    assert Refresh(RefreshReason.SCHEDULED, started, 6.0).until(patience, 4.0, 10.0) == until
