"""The cost of telemetry for a request: off, without an SDK, and with one, in bursts that take turns.

``python -m benchmarks.telemetry [ROUNDS]`` ends with status 1 when a bar is missed: at most 1 us where nobody reads,
3 us with an SDK and a span to tell. Each figure is the best burst's, so that other work on the machine counts least,
and is held against the same authenticator without the calls of telemetry. ``the span alone`` is what the API and the
SDK take to find the current span and to set one attribute, and nothing of ours.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

from jwks_auth import Refused
from jwks_auth.adapters import Authenticator, Credentials, Requirement
from jwks_auth.request.memo import Admission, Memo
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier import asked_audience

ROUNDS, BURST = 2000, 20
ANY, READS = Requirement(), Requirement.of(scopes="a")
BARS = {
    **dict.fromkeys(["off", "no SDK", "no SDK, a policy"], 1.0),
    **dict.fromkeys(["an SDK", "an SDK, a policy", "an SDK and a span"], 3.0),
}


class Without(Authenticator):
    """The request path without a call of telemetry."""

    def authenticate(self, credentials: Credentials, requirement: Requirement = ANY) -> Any:
        """Do as the class does."""
        self.check(requirement)
        memo = Memo.on(credentials.kept, self)
        memo.asks(requirement.audience, requirement.policy)
        try:
            raw = self._sent(credentials, requirement, memo)
            if raw is None:
                return None
            token = memo.token or memo.keep(raw, self.verifier.verify_any_audience(raw))
            self._possession.ways(token, as_dpop=memo.is_dpop)
            if self._sources.differ:
                self._sources.check(token, memo)
            if memo.admission is not None:
                token.check_audience(asked_audience(requirement))
            else:
                self.verifier.admit(token, asked_audience(requirement))
                self._admit(token, memo, credentials)
            self._hold(token, requirement)
            return token
        except Refused as error:
            self._refusals.tell(error, memo, credentials, requirement)
            raise

    def _admit(self, token: Any, memo: Memo, credentials: Credentials) -> None:
        memo.admission = Admission(token, memo.headers)
        if self._on_verified is not None:
            self._on_verified(token)

    def note_allowed(self, token: Any) -> None:
        """Do nothing."""


class Least(Without):
    """The same, which tells the current span its result and does nothing else of telemetry."""

    def _admit(self, token: Any, memo: Memo, credentials: Credentials) -> None:
        super()._admit(token, memo, credentials)
        trace.get_current_span().set_attribute("jwks_auth.result", "success")


def burst(auth: Authenticator, header: str, requirement: Requirement = ANY) -> float:
    """Return the microseconds of one request, of a burst of them with a token in the cache."""
    authenticate = auth.authenticate
    began = perf_counter()
    for _ in range(BURST):
        authenticate(Credentials([header]), requirement)
    return (perf_counter() - began) / BURST * 1e6


def best(contenders: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Return the best burst of each, in rounds in random order."""
    found = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name in random.sample(list(contenders), len(contenders)):
            found[name] = min(found[name], contenders[name]())
    return found


def costs(rounds: int) -> dict[str, float]:
    """Return what each state costs."""
    issuer = FakeIssuer()
    header = issuer.headers(sub="ada", scope="a")["Authorization"]
    given = {**issuer.settings(audience="api"), "TOKEN_CACHE": 100}
    bare, again = (Without({**given, "TELEMETRY": "off"}, in_tests=True) for _ in range(2))
    least = Least({**given, "TELEMETRY": "off"}, in_tests=True)
    off, on = (Authenticator({**given, "TELEMETRY": told}, in_tests=True) for told in ("off", "on"))
    states = {"bare": bare, "again": again, "off": off, "on": on, "least": least}
    runs = {name: lambda a=auth: burst(a, header) for name, auth in states.items()}  # type: ignore[misc]
    judged = {
        f"{name}, a policy": lambda a=states[name]: burst(a, header, READS) for name in ("bare", "on")  # type: ignore[misc]
    }  # fmt: skip
    before = best({**runs, **judged}, rounds)
    reader, tracers = InMemoryMetricReader(), TracerProvider()
    metrics.set_meter_provider(MeterProvider([reader]))
    trace.set_tracer_provider(tracers)
    tracer = tracers.get_tracer("a server")

    def in_span(run: Callable[[], float]) -> float:
        with tracer.start_as_current_span("GET /", kind=trace.SpanKind.SERVER):
            return run()

    spans = {f"{name} in a span": lambda run=runs[name]: in_span(run) for name in ("bare", "on", "least")}  # type: ignore[misc]
    after = best({**runs, **judged, **spans}, rounds)
    print(f"a request with a token in the cache, without telemetry: {before['bare']:.2f} us")
    return {
        "nothing": before["again"] - before["bare"],
        "off": before["off"] - before["bare"],
        "no SDK": before["on"] - before["bare"],
        "no SDK, a policy": before["on, a policy"] - before["bare, a policy"],
        "an SDK": after["on"] - after["bare"],
        "an SDK, a policy": after["on, a policy"] - after["bare, a policy"],
        "an SDK and a span": after["on in a span"] - after["bare in a span"],
        "the span alone": after["least in a span"] - after["bare in a span"],
    }


def main(rounds: int = ROUNDS) -> int:
    """Print the figures; return 1 if a bar is missed."""
    missed = 0
    for name, cost in costs(rounds).items():
        bar = BARS.get(name)
        missed += bar is not None and cost > bar
        told = "" if bar is None else f", bar {bar:g} us{' MISSED' * (cost > bar)}"
        print(f"{name}: {cost:+.2f} us{told}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
