"""Small immutable classes, as packages declare them."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from dagflow.compat.records import IHaveNew, as_dict, copy, is_record, record, record_custom, replace
from dagflow.errors import CheckError, ParameterCheckError


@record
class Cup:
    """A record with defaults."""

    size: int
    of: str = "tea"
    tags: list[str] = []  # noqa: RUF012 - records allow it
    next: Cup | None = None

    @property
    def doubled(self) -> int:
        """Twice the size."""
        return self.size * 2


@record_custom
class Spoon(IHaveNew):
    """A record with an own constructor."""

    length: int

    def __new__(cls, length: Any) -> Spoon:
        """Return a spoon whose length may be a string."""
        return super().__new__(cls, length=int(length))  # type: ignore[no-any-return]


def test_values() -> None:
    """Records with the same values are equal, and can be copied, pickled and shown."""
    cup = Cup(size=3)

    assert cup == Cup(size=3, of="tea")
    assert cup != Cup(size=4)
    assert copy(cup, size=5).doubled == replace(cup, size=5).doubled == 10
    assert pickle.loads(pickle.dumps(cup)) == cup
    assert repr(cup) == "Cup(size=3, of='tea', tags=[], next=None)"
    assert as_dict(cup) == {"size": 3, "of": "tea", "tags": [], "next": None}
    assert is_record(cup)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"size": "big"}, ParameterCheckError),
        ({"size": 1, "next": 3}, ParameterCheckError),
        ({"size": 1, "tags": [1]}, ParameterCheckError),
        ({}, TypeError),
        ({"size": 1, "colour": 2}, TypeError),
    ],
)
def test_invalid_values(values: dict[str, Any], error: type[Exception]) -> None:
    """A value of another type, a missing one and an unknown one are errors."""
    with pytest.raises(error):
        Cup(**values)


def test_a_record_cannot_be_changed() -> None:
    """An attribute cannot be set, and arguments are keywords."""
    with pytest.raises(AttributeError):
        Cup(size=1).size = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        Cup(1)


def test_options() -> None:
    """A record may take positions, and may leave out the checks."""

    @record(kw_only=False, checked=False)
    class Pot:
        size: int

    assert Pot("big").size == "big"  # type: ignore[arg-type]


def test_an_own_constructor() -> None:
    """A custom record passes its fields on. Its copies have them without the constructor."""
    spoon = Spoon("3")

    assert spoon.length == 3
    assert copy(spoon, length=4) == Spoon(4)
    assert pickle.loads(pickle.dumps(spoon)) == spoon
    with pytest.raises(ParameterCheckError):
        copy(spoon, length="4")


def test_other_values() -> None:
    """Another value is no record."""
    assert not is_record(3)
    with pytest.raises(CheckError, match="3 is not a record"):
        as_dict(3)
