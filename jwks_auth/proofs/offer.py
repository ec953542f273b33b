"""``Offer``: a service's words about DPoP in challenges and documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from jwks_auth.claims import Binding
from jwks_auth.errors import AuthError, MissingTokenError
from jwks_auth.jose import DEFAULT_ALGORITHMS
from jwks_auth.proofs.errors import InvalidProofError
from jwks_auth.runtime import dataclass

__all__ = ["SCHEME", "Offer", "offer_of"]

SCHEME = "DPoP"


@dataclass(frozen=True, slots=True)
class Offer:
    """A service that takes DPoP, with proofs of these *algorithms*; *alone* where it takes nothing else."""

    algorithms: tuple[str, ...]
    alone: bool

    def challenges(
        self, error: AuthError, *, sent: str, senders: Sequence[str], scheme: str, **parameters: Any
    ) -> list[str]:
        """Return the challenges of a refusal: one for each scheme that the client may use, DPoP's first.

        *sent* is the request's scheme, in lower case; *senders* are the ways that the route asks for; *scheme* is the
        word for plain tokens. The error is in the challenge of the scheme that was used.
        """
        only_dpop = self.alone or isinstance(error, InvalidProofError) or tuple(senders) == ("dpop",)
        about_dpop = only_dpop or sent == SCHEME.lower()
        if only_dpop or (about_dpop and error.status != 401):
            return self._with_algorithms(error.challenges(scheme=SCHEME, **parameters))
        if error.status != 401:
            return list(error.challenges(scheme=scheme, **parameters))
        missing = MissingTokenError()
        for_dpop = (error if about_dpop else missing).challenges(scheme=SCHEME, **parameters)
        plain = missing if about_dpop else error
        return [*self._with_algorithms(for_dpop), *plain.challenges(scheme=scheme, **parameters)]

    def _with_algorithms(self, challenges: Sequence[str]) -> list[str]:
        first, *others = challenges
        return [f'{first}, algs="{" ".join(self.algorithms)}"', *others]


def offer_of(bindings: Iterable[Binding]) -> Offer | None:
    """Return the offer of a service whose issuers have these *bindings*; ``None`` if none takes DPoP."""
    listed = list(bindings)
    taking = [each for each in listed if each.allows("dpop")]
    if not taking:
        return None
    allowed = frozenset().union(*(each.dpop_algorithms or DEFAULT_ALGORITHMS for each in taking))
    ordered = [name for name in DEFAULT_ALGORITHMS if name in allowed]
    algorithms = (*ordered, *sorted(allowed.difference(ordered)))
    return Offer(algorithms, all("dpop" in each.required for each in listed))
