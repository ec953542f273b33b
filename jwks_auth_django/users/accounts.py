"""New accounts: made by the user model's own manager, as every other account of the project is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import NOT_PROVIDED, CharField, TextField
from django.utils.translation import gettext as _

from jwks_auth_django.users.fields import email_field, username_field
from jwks_auth_django.users.resolvers import refused, unfillable

__all__ = [
    "UNSUITABLE",
    "create_account",
    "is_account",
    "is_user_name",
    "required_fields",
    "told_unfilled",
]


UNSUITABLE = (ValueError, ArithmeticError, ValidationError)
"""Errors by which a model's own code, or the database's adapter, refuses a value."""


def required_fields() -> Iterator[Any]:
    """Yield the fields that each account must have, beside its name and password."""
    for field in get_user_model()._meta.concrete_fields:
        if field.primary_key or field.name == "password" or field == username_field():
            continue
        filled = field.has_default() or getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED
        if field.editable and not (filled or field.blank or field.null):
            yield field


def _arguments_in_vain() -> list[str]:
    """Return what ``create_user()`` of the manager asks for, and is no field of the user model."""
    create = getattr(get_user_model()._default_manager, "create_user", None)
    if create is None:
        return []
    known = {"password"}
    for field in get_user_model()._meta.concrete_fields:
        known |= {field.name, field.attname}
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    asked = _asked(inspect.signature(create).parameters)
    return [each.name for each in asked if each.name not in known and each.kind not in kinds]


def told_unfilled(names: Iterable[str]) -> Iterator[str]:
    """Yield what new accounts lack, in the reader's language: these fields, and arguments of the manager."""
    label = get_user_model()._meta.label
    for name in names:
        yield _("{field} is required, and no setting fills it").format(field=f"{label}.{name}")
    for name in _arguments_in_vain():
        yield _("create_user() of the manager of {model} asks for {name}, which is no field").format(
            model=label, name=name
        )


def is_account(user: Any) -> bool:
    """Return whether *user* is a row of the user model."""
    return isinstance(user, get_user_model()) and user.pk is not None and not user._state.adding


def is_user_name(name: Any) -> bool:
    """Return whether *name* fits the user name's field; where that is an e-mail address, only one does."""
    field = username_field()
    if isinstance(field, CharField | TextField) and not isinstance(name, str):
        return False
    if field == email_field() and "@" not in name:
        return False
    try:
        field.clean(name, None)
    except (ValidationError, ValueError, TypeError):
        return False
    return True


def create_account(values: Mapping[str, Any], using: str, unfilled: Collection[str] = ()) -> Any:
    """Return a new, saved account with these fields and no usable password.

    The manager may fill the required fields in *unfilled*, which no setting fills. Raises :class:`KeySourceError` if it
    does not.
    """
    if asked := _arguments_in_vain():
        raise unfillable(f"create_user() of the user model's manager asks for {', '.join(asked)}")
    try:
        user = _created(values, using)
    except (IntegrityError, TypeError, *UNSUITABLE) as error:
        if unfilled:
            raise unfillable(f"no setting fills the required {_fields(unfilled)}") from error
        if isinstance(error, IntegrityError | TypeError):
            raise
        raise refused(f"the user model's manager creates no such account: {type(error).__name__}") from error
    if empty := [name for name in unfilled if getattr(user, name) in (None, "")]:
        raise unfillable(f"no setting fills the required {_fields(empty)}")
    return user


def _created(values: Mapping[str, Any], using: str) -> Any:
    """Call the manager's ``create_user()`` by keyword, as Django documents it; write what it does not take after it."""
    model: Any = get_user_model()
    create = getattr(model._default_manager.db_manager(using), "create_user", None)
    if create is None:
        user, later = model(), dict(values)
    else:
        taken, later = _divided(create, values, using)
        user = create(**taken)
    for name, value in later.items():
        setattr(user, name, value)
    if user.has_usable_password() or not user.password:
        user.set_unusable_password()
        later["password"] = user.password
    if user._state.adding:
        user.save(using=using)
    elif later:
        user.save(using=using, update_fields=list(later))
    return user


def _divided(
    create: Callable[..., Any], values: Mapping[str, Any], using: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arguments that *create* takes, and the other values."""
    parameters = inspect.signature(create).parameters
    values = dict(_as_asked(parameters, name, value, using) for name, value in values.items())
    given = {**values, "password": None}
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return {**_defaults(parameters), **given}, {}
    taken = {name: value for name, value in given.items() if name in parameters}
    later = {name: value for name, value in values.items() if name not in taken}
    return {**_defaults(parameters), **taken}, later


def _as_asked(parameters: Collection[str], name: str, value: Any, using: str) -> tuple[str, Any]:
    """Return the row in place of a foreign key's value, where the manager asks for the row."""
    field: Any = get_user_model()._meta.get_field(name)
    if not field.is_relation or name in parameters or field.name not in parameters:
        return name, value
    rows = field.related_model._base_manager.using(using)
    return field.name, rows.get(**{field.target_field.attname: value})


def _asked(parameters: Mapping[str, inspect.Parameter]) -> list[inspect.Parameter]:
    return [each for each in parameters.values() if each.default is each.empty]


def _defaults(parameters: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    """Return the defaults of the fields that an account may lack, and its manager asks for."""
    asked = {each.name for each in _asked(parameters)}
    required = {field.name for field in required_fields()}
    fields = get_user_model()._meta.concrete_fields
    return {each.name: each.get_default() for each in fields if each.name in asked - required}


def _fields(names: Collection[str]) -> str:
    return f"field{'' if len(names) == 1 else 's'} {', '.join(names)}"
