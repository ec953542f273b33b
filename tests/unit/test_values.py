"""Dataclasses that compile ``__init__`` at the first instance are like those of ``dataclasses``."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any

import pytest

from jwks_auth import KeySet, Policy
from jwks_auth.runtime import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """Two numbers and what is not told."""

    x: int
    y: int = 2
    hidden: list[int] = field(default_factory=list, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Empty:
    """No field."""


@dataclass(slots=True, kw_only=True)
class Open:
    """May be changed."""

    name: str
    made: str = field(default="", init=False)
    _made: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.made = self.name.upper()


@dataclass(frozen=True, slots=True)
class Deeper(Point):
    """A field more."""

    z: int = 3


@dataclass(frozen=True)
class Own:
    """Methods of its own."""

    x: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own)

    def __repr__(self) -> str:
        return "own"


class Child(Point):
    """A plain class below."""


def test_instances_are_made_compared_and_shown() -> None:
    """Defaults, equality, hash and text are those of ``dataclasses``; what is hidden is in none of them."""
    assert Point(1) == Point(1, 2, [3]) != Point(2)
    assert hash(Point(1)) == hash(Point(1, 2, [3]))
    assert Point(1) != (1, 2)
    assert repr(Point(1)) == "Point(x=1, y=2)"
    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())
    assert repr(Empty()) == "Empty()"
    assert (Deeper(1), Deeper(1).z) == (Deeper(1, z=3), 3)
    assert (Own(1), repr(Own(1))) == (Own(2), "own")
    assert hash(Own(1)) != hash(Own(2))


def test_a_signature_tells_what_is_made_for_each_instance() -> None:
    """As that of ``dataclasses`` does: there is no value that it could show."""
    assert inspect.signature(Point).parameters["hidden"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert repr(inspect.signature(Point).parameters["hidden"].default) == "<factory>"


def test_what_is_no_field_is_refused() -> None:
    """The compiled ``__init__`` takes the same arguments, from the first call on."""

    @dataclass(frozen=True, slots=True)
    class Fresh:
        """Has no instance yet."""

        x: int

    assert list(inspect.signature(Fresh).parameters) == ["x"]
    with pytest.raises(TypeError, match="unexpected keyword argument 'y'"):
        Fresh(1, y=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="missing 1 required"):
        Fresh()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="positional"):
        Open("a")  # type: ignore[misc]


def set_x(point: Any) -> None:
    """Assign to a field."""
    point.x = 5


def delete_x(point: Any) -> None:
    """Delete a field."""
    del point.x


@pytest.mark.parametrize("change", [set_x, delete_x])
@pytest.mark.parametrize("make", [Point, Deeper, Child])
def test_frozen_ones_stay_as_they_are(change: Callable[[Any], None], make: Any) -> None:
    """Fields are neither set nor deleted, in a class below either."""
    point = make(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="field 'x'"):
        change(point)
    assert point.x == 1


def test_a_class_below_has_attributes_of_its_own() -> None:
    """As with ``dataclasses``, only the fields are frozen there."""
    child: Any = Child(1)
    child.other = 1
    del child.other
    assert not hasattr(child, "other")


def test_others_may_be_changed() -> None:
    """One that is not frozen takes a value, and has no hash."""
    one = Open(name="a")
    one.name = "b"
    assert (one.name, one.made, one._made) == ("b", "A", [])
    assert one._made is not Open(name="a")._made
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


@pytest.mark.parametrize("one", [Point(1, 3), Deeper(1), Open(name="a"), Empty()], ids=repr)
def test_the_standard_librarys_functions_know_them(one: Any) -> None:
    """``replace``, ``asdict``, ``fields`` and pickle."""
    assert dataclasses.is_dataclass(one)
    assert pickle.loads(pickle.dumps(one)) == one
    assert dataclasses.asdict(one) == {each.name: getattr(one, each.name) for each in dataclasses.fields(one)}
    assert dataclasses.replace(one) == one


def test_others_derive_from_them() -> None:
    """A dataclass of the standard library may derive from one, with the same rules as there."""

    @dataclasses.dataclass(frozen=True)
    class Named(Point):
        name: str = ""

    assert Named(1, name="a").name == "a"
    with pytest.raises(TypeError, match="non-frozen"):
        dataclasses.dataclass(type("Thawed", (Point,), {"__annotations__": {}}))


def test_the_public_ones_are_of_this_kind() -> None:
    """Equality, text and pickling of those that programs hold."""
    assert isinstance(KeySet.from_dict({"keys": []}).keys, tuple)
    assert Policy(scopes=["a"]) == Policy(scopes=["a"])
    assert pickle.loads(pickle.dumps(Policy(scopes=["a"]))) == Policy(scopes=["a"])
