"""Messages of the checks: the mistake and its remedy, under an id."""

from __future__ import annotations

from django.core.checks import CheckMessage, Error, Info, Warning  # noqa: A004  # Django's name for it

__all__ = ["error", "information", "warning"]


def error(name: str, message: str, hint: str) -> CheckMessage:
    """Make an error, which must be fixed before the project serves requests."""
    return Error(message, hint=hint, id=f"jwks_auth_django.{name}")


def warning(name: str, message: str, hint: str) -> CheckMessage:
    """Make a warning, for something that may be intended."""
    return Warning(message, hint=hint, id=f"jwks_auth_django.{name}")


def information(name: str, message: str) -> CheckMessage:
    """Make a message that fails no check."""
    return Info(message, id=f"jwks_auth_django.{name}")
