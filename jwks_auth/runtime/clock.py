"""The clock that keys age by. It also counts the seconds while the machine sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

__all__ = ["clock_of", "elapsed"]


def clock_of(system: Any) -> Callable[[], float]:
    """Return the best clock of *system*, which is the module ``time``."""
    # On Linux the monotonic clock stops while the machine is suspended, so keys would outlive their limit.
    if hasattr(system, "CLOCK_BOOTTIME"):
        return partial(system.clock_gettime, system.CLOCK_BOOTTIME)
    return system.monotonic  # type: ignore[no-any-return]


elapsed = clock_of(time)
"""Seconds since some point in the past; they never decrease."""
