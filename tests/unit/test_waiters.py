"""The limit on lookups that wait for unknown kids."""

from __future__ import annotations

from jwks_auth.keys import waiters
from jwks_auth.keys.waiters import Waiters


def test_a_forked_process_has_nobody_waiting() -> None:
    """The waiting threads stay with the parent: their places are free in the child."""
    here = Waiters()
    assert here.enter()
    assert here.enter()
    assert not here.enter()
    waiters._after_fork_in_child()
    assert here.enter()
    here.leave()
