"""New accounts: made by the user model's own manager, as every other account of the project is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth import get_user_model

__all__ = ["create_account"]


def create_account(values: Mapping[str, Any], using: str) -> Any:
    """Return a new, saved account with these fields and no usable password.

    The manager's ``create_user()`` is called by keyword, as Django documents it: the user name, the required fields,
    ``password``. Fields that it does not take are written after it.
    """
    model: Any = get_user_model()
    create = getattr(model._default_manager.db_manager(using), "create_user", None)
    if create is None:
        user, later = model(), dict(values)
    else:
        taken, later = _divided(create, values)
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


def _divided(create: Callable[..., Any], values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arguments that *create* takes, and the other values."""
    parameters = inspect.signature(create).parameters
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return {**values, "password": None}, {}
    given = {**values, "password": None}
    taken = {name: value for name, value in given.items() if name in parameters}
    return taken, {name: value for name, value in values.items() if name not in taken}
