"""Threads of the library's own."""

from __future__ import annotations

import threading

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
