"""Being stopped, by Ctrl-C, by ``kill`` or with the terminal, without leaving anything half stopped."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["interrupt_once", "interrupts_held"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt_once() -> None:
    """From now on the first signal raises ``KeyboardInterrupt``, and later ones are ignored.

    A second one would end the stopping halfway: ``make`` passes on those that its group has received already,
    and people press Ctrl-C twice.
    """
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Signals take effect at the end of the block, when all that was started is known and will be stopped."""
    caught: list[int] = []
    for number in _SIGNALS:
        signal.signal(number, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        interrupt_once()
    if caught:
        _interrupt()


def _interrupt(*_: object) -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
