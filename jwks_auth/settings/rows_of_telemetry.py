"""The rows of settings for telemetry: what can be seen of the service from outside."""

from __future__ import annotations

from jwks_auth.settings import readers as read
from jwks_auth.settings.setting import Setting, Taker

__all__ = ["TELEMETRY"]

TELEMETRY = (
    Setting(
        "TELEMETRY",
        read.one_of("auto", "on", "off"),
        Taker.ANSWER,
        "the counts, durations and spans of [OpenTelemetry](../how-to/telemetry.md): `auto` where its API can be "
        "imported; `on` needs it, as the extra `jwks-auth[otel]` brings it; `off`",
        default_doc="`auto`",
    ),
    Setting(
        "TELEMETRY_SUBJECT",
        read.one_of("off", "hash", "plain"),
        Taker.ANSWER,
        "the token's `sub` as `user.id` on the span of the request: `hash` is the same in all processes, and who can "
        "guess a `sub` can check the guess; `plain` as it is",
        default_doc="`off`",
    ),
)
"""The group of these rows."""
