"""Verdicts on routes, and how those of several guards add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["OPEN", "Verdict", "all_of", "any_of"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """*guard* says what is asked; *doubt* why nobody can tell; neither: the route is open."""

    guard: str | None = None
    doubt: str | None = None

    def behind(self, doubt: str | None) -> Verdict:
        """The same, where *doubt* says what may answer before the guard is asked."""
        return self if doubt is None or self == OPEN else Verdict(doubt=doubt)


OPEN = Verdict()


def all_of(verdicts: Iterable[Verdict], joint: str = " and ") -> Verdict:
    """The verdict where every guard is asked: one that holds is enough."""
    listed = list(dict.fromkeys(verdicts))
    guards = [each.guard for each in listed if each.guard is not None]
    if guards:
        return Verdict(joint.join(guards))
    return next((each for each in listed if each.doubt is not None), OPEN)


def any_of(verdicts: Iterable[Verdict], joint: str = " or ") -> Verdict:
    """The verdict where one of several ways in is enough: each must be guarded."""
    listed = list(verdicts)
    if OPEN in listed or not listed:
        return OPEN
    doubtful = next((each for each in listed if each.doubt is not None), None)
    return doubtful or Verdict(joint.join(each.guard for each in listed if each.guard is not None))
