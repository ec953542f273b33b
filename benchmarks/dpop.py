"""The cost of a DPoP proof beside the bare check of its signature, interleaved in one run; medians of rounds.

``python -m benchmarks.dpop``; with ``--million`` also 10^6 proofs of one client, of which none may be taken twice.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from jwks_auth.claims import Binding
from jwks_auth.jose import RefusedKey, parse_jwk, parse_jws
from jwks_auth.proofs import MemoryReplay
from jwks_auth.proofs.dpop import DPoP
from jwks_auth.request import Credentials
from jwks_auth.runtime import RawToken
from jwks_auth.testing import FakeIssuer

URL = "https://api.acme.dev/orders"
ROUNDS, EACH = 15, 200
BOUND = Binding("accept")


def timed(call: Callable[[Any], object], items: list[Any]) -> float:
    """Return seconds for one of *items*."""
    gc.disable()
    started = time.perf_counter()
    for item in items:
        call(item)
    taken = time.perf_counter() - started
    gc.enable()
    return taken / len(items)


def ratios(alg: str) -> tuple[float, float]:
    """Return the cost of a proof with a new header, and of one seen before, in bare checks of its algorithm."""
    issuer = FakeIssuer()
    client = issuer.client(dpop=True, alg=alg)
    assert client.key is not None
    raw = client.token()
    token = issuer.verified(cnf=client.confirmation)
    jkt = (client.confirmation or {})["jkt"]
    key = parse_jwk(client.key.public_members())
    assert not isinstance(key, RefusedKey)

    def request() -> Credentials:
        made = Credentials.from_headers([("DPoP", client.proof("GET", URL, raw))], method="GET", url=URL)
        made.sent = RawToken(raw)
        return made

    def bare(parsed: Any) -> None:
        assert parsed.is_signed(key.verify)

    settings = {"PUBLIC_URL": "https://api.acme.dev", "DPOP_REPLAY": "off"}
    seen = DPoP(settings, time.time)
    seen.prove(jkt, token, request(), BOUND)
    new, old = [], []
    for _ in range(ROUNDS):
        requests = [request() for _ in range(EACH)]
        parsed = [parse_jws(each.values("DPoP")[0]) for each in requests]
        fresh = [(DPoP(settings, time.time), each) for each in requests]
        base = timed(bare, parsed)
        new.append(timed(lambda pair: pair[0].prove(jkt, token, pair[1], BOUND), fresh) / base)
        old.append(timed(lambda each: seen.prove(jkt, token, each, BOUND), requests) / base)
    return statistics.median(new), statistics.median(old)


def million() -> None:
    """Send 10^6 names of one client; the memory is bounded, and none is taken twice."""
    now = [0.0]
    memory = MemoryReplay(90, clock=lambda: now[0])
    for number in range(1_000_000):
        now[0] += 0.002
        assert memory.first(f"client.{number}", 90)
        assert not memory.first(f"client.{number}", 90)
    print(f"10^6 proofs of one client: {len(memory):,} names are held at the end")


def main() -> None:
    """Print a line for each algorithm."""
    print("alg      new header (at most 1.35)   seen before (at most 1.15)")
    for alg in ("ES256", "RS256", "PS256", "EdDSA"):
        new, old = ratios(alg)
        print(f"{alg:8} {new:26.2f} {old:28.2f}")
    if "--million" in sys.argv:
        million()


if __name__ == "__main__":
    main()
