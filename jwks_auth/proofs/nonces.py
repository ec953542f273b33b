"""``Nonces``: nonces without memory, which every process of a fleet makes and knows by a shared secret."""

from __future__ import annotations

import hmac

from jwks_auth.jose import encode_base64url

__all__ = ["PERIOD", "Nonces"]

PERIOD = 150
"""Seconds after which another nonce is given out; the one before it is good for as long again."""

_SKEW = 5
"""Seconds by which the clocks of a fleet may differ."""

_PURPOSE = b"jwks_auth nonce of DPoP "


class Nonces:
    """The nonces under *secret*: all requests of a period get the same, so that a client may send several at once."""

    def __init__(self, secret: str | bytes) -> None:
        self._secret = secret.encode() if isinstance(secret, str) else secret

    def current(self, now: float) -> str:
        """Return the nonce to give out at *now*."""
        return self._made(int(now // PERIOD))

    def is_good(self, nonce: str, now: float) -> bool:
        """Return whether *nonce* was given out in this period or the last one."""
        if not nonce.isascii():
            return False
        latest = int((now + _SKEW) // PERIOD)
        earliest = int((now - _SKEW) // PERIOD) - 1
        made = [self._made(each) for each in range(earliest, latest + 1)]
        return any(hmac.compare_digest(nonce, each) for each in made)

    def _made(self, period: int) -> str:
        tag = hmac.digest(self._secret, _PURPOSE + str(period).encode(), "sha256")
        return encode_base64url(tag[:18])
