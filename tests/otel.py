"""OpenTelemetry for tests: the process's providers lead to an SDK in memory for one test at a time, else nowhere.

A provider can be set once in a process, and FastAPI's own telemetry begins where it is a real one. These are of the
kind that does nothing, so the tests around notice nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from jwks_auth.telemetry.instruments import INSTRUMENTS

__all__ = ["Seen", "opentelemetry", "point"]

Key = tuple[tuple[str, str], ...]


class _Meter(metrics.NoOpMeter):
    """Notes what is created, and creates it again in the meter of each test."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._named, self._created = name, list[tuple[str, tuple[Any, ...], dict[str, Any], Any]]()
        _meters.append(self)

    def use(self, provider: Any) -> None:
        """Create all that was created, in a meter of *provider*."""
        meter = None if provider is None else provider.get_meter(self._named)
        for method, args, kwargs, forward in self._created:
            made = None if meter is None else getattr(meter, method)(*args, **kwargs)
            if forward is not None:
                forward.real = made

    def create_histogram(self, *args: Any, **kwargs: Any) -> Any:
        return self._noted("create_histogram", args, kwargs, _Histogram("noted"))

    def create_observable_counter(self, *args: Any, **kwargs: Any) -> Any:
        return self._noted("create_observable_counter", args, kwargs, None)

    def create_observable_gauge(self, *args: Any, **kwargs: Any) -> Any:
        return self._noted("create_observable_gauge", args, kwargs, None)

    def _noted(self, method: str, args: Any, kwargs: Any, forward: Any) -> Any:
        self._created.append((method, args, kwargs, forward))
        return forward


class _Histogram(metrics.NoOpHistogram):
    real: Any = None

    def record(self, amount: float, attributes: Any = None, context: Any = None) -> None:
        if self.real is not None:
            self.real.record(amount, attributes, context)


class _Meters(metrics.NoOpMeterProvider):
    def get_meter(self, name: str, *args: Any, **kwargs: Any) -> metrics.Meter:
        return _Meter(name) if name == "jwks_auth" else metrics.NoOpMeter(name)


class _Tracers(trace.NoOpTracerProvider):
    real: Any = None

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
        found: trace.Tracer = (self.real or super()).get_tracer(*args, **kwargs)
        return found


_meters: list[_Meter] = []
_tracers = _Tracers()


def _set_up() -> None:
    if trace.get_tracer_provider() is not _tracers:
        trace.set_tracer_provider(_tracers)
        metrics.set_meter_provider(_Meters())


@dataclass(frozen=True)
class Seen:
    """The providers of one test, and what they saw."""

    reader: InMemoryMetricReader
    exporter: InMemorySpanExporter
    meters: MeterProvider
    tracers: TracerProvider

    def metrics(self) -> dict[str, dict[Key, Any]]:
        """Each metric's points now, by name: a number, or for a histogram the point."""
        found: dict[str, dict[Key, Any]] = {}
        data = self.reader.get_metrics_data()
        for scope in [] if data is None else data.resource_metrics[0].scope_metrics:
            for metric in scope.metrics:
                points = found.setdefault(metric.name, {})
                for each in metric.data.data_points:
                    points[tuple(sorted(each.attributes.items()))] = getattr(each, "value", each)
        return found

    def counts(self, name: str = "authentications") -> dict[Key, int]:
        """The counts of one of our metrics."""
        return self.metrics().get(f"jwks_auth.{name}", {})

    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended."""
        return list(self.exporter.get_finished_spans())

    @contextmanager
    def server(self, name: str = "GET /") -> Iterator[Any]:
        """A server's span, as an instrumentation begins one."""
        tracer = self.tracers.get_tracer("a server")
        with tracer.start_as_current_span(name, kind=trace.SpanKind.SERVER) as span:
            yield span


def point(**attributes: str) -> Key:
    """The attributes of a point: ``result`` for ``jwks_auth.result``, ``error`` for ``error.type``."""
    full = {"error": "error.type", "kind": "jwks_auth.fetch.kind"}
    named = {full.get(name, f"jwks_auth.{name}"): value for name, value in attributes.items()}
    return tuple(sorted(named.items()))


@contextmanager
def opentelemetry(
    readers: Iterable[MetricReader] = (), wrap: Callable[[Any], Any] = lambda it: it
) -> Iterator[Seen]:
    """An SDK for one block, in which nothing was counted yet. *wrap* may put something around its meters."""
    _set_up()
    INSTRUMENTS.begin()
    INSTRUMENTS.reset()
    INSTRUMENTS.services.clear()
    reader, exporter = InMemoryMetricReader(), InMemorySpanExporter()
    seen = Seen(reader, exporter, MeterProvider([reader, *readers]), TracerProvider())
    seen.tracers.add_span_processor(SimpleSpanProcessor(exporter))
    _tracers.real = seen.tracers
    for meter in _meters:
        meter.use(wrap(seen.meters))
    try:
        yield seen
    finally:
        _tracers.real = None
        for meter in _meters:
            meter.use(None)
        seen.meters.shutdown()
