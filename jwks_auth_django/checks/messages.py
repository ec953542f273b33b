"""Messages of the checks: what is wrong, and what to do about it, under an id of its own."""

from __future__ import annotations

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  # Django's name for it

__all__ = ["error", "warning"]


def error(name: str, message: str, hint: str) -> CheckMessage:
    """Make an error: to be mended before anything is served."""
    return Error(message, hint=hint, id=f"jwks_auth.{name}")


def warning(name: str, message: str, hint: str) -> CheckMessage:
    """Make a warning: it may be meant, and is worth a look."""
    return Warning(message, hint=hint, id=f"jwks_auth.{name}")
