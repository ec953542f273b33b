"""A check of Ed25519 and Ed448 public keys: each is a point of its curve, and not of small order (RFC 8032 section 5).

OpenSSL takes any octets of the right number. For a key of small order anybody can make a signature.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ED448", "ED25519", "EdwardsCurve"]


@dataclass(frozen=True, slots=True)
class EdwardsCurve:
    """The curve ``a*x^2 + y^2 = 1 + d*x^2*y^2`` over a prime field; its points are sent as *size* octets."""

    size: int
    prime: int
    a: int
    d: int
    small: frozenset[int]
    """The y of every point of small order."""

    def is_sound(self, encoded: bytes) -> bool:
        """Return whether *encoded*, which has the right length, is the one spelling of a point of large order."""
        y = int.from_bytes(encoded, "little") & ~(1 << 8 * self.size - 1)  # the top bit is the sign of x
        if y >= self.prime or y in self.small:
            return False
        x_squared = (1 - y * y) * pow(self.a - self.d * y * y, -1, self.prime)
        return pow(x_squared, (self.prime - 1) // 2, self.prime) == 1


_P = 2**255 - 19
_Y_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826

ED25519 = EdwardsCurve(
    size=32,
    prime=_P,
    a=-1,
    d=-121665 * pow(121666, -1, _P),
    small=frozenset({0, 1, _P - 1, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8}),  # of order 4, 1, 2 and 8
)

_Q = 2**448 - 2**224 - 1

ED448 = EdwardsCurve(size=57, prime=_Q, a=1, d=-39081, small=frozenset({0, 1, _Q - 1}))  # of order 4, 1 and 2
