"""``DPoP``: the prover for ``cnf.jkt``, whose proofs are signed for one request (RFC 9449)."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Mapping
from typing import Any

from jwks_auth.claims import Binding, VerifiedToken
from jwks_auth.errors import ConfigurationError, InvalidTokenError
from jwks_auth.jose import DEFAULT_ALGORITHMS
from jwks_auth.proofs.errors import InvalidProofError
from jwks_auth.proofs.nonces import Nonces
from jwks_auth.proofs.proof import Facts, Proofs, check_claims, hash_of
from jwks_auth.proofs.prover import Proved, Request
from jwks_auth.proofs.question import Question, name_of
from jwks_auth.proofs.replay import Replay, replay_store
from jwks_auth.proofs.target import Target, normal
from jwks_auth.runtime import RawToken

__all__ = ["DPoP", "advice"]

_MAX_AGE = 60
_LEEWAY = 30
_DIGEST_LENGTH = 43


class DPoP:
    """Judges proofs by the settings *shared* of a service. The constructor does no I/O.

    Raises ``ConfigurationError`` for settings that do not fit together.
    """

    def __init__(self, shared: Mapping[str, Any], clock: Callable[[], float]) -> None:
        self._clock = clock
        self._window = (shared.get("DPOP_MAX_AGE", _MAX_AGE), shared.get("LEEWAY", _LEEWAY))
        self._target = Target(shared.get("PUBLIC_URL"))
        self._proofs = Proofs()
        self._nonces = _nonces(shared)
        store = replay_store(shared.get("DPOP_REPLAY", "memory"), seconds=sum(self._window), clock=clock)
        fails_open = shared.get("DPOP_REPLAY_FAILS") == "open"
        self._replay = None if store is None else Replay(store, fails_open=fails_open)

    def prove(self, value: Any, token: VerifiedToken, request: Request, binding: Binding) -> Proved:
        """Check the proof in *request*; what is left is whether it was used before."""
        if not isinstance(value, str) or len(value) != _DIGEST_LENGTH:
            raise InvalidTokenError("invalid_claim")
        allowed = binding.dpop_algorithms or DEFAULT_ALGORITHMS
        claims = self._proofs.read(_sent(request), value, allowed)
        facts = Facts(request.method, self._target.of(request), _hash(request.sent))
        now = self._clock()
        htu = claims.get("htu")
        url = normal(htu) if isinstance(htu, str) else None
        jti = check_claims(claims, facts, url=url, now=now, window=self._window)
        headers = () if self._nonces is None else _renewed(self._nonces, claims.get("nonce"), now)
        if self._replay is None:
            return Proved(None, headers)
        ttl = max(1.0, claims["iat"] + self._window[0] - now)
        return Proved(Question(self._replay, request.kept, name_of(value, jti, str(url)), ttl), headers)


def _renewed(nonces: Nonces, nonce: Any, now: float) -> tuple[tuple[str, str], ...]:
    """Return the header with the next nonce where that of a proof is old; raise where it is none of ours."""
    current = nonces.current(now)
    if not isinstance(nonce, str) or not nonces.is_good(nonce, now):
        raise InvalidProofError("use_dpop_nonce", current)
    return () if hmac.compare_digest(nonce, current) else (("DPoP-Nonce", current),)


def _nonces(shared: Mapping[str, Any]) -> Nonces | None:
    if shared.get("DPOP_NONCE", "off") == "off":
        return None
    if "DPOP_SECRET" not in shared:
        raise ConfigurationError("DPOP_SECRET is missing: nonces are made and known by it, in all processes")
    return Nonces(shared["DPOP_SECRET"])


def _sent(request: Request) -> RawToken:
    """Return the one proof in *request*; raise ``InvalidProofError``."""
    sent = [*map(RawToken, request.values("DPoP"))]
    if len(sent) != 1:
        raise InvalidProofError("multiple_proofs" if sent else "missing_proof")
    return sent[0]


def _hash(sent: RawToken | None) -> str:
    return "" if sent is None else sent.read(hash_of)


def advice(shared: Mapping[str, Any]) -> list[str]:
    """Return what a service that takes DPoP would do well to set."""
    told = []
    if "PUBLIC_URL" not in shared:
        told.append(
            "PUBLIC_URL is missing: proofs are compared with the URL that the request's Host names, which its sender "
            "chooses; set the scheme, host and prefix that clients see"
        )
    replay = shared.get("DPOP_REPLAY")
    if replay is None or (replay == "memory" and os.environ.get("WEB_CONCURRENCY", "1") != "1"):
        told.append(
            "DPOP_REPLAY is memory: with several workers a proof can be used once in each of them; set redis://..., or "
            '"memory" where there is one worker'
        )
    return told
