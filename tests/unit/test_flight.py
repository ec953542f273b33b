"""The thread of a fetch."""

from __future__ import annotations

import threading

from jwks_auth.flight import in_background


def test_who_starts_a_thread_goes_on_before_it_does() -> None:
    """Starting one hands it the interpreter's lock, and an event loop would stand still until it blocks."""
    order: list[str] = []
    go, landed = threading.Event(), threading.Event()

    def fly() -> None:
        order.append("flight")
        landed.set()

    in_background(fly, pause=lambda: go.wait(10))
    order.append("starter")
    go.set()
    assert landed.wait(10)
    assert order == ["starter", "flight"]
