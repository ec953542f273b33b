"""The ROCA weakness (CVE-2017-15361): RSA moduli whose factors can be found, recognised by their residues.

The faulty generator took primes of the form ``k*M + (65537**a mod M)`` with ``M`` a product of small primes.
Its moduli are powers of 65537 modulo each of those primes; a sound modulus is so by chance, in less than one case in
100 million.
"""

from __future__ import annotations

__all__ = ["is_roca_modulus"]

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


def is_roca_modulus(modulus: int) -> bool:
    """Return whether *modulus* has these residues."""
    # In a cyclic group, x is among the powers of g exactly when x ** order(g) is 1.
    return all(pow(modulus, order, prime) == 1 for prime, order in _ORDERS)
