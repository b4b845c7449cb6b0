"""Classes that are compared by their fields."""

from __future__ import annotations

import pickle

import pytest

from dagflow.values import ByValue, Constant


class Cup(ByValue):
    """A mutable value."""

    __slots__ = ("size", "tags")

    def __init__(self, size: object, tags: object = ()) -> None:
        self.size = size
        self.tags = tags


class Mug(Cup):
    """A value with another field."""

    __slots__ = ("handle",)

    def __init__(self, size: object, handle: object) -> None:
        super().__init__(size)
        self.handle = handle


class Plate(Constant):
    """A constant whose slots have another order than its parameters."""

    __slots__ = ("color", "size")
    _names = ("size", "color")

    def __init__(self, size: int, color: str) -> None:
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "color", color)


def test_equal_by_class_and_fields() -> None:
    """Objects are equal if their class and all fields are equal, including the fields of the base."""
    assert Cup(1) == Cup(1)
    assert Cup(1) != Cup(2)
    assert Mug(1, True) == Mug(1, True)
    assert Mug(1, True) != Mug(2, True)
    assert Cup(1) != Mug(1, True)
    assert Mug.field_names() == ("size", "tags", "handle")


def test_hashes() -> None:
    """Equal objects have equal hashes, even with fields that have no hash."""
    assert hash(Cup(1, ["a"])) == hash(Cup(1, ["a"]))
    assert hash(Cup(1, ("a", ["b"]))) == hash(Cup(2, ("c", ["d"])))
    assert len({Cup(1), Cup(1), Cup(2)}) == 2


def test_repr_has_the_order_of_the_fields() -> None:
    """The repr has the class, and the names and values in the order of the fields."""
    assert repr(Mug(1, True)) == "Mug(size=1, tags=(), handle=True)"
    assert repr(Plate(1, "red")) == "Plate(size=1, color='red')"


def test_a_constant_cannot_be_changed() -> None:
    """Setting an attribute raises, and a pickled constant is equal."""
    plate = Plate(1, "red")

    with pytest.raises(AttributeError, match=r"a Plate does not change.*'size'"):
        plate.size = 2
    assert pickle.loads(pickle.dumps(plate)) == plate
