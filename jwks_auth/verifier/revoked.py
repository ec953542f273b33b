"""The revocations that one worker knows of, found without waiting for anybody."""

from __future__ import annotations

import os
from heapq import heappop, heappush
from math import inf
from threading import Lock
from weakref import WeakSet

from jwks_auth.claims import VerifiedToken
from jwks_auth.stores import MOST_REVOCATIONS, Revocation, StoreError, short

__all__ = ["Revoked"]

_Name = tuple[str, str]  # kind and value
_Of = dict[_Name, tuple[float, float]]

_MOST = 2 * MOST_REVOCATIONS  # with those whose time is over, but which nobody has purged yet


class Revoked:
    """Revocations by issuer. Readers take no lock."""

    def __init__(self) -> None:
        self._of: dict[str, _Of] = {}
        self._ends: list[tuple[float, str, _Name]] = []
        self._lock = Lock()
        _all.add(self)

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def add(self, revocation: Revocation) -> None:
        """Add *revocation*; of two for the same tokens each limit that refuses more counts.

        Raises :class:`StoreError` if there are too many to hold.
        """
        issuer, name = revocation.issuer, (revocation.kind, revocation.value)
        limit = inf if revocation.before is None else revocation.before
        with self._lock:
            of = self._of.setdefault(issuer, {})
            known = of.get(name, (-inf, -inf))
            new = (max(known[0], limit), max(known[1], revocation.until))
            if new[1] > known[1]:
                if len(self._ends) >= _MOST:
                    raise StoreError("full")
                heappush(self._ends, (new[1], issuer, name))
            of[name] = new

    def purge(self, now: float) -> None:
        """Forget the revocations whose time is over."""
        with self._lock:
            while self._ends and self._ends[0][0] <= now:
                until, issuer, name = heappop(self._ends)
                of = self._of.get(issuer, {})
                if name in of and of[name][1] <= until:
                    del of[name]
                if not of:
                    self._of.pop(issuer, None)

    def cover(self, token: VerifiedToken) -> bool:
        """Return whether *token* is revoked."""
        if not self._of:
            return False
        named = token.issuer
        sent = token.peek("iss")[0]
        if _covers(self._of.get(named or ""), token):
            return True
        return sent != named and isinstance(sent, str) and _covers(self._of.get(sent), token)


def _covers(of: _Of | None, token: VerifiedToken) -> bool:
    if of is None:
        return False
    jti, sid, sub = token.peek("jti", "sid", "sub")
    session = ("sid", sid) if isinstance(sid, str) and sid else ("sub without sid", sub)
    for kind, value in (("all", ""), ("jti", jti), session, ("sub", sub), ("kid", token.header.get("kid"))):
        found = of.get((kind, short(value))) if isinstance(value, str) else None
        if found is not None and _was_issued(token, found[0]):
            return True
    return False


def _was_issued(token: VerifiedToken, until: float) -> bool:
    """Return whether *token* was issued *until* then, or does not say when it was."""
    at = token.peek("iat")[0]
    return type(at) not in (int, float) or at <= until


_all: WeakSet[Revoked] = WeakSet()


def _after_fork_in_child() -> None:
    for each in _all:
        each._lock = Lock()  # a thread that the child lacks may have held it


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
