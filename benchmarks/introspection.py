"""What tokens that are no JWTs cost: a kept answer, what a JWT pays where both ways are open, and an issuer that hangs.

    python -m benchmarks.introspection [--rounds 200]

The contenders take turns, and the best round of each counts. Ends with status 1 when a bar is missed: 6 us for a kept
answer, 0.3 us more for a JWT, and while the issuer hangs one question for 64 requests, each of which ends within WAIT
and the tenth of a second that 64 threads may take to wake up.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from math import inf

from jwks_auth import Introspection, Issuer, KeySourceError, TokenVerifier
from jwks_auth.testing import FakeIssuer

MOST_KEPT, MOST_MORE = 6.0, 0.3
CALLS = 300
WAIT, MANY, SLACK = 0.5, 64, 0.1


def best(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return microseconds for each call, at best."""
    found = dict.fromkeys(calls, inf)
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            for _ in range(CALLS):
                call()
            found[name] = min(found[name], (time.perf_counter() - started) / CALLS * 1e6)
    return found


def hanging() -> tuple[int, float]:
    """Return how often a hanging issuer was asked by many requests with one token, and the seconds of the slowest."""
    with FakeIssuer.serve() as issuer:
        options = Introspection(client_id=issuer.client_id, client_secret=issuer.client_secret)
        verifier = TokenVerifier(Issuer(issuer.issuer, introspection=options, wait=WAIT, timeout=10), "api")
        verifier.verify(issuer.opaque())
        before, raw = issuer.requests[issuer.introspection_path], issuer.opaque()
        issuer.outage("hang")

        def seconds(_: int) -> float:
            started = time.perf_counter()
            with suppress(KeySourceError):
                verifier.verify(raw)
            return time.perf_counter() - started

        with ThreadPoolExecutor(MANY) as pool:
            slowest = max(pool.map(seconds, range(MANY)))
        return issuer.requests[issuer.introspection_path] - before, slowest


def main() -> int:
    """Print the costs, and return the status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    with FakeIssuer.serve() as issuer:
        options = Introspection(client_id=issuer.client_id, client_secret=issuer.client_secret, cache=3600)
        plain = TokenVerifier(Issuer(issuer.issuer), "api", token_cache=64)
        asking = TokenVerifier(Issuer(issuer.issuer, introspection=options), "api", token_cache=64)
        alone = TokenVerifier(Issuer(issuer.issuer, introspection=options), "api")
        both = TokenVerifier(
            Issuer(issuer.issuer, introspection=options), "api", token_cache=64, other_tokens=lambda raw: None
        )
        jwt, opaque = issuer.token(expires_in=3600), issuer.opaque(expires_in=3600)
        found = best(
            {
                "a kept answer": lambda: asking.verify(opaque),
                "the same, without a token cache": lambda: alone.verify(opaque),
                "a JWT in the token cache": lambda: plain.verify(jwt),
                "the same, with introspection": lambda: asking.verify(jwt),
                "the same, and other tokens": lambda: both.verify(jwt),
            },
            rounds,
        )
    for name, micros in found.items():
        print(f"{name:32} {micros:6.2f} us")
    asked, slowest = hanging()
    print(
        f"{MANY} requests while the issuer hangs: {asked} question, the last answer after {slowest:.2f} s (WAIT {WAIT})"
    )
    kept, alone, *jwts = found.values()
    missed = max(kept, alone) > MOST_KEPT or max(jwts) - jwts[0] > MOST_MORE
    return int(missed or asked != 1 or slowest > WAIT + SLACK)


if __name__ == "__main__":
    sys.exit(main())
