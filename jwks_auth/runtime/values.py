"""Dataclasses whose methods cost nothing until they are used.

``dataclasses`` writes and compiles up to six methods for each class when its module is imported; for the classes of
this library that took more time than all the rest of its own import.
"""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass


class _Init:
    """Stands for ``__init__`` until it is first asked for, and puts the compiled one in its place."""

    __slots__ = ("_cls", "_frozen")

    def __init__(self, cls: type, *, frozen: bool) -> None:
        self._cls, self._frozen = cls, frozen

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        # Two threads may both compile it: the same function twice.
        made = self._compiled()
        setattr(self._cls, "__init__", made)  # noqa: B010 - which mypy knows only of instances
        return made.__get__(instance, owner)

    def _compiled(self) -> Any:
        fields = dataclasses.fields(self._cls)
        names: dict[str, Any] = {"_set": object.__setattr__, "_made": _MADE}
        plain, keyword, body = ["self"], ["*"], ["pass"]
        for field in fields:
            given = _argument(field, names)
            if field.init:
                (keyword if field.kw_only else plain).append(given)
            if (value := _value(field)) is not None:
                set_it = (
                    f"_set(self, {field.name!r}, {value})" if self._frozen else f"self.{field.name} = {value}"
                )
                body.append(set_it)
        if hasattr(self._cls, "__post_init__"):
            body.append("self.__post_init__()")
        parameters = ", ".join([*plain, *(keyword if len(keyword) > 1 else ())])
        # One function, where dataclasses would compile more along with it. Only names of fields are in its text.
        exec(f"def __init__({parameters}):\n " + "\n ".join(body), names)  # noqa: S102
        made = names["__init__"]
        made.__annotations__ = {field.name: field.type for field in fields if field.init} | {"return": None}
        made.__module__, made.__qualname__ = self._cls.__module__, f"{self._cls.__qualname__}.__init__"
        return made


class _Made:
    """Stands for a default that is made for each instance."""

    def __repr__(self) -> str:
        return "<factory>"


_MADE = _Made()


def _argument(field: dataclasses.Field[Any], names: dict[str, Any]) -> str:
    """Return *field* as a parameter; put its default among *names*."""
    if field.default is not dataclasses.MISSING:
        names[f"_default_{field.name}"] = field.default
        return f"{field.name}=_default_{field.name}"
    if field.default_factory is not dataclasses.MISSING:
        names[f"_default_{field.name}"] = field.default_factory
        return f"{field.name}=_made"
    return field.name


def _value(field: dataclasses.Field[Any]) -> str | None:
    """Return the value of *field* in a new instance; ``None`` if ``__post_init__`` sets it."""
    made = field.default_factory is not dataclasses.MISSING
    if field.init:
        return f"_default_{field.name}() if {field.name} is _made else {field.name}" if made else field.name
    if made:
        return f"_default_{field.name}()"
    return None if field.default is dataclasses.MISSING else f"_default_{field.name}"


def _dataclass(
    cls: type | None = None,
    *,
    frozen: bool = False,
    repr: bool = True,  # noqa: A002 - as dataclasses names it
    eq: bool = True,
    **options: Any,
) -> Any:
    """Do as ``dataclasses.dataclass``, and compile ``__init__`` at the first instance; the rest is the same for all."""
    if cls is None:
        return lambda cls: _dataclass(cls, frozen=frozen, repr=repr, eq=eq, **options)
    if any(map(dataclasses.is_dataclass, cls.__mro__[1:])):  # which wants to find its parent's kind
        return dataclasses.dataclass(frozen=frozen, repr=repr, eq=eq, **options)(cls)
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, **options)(cls)
    made.__init__ = _Init(made, frozen=frozen)
    for name, method in _methods(made, frozen=frozen, repr=repr, eq=eq).items():
        if vars(made).get(name) is None:  # __hash__ is None beside an __eq__ of the class's own
            setattr(made, name, method)
    made.__dataclass_params__.frozen = frozen
    return made


def _methods(cls: type, *, frozen: bool, repr: bool, eq: bool) -> dict[str, Any]:  # noqa: A002
    methods: dict[str, Any] = {}
    fields = dataclasses.fields(cls)
    if repr:
        methods["__repr__"] = _repr_of([field.name for field in fields if field.repr])
    if eq:
        key = _reader([field.name for field in fields if field.compare])
        methods |= {"__eq__": _eq_by(key), "__hash__": _hash_by(key) if frozen else None}
    if frozen:
        methods |= _frozen(cls, frozenset(field.name for field in fields))
    return methods


def _reader(names: list[str]) -> Callable[[Any], Any]:
    return attrgetter(*names) if names else lambda instance: ()


def _repr_of(names: list[str]) -> Callable[[Any], str]:
    @reprlib.recursive_repr()
    def __repr__(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return __repr__


def _eq_by(key: Callable[[Any], Any]) -> Callable[[Any, object], Any]:
    def __eq__(self: Any, other: object) -> Any:
        return key(self) == key(other) if type(other) is type(self) else NotImplemented

    return __eq__


def _hash_by(key: Callable[[Any], Any]) -> Callable[[Any], int]:
    def __hash__(self: Any) -> int:
        return hash(key(self))

    return __hash__


def _frozen(cls: type[Any], names: frozenset[str]) -> dict[str, Any]:
    def __setattr__(self: Any, name: str, value: Any) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return {"__setattr__": __setattr__, "__delattr__": __delattr__, **_pickling()}


def _pickling() -> dict[str, Any]:
    def __getstate__(self: Any) -> list[Any]:
        return [getattr(self, field.name) for field in dataclasses.fields(self)]

    def __setstate__(self: Any, state: list[Any]) -> None:
        for field, found in zip(dataclasses.fields(self), state, strict=True):
            object.__setattr__(self, field.name, found)

    return {"__getstate__": __getstate__, "__setstate__": __setstate__}


if not TYPE_CHECKING:
    dataclass = _dataclass
