"""The issuer that most likely signed a token, found by the key it names, before its claims are read.

With several issuers the claims name the one whose keys count, and to read them may cost as much as twenty signatures.
Most tokens name a key that only one issuer has: its signature is checked first, and ``iss`` compared after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf

from jwks_auth.errors import InvalidTokenError, Refused
from jwks_auth.jose import UnverifiedToken, VerificationKey
from jwks_auth.runtime import elapsed
from jwks_auth.verifier.trusted import TrustedIssuer

__all__ = ["LikelySigners"]

_MOST = 4  # of issuers with a key of one name; with more it is taken for granted that several are fresh
_FOR = 1.0  # second for which new keys may be missing here: their tokens go by their claims


class LikelySigners:
    """An index of the keys of *issuers* by kid and algorithm. It may be late, and decides nothing alone."""

    def __init__(self, issuers: Sequence[TrustedIssuer], *, clock: Callable[[], float] = elapsed) -> None:
        self._issuers, self._clock = issuers, clock
        self._by_kid: dict[tuple[str, str], list[TrustedIssuer]] = {}
        self._seen: list[object] = []
        self._until = -inf

    def find(self, token: UnverifiedToken) -> tuple[TrustedIssuer, VerificationKey] | None:
        """Return the only issuer with a fresh key for *token*, and that key, if it signed the token.

        ``None``: the claims must name an issuer. Raises ``InvalidTokenError`` for a bad signature where they seem to
        name no other.
        """
        alone = self._alone(token)
        if alone is None:
            return None
        issuer, key = alone
        if token.is_signed(key.verify):
            return alone
        named = token.issuer_in_sight
        if named is None or issuer.goes_by(named):
            raise InvalidTokenError("bad_signature")
        return None  # a kid like "1" may be another issuer's too, whose key is not here yet

    def _alone(self, token: UnverifiedToken) -> tuple[TrustedIssuer, VerificationKey] | None:
        jose, found = token.jose, None
        if jose.kid is None:
            return None
        if self._clock() >= self._until:
            self._renew()
        candidates = self._by_kid.get((jose.kid, jose.alg), ())
        for issuer in candidates if len(candidates) <= _MOST else ():
            with suppress(
                Refused
            ):  # a header that this issuer does not use, or a program's own keys that fail
                issuer.check_header(jose)
                key = issuer.find(jose.kid, jose.alg)
                if key is not None and found is not None:
                    return None
                found = (issuer, key) if key is not None else found
        return found

    def _renew(self) -> None:
        self._until = self._clock() + _FOR
        sets = []
        for issuer in self._issuers:
            with suppress(Refused):
                sets.append((issuer, issuer.keys.key_set))
        held: list[object] = [keys for _, keys in sets]
        if len(held) == len(self._seen) and all(map(_same, held, self._seen)):
            return
        by_kid: dict[tuple[str, str], list[TrustedIssuer]] = {}
        for issuer, keys in sets:
            for key in keys.keys:
                for name in [(key.kid, alg) for alg in key.checks if key.kid is not None]:
                    if len(named := by_kid.setdefault(name, [])) <= _MOST:
                        named.append(issuer)
        self._by_kid, self._seen = by_kid, held


def _same(one: object, other: object) -> bool:
    return one is other
