"""Fields of the user model: which there are, and the claims that fit them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models

from jwks_auth import ConfigurationError

__all__ = ["email_field", "has_type_of", "is_unique", "model_field", "typed", "username_field"]

_JSON_TYPES: tuple[tuple[type[models.Field[Any, Any]], tuple[type, ...]], ...] = (
    (models.BooleanField, (bool,)),
    (models.IntegerField, (int,)),
    (models.FloatField, (int, float)),
    (models.DecimalField, (int, float, str)),
    (models.CharField, (str,)),
    (models.TextField, (str,)),
    (models.UUIDField, (str,)),
    (models.DateField, (str,)),
    (models.TimeField, (str,)),
    (models.DurationField, (str,)),
    (models.GenericIPAddressField, (str,)),
    (models.FileField, (str,)),
)
"""The types of JSON that are a field's; a field of another kind judges for itself."""


def model_field(name: str, setting: str) -> Any:
    """Return the field *name* of the user model; raise :class:`ConfigurationError` if there is none."""
    model = get_user_model()._meta
    try:
        return model.get_field(name)
    except FieldDoesNotExist as error:
        raise ConfigurationError(f"{setting}: {model.label} has no field {name!r}") from error


def username_field() -> Any:
    """Return the field of the user name."""
    model: Any = get_user_model()
    return model._meta.get_field(model.USERNAME_FIELD)


def email_field() -> Any:
    """Return the field of the e-mail address; ``None`` if the user model has none."""
    model: Any = get_user_model()
    name = model.get_email_field_name()
    return next((field for field in model._meta.concrete_fields if field.name == name), None)


def is_unique(field: Any) -> bool:
    """Return whether no two accounts have the same value there."""
    alone = [each.fields for each in field.model._meta.total_unique_constraints]
    return bool(field.unique) or (field.name,) in alone


def has_type_of(field: Any, value: Any) -> bool:
    """Return whether *value*, of a claim, is of the type of JSON that *field* stores."""
    field = field.target_field if field.is_relation else field
    for kind, types in _JSON_TYPES:
        if isinstance(field, kind):
            return isinstance(value, types) and (bool in types or not isinstance(value, bool))
    return True


def typed(field: Any, value: Any) -> Any:
    """Return *value*, of a claim, as *field* has it in Python; ``None`` if it is no such value, or no plain one.

    An integer may be written as text, as ``sub`` always is; but not in several ways, or several subjects were one.
    """
    if not isinstance(value, str | int) or isinstance(value, bool) or "\0" in str(value):
        return None
    try:
        found = field.to_python(value)
    except (ValidationError, ValueError, TypeError, OverflowError):
        return None
    same = str(value).lower() if isinstance(field, models.UUIDField) else str(value)
    return found if str(found) == same and same else None
