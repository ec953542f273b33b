"""The budget of fetches that unknown kids may cause."""

from __future__ import annotations

from math import inf

__all__ = ["BURST", "SearchBudget"]

BURST = 2
"""Fetches that unknown kids may cause at once; after them one per cooldown."""

_MEMORY = 10
"""Cooldowns for which a kid that was sought in vain has no claim to the last token."""

_MOST_SEEN = 256


class SearchBudget:
    """A token bucket of :data:`BURST` fetches, refilled by one for every *cooldown* seconds; 0 is no bucket at all.

    The same kid is paid for once in a cooldown. Once the bucket has run dry, and until nobody has asked for a whole
    cooldown, the last token is kept for a kid that is seen again: a rotated key stands in request after request, while
    strays are made up anew. They may spend all other tokens, and leave this one to a rotation.

    Changed under the refresher's lock, but for the kids seen.
    """

    def __init__(self, cooldown: float) -> None:
        self._cooldown = cooldown
        self._tokens, self._at = float(BURST), -inf
        self._dry, self._asked_at = False, -inf
        self._paid_for: tuple[tuple[int, float], ...] = ()
        self._seen: dict[int, tuple[int, float]] = {}

    def available(self, now: float) -> float:
        """Return the tokens at *now*."""
        if self._cooldown <= 0:
            return BURST
        return min(BURST, self._tokens + max(0.0, now - self._at) / self._cooldown)

    def allows(self, kid: str | None, now: float) -> bool:
        """Return whether *kid* may cause a fetch; if not for lack of tokens, it is remembered as seen."""
        if self._cooldown <= 0:
            return True
        self._dry = self._dry and now - self._asked_at < self._cooldown
        self._asked_at = now
        name, tokens = hash(kid), self.available(now)  # a hash, as a kid may be of any length
        paid_at = dict(self._paid_for).get(name, -inf)
        if now - paid_at < self._cooldown:
            return False
        if tokens >= (BURST if self._dry else 1):
            return True
        sought_in_vain = now - paid_at < _MEMORY * self._cooldown
        return self._was_seen(name, now) and tokens >= 1 and not sought_in_vain

    def spend(self, kid: str | None, now: float) -> None:
        """Pay for a fetch that *kid* causes. Callers ask :meth:`allows` first."""
        if self._cooldown <= 0:
            return
        self._tokens, self._at = self.available(now) - 1, now
        self._dry = self._dry or self._tokens < 1
        # Bounded by what can be spent in that time.
        recent = (paid for paid in self._paid_for if now - paid[1] < _MEMORY * self._cooldown)
        self._paid_for = (*recent, (hash(kid), now))

    def refund(self, kid: str | None) -> None:
        """Take back what a fetch for *kid* cost: it failed, and backoff has taken over."""
        self._tokens = min(BURST, self._tokens + 1)
        self._paid_for = tuple(paid for paid in self._paid_for if paid[0] != hash(kid))

    def _was_seen(self, name: int, now: float) -> bool:
        """Return whether the kid was seen at an earlier time, and note that it is seen now."""
        # Few places for many hashes, which are salted: others' kids push this one out by chance only.
        place = name % _MOST_SEEN
        seen, at = self._seen.get(place, (None, now))
        if seen != name:
            self._seen[place] = name, now
        return seen == name and at < now
