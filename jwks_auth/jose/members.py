"""The members of a key set, read one by one within bounds: a bad one is left out with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, Protocol, TypeVar

from jwks_auth.errors import ConfigurationError
from jwks_auth.jose.jwk import RefusedKey, VerificationKey, parse_jwk

__all__ = ["MAX_KEYS", "Pause", "paced", "read_members"]

ItemT = TypeVar("ItemT")
Read = VerificationKey | RefusedKey
Pause = Callable[[], object] | None

MAX_KEYS = 1_000
"""Keys a set may have, but for those that say they are for another use; the largest trust lists have as many."""

_MOST_MEMBERS = 10_000
_CHEAP = 50  # keys for another use are told apart in a few microseconds each


class Members(Sized, Iterable[Any], Protocol):
    """Members as they are published."""


def read_members(
    members: Members, pause: Pause = None, *, parse: Callable[[Any], Read] = parse_jwk
) -> list[Read]:
    """What *parse* makes of each; raises ``ConfigurationError`` for too many.

    A thread that works beside an event loop may take a *pause* before each key.
    """
    if len(members) > _MOST_MEMBERS:
        raise ConfigurationError(
            f"key set: found {len(members)} keys, expected at most {_MOST_MEMBERS} of any kind"
        )
    return _without_repeats(_read(members, pause, parse))


def paced(items: Iterable[ItemT], pause: Pause) -> Iterator[ItemT]:
    """*items*, with a *pause* before each."""
    for item in items:
        if pause is not None:
            pause()
        yield item


def _read(members: Members, pause: Pause, parse: Callable[[Any], Read]) -> list[Read]:
    parsed: list[Read] = []
    counted, cheap = 0, 0
    for member in members:
        if pause is not None and cheap % _CHEAP == 0:
            pause()
        key = parse(member)
        cheap = cheap + 1 if isinstance(key, RefusedKey) and key.another_use else 0
        counted += not cheap
        if counted > MAX_KEYS:
            raise ConfigurationError(
                f"key set: found more than {MAX_KEYS} keys that may be for signatures, expected at most as many"
            )
        parsed.append(key)
    return parsed


def _without_repeats(parsed: list[Read]) -> list[Read]:
    """Of keys with one kid and an algorithm in common the first stays, so that a kid names one key."""
    taken: set[tuple[str | None, str]] = set()
    kept: list[Read] = []
    for key in parsed:
        if isinstance(key, VerificationKey) and key.kid is not None:
            names = {(key.kid, alg) for alg in key.algorithms}
            if not names.isdisjoint(taken):
                key = RefusedKey(key.kid, "kid is taken by another key of the set")
            else:
                taken |= names
        kept.append(key)
    return kept
