"""What a warm lookup costs, beside PyJWT's, and what a million made-up kids leave behind.

    python -m benchmarks.keys

The lookups run in turns in one process, and the best round of each counts. PyJWT's ``cache_keys=True`` is
``functools.lru_cache`` in C around the lookup, without a lifespan. A lookup that looks at the clock can't match it, as
the last line shows.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import resource
import time
from collections.abc import Callable

import jwt

from jwks_auth import PyJWKClient
from jwks_auth.runtime.clock import elapsed
from jwks_auth.testing import FakeIssuer

ROUNDS, CALLS = 60, 500
MADE_UP = 1_000_000


def best(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Microseconds a call, of the best of many rounds in turns."""
    times = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            started = time.perf_counter()
            for _ in range(CALLS):
                call()
            times[name] = min(times[name], (time.perf_counter() - started) / CALLS * 1e6)
    return times


def speed(issuer: FakeIssuer, uri: str) -> None:
    """Print microseconds for each lookup, PyJWT's and ours."""
    token = issuer.token()
    kid = jwt.get_unverified_header(token)["kid"]
    for options in ({}, {"cache_keys": True}):
        theirs, ours = jwt.PyJWKClient(uri, **options), PyJWKClient(uri, **options)  # type: ignore[arg-type]
        theirs.get_signing_key(kid)
        ours.get_signing_key(kid)
        times = best(
            {
                "get_signing_key": lambda: theirs.get_signing_key(kid),  # noqa: B023
                "get_signing_key ours": lambda: ours.get_signing_key(kid),  # noqa: B023
                "get_signing_key_from_jwt": lambda: theirs.get_signing_key_from_jwt(token),  # noqa: B023
                "get_signing_key_from_jwt ours": lambda: ours.get_signing_key_from_jwt(token),  # noqa: B023
                "source.find ours": lambda: ours.source.find(kid, "RS256"),  # noqa: B023
            }
        )
        print(f"\n{options or 'defaults'}")
        for name in ("get_signing_key", "get_signing_key_from_jwt"):
            ratio = times[name] / times[f"{name} ours"]
            print(
                f"{name:26} PyJWT {times[name]:7.3f} us   ours {times[f'{name} ours']:6.3f} us   {ratio:5.1f} x"
            )
        print(f"{'source.find':26} {'':16} ours {times['source.find ours']:6.3f} us")


class Floor:
    """What no lookup written in Python can do without: a call, a dictionary, and for a lifespan the clock."""

    def __init__(self) -> None:
        self.keys, self.until = {"kid": object()}, elapsed() + 3600

    def found(self, kid: str) -> object:
        """The key."""
        return self.keys[kid]

    def fresh(self, kid: str) -> object:
        """The key, if it may still be used."""
        return self.keys[kid] if elapsed() < self.until else None


def floor() -> None:
    """Print what is left of a lookup once all that can go is gone."""
    bare = Floor()
    calls = {
        "a dictionary": lambda: bare.keys["kid"],
        "in a Python method": lambda: bare.found("kid"),
        "and the clock": lambda: bare.fresh("kid"),
    }
    print("\nfloor: " + ", ".join(f"{name} {micros:.3f} us" for name, micros in best(calls).items()))


def memory(uri: str) -> None:
    """Print by how much a million made-up kids made the process grow."""
    client = PyJWKClient(uri)
    for count in (20_000, MADE_UP):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(count):
            with contextlib.suppress(jwt.PyJWTError):
                client.get_signing_key(f"made-up-{count}-{number}")
        gc.collect()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"\n{MADE_UP} made-up kids: {grown} KiB more")


def main() -> None:
    """Print all of it."""
    logging.getLogger("jwks_auth").setLevel(logging.CRITICAL)
    with FakeIssuer.serve() as issuer:
        uri = issuer.issuer.rstrip("/") + issuer.jwks_path
        speed(issuer, uri)
        floor()
        memory(uri)
        print(f"{issuer.requests[issuer.jwks_path]} fetches in all")


if __name__ == "__main__":
    main()
