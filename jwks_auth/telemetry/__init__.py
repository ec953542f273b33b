"""Telemetry: the counts, durations and spans of OpenTelemetry, for one authenticator.

Only its API is used, and it is imported where an authenticator is built whose ``TELEMETRY`` is not off. Whatever of it
raises costs no request anything.
"""

from typing import TYPE_CHECKING

from jwks_auth.later import later
from jwks_auth.telemetry.switch import telemetry_of, watching

if TYPE_CHECKING:
    from jwks_auth.telemetry.telemetry import Telemetry

__all__ = ["Telemetry", "telemetry_of", "watching"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = later(__name__, {"Telemetry": "jwks_auth.telemetry.telemetry"})
