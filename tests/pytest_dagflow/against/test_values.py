"""Tests of the difference of two values of two revisions."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
from typing import Any

import pytest

from pytest_dagflow.against.tables import compare_tables
from pytest_dagflow.against.tolerance import Tolerance
from pytest_dagflow.against.values import compare_values, table_summary


@dataclasses.dataclass
class Order:
    """A value with fields."""

    cups: int
    names: list[str]
    seen: int = dataclasses.field(default=0, compare=False)


class Plain:
    """A value without an `==` of its own."""

    def __init__(self, size: float) -> None:
        self.size = size


class Broken:
    """A value whose `==` raises."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        raise ValueError("it compares nothing")

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Broken({self.name})"


def summary(old: Any, new: Any, **options: Any) -> str:
    """Return the summary of the difference of two values; an empty string without one."""
    change = compare_values(old, new, Tolerance(**options))
    return change.summary if change else ""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (1, 2, "1 -> 2"),
        (None, 1, "None -> 1"),
        (1, 1.0, "1 (int) -> 1.0 (float)"),
        (True, 1, "True (bool) -> 1 (int)"),
        ("a", "b", "'a' -> 'b'"),
        (b"a", "a", "b'a' (bytes) -> 'a' (str)"),
        (datetime.date(2020, 1, 1), datetime.date(2020, 1, 2), "2020-01-01 -> 2020-01-02"),
        ("x" * 80 + "a", "x" * 80 + "b", "'...xxxxxxxxxxa' -> '...xxxxxxxxxxb' at character 80"),
        ([1, 2], (1, 2), "[1, 2] (list) -> (1, 2) (tuple)"),
        ([1, 2, 3], [1, 3], "3 elements -> 2 (and 1 more difference)"),
        ({1, 2}, {2, 3}, "without 1 (and 1 more difference)"),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "['a'][1]['b']: 2 -> 3"),
        ({"a": 1}, {}, "['a']: gone, was 1"),
        ({}, {"a": 1}, "['a']: new, is 1"),
        (Order(1, ["x"]), Order(1, ["y"], 5), ".names[0]: 'x' -> 'y'"),
        (Plain(1), Plain(2), ".size: 1 -> 2"),
    ],
)
def test_summaries(old, new, expected):
    """The summary reads as old -> new, with the place."""
    assert summary(old, new) == expected


def test_equal_values_have_no_difference():
    """NaN is equal to NaN, objects are equal by their attributes, and ignored fields do not count."""
    nan = [float("nan"), float("nan")]
    for old, new in (
        (nan[0], nan[1] * 1),
        ({"a": [nan[0]]}, {"a": [nan[1] * 1]}),
        (Plain(1), Plain(1)),
        (Order(1, []), Order(1, [], seen=5)),
        ({1, "a"}, {"a", 1}),
        (object(), object()),
    ):
        assert compare_values(old, new) is None


def test_details_of_many_differences():
    """The first few are shown, and the others are counted."""
    change = compare_values(list(range(20)), list(range(1, 21)))
    shifted = compare_values([1] * 20, [2] * 20)

    assert change is not None
    assert change.summary == "[0]: 0 -> 1 (and 19 more differences)"
    assert shifted is not None
    assert shifted.lines == (
        "[1]: 1 -> 2",
        "[2]: 1 -> 2",
        "[3]: 1 -> 2",
        "[4]: 1 -> 2",
        "... and 15 more differences",
    )


def test_lines_of_a_text():
    """Of a text with lines, the lines that differ are shown."""
    change = compare_values("a\nb\nc", "a\nB\nc")

    assert change is not None
    assert change.summary == "the text of 3 lines differs in 1 line"
    assert change.lines == ("- b", "+ B")


def test_tolerances_hold_inside_of_values():
    """A margin allows other numbers, also of another class, and no other values."""
    assert summary({"a": [1.0, (2, 3.0)]}, {"a": [1.01, (2.01, 3)]}, abs=0.1) == ""
    assert summary([100.0], [102.0], rel=0.01) == "[0]: 100.0 -> 102.0"
    assert summary(Plain(1.0), Plain(1.01), abs=0.1) == ""
    assert summary([1.0, "a"], [1.01, "b"], abs=0.1) == "[1]: 'a' -> 'b'"
    assert summary(True, 0, abs=5) == "True (bool) -> 0 (int)"


def test_ignored_keys_of_dicts():
    """Keys are ignored at the top and in lists of dicts, and not deeper."""
    ignored = frozenset({"loaded_*"})

    assert summary({"a": 1, "loaded_at": 1}, {"a": 1, "loaded_by": 2}, ignored=ignored) == ""
    rows = [[{"a": [1], "loaded_at": at}, {"a": [at], "loaded_at": 0}] for at in (1, 2)]
    assert summary(*rows, ignored=ignored) == "[1]['a'][0]: 1 -> 2"
    deeper = [{"a": {"loaded_at": at}} for at in (1, 2)]
    assert summary(*deeper, ignored=ignored) == "['a']['loaded_at']: 1 -> 2"


def test_a_list_of_dicts_is_a_table():
    """Rows of plain cells are matched by keys."""
    old = [{"id": 1, "n": 1}, {"id": 2, "n": 2}, {"id": 3, "n": 3}]
    new = [{"id": 2, "n": 5}, {"id": 3, "n": 3}]

    change = compare_values(old, new)

    assert change is not None
    assert change.summary == "1 of 3 rows changed in 'n'; 1 row removed"
    assert change.table is not None
    assert change.table.keys == ("id",)


def test_a_comparison_that_raises():
    """Values are compared by their repr, and a line has the error."""
    assert compare_values([Broken("a")], [Broken("a")]) is None
    change = compare_values([Broken("a")], [Broken("b")])
    assert change is not None
    assert change.summary == "[0]: Broken(a) -> Broken(b)"
    assert change.lines == (
        "compared by repr, because the comparison raised ValueError: it compares nothing",
    )


def test_tables_inside_of_values():
    """The summary names the place, and the first table has the details."""
    pandas = pytest.importorskip("pandas")
    old = pandas.DataFrame({"id": [1, 2], "late": [1.0, 2.0]})
    new = old.assign(late=[1.0, 3.0])

    change = compare_values({"n": 1, "EWR": old, "JFK": old}, {"n": 2, "EWR": new, "JFK": old.copy()})

    assert change is not None
    assert change.summary == "['EWR']: 1 of 2 rows changed in 'late' (and 1 more difference)"
    assert change.lines == ("['n']: 1 -> 2",)
    assert change.table is not None
    assert change.table.columns[0].largest == 1.0
    assert summary([old], [1]) == "[0]: a pandas DataFrame of 2 rows -> 1"
    assert summary(old, new, abs=1) == ""


def test_summaries_of_tables():
    """Rows, columns, types, the order and the library are named."""
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    old = pandas.DataFrame({"id": [1, 2, 3], "a": [1, 2, 3], "b": [1, 2, 3]})

    texts = [
        summary(old, new)
        for new in (
            pandas.DataFrame({"id": [3, 4, 5, 2], "a": [3, 0, 0, 2], "c": [1.0, 2.0, 3.0, 4.0]}),
            old.astype({"a": float}),
            old[::-1].reset_index(drop=True),
            polars.DataFrame(old.to_dict("list")).with_columns(a=7),
        )
    ]

    assert texts == [
        "2 rows added; 1 row removed; column 'c' new; column 'b' gone",
        "type of 'a' int64 -> float64",
        "the rows are in another order",
        "pandas DataFrame -> polars DataFrame; 3 of 3 rows changed in 'a'; "
        "type of 'id' int64 -> Int64 (and 2 more)",
    ]
    wide = [[{f"c{at}": number for at in range(8)} for number in (start, start)] for start in (1, 2)]
    change = compare_tables(*wide)
    assert change is not None
    assert table_summary(change) == "2 of 2 rows changed in 'c0', 'c1', 'c2', 'c3' and 4 more"


def test_arrays_of_numpy():
    """The number of elements, the largest change and the first examples with their index are shown."""
    numpy = pytest.importorskip("numpy")
    array = numpy.arange(6.0).reshape(2, 3)
    other = array.copy()
    other[1, 2], other[0, 1] = 9, numpy.nan

    change = compare_values({"a": array}, {"a": other})

    assert change is not None
    assert change.summary == "['a']: 2 of 6 elements changed, by up to 4.0"
    assert change.lines == ("[1, 2]: 5.0 -> 9.0", "[0, 1]: 1.0 -> nan")
    assert compare_values(other, other.copy()) is None
    assert summary(array, array + 0.1, abs=0.2) == ""
    assert summary(array, array[0]) == "the shape (2, 3) -> (3,)"
    assert summary(array, array.astype(int)) == "the type float64 -> int64"
    assert summary(numpy.array(["a", "b"]), numpy.array(["a", "c"])) == "1 of 2 elements changed"
    assert summary(numpy.float64(1), 1.0) == "1.0 (float64) -> 1.0 (float)"
    masked = [numpy.ma.array([1, 2], mask=[False, is_masked]) for is_masked in (True, False)]
    assert summary(*masked).startswith("1 of 2 elements changed")
    assert summary(array, [1]) == "an array of the shape (2, 3) (ndarray) -> [1] (list)"


def test_any_two_values_are_compared():
    """No pair of strange values raises, and each value is equal to itself."""
    loop: list[Any] = []
    loop.append(loop)
    values = [loop, {"a": loop}, Broken, Broken("x"), len, object(), ..., 1j, range(3), {}, [], (), set(), ""]

    for old, new in itertools.product(values, values):
        assert (compare_values(old, new) is None) is (old is new)
