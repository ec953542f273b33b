"""A day of a verifier with a token cache, beside a twin without one: no verdict may differ, and memory stays bounded.

    python -m benchmarks.cache_soak [--tokens 20000] [--entries 1024]

Clients use a few tokens often and most of them once. Meanwhile keys are rotated and withdrawn, another key comes under
a known name, people's tokens are revoked, tokens expire, forged ones arrive, routes ask for another audience, and
the process forks: the child judges what its parent remembered. ``--tokens 1000000`` takes twenty minutes of CPU, and
tells after each tenth how far it is.
Before it, the memory of an entry is measured.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import tracemalloc
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from jwks_auth import AuthError, Issuer, TokenVerifier
from jwks_auth.testing import FakeIssuer

AUDIENCES = (None, "api", "other")
LIVED = 600.0
"""Seconds that a token is good for."""


@dataclass(slots=True)
class Day:
    """An issuer, both verifiers, and what happened so far."""

    entries: int
    seed: int = 20
    now: float = 1_700_000_000.0
    counts: Counter[str] = field(default_factory=Counter)
    revoked: set[str] = field(default_factory=set)
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=400))
    most: Counter[str] = field(default_factory=Counter)
    issuer: FakeIssuer = field(init=False)
    document: Any = field(init=False)
    rng: random.Random = field(init=False)
    cached: TokenVerifier = field(init=False)
    twin: TokenVerifier = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.issuer = FakeIssuer("https://issuer.example/", algorithms=("ES256",), clock=lambda: self.now)
        self.document = self.issuer.jwks()
        self.cached, self.twin = self._verifier(self.entries), self._verifier(0)

    def _verifier(self, entries: int) -> TokenVerifier:
        issuer = Issuer(self.issuer.issuer, jwks=lambda: self.document, algorithms=["ES256"])
        return TokenVerifier(
            issuer,
            ["api", "third"],
            token_cache=entries,
            is_revoked=lambda token: token.subject in self.revoked,
            clock=lambda: self.now,
            allow_fake_issuer=True,
        )

    def token(self) -> str:
        """A new token of one of a thousand people."""
        self.counts["tokens"] += 1
        who = f"u{self.rng.randrange(1000)}"
        aud = self.rng.choice(["api", ["api", "other"], "third"])
        pad = "x" * self.rng.choice([0, 0, 0, 400, 2000, 5000])
        return self.issuer.token(sub=who, aud=aud, pad=pad, roles=["a", {"b": 1}], expires_in=LIVED)

    def request(self) -> None:
        """A client's request: mostly with a token it has used before."""
        self.counts["requests"] += 1
        self.now += 0.05
        if not self.recent or self.rng.random() < 0.4:
            raw = self.token()
            if self.rng.random() < 0.3:  # the others come but once
                self.recent.append(raw)
        else:
            raw = self.rng.choice(self.recent)
        self.compare(raw)
        if self.rng.random() < 0.02:
            self.compare(forged(raw, self.rng))

    def compare(self, raw: str) -> None:
        """Have both judge it; raise ``AssertionError`` where they differ."""
        audience = self.rng.choice(AUDIENCES)
        found, expected = verdict(self.cached, raw, audience), verdict(self.twin, raw, audience)
        if found != expected:
            raise AssertionError(f"with the cache {found}, without {expected}")
        self.counts[found[0]] += 1

    def event(self) -> None:
        """Something happens to keys, people or the process."""
        happens = self.rng.choice([self.rotate, self.withdraw, self.replace, self.revoke, self.fork])
        self.counts[happens.__name__] += 1
        happens()

    def rotate(self) -> None:
        """A new key signs; the old one is still published."""
        self.issuer.rotate()
        self.document = self.issuer.jwks()

    def withdraw(self) -> None:
        """All keys but the newest are withdrawn, and their tokens with them."""
        self.rotate()
        for jwk in self.document["keys"][:-1] if len(self.document["keys"]) > 1 else ():
            self.issuer.withdraw(jwk["kid"])
        self.document = self.issuer.jwks()

    def replace(self) -> None:
        """For some tokens, another key has the name of the one that signed them."""
        own, mallory = self.document, FakeIssuer(algorithms=("EdDSA",)).jwks()["keys"][0]
        self.document = {"keys": [{**mallory, "kid": jwk["kid"]} for jwk in own["keys"]]}
        for raw in list(self.recent)[-5:]:
            self.compare(raw)
        self.document = own

    def revoke(self) -> None:
        """One of a thousand people is shut out, and another let in again."""
        self.revoked.add(f"u{self.rng.randrange(1000)}")
        if len(self.revoked) > 50:
            self.revoked.pop()

    def fork(self) -> None:
        """The child judges what the parent remembers as the parent would."""
        child = os.fork()
        if child == 0:  # pragma: no cover - its verdict is its exit status
            try:
                for raw in self.recent:
                    self.compare(raw)
            except BaseException:  # noqa: BLE001 - whatever it is, the parent tells
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            raise AssertionError("a verdict differed in a forked process")

    def bounds(self) -> None:
        """Raise ``AssertionError`` if the cache has outgrown its bounds."""
        health = self.cached.health().token_cache
        assert health is not None
        for name in ("entries", "octets"):
            self.most[name] = max(self.most[name], getattr(health, name))
        assert health.entries <= self.entries, health
        assert health.octets <= self.entries * 2048 + 2 * 4096, health


def verdict(verifier: TokenVerifier, raw: str, audience: str | None) -> tuple[str, Any]:
    """The code of the refusal, or the claims."""
    try:
        token = verifier.verify(raw, audience=audience)
    except AuthError as exc:
        return exc.code, None
    claims = dict(token.claims)
    token.payload["roles"].append("changed by a request")  # which no other may see
    return "accepted", {**claims, "roles": claims["roles"][:-1]}


def forged(raw: str, rng: random.Random) -> str:
    """A token with another payload or another signature."""
    parts = raw.split(".")
    at = rng.choice([1, 2])
    place = rng.randrange(len(parts[at]) - 2)
    letter = "A" if parts[at][place] != "A" else "B"
    parts[at] = parts[at][:place] + letter + parts[at][place + 1 :]
    return ".".join(parts)


def soak(tokens: int, entries: int, *, events: int = 200) -> Day:
    """Run the day until *tokens* were issued; raises ``AssertionError`` at the first verdict that differs."""
    day = Day(entries)
    every, tenth = max(1, tokens // events), max(1, tokens // 10)
    due, told = every, tenth
    while day.counts["tokens"] < tokens:
        day.request()
        if day.counts["tokens"] >= due:
            due += every
            day.event()
            day.bounds()
        if day.counts["tokens"] >= told:
            told += tenth
            print(
                f"{day.counts['tokens']:,} tokens, {day.counts['requests']:,} requests: no verdict differed",
                flush=True,
            )
    day.bounds()
    return day


def octets_of_an_entry(pad: int, entries: int = 1000) -> tuple[float, float]:
    """The characters of a token, and the octets of memory that its entry takes."""
    issuer = FakeIssuer(algorithms=("EdDSA",))
    verifier = TokenVerifier(
        Issuer(issuer.issuer, jwks=issuer.jwks(), algorithms=["EdDSA"]),
        "api",
        token_cache=2 * entries,
        allow_fake_issuer=True,
    )
    raws = [
        issuer.token(pad="x" * pad, scope="orders:read orders:write", roles=["a", "b"])
        for _ in range(entries)
    ]
    for raw in raws:
        verifier.verify(raw)
    gc.collect()
    tracemalloc.start()
    for raw in raws:
        verifier.verify(raw)
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    health = verifier.health().token_cache
    assert health is not None
    assert health.entries == entries, "some were evicted"
    return len(raws[0]), taken / entries


def main() -> int:
    """Measure an entry, then soak; a verdict that differs ends it with a traceback."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tokens", type=int, default=20_000)
    parser.add_argument("--entries", type=int, default=1024)
    arguments = parser.parse_args()
    for pad in (0, 400, 1200, 2400):
        length, taken = octets_of_an_entry(pad)
        print(f"an entry for a token of {length:5.0f} characters takes {taken:6.0f} octets")
    day = soak(arguments.tokens, arguments.entries)
    print(", ".join(f"{count:,} {name}" for name, count in sorted(day.counts.items())))
    health = day.cached.health().token_cache
    assert health is not None
    print(f"no verdict differed; {health.hits:,} hits, {health.misses:,} misses; at most {dict(day.most)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
