"""``Instruments``: all that a process measures, under the meter ``jwks_auth``, once for all of its authenticators."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, Protocol
from weakref import WeakSet

from opentelemetry import metrics
from opentelemetry.metrics import Histogram

from jwks_auth.challenge import fields
from jwks_auth.telemetry.cells import Cells
from jwks_auth.telemetry.taken import Taken
from jwks_auth.telemetry.tallies import Attributes, Tallies
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
        self.watched = False
        """True once an SDK has taken an instrument; before, nobody can read, so no request is counted or timed."""
        self.authentications = Cells(self._record, (RESULT, ERROR_TYPE, SCHEME, ISSUER), (RESULT, ISSUER))
        self.authorizations = Tallies(RESULT, ERROR_TYPE, ISSUER)
        self.key_fetches = Tallies(RESULT, ERROR_TYPE, FETCH_KIND, ISSUER)
        self.stale_served, self.replays = Tallies(ISSUER), Tallies(ISSUER)
        self.introspections = Tallies(RESULT, ERROR_TYPE, ISSUER)
        self._histograms: dict[str, Histogram] = {}
        self._began = False
        self.codes, self._lock = codes(), Lock()

    def join(self, service: Service) -> None:
        """Ask *service* for what its parts count, too."""
        with self._lock:
            self.services.add(service)
        self.begin()

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
        self.codes, self._lock = codes(), Lock()
        for each in (
            *(self.authentications, self.authorizations, self.key_fetches),
            *(self.stale_served, self.replays, self.introspections),
        ):
            each.reset()

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
            (
                "authentications",
                "{authentication}",
                "Requests whose sender was judged.",
                self.authentications.all,
            ),
            ("authorizations", "{authorization}", "Routes' judgements of tokens.", self.authorizations.all),
            ("key_fetches", "{fetch}", "Fetches of keys and of metadata.", self.key_fetches.all),
            ("keys.stale_served", "{key}", "Keys used past their lifespan.", self.stale_served.all),
            ("token_cache.hits", "{hit}", "Tokens found in the cache.", self._hits),
            ("token_cache.misses", "{miss}", "Tokens not found in the cache.", self._misses),
            ("replays", "{replay}", "Proofs refused because they were used before.", self.replays.all),
            ("introspections", "{introspection}", "Questions about tokens.", self.introspections.all),
        ):
            meter.create_observable_counter(
                f"jwks_auth.{name}", Taken(reading, self._note_reader), unit, text
            )
        age = "Time since the provider gave the keys in hand."
        meter.create_observable_gauge("jwks_auth.keys.age", Taken(self._ages, self._note_reader), "s", age)

    def _note_reader(self) -> None:
        self.watched = True

    def _joined(self) -> list[Service]:
        with self._lock:  # a set that grows meanwhile can't be gone through
            return [*self.services]

    def _ages(self) -> Reading:
        found = {tuple(attributes.items()): age for each in self._joined() for age, attributes in each.ages()}
        return [(age, dict(key)) for key, age in found.items()]

    def _hits(self) -> Reading:
        return self._lookups(0)

    def _misses(self) -> Reading:
        return self._lookups(1)

    def _lookups(self, which: int) -> Reading:
        found = [lookups[which] for each in self._joined() if (lookups := each.lookups()) is not None]
        return [(sum(found), {})] if found else []


_told: set[Any] = set()


def note_fault(error: Exception) -> None:
    """Tell the log that telemetry failed, once for each type of error: it may fail in each request."""
    if type(error) not in _told and len(_told) < 10:
        _told.add(type(error))
        log.warning("telemetry failed: %s", type(error).__name__, extra=fields("telemetry_failed"))


INSTRUMENTS = Instruments()

if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=INSTRUMENTS.reset)
