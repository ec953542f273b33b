"""The spans of requests: the server's own, which get a few attributes, and the links that fetches have to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from opentelemetry.context import Context, get_current
from opentelemetry.trace import INVALID_SPAN, SpanContext, SpanKind, get_current_span, set_span_in_context

from jwks_auth.challenge import escaped
from jwks_auth.telemetry.instruments import note_fault

__all__ = ["ServerSpans", "context_here", "get_current", "subject_in"]

_LONGEST_SUBJECT = 256
_SERVER = SpanKind.SERVER
_SPAN = next(iter(set_span_in_context(INVALID_SPAN, Context())))
"""The key of the current span in a context, which ``get_current_span`` takes several times as long to look up."""


class ServerSpans:
    """Tells the spans of requests' servers. *known* returns one, for a framework that has another in front of it."""

    def __init__(self, known: Callable[[Any], Any] | None) -> None:
        self._known = known

    def tell(self, kept: Mapping[str, Any], attributes: Mapping[str, str]) -> None:
        """Set *attributes* on the span of the request whose own mapping is *kept*, if anybody records it."""
        try:
            span: Any = get_current().get(_SPAN)
            if span is None:
                return
            if self._known is not None:
                span = self._known(kept) or span
            if span.is_recording() and getattr(span, "kind", _SERVER) is _SERVER:
                for name, value in attributes.items():  # one by one is the SDK's faster way for so few
                    span.set_attribute(name, value)
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
