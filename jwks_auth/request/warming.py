"""Warm-up: keys that are there before the first request."""

from __future__ import annotations

from collections.abc import Iterable

from jwks_auth.errors import KeySourceError
from jwks_auth.verifier import Issuer

__all__ = ["awarm_up", "warm_up"]


def warm_up(issuers: Iterable[Issuer]) -> None:
    """Fetch the keys of all *issuers*; then raise the first error."""
    failures: list[KeySourceError] = []
    for issuer in issuers:
        try:
            issuer.warm_up()
        except KeySourceError as error:
            failures.append(error)
    if failures:
        raise failures[0]


async def awarm_up(issuers: Iterable[Issuer]) -> None:
    """Do as :func:`warm_up`, for all at once."""
    import asyncio  # which only async services load

    asked = (issuer.awarm_up() for issuer in issuers)
    for outcome in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
