"""What verifying a token costs, beside the bare signature check and other libraries.

    python -m benchmarks.verify [--rounds 400] [--chart docs/images/verification.svg]

All contenders run in turns in one process, and the best round of each counts: what is measured is the work, not the
neighbours. A ratio's spread is the middle half of what single rounds showed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from math import inf
from platform import python_build, python_compiler, python_implementation
from typing import Any

from benchmarks import chart
from benchmarks.contenders import (
    ALGORITHMS,
    AUDIENCE,
    ISSUER,
    LARGE,
    SHAPES,
    SMALL,
    Case,
    able,
    make_case,
    make_verifier,
)
from jwks_auth import AuthError, Issuer, TokenVerifier
from jwks_auth.request.bearer import bearer_token
from jwks_auth.request.query import tokens_in_query

PINNED = {
    "cryptography": "50.0.2",
    "PyJWT": "2.15.1",
    "joserfc": "1.8.0",
    "Authlib": "1.9.9",
    "python-jose": "3.5.0",
}

# Against the bare check (small, large payload), how many times faster than PyJWT's flow, than joserfc.
BARS = {
    "RS256": (1.6, 1.8, 3.4, 1.5),
    "PS256": (1.57, 1.75, 3.2, 1.45),
    "ES256": (1.22, 1.28, 1.8, 1.25),
    "EdDSA": (1.13, 1.16, 1.55, 1.15),
}
CACHED_BAR = 0.12
"""The most that a token in the cache costs, in verifications of ours; the aim is 0.08."""
ASYNC, CACHED = "jwks-auth async", "jwks-auth cached"
CALLS = 10  # in a row: longer than the clock is coarse, shorter than the scheduler's turns

Times = dict[str, list[float]]


def measure(case: Case, rounds: int) -> Times:
    """Seconds per call of every contender, one figure for each round."""
    with warnings.catch_warnings(action="ignore"):
        calls = dict(able(case))
    verifier, token = make_verifier(case), case.token
    times: Times = {name: [] for name in (*calls, ASYNC)}

    async def run() -> None:
        for _ in range(rounds):
            for name in random.sample(list(times), len(times)):  # nobody always follows the same neighbour
                times[name].append(await _atime(verifier, token) if name == ASYNC else _time(calls[name]))

    asyncio.run(run())
    return times


async def _atime(verifier: TokenVerifier, token: str) -> float:
    started = time.perf_counter()
    for _ in range(CALLS):
        await verifier.averify(token)
    return (time.perf_counter() - started) / CALLS


def _time(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - started) / CALLS


def junk(rounds: int) -> None:
    """How long 8 KiB of nonsense keeps a verifier busy, beside one RS256 verification."""
    case = make_case("RS256", SMALL)
    other = Issuer("https://other.example/", jwks=case.key_set)
    _junk(rounds, case, make_verifier(case))
    print("\nThe same, where two issuers are trusted and claims have to be read first")
    _junk(rounds, case, TokenVerifier([Issuer(ISSUER, jwks=case.key_set), other], AUDIENCE))
    print("\nWhat is read before a token is")
    _junk_around(rounds, case)


def _junk_around(rounds: int, case: Case) -> None:
    verifier = make_verifier(case)
    good = partial(verifier.verify, case.token)
    calls: dict[str, Callable[[], Any]] = {"a good token": good}
    for shape in ("%", "%&", "%61", "access_tokem=%&"):
        query = shape * (8192 // len(shape))
        calls[f"a query of {shape}"] = partial(tokens_in_query, query)
    for shape in ('"', ", a ", ",a=", "="):
        calls[f"a header of {shape}"] = partial(bearer_token, [f"Bearer a {shape * (8192 // len(shape))}"])
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            best[name] = min(best[name], _time(partial(_attempt, call)))
    for name, seconds in best.items():
        print(f"  {name:24} {seconds * 1e6:6.2f} us  {seconds / best['a good token']:6.1%} of a verification")


def _junk(rounds: int, case: Case, verifier: TokenVerifier) -> None:
    header, payload, signature = case.token.split(".")
    attempts = {
        "a good token": case.token,
        "no dots": "A" * 8192,
        "too many dots": ".".join(["A" * 400] * 20),
        "a wrong character": f"{header}.{'A' * 7000}!{payload}.{signature}",
        "no JSON": f"{header}.{'A' * 7600}.{signature}",
        "deep JSON": f"{header}.{'W1tb' * 1900}.{signature}",
        "wide JSON": f"{header}.eyJhIjpb{'e30s' * 1900}MF19.{signature}",
        "a huge header": f"{'A' * 7600}.{payload}.{signature}",
    }
    best = dict.fromkeys(attempts, float("inf"))
    for _ in range(rounds):
        for name, raw in attempts.items():
            best[name] = min(best[name], _time(lambda raw=raw: _refused(verifier, raw)))  # type: ignore[misc]
    for name, seconds in best.items():
        print(f"  {name:18} {seconds * 1e6:6.2f} us  {seconds / best['a good token']:6.1%} of a verification")


def _refused(verifier: TokenVerifier, raw: str) -> None:
    _attempt(partial(verifier.verify, raw))


def _attempt(call: Callable[[], Any]) -> None:
    try:
        call()
    except AuthError:
        return


def report(alg: str, size: int, shape: str, times: Times) -> bool:
    """Print one table; whether every bar is met."""
    best = {name: min(series) for name, series in times.items()}
    print(f"\n{alg}, payload of {size} octets, claims that are {shape}")
    for name, series in times.items():
        ratios = [own / base for own, base in zip(series, times["bare"], strict=True)]
        low, _, high = statistics.quantiles(ratios, n=4)
        ratio = best[name] / best["bare"]
        print(f"  {name:16} {best[name] * 1e6:8.2f} us  {ratio:6.2f} x bare  ({low:.2f} to {high:.2f})")
    small, large, faster_pyjwt, faster_joserfc = BARS[alg]
    met = best["jwks-auth"] / best["bare"] <= (small if size == SMALL else large)
    met &= best[ASYNC] - best["jwks-auth"] <= 1e-6
    cached = best[CACHED] / best["jwks-auth"]
    met &= cached <= CACHED_BAR
    # A peer that is not installed is not compared with.
    pyjwt, joserfc = (best.get(peer, inf) / best["jwks-auth"] for peer in ("PyJWT", "joserfc"))
    if size == SMALL:
        met &= pyjwt >= faster_pyjwt and joserfc >= faster_joserfc
    print(
        f"  PyJWT {pyjwt:.2f}, joserfc {joserfc:.2f} times as long as ours, a cached token {cached:.3f}; "
        f"bars {'met' if met else 'MISSED'}"
    )
    return met


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def main() -> int:
    """Measure everything; exit status 1 when a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--only", choices=ALGORITHMS)
    parser.add_argument("--chart", help="write an SVG here")
    arguments = parser.parse_args()
    print(
        f"{python_implementation()} {sys.version.split()[0]} ({', '.join(python_build())}; {python_compiler()});"
    )
    found = {name: _installed(name) for name in PINNED}
    print(", ".join(f"{name} {version}" for name, version in found.items()))
    for name, pinned in PINNED.items():
        if found[name] != pinned:
            print(f"note: {name} {pinned} is what the README's figures are from")
    met, bars = True, {}
    for alg in [arguments.only] if arguments.only else ALGORITHMS:
        for size, shape in product((SMALL, LARGE), SHAPES):
            times = measure(make_case(alg, size, shape), arguments.rounds)
            met &= report(alg, size, shape, times)
            if shape == SHAPES[0]:
                bars[alg, size] = {name: min(series) * 1e6 for name, series in times.items()}
    print("\nJunk of 8 KiB")
    junk(arguments.rounds // 4)
    if arguments.chart:
        chart.write(arguments.chart, {alg: bars[alg, SMALL] for alg, size in bars if size == SMALL})
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
