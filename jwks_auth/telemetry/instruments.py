"""``Instruments``: all that a process measures, under the meter ``jwks_auth``, once for all of its authenticators."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol
from weakref import WeakSet

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Histogram, Observation

from jwks_auth.challenge import fields
from jwks_auth.telemetry.tallies import Attributes, Durations, Tallies
from jwks_auth.telemetry.words import DURATION, ERROR_TYPE, FETCH_KIND, ISSUER, METER, RESULT, SCHEME, codes

__all__ = ["INSTRUMENTS", "Instruments", "Service", "note_fault"]

log = logging.getLogger("jwks_auth")

Reading = Iterable[tuple[float, Attributes]]

_BRIEF = (0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
_LONG = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Service(Protocol):
    """One authenticator, asked for what its parts count themselves."""

    def ages(self) -> Reading:
        """Return the age of each issuer's keys."""

    def lookups(self) -> tuple[int, int] | None:
        """Return the hits and the misses of its cache of tokens, if it has one."""


class Instruments:
    """The counts that requests leave, and the instruments that bring them out."""

    def __init__(self) -> None:
        self.services: WeakSet[Service] = WeakSet()
        self.authentications = Tallies(RESULT, ERROR_TYPE, SCHEME, ISSUER)
        self.authorizations = Tallies(RESULT, ERROR_TYPE, ISSUER)
        self.key_fetches = Tallies(RESULT, ERROR_TYPE, FETCH_KIND, ISSUER)
        self.stale_served, self.replays = Tallies(ISSUER), Tallies(ISSUER)
        self.introspections = Tallies(RESULT, ERROR_TYPE, ISSUER)
        self.durations = Durations(self._record)
        self._histograms: dict[str, Histogram] = {}
        self._began = False
        self.codes = codes()
        self.cells: dict[tuple[str | None, ...], tuple[Callable[[], int], Attributes]] = {}
        """What counts an authentication, and the attributes of its duration, by the values of its attributes."""

    def begin(self, meter_of: Callable[[str], metrics.Meter] = metrics.get_meter) -> None:
        """Create the instruments, once in a process. Those of an SDK that is set up later take their place."""
        if self._began:
            return
        self._began = True
        try:
            self._create(meter_of(METER))
        except Exception as error:  # noqa: BLE001 - a meter provider is the user's
            note_fault(error)

    def reset(self) -> None:
        """Begin to count anew."""
        self.cells, self.codes = {}, codes()
        self.durations.reset()
        for each in (
            *(self.authentications, self.authorizations, self.key_fetches),
            *(self.stale_served, self.replays, self.introspections),
        ):
            each.reset()

    def cell(self, key: tuple[str | None, ...]) -> tuple[Callable[[], int], Attributes]:
        """Return what is in :attr:`cells` for *key* from now on."""
        result, _, _, issuer = key
        pairs = ((RESULT, result), (ISSUER, issuer))
        attributes = {name: value for name, value in pairs if value is not None}
        return self.cells.setdefault(key, (self.authentications.tally(key), attributes))

    def record(self, name: str, seconds: float, attributes: Attributes) -> None:
        """Record a duration at once, for threads on which nobody waits."""
        histogram = self._histograms.get(name)
        try:
            if histogram is not None:
                histogram.record(seconds, attributes)
        except Exception as error:  # noqa: BLE001 - a meter provider is the user's
            note_fault(error)

    def _record(self, seconds: float, attributes: Attributes) -> None:
        self.record(DURATION, seconds, attributes)

    def _create(self, meter: metrics.Meter) -> None:
        for name, text, bounds in (
            (DURATION, "Duration of authentications, waits for keys included.", _BRIEF),
            ("jwks_auth.key_fetch.duration", "Duration of fetches of keys and of metadata.", _LONG),
            ("jwks_auth.introspection.duration", "Duration of questions about tokens.", _LONG),
        ):
            self._histograms[name] = meter.create_histogram(
                name, "s", text, explicit_bucket_boundaries_advisory=bounds
            )
        for name, unit, text, reading in (
            ("authentications", "{authentication}", "Requests whose sender was judged.", self._judged),
            ("authorizations", "{authorization}", "Routes' judgements of tokens.", self.authorizations.all),
            ("key_fetches", "{fetch}", "Fetches of keys and of metadata.", self.key_fetches.all),
            ("keys.stale_served", "{key}", "Keys used past their lifespan.", self.stale_served.all),
            ("token_cache.hits", "{hit}", "Tokens found in the cache.", self._hits),
            ("token_cache.misses", "{miss}", "Tokens not found in the cache.", self._misses),
            ("replays", "{replay}", "Proofs refused because they were used before.", self.replays.all),
            ("introspections", "{introspection}", "Questions about tokens.", self.introspections.all),
        ):
            meter.create_observable_counter(f"jwks_auth.{name}", [_observing(reading)], unit, text)
        age = "Time since the provider gave the keys in hand."
        meter.create_observable_gauge("jwks_auth.keys.age", [_observing(self._ages)], "s", age)

    def _judged(self) -> Reading:
        self.durations.hand_over()  # the reader has come: what it records now it reads now
        return self.authentications.all()

    def _ages(self) -> Reading:
        found = {tuple(attributes.items()): age for each in self.services for age, attributes in each.ages()}
        return [(age, dict(key)) for key, age in found.items()]

    def _hits(self) -> Reading:
        return self._lookups(0)

    def _misses(self) -> Reading:
        return self._lookups(1)

    def _lookups(self, which: int) -> Reading:
        found = [lookups[which] for each in self.services if (lookups := each.lookups()) is not None]
        return [(sum(found), {})] if found else []


def _observing(reading: Callable[[], Reading]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def observe(options: CallbackOptions) -> Iterator[Observation]:
        yield from (Observation(value, attributes) for value, attributes in reading())

    return observe


_told: set[Any] = set()


def note_fault(error: Exception) -> None:
    """Tell the log that telemetry failed, once for each type of error: it may fail in each request."""
    if type(error) not in _told and len(_told) < 10:
        _told.add(type(error))
        log.warning("telemetry failed: %s", type(error).__name__, extra=fields("telemetry_failed"))


INSTRUMENTS = Instruments()

if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=INSTRUMENTS.reset)
