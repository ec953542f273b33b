"""The caching headers of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["max_age", "retry_after"]

_DAY = 86_400.0


def max_age(headers: Mapping[str, str]) -> float | None:
    """Return the seconds left of the answer's freshness (RFC 9111 section 4.2).

    ``None`` where the server says nothing.
    """
    directives: dict[str, str] = {}
    for directive in headers.get("Cache-Control", "").lower().split(","):
        name, _, value = directive.strip().partition("=")
        directives.setdefault(name, value.strip('"'))
    if "no-store" in directives:
        return 0.0
    if not directives.get("max-age", "").isdecimal():
        return None
    age = headers.get("Age", "").strip()
    return max(0.0, float(directives["max-age"]) - (float(age) if age.isdecimal() else 0.0))


def retry_after(value: str | None) -> float | None:
    """Seconds to wait, a day at most, from seconds or a date (RFC 9110 section 10.2.3); nonsense is no wish."""
    if value is None:
        return None
    # An HTTP field's white space is these two; str.strip() takes more, which float() does not.
    if (digits := value.strip(" \t")).isdecimal():
        return min(float(digits), _DAY)
    try:
        seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, seconds), _DAY)
