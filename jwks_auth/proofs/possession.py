"""``Possession``: each member of a token's ``cnf`` has to be proved, whichever verifier took the token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from jwks_auth.claims import MEMBERS, Binding, VerifiedToken, bindings
from jwks_auth.errors import InvalidTokenError
from jwks_auth.jose import checked_algorithms
from jwks_auth.proofs.offer import Offer
from jwks_auth.proofs.prover import Proved, Prover, Request

__all__ = ["Possession", "Proven", "binding_of"]

_LAST = "dpop"
"""The way whose proof is used up when it is judged: the others come first."""


def binding_of(shared: Mapping[str, Any]) -> Binding:
    """Return the binding in the settings of a service."""
    algorithms = shared.get("DPOP_ALGORITHMS")
    return Binding(
        shared.get("DPOP", "off"),
        None if algorithms is None else checked_algorithms(algorithms, label="DPOP_ALGORITHMS"),
        shared.get("MTLS", "off"),
    )


class Proven(NamedTuple):
    """A token that is its sender's own, and the *headers* that the answer to the request needs for that."""

    token: VerifiedToken
    headers: tuple[tuple[str, str], ...]


class Possession:
    """Judges the confirmations of tokens with *provers*, by way.

    *shared* is the binding of issuers that have none of their own.
    """

    def __init__(
        self,
        provers: Mapping[str, Prover],
        shared: Binding,
        *,
        offer: Offer | None = None,
        advice: Sequence[str] = (),
    ) -> None:
        self._provers, self.shared = provers, shared
        self.offer = offer
        """What challenges say of DPoP; ``None`` where nobody's tokens may be bound so."""
        self.advice = tuple(advice)
        """What the service would do well to set."""
        self._last: tuple[Binding | None, Binding] = (None, shared)

    def ways(self, token: VerifiedToken, *, as_dpop: bool) -> Mapping[str, Any]:
        """Return the ways in which *token* is bound, each with its member of ``cnf``; costs nothing for a plain one.

        *as_dpop* tells whether it was sent with the scheme ``DPoP``. Raises ``InvalidTokenError`` for a binding that is
        unknown or not accepted, a bound token under another scheme, and an unbound one where a binding is asked for.
        """
        confirmation, binding = token.confirmation, self._binding(token)
        if confirmation is None and not as_dpop and not binding.required:
            return _NONE
        named = confirmation or {}
        found = {MEMBERS[name]: value for name, value in named.items() if name in MEMBERS}
        known = len(found) == len(named) and all(
            way in self._provers and binding.allows(way) for way in found
        )
        if not known or confirmation == {} or ("dpop" in found and not as_dpop):
            raise InvalidTokenError("bound_token")
        if not binding.required <= found.keys() or (as_dpop and "dpop" not in found):
            raise InvalidTokenError("unbound_token")
        return found

    def prove(self, ways: Mapping[str, Any], token: VerifiedToken, request: Request) -> Proven:
        """Return *token* as its sender's own, once each of *ways* is proved; raise ``Refused`` if one is not."""
        proved = self._judged(ways, token, request)
        for each in proved:
            if each.pending is not None:
                each.pending.settle()
        return _proven(ways, token, proved)

    async def aprove(self, ways: Mapping[str, Any], token: VerifiedToken, request: Request) -> Proven:
        """Do as :meth:`prove`, without blocking the event loop."""
        proved = self._judged(ways, token, request)
        for each in proved:
            if each.pending is not None:
                await each.pending.asettle()
        return _proven(ways, token, proved)

    def _binding(self, token: VerifiedToken) -> Binding:
        """Return the whole binding of the token's issuer; most requests have the issuer of the one before."""
        own, (last, whole) = token.mapping.binding, self._last
        if own is last:
            return whole
        found = bindings(own, self.shared)
        self._last = own, found
        return found

    def _judged(self, ways: Mapping[str, Any], token: VerifiedToken, request: Request) -> list[Proved]:
        binding = self._binding(token)
        ordered = sorted(ways, key=_LAST.__eq__)
        return [self._provers[way].prove(ways[way], token, request, binding) for way in ordered]


def _proven(ways: Mapping[str, Any], token: VerifiedToken, proved: list[Proved]) -> Proven:
    return Proven(token.proved(ways), tuple(chain.from_iterable(each.headers for each in proved)))


_NONE: Mapping[str, Any] = {}
