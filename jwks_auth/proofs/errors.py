"""``InvalidProofError``: the token is good, but its proof is not."""

from __future__ import annotations

from jwks_auth.errors import AuthError
from jwks_auth.faults import PROOF_FAULTS

__all__ = ["InvalidProofError"]

_USE_NONCE = "use_dpop_nonce"


class InvalidProofError(AuthError):
    """The DPoP proof is refused: 401 (RFC 9449 section 7.1). ``code`` is one of ``jwks_auth.faults.PROOF_FAULTS``.

    With a *nonce*, which the next proof is to have, the answer names it (section 9).
    """

    error = "invalid_dpop_proof"

    def __init__(self, code: str, nonce: str | None = None) -> None:
        self._say(code, PROOF_FAULTS[code])
        self.nonce = nonce
        if code == _USE_NONCE:
            self.error = _USE_NONCE

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers of the answer beside the challenge."""
        return () if self.nonce is None else (("DPoP-Nonce", self.nonce), ("Cache-Control", "no-store"))
