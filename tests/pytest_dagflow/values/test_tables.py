"""Tests of the lines about the difference of two tables, with each library that makes tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_dagflow.values.difference import explain
from pytest_dagflow.values.equality import Options

N = 100_000


@pytest.fixture(params=["pandas", "polars", "pyarrow"])
def table(request: pytest.FixtureRequest) -> Callable[[dict[str, Any]], Any]:
    """Return the function of a library that makes a table of columns."""
    library = pytest.importorskip(request.param)
    return library.table if request.param == "pyarrow" else library.DataFrame


def columns(height: int = N) -> dict[str, list[Any]]:
    """Return columns with different types."""
    return {
        "id": list(range(height)),
        "price": [row / 7 for row in range(height)],
        "name": [f"item {row}" for row in range(height)],
    }


def test_equal_tables_have_no_lines(table):
    """Missing values are equal to each other."""
    made = {"a": [1.0, None], "b": ["x", None]}

    assert explain(table(made), table(made), Options()) == []
    assert explain({"t": table(made)}, {"t": table(made)}, Options()) == []


def test_one_wrong_cell_of_many(table):
    """The row and the column are shown."""
    wrong = columns()
    wrong["price"][73412] = 0.5

    lines = explain(table(columns()), table(wrong), Options())

    assert lines[0] == ": 1 of 100,000 rows differs in column 'price'"
    assert lines[1:] == ["  price:", f"    row 73412: 0.5, expected {73412 / 7}"]


def test_rows_by_key(table):
    """With keys, moved rows are equal, and missing, unexpected and repeated ones are named."""
    actual = {
        "id": [4, 3, 2, 1, 1],
        "price": [4.0, 3.5, 2.0, 1.0, 1.0],
    }
    expected = {"id": [1, 2, 3, 5], "price": [1.0, 2.0, 3.0, 5.0]}

    assert explain(table(expected), table(actual), Options(keys=["id"])) == [
        ": 1 row missing and 2 rows unexpected (5 rows, expected 4); 1 of 3 rows differs in column 'price'",
        "  missing: id=5: price=5.0",
        "  unexpected: id=4: price=4.0",
        "  unexpected: id=1: price=1.0",
        "  price:",
        "    id=3: 3.5, expected 3.0",
        "  (id=1 occurs more than once in the actual table; the rows of one key are compared in their order)",
    ]


def test_the_first_few_of_many(table):
    """The counts are whole; the rows and columns shown are few."""
    wide = {f"c{number}": list(range(20)) for number in range(12)}
    wrong = {name: [value + 100 for value in values] for name, values in wide.items()}

    lines = explain(table(wide), table(wrong), Options())

    assert lines[0].startswith(": 20 of 20 rows differ in columns 'c0', 'c1', ")
    assert lines[0].endswith(" and 4 more")
    assert lines[1:8] == [
        "  c0:",
        *(f"    row {row}: {row + 100}, expected {row}" for row in range(5)),
        "    ... and 15 more rows",
    ]
    assert lines[-1] == "  ... and 4 more columns with differences"
    assert len(explain(table(wide), table(wrong), Options(max_shown=50))) > len(lines)


def test_columns_and_types(table):
    """A missing, unexpected or moved column, and another type, are differences."""
    base = {"a": [1, 2], "b": ["x", "y"]}

    (line,) = explain(table(base), table({"a": [1, 2], "c": [0, 0]}), Options())
    assert line == ": column 'b' is missing; column 'c' is unexpected"
    (line,) = explain(table(base), table({"b": ["x", "y"], "a": [1, 2]}), Options())
    assert line == ": the columns are in another order: b, a, expected a, b"
    (line,) = explain(table(base), table({"a": [1.0, 2.0], "b": ["x", "y"]}), Options())
    assert line.lower() in (
        ": column 'a' has the type float64, expected int64",
        ": column 'a' has the type double, expected int64",
    )
    assert explain(table(base), table({"a": [1.0, 2.0], "b": ["x", "y"]}), Options(abs=0.1)) == []


def test_the_order_of_rows_may_be_ignored(table):
    """Equal rows belong together; then each other row and the nearest one."""
    expected = {"a": [1, 2, 3], "b": ["x", "y", "z"]}

    moved, wrong = {"a": [3, 1, 2], "b": ["z", "x", "y"]}, {"a": [3, 1, 2], "b": ["z", "x", "w"]}

    assert explain(table(expected), table(moved), Options())[0] == (
        ": the rows are in another order: a=3; a=1; a=2, expected a=1; a=2; a=3"
    )
    assert explain(table(expected), table(moved), Options(ignore_order=True)) == []
    assert explain(table(expected), table(wrong), Options(ignore_order=True)) == [
        ": 1 of 3 rows differs in column 'b'",
        "  b:",
        "    row 2: 'w', expected 'y'",
    ]
    near = {"a": [3.0, 1.0, 2.001], "b": ["z", "x", "y"]}
    assert explain(table(expected), table(near), Options(ignore_order=True, abs=0.1)) == []


def test_other_heights_by_position(table):
    """Without columns that identify a row, the rest is missing, and the message names the option."""
    lines = explain(table({"a": [1, 1, 3]}), table({"a": [1, 3]}), Options())

    assert lines[0] == ": 1 row missing (2 rows, expected 3); 1 of 2 rows differs in column 'a'"
    assert "with keys=[...]" in lines[-1]


def test_rows_are_matched_by_columns_that_identify_them(table):
    """One missing row of many is one difference, if a column or two identify the rows."""
    made = {"day": [1, 1, 2, 2], "shop": ["a", "b", "a", "b"], "sold": [5, 5, 5, 5]}
    later = {name: values[1:] for name, values in made.items()} | {"sold": [5, 6, 5]}

    assert explain(table(made), table(later), Options()) == [
        ": 1 row missing (3 rows, expected 4); 1 of 3 rows differs in column 'sold'",
        "  missing: day=1, shop='a': sold=5",
        "  sold:",
        "    day=2, shop='a': 6, expected 5",
        "  (rows are matched by 'day', 'shop', which are unique together; keys=['day', 'shop'] ignores their "
        "order)",
    ]


def test_missing_values_of_two_kinds():
    """Null and NaN of polars and pyarrow differ, as their own `equals` says; NaN equals NaN."""
    for library in (pytest.importorskip("polars").DataFrame, pytest.importorskip("pyarrow").table):
        one, other = library({"a": [1.0, None]}), library({"a": [1.0, float("nan")]})
        assert explain(other, other, Options()) == []
        assert explain(other, library({"a": [1.0, float("nan")]}), Options()) == []
        assert explain(one, other, Options())[1:] == ["  a:", "    row 1: nan, expected None"]


def test_empty_tables(table):
    """Two empty tables are equal; the rows of the other one are missing or unexpected."""
    empty, made = {"a": [], "b": []}, {"a": ["x"], "b": ["y"]}

    assert explain(table(empty), table(empty), Options()) == []
    assert "1 row unexpected (1 row, expected 0)" in explain(table(empty), table(made), Options(abs=0.1))[0]
    assert explain(table(made), table(empty), Options(abs=0.1, keys=["a"]))[1] == "  missing: a='x': b='y'"


def test_times_with_zones():
    """Times are shown as ISO text, and another zone is another type."""
    pandas = pytest.importorskip("pandas")
    times = pandas.to_datetime(["2026-01-01", "2026-01-02"])
    lines = explain(
        pandas.DataFrame({"t": times.tz_localize("UTC")}),
        pandas.DataFrame({"t": times.tz_localize("Europe/Berlin")}),
        Options(),
    )

    assert "Europe/Berlin], expected datetime64" in lines[0]
    assert lines[2] == "    row 0: 2026-01-01 00:00:00+01:00, expected 2026-01-01 00:00:00+00:00"


def test_categories():
    """Other categories are another type, also without a wrong cell."""
    pandas = pytest.importorskip("pandas")
    one, other = (pandas.DataFrame({"c": pandas.Categorical(["a"], list(kinds))}) for kinds in ("ab", "a"))

    assert explain(one, other, Options()) == [
        ": column 'c' has the type category (a), expected category (a, b)"
    ]


def test_levels_of_an_index_are_keys():
    """`keys` can name a level of the index of a pandas table."""
    pandas = pytest.importorskip("pandas")
    one = pandas.DataFrame({"v": [1, 2]}, index=pandas.Index(["a", "b"], name="k"))
    other = pandas.DataFrame({"v": [5, 1]}, index=pandas.Index(["b", "a"], name="k"))

    assert explain(one, other, Options(keys=["k"]))[2:] == ["    k='b': 5, expected 2"]


def test_lazy_frames_are_computed():
    """Lazy frames of polars are compared by their rows."""
    polars = pytest.importorskip("polars")
    one, other = polars.LazyFrame({"a": [1, 2]}), polars.LazyFrame({"a": [1, 3]})

    assert explain(one, one, Options()) == explain(one, one.clone(), Options()) == []
    assert explain(one, other, Options())[2:] == ["    row 1: 3, expected 2"]


def test_another_kind_of_value(table):
    """A table is never equal to another kind of value."""
    one = table({"a": [1]})
    kind = ("pandas DataFrame", "polars DataFrame", "pyarrow Table")

    (line,) = explain([1], one, Options())
    assert line in {f" is a {name} of 1 row, expected [1]" for name in kind}
    (line, *_) = explain(one, [1], Options())
    assert line in {f" is a list of 1 element, expected a {name} of 1 row" for name in kind}
    assert explain({"t": one}, {"t": table({"a": [2]})}, Options())[0].startswith(
        ": ['t'] is different: 1 of 1 row differs in column 'a'"
    )


def test_cells_that_are_lists_and_columns_without_rows(table):
    """Cells may be lists, also as keys; a table may have no rows."""
    assert explain(table({"a": [[1], [2]]}), table({"a": [[2], [1]]}), Options(keys=["a"])) == []
    assert explain(table({"a": [[1], [2]]}), table({"a": [[1], [3]]}), Options())[0].startswith(": 1 of 2")
    assert explain(table({"a": []}), table({"a": []}), Options()) == []


def test_series(table):
    """A series has one column without a name."""
    pandas = pytest.importorskip("pandas")
    column = pandas.Series if table is pandas.DataFrame else None
    if column is None:
        library = pytest.importorskip(table.__module__.partition(".")[0])
        column = library.Series if hasattr(library, "Series") else library.array

    assert explain(column([1, 2]), column([1, 3]), Options()) == [
        ": 1 of 2 rows differs",
        "  values:",
        "    row 1: 3, expected 2",
    ]


def test_the_index_of_pandas():
    """An index names the rows; another index or another order of it is a difference."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2, 3]}, index=["x", "y", "z"])

    changed = frame.copy()
    changed.loc["y", "a"] = 9
    assert explain(frame, changed, Options())[-1] == "    index='y': 9, expected 2"
    assert explain(frame, frame.drop(index="y"), Options()) == [
        ": 1 row missing (2 rows, expected 3)",
        "  missing: index='y': a=2",
    ]
    assert explain(frame, frame.iloc[::-1], Options())[0].startswith(": the rows are in another order: ")
    assert explain(frame, frame.iloc[::-1], Options(ignore_order=True)) == []
    plain = pandas.DataFrame({"a": [1, 2, 3]})
    assert explain(plain, plain[plain.a > 1].tail(3), Options())[0].startswith(": 1 row missing")
    assert explain(plain.tail(2).reset_index(drop=True), plain.head(1), Options())[0].startswith(
        ": 1 row missing"
    )
    assert explain(plain, plain.set_axis([5, 6, 7]), Options()) == [
        ": the index differs: 5, 6, 7, expected 0, 1, 2"
    ]
    assert explain(frame, frame.rename_axis("key"), Options()) == []


def test_columns_of_one_name():
    """A repeated column of pandas gets a number."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([[1, 2]], columns=["a", "a"])

    (line, *_) = explain(frame, pandas.DataFrame([[1, 3]], columns=["a", "a"]), Options())
    assert line == ": 1 of 1 row differs in column 'a#2'"
