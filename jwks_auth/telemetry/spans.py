"""The spans of requests: the server's own, which get a few attributes, and the links that fetches have to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from opentelemetry.trace import INVALID_SPAN, Span, SpanContext, SpanKind, get_current_span

from jwks_auth.challenge import escaped
from jwks_auth.telemetry.instruments import note_fault

__all__ = ["ServerSpans", "context_here", "subject_in", "tell"]

_LONGEST_SUBJECT = 256


class ServerSpans:
    """Finds the span of a request's server. *known* returns it, for a framework that has another in front of it."""

    def __init__(self, known: Callable[[Any], Any] | None) -> None:
        self._known = known

    def of(self, kept: Mapping[str, Any]) -> Span | None:
        """Return the span of the request whose own mapping is *kept*; ``None`` for one that nobody records."""
        try:
            span: Span = (self._known is not None and self._known(kept)) or get_current_span()
            if span is INVALID_SPAN:  # there is none, as in most services
                return None
            if span.is_recording() and getattr(span, "kind", SpanKind.SERVER) is SpanKind.SERVER:
                return span
        except Exception as error:  # noqa: BLE001 - a tracer provider is the user's
            note_fault(error)
        return None


def tell(span: Span | None, attributes: Mapping[str, str]) -> None:
    """Set *attributes* on a request's span."""
    if span is not None:
        try:
            span.set_attributes(attributes)
        except Exception as error:  # noqa: BLE001 - a tracer provider is the user's
            note_fault(error)


def context_here() -> SpanContext | None:
    """Return the context of this thread's span, to link to; ``None`` if there is none."""
    try:
        context = get_current_span().get_span_context()
        return context if context.is_valid else None
    except Exception as error:  # noqa: BLE001 - a tracer provider is the user's
        note_fault(error)
        return None


def subject_in(form: str, issuer: str | None, subject: str | None) -> dict[str, str]:
    """Return the attribute for a token's subject, in the *form* ``hash`` or ``plain``; none if it has no subject.

    The hash is the same in all processes; who can guess the subject can check the guess.
    """
    if subject is None:
        return {}
    if form == "plain":
        return {"user.id": escaped(subject[:_LONGEST_SUBJECT])}
    named = f"{len(issuer or '')}:{issuer or ''}{subject}"
    return {"user.id": sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]}
