"""Ed25519 public keys that are points of the curve, and not of small order (RFC 8032 section 5.1.3).

OpenSSL takes any 32 octets. Under a key of small order a signature can be made without knowing anything.
"""

from __future__ import annotations

__all__ = ["is_sound_ed25519_key"]

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_Y_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL = frozenset({0, 1, _P - 1, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8})  # of order 4, 1, 2 and 8


def is_sound_ed25519_key(encoded: bytes) -> bool:
    """Whether the 32 octets are the one spelling of a point whose order is large."""
    y = int.from_bytes(encoded, "little") & (2**255 - 1)  # the top bit is the sign of x
    if y >= _P or y in _SMALL:
        return False
    x_squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P)
    return pow(x_squared, (_P - 1) // 2, _P) == 1
