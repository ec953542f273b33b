"""``Fetches``: an observer of one issuer's fetches, which counts and times them, and gives each a span of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Any, TypeVar

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, Status, StatusCode

from jwks_auth.errors import KeySourceError
from jwks_auth.telemetry.instruments import Instruments, note_fault
from jwks_auth.telemetry.spans import context_here
from jwks_auth.telemetry.words import ERROR_TYPE, FETCH_KIND, ISSUER, METER, RESULT, Words

__all__ = ["Fetches", "observe"]

ResultT = TypeVar("ResultT")

_MOST_LINKS = 32
_KINDS = Words(
    [
        "bearer",
        "busy",
        "callback",
        "connection",
        "crash",
        "credentials",
        "discovery",
        "encoding",
        "gone",
        "internal",
        "introspection",
        "no_usable_keys",
        "not_a_key_set",
        "not_an_object",
        "not_json",
        "redirect",
        "status",
        "timeout",
        "tls",
        "too_large",
        "unavailable",
    ]
)
"""The kinds of failures; a session or a client of the service's own may have others."""


class Fetches:
    """Sees the fetches of *issuer*, a configured one; ``None`` stands for all tenants."""

    def __init__(self, instruments: Instruments, issuer: str | None) -> None:
        self._instruments, self.issuer = instruments, issuer
        self._links: dict[int, SpanContext] = {}
        self._span: Span | None = None

    def started(self) -> None:
        """Link the fetch that begins to this thread's request, and to none that waited for another."""
        self._links = {}
        self.joined()

    def joined(self) -> None:
        """Link the fetch in progress, or the one that is about to begin, to this thread's request."""
        context, span = context_here(), self._span
        if context is None or context.span_id in self._links or len(self._links) >= _MOST_LINKS:
            return
        self._links[context.span_id] = context
        if span is not None:
            guarded(partial(span.add_link, context))

    def served_stale(self) -> None:
        """Count it."""
        self._instruments.stale_served.add((self.issuer,))

    def fetching(self, kind: str) -> Fetching:
        """Return a context that counts, times and traces one fetch; that of keys is linked to requests."""
        if kind != "keys":
            return Fetching(self, kind, ())
        return Fetching(self, kind, [*self._links.values()], on_span=self._note_span)

    def asking(self, ask: Callable[[], ResultT]) -> Callable[[], ResultT]:
        """Return *ask*, counted, timed and traced, and linked to this thread's request."""
        context = context_here()

        def asked() -> ResultT:
            with Fetching(self, "introspection", [] if context is None else [context]) as fetching:
                answer = ask()
                fetching.note(answer)
                return answer

        return asked

    def count(self, kind: str, result: str, failure: str | None, seconds: float) -> None:
        """Count one that has ended, and record its duration."""
        instruments, issuer = self._instruments, {} if self.issuer is None else {ISSUER: self.issuer}
        if kind == "introspection":
            instruments.introspections.add((result, failure, self.issuer))
            instruments.record("jwks_auth.introspection.duration", seconds, issuer)
        else:
            instruments.key_fetches.add((result, failure, kind, self.issuer))
            instruments.record("jwks_auth.key_fetch.duration", seconds, {FETCH_KIND: kind, **issuer})

    def _note_span(self, span: Span | None) -> None:
        self._span = span
        if span is None:
            self._links = {}


class Fetching:
    """One fetch of a *kind*: a span without a parent, or of the fetch that needs it, with *links* to requests."""

    def __init__(
        self,
        seen_by: Fetches,
        kind: str,
        links: Any,
        *,
        on_span: Callable[[Span | None], None] = lambda span: None,
    ) -> None:
        self._seen_by, self._kind, self._links, self._on_span = seen_by, kind, links, on_span
        self._span: Any = None
        self._current: Any = None
        self._result = "success"

    def note(self, answer: Any) -> None:
        """Note the answer about a token: a refusal, or one that another process was told and has left in the store."""
        self._result = "inactive" if hasattr(answer, "code") else "active"
        if not getattr(answer, "is_news", True):
            self._result = "shared"

    def __enter__(self) -> Fetching:
        self._began = perf_counter()
        guarded(self._begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        failure = None
        if error is not None:
            self._result = "failure"
            failure = _KINDS(error.kind if isinstance(error, KeySourceError) else "callback")
        self._on_span(None)
        guarded(partial(self._end, failure))
        self._seen_by.count(self._kind, self._result, failure, perf_counter() - self._began)

    def _begin(self) -> None:
        issuer = self._seen_by.issuer
        attributes = {FETCH_KIND: self._kind, **({} if issuer is None else {ISSUER: issuer})}
        # The thread is the fetch's own, but for a caller's: its request is linked to, and no parent.
        context = None if self._kind == "metadata" else Context()
        self._span = trace.get_tracer(METER).start_span(
            f"jwks_auth.fetch {self._kind}",
            context,
            attributes=attributes,
            links=[Link(context) for context in self._links],
        )
        self._on_span(self._span)
        self._current = trace.use_span(
            self._span, record_exception=False, set_status_on_exception=False, end_on_exit=False
        )
        self._current.__enter__()

    def _end(self, failure: str | None) -> None:
        if self._current is not None:
            self._current.__exit__(None, None, None)
        if self._span is None:
            return
        self._span.set_attribute(RESULT, self._result)
        if failure is not None:
            self._span.set_attribute(ERROR_TYPE, failure)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


def guarded(call: Callable[[], object]) -> None:
    """Make a call of a tracer's, which must not cost anybody a fetch."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - a tracer provider is the user's
        note_fault(error)


def observe(issuer: Any, observer: Fetches) -> None:
    """Have *observer* see the fetches of an ``Issuer``, of its keys and about its tokens."""
    source = getattr(getattr(issuer, "client", None), "source", None)
    if source is not None:
        source.voice.observe(observer)
    endpoint = getattr(issuer, "endpoint", None)
    if endpoint is not None:
        endpoint.observer = endpoint.observer or observer
