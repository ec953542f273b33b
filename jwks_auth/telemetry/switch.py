"""The switch: the telemetry that settings ask for, if OpenTelemetry's API can be imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from jwks_auth.errors import ConfigurationError
from jwks_auth.telemetry.watch import UNWATCHED, Watch

if TYPE_CHECKING:
    from jwks_auth.telemetry.telemetry import Telemetry

__all__ = ["telemetry_of", "watching"]


def telemetry_of(
    shared: Mapping[str, Any],
    verifier: Any,
    *,
    label: str,
    schemes: Iterable[str],
    server_span: Callable[[Any], Any] | None,
) -> Telemetry | None:
    """Return the telemetry that *shared* settings ask for; ``None`` if it is off.

    *label* names a setting in messages. Raises ``ConfigurationError`` where it is on and the API is missing.
    """
    asked = shared.get("TELEMETRY", "auto")
    if asked == "off":
        return None
    try:
        from jwks_auth.telemetry.telemetry import Telemetry
    except ImportError as error:
        if asked == "auto":
            return None
        raise ConfigurationError(
            f"{label.format('TELEMETRY')}: found on, but opentelemetry-api can't be imported; install jwks-auth[otel]"
        ) from error
    return Telemetry(
        verifier,
        schemes=schemes,
        subject=shared.get("TELEMETRY_SUBJECT", "off"),
        server_span=server_span,
    )


def watching(telemetry: Telemetry | None) -> Watch:
    """Return a context for the verification of a token without a request."""
    return UNWATCHED if telemetry is None else telemetry.watch()
