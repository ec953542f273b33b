"""A provider, a clock and a thread starter that tests of key sources hold in their hands."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jwks_auth.errors import KeySourceError
from jwks_auth.jose.jwk import VerificationKey
from jwks_auth.jose.key_set import KeySet
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.freshness import Rules
from jwks_auth.keys.lookup import Lookup
from jwks_auth.keys.refresh import Refresh
from jwks_auth.keys.source import KeySource
from jwks_auth.keys.state import FetchResult, LoadRequest

__all__ = ["ALG", "Clock", "HeldThreads", "Provider", "document", "jwk", "source_of"]

ALG = "EdDSA"


@cache
def jwk(kid: str) -> dict[str, Any]:
    """A public key named *kid*, the same each time."""
    x = base64.urlsafe_b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).rstrip(b"=")
    return {"kty": "OKP", "crv": "Ed25519", "alg": ALG, "use": "sig", "kid": kid, "x": x.decode()}


def document(kids: Iterable[str]) -> dict[str, Any]:
    """A key set document."""
    return {"keys": [jwk(kid) for kid in sorted(kids)]}


class Clock:
    """Seconds that pass when the test says so. It starts at a million, as some machine's clock might."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass."""
        self.now += seconds


@dataclass
class Provider:
    """What the key endpoint would say: *kids*, or the failure in *failing*. Counts what it is asked."""

    kids: set[str] = field(default_factory=lambda: {"a"})
    failing: str | None = None
    retry_after: float = 1.0
    max_age: float | None = None
    accept_empty: bool = False
    requests: list[LoadRequest] = field(default_factory=list)
    answered: list[LoadRequest] = field(default_factory=list)

    def __call__(self, request: LoadRequest) -> FetchResult:
        """Answer, or fail as ordered."""
        self.requests.append(request)
        if self.failing is not None:
            raise KeySourceError("as ordered", kind=self.failing, retry_after=self.retry_after)
        if not self.kids and not self.accept_empty:
            raise KeySourceError("it is empty", kind="no_usable_keys")
        self.answered.append(request)
        published = document(self.kids)
        return FetchResult(document=published, keys=KeySet.from_dict(published), max_age=self.max_age)

    def as_of_now(self, run: Callable[[], None]) -> Callable[[], None]:
        """*run*, whenever it runs, with what is published at this moment: its answer is under way."""
        published = set(self.kids)

        def late() -> None:
            kids, self.kids = self.kids, published
            try:
                run()
            finally:
                self.kids = kids

        return late

    @property
    def succeeded(self) -> int:
        """How often they were given."""
        return len(self.answered)

    @property
    def asked(self) -> int:
        """How often the keys were asked for."""
        return len(self.requests)


class HeldThreads:
    """Starts background work at once, or while *held* keeps it for :meth:`run`; *depart* may change what is kept."""

    def __init__(self) -> None:
        self.held = False
        self.waiting: list[Callable[[], None]] = []
        self.frozen: list[Future[Any]] = []
        self.depart: Callable[[Callable[[], None]], Callable[[], None]] = lambda run: run

    def __call__(self, run: Callable[[], None]) -> None:
        """Start *run*."""
        if self.held:
            self.waiting.append(self.depart(run))
        else:
            run()

    def watch(self, work: Future[Any], alarm: Callable[[], object]) -> Callable[[], bool]:
        """Tell whether the process stood still during *work*: if it was frozen then."""
        return partial(self.frozen.__contains__, work)

    def freeze(self, refresh: Refresh | None) -> None:
        """Let the process stand still during *refresh*."""
        assert refresh is not None
        self.frozen.append(refresh.outcome)

    def run(self) -> None:
        """Do what was held back."""
        waiting, self.waiting = self.waiting, []
        for run in waiting:
            run()


@dataclass
class Bench:
    """A source with everything around it in the test's hands."""

    source: KeySource
    provider: Provider
    clock: Clock
    threads: HeldThreads
    events: list[KeyEvent]

    def seek(self, kid: str) -> VerificationKey | None:
        """The key named *kid*, after a wait as short as the rules have it."""
        return self.source.lookup(Lookup(lambda snapshot: snapshot.keys.select(kid, ALG), kid)).value

    def names(self) -> list[str]:
        """The events so far."""
        return [event.name for event in self.events]


def rules_of(**given: float) -> Rules:
    """The client's own durations, but for those *given*."""
    usual = {"lifespan": 300.0, "stale_if_error": 3600.0, "cooldown": 30.0, "timeout": 30.0, "wait": 30.0}
    return Rules(**{**usual, **given})


def source_of(provider: Provider | None = None, *, recent: Any = None, **given: float) -> Bench:
    """A source over *provider*; a lookup that waits gives up after a millisecond unless *given* otherwise."""
    provider, clock, threads = provider or Provider(), Clock(), HeldThreads()
    events: list[KeyEvent] = []
    source = KeySource(
        provider,
        rules_of(**{"wait": 0.001, "timeout": 5.0, **given}),
        uri="https://issuer.example/keys",
        recent=recent,
        on_event=events.append,
        clock=clock,
        wall=clock,
        rng=lambda: 0.5,
        spawn=threads,
        watch=threads.watch,
    )
    return Bench(source, provider, clock, threads, events)
