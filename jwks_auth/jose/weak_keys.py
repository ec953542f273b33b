"""Weak public keys that OpenSSL takes: Edwards keys of small order (RFC 8032 section 5), and ROCA's RSA moduli.

For a point of small order anybody can make a signature, and OpenSSL takes any octets of the right number as a point.
"""

from __future__ import annotations

from jwks_auth.runtime import dataclass

__all__ = ["ED448", "ED25519", "EdwardsCurve", "is_roca_modulus"]


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
        if not self.is_large(encoded):
            return False
        # x*x is a quotient, and is a square exactly when the product of its two parts is.
        y_squared = self._y(encoded) ** 2 % self.prime
        product = (1 - y_squared) * (self.a - self.d * y_squared)
        return pow(product, (self.prime - 1) // 2, self.prime) == 1

    def is_large(self, encoded: bytes) -> bool:
        """Return whether *encoded*, if it is a point at all, is the one spelling of one of large order."""
        y = self._y(encoded)
        return y < self.prime and y not in self.small

    def _y(self, encoded: bytes) -> int:
        return int.from_bytes(encoded, "little") & ~(1 << 8 * self.size - 1)  # the top bit is the sign of x


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


_GENERATOR = 65537


def _order(prime: int) -> int:
    """Return the number of different powers of 65537 modulo *prime*."""
    order, power = 1, _GENERATOR % prime
    while power != 1:
        order, power = order + 1, power * _GENERATOR % prime
    return order


_ORDERS = tuple(
    (prime, _order(prime)) for prime in range(3, 168) if all(prime % divisor for divisor in range(2, prime))
)
_CLEAREST_FIRST = sorted(
    _ORDERS, key=lambda pair: pair[1] / pair[0]
)  # a prime with few powers clears most moduli


def is_roca_modulus(modulus: int) -> bool:
    """Return whether an RSA *modulus* has the ROCA weakness (CVE-2017-15361): its factors can be found.

    The faulty generator took primes of the form ``k*M + (65537**a mod M)`` with ``M`` a product of small primes. Its
    moduli are powers of 65537 modulo each of those primes; a sound modulus is so by chance, in less than one case in
    100 million.
    """
    # In a cyclic group, x is among the powers of g exactly when x ** order(g) is 1.
    return all(pow(modulus, order, prime) == 1 for prime, order in _CLEAREST_FIRST)
