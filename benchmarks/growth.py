"""Costs of a verification as things grow: flat in issuers, keys and tenants, and linear in a token's length.

    python -m benchmarks.growth [--rounds 100]

Tokens are signed with EdDSA, whose signature check hides less than RS256's. All sizes take turns in random order, and
the best round of each counts. Exit status 1 if what must be flat takes more than 1.3 times as long at its largest.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from jwks_auth import Issuer, Policy, Tenants, TokenVerifier
from jwks_auth.testing import FakeIssuer

FLAT = 1.3
CALLS = 10
COUNTS = (1, 10, 100, 1000)
LENGTHS = (0.3, 1, 2, 4, 8, 12)
"""Of tokens, in KiB."""

Call = Callable[[], object]


def of_issuers(count: int) -> Call:
    """A token of the last of so many issuers, each with a key of its own name."""
    own, jwk = signer()
    others = [
        Issuer(
            f"https://id.example/{number}", jwks={"keys": [{**jwk, "kid": f"{number}"}]}, algorithms=["EdDSA"]
        )
        for number in range(count - 1)
    ]
    return verifying([*others, trusted(own)], own.token())


def of_one_kid(count: int) -> Call:
    """A token of one of so many issuers whose keys all have the same name, so that its claims are read first."""
    own, jwk = signer()
    others = [
        Issuer(f"https://id.example/{number}", jwks={"keys": [jwk]}, algorithms=["EdDSA"])
        for number in range(count - 1)
    ]
    return verifying([*others, trusted(own)], own.token())


def of_keys(count: int) -> Call:
    """A token of an issuer whose set has so many keys."""
    own, jwk = signer()
    keys = [{**jwk, "kid": f"{number}"} for number in range(count - 1)]
    return verifying([Issuer(own.issuer, jwks={"keys": [*keys, jwk]}, algorithms=["EdDSA"])], own.token())


def of_tenants(count: int) -> Call:
    """Tokens of so many tenants in turn, all of them known by then."""
    own, jwk = signer()
    names = [f"https://login.example/{number}" for number in range(count)]
    tenants = Tenants(
        lambda name: Issuer(name, jwks={"keys": [jwk]}, algorithms=["EdDSA"]),
        hosts=["login.example"],
        max_issuers=2 * count,
    )
    verifier = TokenVerifier([], "api", tenants=tenants, allow_fake_issuer=True)
    raws = [own.token(iss=name, expires_in=86_400) for name in names[-CALLS:]]
    for name in names[:-CALLS]:
        verifier.verify(own.token(iss=name))
    for raw in raws:
        verifier.verify(raw)
    turn = iter(())

    def call() -> object:
        nonlocal turn
        raw = next(turn, None)
        if raw is None:
            turn = iter(raws)
            raw = next(turn)
        return verifier.verify(raw)

    return call


def padding(kib: float) -> list[str]:
    """A list that makes a token about so long."""
    return ["x" * 61] * max(0, int((kib * 0.75 - 0.3) * 16))


def of_length(kib: float) -> Call:
    """A token of so many KiB."""
    own, _ = signer()
    return verifying([trusted(own)], own.token(pad=padding(kib), expires_in=86_400))


def of_cached_length(kib: float) -> Call:
    """The same, from the cache, which takes tokens of up to 4 KiB."""
    own, _ = signer()
    raw = own.token(pad=padding(kib), expires_in=86_400)
    return verifying([trusted(own)], raw, token_cache=64)


def of_policies(count: int) -> Call:
    """A policy of so many scopes, on a token that has them all."""
    own, _ = signer()
    scopes = [f"s{number}" for number in range(count)]
    token = TokenVerifier([trusted(own)], "api", allow_fake_issuer=True).verify(own.token(scopes=scopes))
    return partial(Policy(scopes=scopes).check, token)


TABLES: dict[str, tuple[Callable[[Any], Call], tuple[float, ...], bool]] = {
    "issuers": (of_issuers, COUNTS, True),
    "issuers with one kid": (of_one_kid, COUNTS, True),
    "keys of an issuer": (of_keys, COUNTS, True),
    "tenants": (of_tenants, COUNTS, True),
    "KiB of token": (of_length, LENGTHS, False),
    "KiB of token, cached": (of_cached_length, LENGTHS, False),
    "scopes of a policy": (of_policies, (1, 10, 100), False),
}
"""The things that grow, and whether the cost must not."""


def signer() -> tuple[FakeIssuer, dict[str, Any]]:
    """An issuer, and its key."""
    issuer = FakeIssuer("https://own.example/", algorithms=("EdDSA",))
    return issuer, issuer.jwks()["keys"][0]


def trusted(issuer: FakeIssuer) -> Issuer:
    """The issuer as a verifier has it."""
    return Issuer(issuer.issuer, jwks=issuer.jwks(), algorithms=["EdDSA"])


def verifying(issuers: list[Issuer], raw: str, **options: Any) -> Call:
    """A call of ``verify`` with one token."""
    verifier = TokenVerifier(issuers, "api", allow_fake_issuer=True, **options)
    for _ in range(3):
        verifier.verify(raw)
    return partial(verifier.verify, raw)


def measure(rounds: int, sizes: int | None = None) -> dict[str, dict[float, float]]:
    """Seconds of one call at its best, by what grows and how much of it there is; the first *sizes* of each only."""
    calls = {(name, size): make(size) for name, (make, all_, _) in TABLES.items() for size in all_[:sizes]}
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for each in random.sample(list(calls), len(calls)):
            started = time.perf_counter()
            for _ in range(CALLS):
                calls[each]()
            best[each] = min(best[each], (time.perf_counter() - started) / CALLS)
    return {name: {size: best[name, size] for called, size in best if called == name} for name in TABLES}


def report(found: dict[str, dict[float, float]]) -> bool:
    """Print the table; return whether all that must be flat is."""
    met = True
    for name, times in found.items():
        told = "  ".join(f"{size:g}: {seconds * 1e6:.1f}" for size, seconds in times.items())
        least, *_, largest = [*times.values(), list(times.values())[-1]]
        flat = largest <= FLAT * least
        met &= flat or not TABLES[name][2]
        verdict = ("flat" if flat else "NOT FLAT") if TABLES[name][2] else ""
        print(f"{name:24} {told} us  {verdict}")
    return met


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100)
    return 0 if report(measure(parser.parse_args().rounds)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
