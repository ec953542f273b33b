"""A field of the user model that a claim fills: what fits it, and what it identifies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils import timezone

from jwks_auth import ConfigurationError
from jwks_auth_django.users.fields import email_field, has_type_of, is_unique, model_field

__all__ = ["POWERS", "MappedField", "Misfit"]

POWERS = frozenset({"is_staff", "is_superuser"})
"""Fields that give power."""


_LONGEST = timedelta(microseconds=2**63 - 1)
"""The longest duration that databases store which keep microseconds."""


class Misfit(Exception):
    """A claim does not fit its field; the text says why, and quotes nothing of the claim."""


@dataclass(frozen=True, slots=True)
class MappedField:
    """One field, under the *name* by which an account has it: of a foreign key, that of its column."""

    name: str
    field: Any

    @classmethod
    def of(cls, name: str, setting: str) -> MappedField:
        """Return the field *name*; raise :class:`ConfigurationError` if no claim may fill it."""
        field = model_field(name, setting)
        # A claim in the primary key would choose the row that is overwritten.
        if field.many_to_many or not field.concrete or field.primary_key or name == "password":
            raise ConfigurationError(f"{setting}: {name!r} is no field that a claim can fill")
        if field.is_relation and name != field.attname:
            raise ConfigurationError(f"{setting}: {name!r} is a foreign key, so map {field.attname!r}")
        return cls(name, field)

    @property
    def identifies(self) -> bool:
        """Whether the field tells accounts apart or gives powers, and so is not only for display."""
        model: Any = get_user_model()
        named = self.name in POWERS or self.name in ("is_active", model.USERNAME_FIELD)
        return named or self.field.is_relation or is_unique(self.field)

    def value(self, user: Any, said: Any) -> Any:
        """Return the claim *said* as *user* stores it; raise :class:`Misfit` if it can't be stored.

        Only a value that differs from the stored one is validated, which may cost a query.
        """
        if not has_type_of(self.field, said):
            raise Misfit("it is of another type of JSON")
        if _has_null(said):
            raise Misfit("it has a null character")
        said = self._normalised(said)
        try:
            stored = getattr(user, self.name)
            if _storable(self.field.to_python(said)) == stored:
                return stored
            return _storable(self.field.clean(said, user))
        except ValidationError as error:
            raise Misfit(f"it is refused as {', '.join(_codes(error))}") from error
        except (TypeError, ValueError, OverflowError, ArithmeticError) as error:  # date fields raise Python's
            raise Misfit(f"it is refused by {type(error).__name__}") from error

    def _normalised(self, said: Any) -> Any:
        """Return *said* as the user model's manager stores it, so that it is not written back raw."""
        model: Any = get_user_model()
        if self.field == email_field():
            said = getattr(model._default_manager, "normalize_email", str)(said)
        return model.normalize_username(said) if self.field.name == model.USERNAME_FIELD else said


def _has_null(said: Any) -> bool:
    """Return whether *said* has a null character at any depth, which PostgreSQL stores nowhere."""
    if isinstance(said, Mapping):
        return any(_has_null(each) for pair in said.items() for each in pair)
    if isinstance(said, list | tuple):
        return any(map(_has_null, said))
    return isinstance(said, str) and "\0" in said


def _storable(value: Any) -> Any:
    """Return *value* as every database stores it; raise ``OverflowError`` if one of them can't.

    A time has a time zone if the project's do; without one in the claim it is in UTC.
    """
    if isinstance(value, timedelta) and abs(value) > _LONGEST:
        raise OverflowError
    if not isinstance(value, datetime):
        return value
    if not settings.USE_TZ:
        return timezone.make_naive(value) if timezone.is_aware(value) else value
    known = timezone.make_aware(value, UTC) if timezone.is_naive(value) else value
    known.astimezone(UTC)  # the year 1 may begin, and the year 9999 end, elsewhere alone
    return known


def _codes(error: ValidationError) -> list[str]:
    return sorted({str(each.code or "invalid") for each in getattr(error, "error_list", (error,))})
