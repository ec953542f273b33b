"""Proofs at the token endpoint, which name the key that a token is then bound to (RFC 9449 section 5)."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from jwks_auth.devissuer.web import OAuthError, Request
from jwks_auth.errors import InvalidTokenError, KeySourceError
from jwks_auth.jose import DEFAULT_ALGORITHMS, parse_jws, thumbprint
from jwks_auth.proofs import Facts, InvalidProofError, MemoryReplay, Proofs, check_claims, normal
from jwks_auth.runtime import RawToken

__all__ = ["KeyProofs"]

_WINDOW = (60.0, 30.0)


class KeyProofs:
    """Reads the proofs of requests to *url*, each of which is good once."""

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        self._url, self._clock = url, clock
        self._proofs = Proofs()
        self._used = MemoryReplay(sum(_WINDOW), clock=clock)

    def key_of(self, request: Request, nonce: str | None) -> str:
        """Return the thumbprint of the key that *request* proves to hold, ``""`` without a proof.

        With *nonce*, proofs have to name it. Raises :class:`OAuthError`.
        """
        sent = request.headers.get_all("DPoP", [])
        if not sent:
            return ""
        try:
            return self._judged(str(sent[0]) if len(sent) == 1 else "", nonce)
        except (InvalidProofError, InvalidTokenError, KeySourceError, ValueError):
            raise OAuthError("invalid_dpop_proof", "the DPoP proof is not good") from None

    def _judged(self, proof: str, nonce: str | None) -> str:
        jwk = parse_jws(proof).header.get("jwk")
        jkt = thumbprint(jwk) if jwk else ""
        claims = self._proofs.read(RawToken(proof), jkt, DEFAULT_ALGORITHMS)
        htu = claims.get("htu")
        facts = Facts("POST", normal(self._url), None)
        named = normal(htu) if isinstance(htu, str) else None
        jti = check_claims(claims, facts, url=named, now=self._clock(), window=_WINDOW)
        if nonce is not None and not hmac.compare_digest(
            str(claims.get("nonce", "")).encode(), nonce.encode()
        ):
            raise OAuthError(
                "use_dpop_nonce", "the proof needs the nonce in DPoP-Nonce", headers=[("DPoP-Nonce", nonce)]
            )
        if not self._used.first(f"{jkt}.{jti}", sum(_WINDOW)):
            raise OAuthError("invalid_dpop_proof", "the DPoP proof was used before")
        return jkt
