"""The clock that keys age by."""

from __future__ import annotations

from types import SimpleNamespace

from jwks_auth.runtime.clock import clock_of, elapsed


def test_time_passes_while_the_machine_is_suspended() -> None:
    """Where the system has a clock that counts it."""
    system = SimpleNamespace(
        CLOCK_BOOTTIME=7, clock_gettime=lambda which: {7: 28_800.0}[which], monotonic=lambda: 0.0
    )
    assert clock_of(system)() == 28_800.0


def test_elsewhere_the_monotonic_clock_will_do() -> None:
    """A system without the other clock has this one."""
    assert clock_of(SimpleNamespace(monotonic=lambda: 5.0))() == 5.0


def test_it_is_never_set_back() -> None:
    """Read again and again, it only grows."""
    readings = [elapsed() for _ in range(100)]
    assert readings == sorted(readings)
