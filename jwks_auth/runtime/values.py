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

    __slots__ = ("_cls", "_options")

    def __init__(self, cls: type, options: dict[str, Any]) -> None:
        self._cls, self._options = cls, options

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        # Two threads may both compile it: the same function twice.
        made = self._compiled()
        setattr(self._cls, "__init__", made)  # noqa: B010 - which mypy knows only of instances
        return made.__get__(instance, owner)

    def _compiled(self) -> Any:
        # Of a class that only has the fields, because slots leave no defaults on the real one.
        fields = dataclasses.fields(self._cls)
        body: dict[str, Any] = {field.name: _again(field) for field in fields}
        body["__annotations__"] = {field.name: field.type for field in fields}
        body |= {
            "__module__": self._cls.__module__,
            "__qualname__": self._cls.__qualname__,
            "__doc__": "Fields.",
        }
        if hasattr(self._cls, "__post_init__"):
            body["__post_init__"] = None  # has the compiled one call the real one's
        double = type(self._cls.__name__, (), body)
        return dataclasses.dataclass(repr=False, eq=False, **self._options)(double).__init__  # type: ignore[misc]


def _again(field: dataclasses.Field[Any]) -> Any:
    given: Any = {"init": field.init, "kw_only": field.kw_only}
    for name in ("default", "default_factory"):
        if (found := getattr(field, name)) is not dataclasses.MISSING:
            given[name] = found
    return dataclasses.field(**given)


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
    made.__init__ = _Init(made, {"frozen": frozen, "kw_only": options.get("kw_only", False)})
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
