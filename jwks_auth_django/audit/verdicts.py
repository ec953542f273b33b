"""Verdicts on routes, and the verdict of several guards together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["OPEN", "Verdict", "all_of", "any_of"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict: *guard* is the check in words, *doubt* a reason why it may not hold. With neither it is open."""

    guard: str | None = None
    doubt: str | None = None

    @property
    def is_public(self) -> bool:
        """Return whether it says that the route is open on purpose."""
        return (self.guard or "").startswith("public")

    def behind(self, doubt: str | None) -> Verdict:
        """Return the same verdict, with *doubt* about code that may answer before the guard does."""
        return self if doubt is None or self == OPEN else Verdict(doubt=doubt)


OPEN = Verdict()


def all_of(verdicts: Iterable[Verdict], joint: str = " and ") -> Verdict:
    """Return the verdict if a request meets every guard: one that holds is enough."""
    listed = list(dict.fromkeys(verdicts))
    guards = [each.guard for each in listed if each.guard is not None]
    if guards:
        return Verdict(joint.join(guards))
    return next((each for each in listed if each.doubt is not None), OPEN)


def any_of(verdicts: Iterable[Verdict], joint: str = " or ") -> Verdict:
    """Return the verdict if one of several ways in is enough: each must be guarded."""
    listed = list(dict.fromkeys(verdicts))
    if OPEN in listed or not listed:
        return OPEN
    doubtful = next((each for each in listed if each.doubt is not None), None)
    return doubtful or Verdict(joint.join(each.guard for each in listed if each.guard is not None))
