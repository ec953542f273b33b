"""Questions to an issuer and the verdicts that are kept: threads that fail, processes that fork, and many tokens."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from hashlib import sha256

import pytest

from jwks_auth.errors import KeySourceError
from jwks_auth.verifier.introspection import flights as flying
from jwks_auth.verifier.introspection import kept as keeping
from jwks_auth.verifier.introspection.flights import Flights
from jwks_auth.verifier.introspection.kept import Kept
from jwks_auth.verifier.introspection.verdicts import Active, Refusal
from tests.key_fakes import Clock, HeldThreads


def digest(number: int) -> bytes:
    """One token's."""
    return sha256(str(number).encode()).digest()


def active(clock: Clock) -> Active:
    """The verdict on a good token."""
    return Active({}, {}, clock.now)


def test_without_a_thread_a_question_ends_and_the_next_one_starts() -> None:
    """The issuer is not at fault, so it needs no rest; the place is free again."""
    starts = [False] * 20 + [True]

    def spawn(run: Callable[[], None]) -> None:
        if not starts.pop(0):
            raise RuntimeError("can't start new thread")
        run()

    flights, kept = Flights[str](Clock(), spawn), list[str]()
    for _ in range(20):
        with pytest.raises(KeySourceError, match="no thread could be started") as caught:
            flights.join(b"a", lambda: "answer", kept.append, is_known=False).result(1)
        assert caught.value.kind == "busy"
    assert flights.join(b"a", lambda: "answer", kept.append, is_known=False).result(1) == "answer"
    assert kept == ["answer"]


def test_an_unexpected_error_is_told_to_all_who_wait_and_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """503 instead of a wait without end; the text of the traceback is in the log, its frames are not."""

    def ask() -> str:
        raise ZeroDivisionError("a mistake")

    flights = Flights[str](Clock(), HeldThreads())
    with caplog.at_level(logging.ERROR), pytest.raises(KeySourceError, match="failed unexpectedly") as caught:
        flights.join(b"a", ask, lambda answer: None, is_known=False).result(1)
    assert (caught.value.kind, caught.value.__cause__) == ("internal", None)
    [record] = caplog.records
    assert "ZeroDivisionError" in record.getMessage()
    assert record.exc_info is None


def test_an_answer_is_not_kept_for_a_token_that_was_forgotten_meanwhile() -> None:
    """Whoever waits gets it, and the next request asks again, even while the first question is on its way."""
    threads, kept = HeldThreads(), list[str]()
    flights = Flights[str](Clock(), threads)
    threads.held = True
    first = flights.join(b"a", lambda: "old", kept.append, is_known=False)
    assert flights.join(b"a", lambda: "never", kept.append, is_known=False) is first
    flights.forget(b"a")
    second = flights.join(b"a", lambda: "new", kept.append, is_known=False)
    threads.run()
    assert (first.result(1), second.result(1), kept) == ("old", "new", ["new"])


def test_the_oldest_verdicts_go_first_each_in_its_own_place() -> None:
    """Ten thousand active tokens and two thousand others; one told anew is the youngest."""
    clock = Clock()
    kept = Kept(30, clock)
    for number in range(10_000):
        kept.keep(digest(number), active(clock))
    kept.keep(digest(0), active(clock))
    for number in range(20_000, 22_001):
        kept.keep(digest(number), Refusal("inactive", clock.now))
    assert kept.recall(digest(20_000)) is None
    assert kept.recall(digest(20_001)) is not None
    assert kept.was_active(digest(1))
    kept.keep(digest(10_000), active(clock))
    assert [kept.was_active(digest(number)) for number in (0, 1, 2, 10_000)] == [True, False, True, True]


def test_nothing_hangs_in_a_forked_child() -> None:
    """No thread of its parent lives on in it, and its locks may have been held: both are made anew."""
    clock, threads = Clock(), HeldThreads()
    flights, kept = Flights[str](clock, threads), Kept(30, clock)
    kept.keep(b"a", active(clock))
    threads.held = True
    waiting = flights.join(b"b", lambda: "parent", lambda answer: None, is_known=False)
    with flights._lock, kept._lock:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking while threads run
            child = os.fork()
        if child == 0:
            threads.held = False
            asked = flights.join(b"b", lambda: "child", lambda answer: None, is_known=False).result(1)
            known = kept.recall(b"a") is not None
            kept.forget(b"a")
            os._exit(0 if asked == "child" and known and kept.recall(b"a") is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    threads.run()
    assert waiting.result(1) == "parent"


def test_a_forked_child_has_no_questions_and_free_locks() -> None:
    """The same in one process, where it can be looked at."""
    clock, threads = Clock(), HeldThreads()
    flights, kept = Flights[str](clock, threads), Kept(30, clock)
    threads.held = True
    first = flights.join(b"a", lambda: "x", lambda answer: None, is_known=False)
    with flights._lock, kept._lock:
        flying._after_fork_in_child()
        keeping._after_fork_in_child()
        assert flights.join(b"a", lambda: "x", lambda answer: None, is_known=False) is not first
        kept.forget(b"a")
