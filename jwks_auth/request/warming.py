"""Warm-up: keys and revocations that are there before the first request; and whether there are any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from jwks_auth.errors import KeySourceError
from jwks_auth.verifier import Issuer

__all__ = ["Warmed", "awarm_up", "have_keys", "warm_up"]


class Warmed(Protocol):
    """What has to be fetched before it can be judged by."""

    def warm_up(self) -> None:
        """Fetch it now; raise ``KeySourceError``."""

    async def awarm_up(self) -> None:
        """Do as :meth:`warm_up`, on an event loop."""


def warm_up(cold: Iterable[Warmed]) -> None:
    """Warm all of them up; then raise the first error."""
    failures: list[KeySourceError] = []
    for each in cold:
        try:
            each.warm_up()
        except KeySourceError as error:
            failures.append(error)
    if failures:
        raise failures[0]


async def awarm_up(cold: Iterable[Warmed]) -> None:
    """Do as :func:`warm_up`, for all at once."""
    import asyncio  # which only async services load

    asked = (each.awarm_up() for each in cold)
    for outcome in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def have_keys(issuers: Iterable[Issuer]) -> bool:
    """Return whether one of them has keys to use; true where there are none to look at, as with tenants alone."""
    states = [health and health.state for health in (issuer.health() for issuer in issuers)]
    # One unreachable issuer of several is no reason to take the service out of rotation.
    return not states or any(state not in ("empty", "expired") for state in states)
