"""The need of a request: what a token would have to gain for a policy to hold, in the words of a challenge."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from jwks_auth.runtime import dataclass

__all__ = ["NOTHING", "Authentication", "Need", "easiest", "together"]


@dataclass(frozen=True, slots=True)
class Authentication:
    """An authentication of the user that is asked for (RFC 9470): one of *acr*, the first preferred; its most age."""

    acr: tuple[str, ...] = ()
    max_age: int | None = None

    def __and__(self, other: Authentication) -> Authentication:
        """What is enough for both; where no value is, those of both are named."""
        ages = [age for age in (self.max_age, other.max_age) if age is not None]
        shared = tuple(value for value in self.acr if value in other.acr)
        either = tuple(dict.fromkeys(self.acr + other.acr))
        return Authentication(shared or either, min(ages, default=None))


@dataclass(frozen=True, slots=True)
class Need:
    """All that one way through a policy asks: *scopes*, held or not, of which *lacking* are missing.

    *authentication* is asked for too, and is *weak* where the token's does not do. *closed*: what else is asked for,
    such as a role, is missing, and no other scope or authentication would help. *sender*: the ways, of which one is
    asked for, to prove that the token is the sender's own; *unbound* where none was.
    """

    scopes: tuple[str, ...] = ()
    lacking: int = 0
    authentication: Authentication = Authentication()
    weak: bool = False
    closed: bool = False
    sender: tuple[str, ...] = ()
    unbound: bool = False


NOTHING = Need()


def together(needs: Iterable[Need]) -> Need:
    """The need where all of *needs* must be met."""
    found = tuple(needs)
    authentication = Authentication()
    for need in found:
        authentication &= need.authentication
    return Need(
        tuple(dict.fromkeys(chain.from_iterable(need.scopes for need in found))),
        sum(need.lacking for need in found),
        authentication,
        any(need.weak for need in found),
        any(need.closed for need in found),
        tuple(dict.fromkeys(chain.from_iterable(need.sender for need in found))),
        any(need.unbound for need in found),
    )


def easiest(needs: Iterable[Need], *, known: bool = True) -> Need:
    """The need where one of *needs* is enough: of those not closed, one that scopes alone open, that lacks fewest.

    Then the first. Where all are closed no scope helps, unless too little is *known* to tell.
    """
    need = min(needs, key=lambda need: (need.closed, need.unbound, need.weak, need.lacking))
    return Need(closed=True) if need.closed and known else need
