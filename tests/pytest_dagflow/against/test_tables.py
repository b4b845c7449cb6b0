"""Tests of the difference of two tables of two revisions, with each library that makes tables."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import profiles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_dagflow.against.columns.sides import read_pair
from pytest_dagflow.against.result import Cell
from pytest_dagflow.against.tables import _compare, compare_tables
from pytest_dagflow.against.tolerance import Tolerance

LIBRARIES = ["pandas", "polars", "pyarrow"]
NAN = float("nan")


def maker(name: str) -> Callable[[dict[str, list[Any]]], Any]:
    """Return the function of a library that makes a table of columns."""
    library = pytest.importorskip(name)
    return library.table if name == "pyarrow" else library.DataFrame


@pytest.fixture(params=LIBRARIES)
def table(request: pytest.FixtureRequest) -> Callable[[dict[str, list[Any]]], Any]:
    """Return the function of a library that makes a table of columns."""
    return maker(request.param)


def flights(**columns: list[Any]) -> dict[str, list[Any]]:
    """Return the columns of a small table, some of them replaced."""
    made: dict[str, list[Any]] = {
        "tailnum": ["N1", "N2", "N1", "N3"],
        "day": [datetime.datetime(2013, 1, day) for day in (1, 1, 2, 2)],
        "late": [1.0, 2.5, 0.0, 4.0],
        "seats": [10, 10, 10, 10],
    }
    return {**made, **columns}


def without(columns: dict[str, list[Any]], *rows: int) -> dict[str, list[Any]]:
    """Return columns without some rows."""
    return {
        name: [cell for at, cell in enumerate(cells) if at not in rows] for name, cells in columns.items()
    }


# cells


def test_equal_tables_have_no_difference(table):
    """Missing values are equal to each other, and 0.0 to -0.0."""
    old = {"a": [1.0, NAN, None, 0.0], "b": ["x", None, "", "y"]}
    new = {"a": [1.0, NAN, None, -0.0], "b": ["x", None, "", "y"]}

    assert compare_tables(table(old), table(new)) is None


def test_changed_cells_are_named_by_found_keys(table):
    """The two columns that identify the rows name them, and the largest change is first."""
    new = flights(late=[1.0, 2.0, 0.0, 9.0], seats=[10, 11, 10, 10])

    change = compare_tables(table(flights()), table(new))

    assert change is not None
    assert (change.keys, change.is_key_found, change.height) == (("tailnum", "day"), True, (4, 4))
    assert (change.added, change.removed, change.changed, change.notes) == (0, 0, 2, ())
    late, seats = change.columns
    assert (late.name, late.cells, late.largest) == ("late", 2, 5.0)
    assert late.examples == (
        Cell("tailnum='N3', day=2013-01-02 00:00:00", "4.0", "9.0"),
        Cell("tailnum='N2', day=2013-01-01 00:00:00", "2.5", "2.0"),
    )
    assert (seats.name, seats.largest) == ("seats", 1.0)


def test_null_differs_from_nan_where_the_library_knows_both():
    """NaN is a number of polars and pyarrow, and a missing value of pandas."""
    changed = [
        compare_tables(maker(name)({"x": [1.0, NAN]}), maker(name)({"x": [1.0, None]})) is not None
        for name in LIBRARIES
    ]

    assert changed == [False, True, True]


def test_tolerances(table):
    """A number may differ by a margin, a missing or infinite number may not."""
    old = table({"x": [100.0, 1.0, NAN, float("inf")], "n": [1000, 1, 2, 3]})
    new = table({"x": [101.0, 1.05, NAN, float("inf")], "n": [1009, 1, 2, 3]})

    assert compare_tables(old, new, Tolerance(rel=0.01, abs=0.1)) is None
    change = compare_tables(old, new, Tolerance(abs=1.5))
    assert change is not None
    assert [column.name for column in change.columns] == ["n"]
    other = table({"x": [NAN, 1.0, NAN, 5.0], "n": [1000, 1, 2, 3]})
    change = compare_tables(old, other, Tolerance(rel=0.5))
    assert change is not None
    assert change.changed == 2


def test_ignored_columns(table):
    """A glob names columns that are not compared, even if only one table has them."""
    old = table({"id": [1, 2], "loaded_at": [1, 2]})
    new = table({"id": [1, 2], "loaded_at": [3, 4], "loaded_by": ["a", "b"]})

    assert compare_tables(old, new, Tolerance(ignored=frozenset({"loaded_*"}))) is None


def test_columns_and_types(table):
    """New and gone columns, other types and another order are differences, although the cells are equal."""
    old = table({"a": [1, 2], "b": [1, 2], "c": [1, 2]})
    new = table({"b": [1.0, 2.0], "a": [1, 2], "d": [1, 2]})

    change = compare_tables(old, new)

    assert change is not None
    assert (change.new_columns, change.gone_columns, change.changed) == (("d",), ("c",), 0)
    assert [name for name, _, _ in change.types] == ["b"]
    assert change.notes == ("the columns are in another order",)


# rows


def test_added_and_removed_rows(table):
    """Rows are matched by the found keys, and those without a partner are shown."""
    old, new = without(flights(), 3), without(flights(), 0)

    change = compare_tables(table(old), table(new))

    assert change is not None
    assert (change.added, change.removed, change.changed) == (1, 1, 0)
    assert change.added_rows == ("tailnum='N3', day=2013-01-02 00:00:00: late=4.0, seats=10",)
    assert change.removed_rows == ("tailnum='N1', day=2013-01-01 00:00:00: late=1.0, seats=10",)


def test_another_order_of_the_rows(table):
    """It is a note with found keys, and ignored with declared ones."""
    old, new = {"id": [1, 2, 3], "x": [1, 1, 2]}, {"id": [3, 1, 2], "x": [2, 1, 1]}

    change = compare_tables(table(old), table(new))

    assert change is not None
    assert (change.keys, change.changed, change.notes) == (("id",), 0, ("the rows are in another order",))
    assert compare_tables(table(old), table(new), Tolerance(keys=("id",))) is None


def test_declared_keys_that_are_not_unique(table):
    """The n-th row of a key is compared with the n-th row of the same key."""
    old, new = {"id": [1, 1, 2], "x": [1, 2, 3]}, {"id": [2, 1, 1, 1], "x": [3, 1, 5, 6]}

    change = compare_tables(table(old), table(new), Tolerance(keys=("id",)))

    assert change is not None
    assert (change.added, change.removed, change.changed) == (1, 0, 1)
    assert change.columns[0].examples == (Cell("id=1", "2", "5"),)
    assert change.added_rows == ("id=1: x=6",)
    assert change.notes == ("the key 'id' is not unique: the rows of one key are compared in their order",)


def test_a_declared_key_that_is_not_a_column(table):
    """A note has the nearest name, and the keys are found."""
    change = compare_tables(table(flights()), table(without(flights(), 0)), Tolerance(keys=("tailnun",)))

    assert change is not None
    assert (change.keys, change.is_key_found) == (("tailnum", "day"), True)
    assert change.notes == ("the key 'tailnun' is not a column of both tables. Did you mean 'tailnum'?",)
    equal = table(flights()), table(flights())
    assert compare_tables(*equal, Tolerance(keys=("tailnun",))) is None


def test_tables_without_keys(table):
    """Rows are compared by position; moved or lost rows are found by their whole content."""
    numbers = [0.5, 1.5, 1.5, 2.5, 3.5]
    old = table({"x": numbers})

    one = compare_tables(old, table({"x": [0.5, 1.5, 1.5, 2.5, 9.0]}))
    lost = compare_tables(old, table({"x": numbers[1:]}))
    moved = compare_tables(old, table({"x": numbers[::-1]}))

    assert one is not None
    assert one.columns[0].examples == (Cell("row 4", "3.5", "9.0"),)
    assert lost is not None
    assert (lost.removed_rows, lost.changed) == (("row 0: x=0.5",), 0)
    assert moved is not None
    assert (moved.added, moved.removed, moved.changed) == (0, 0, 0)
    assert moved.notes[0] == "the rows are in another order"


# kinds of tables


def test_the_index_of_pandas():
    """A named index is a key, another one that is not the default names the rows too."""
    pandas = pytest.importorskip("pandas")
    named = pandas.DataFrame({"x": [1, 2]}, index=pandas.Index(["a", "b"], name="city"))
    unnamed = pandas.DataFrame({"x": [1, 2, 3]}, index=[7, 8, 9])

    by_name = compare_tables(named, named.assign(x=[1, 5]))
    by_label = compare_tables(unnamed, unnamed.drop(8).assign(x=[4, 3]))
    of_default = compare_tables(
        pandas.DataFrame({"x": [5, 5, 5]}), pandas.DataFrame({"x": [5, 5]}, index=[0, 2])
    )

    assert by_name is not None
    assert (by_name.keys, by_name.columns[0].examples) == (("city",), (Cell("city='b'", "2", "5"),))
    assert by_label is not None
    assert (by_label.keys, by_label.columns[0].examples) == ((), (Cell("index=7", "1", "4"),))
    assert by_label.removed_rows == ("index=8: x=2",)
    assert of_default is not None
    assert of_default.removed_rows == ("index=1: x=5",)
    other = compare_tables(named, named.rename_axis("town"))
    assert other is not None
    assert other.notes == ("the index was 'city', and is 'town'",)


def test_labels_of_pandas_with_keys():
    """An index without a name follows the order of the rows, so it is not compared beside keys."""
    pandas = pytest.importorskip("pandas")
    old = pandas.DataFrame({"id": [1, 2, 3], "x": [1, 1, 1]})

    assert compare_tables(old, old.iloc[[2, 0, 1]], Tolerance(keys=("id",))) is None
    change = compare_tables(old, old.iloc[[2, 0, 1]])
    assert change is not None
    assert (change.keys, change.notes) == ((), ("the rows are in another order",))


def test_rows_that_have_another_key():
    """A row whose key alone differs is changed; a row of which most cells differ is another one."""
    old = [{"n": number, "name": "x", "size": 1} for number in range(9)]

    one = compare_tables(old, [*old[:8], {"n": 100, "name": "x", "size": 1}])
    other = compare_tables(old, [*old[:8], {"n": 100, "name": "y", "size": 2}])

    assert one is not None
    assert (one.added, one.removed, one.changed) == (0, 0, 1)
    assert other is not None
    assert (other.added, other.removed, other.changed) == (1, 1, 0)


def test_series_and_arrays():
    """A column alone is a table with the column 'values'."""
    for name, make in (("pandas", "Series"), ("polars", "Series"), ("pyarrow", "array")):
        library = pytest.importorskip(name)

        change = compare_tables(getattr(library, make)([1, 2]), getattr(library, make)([1, 3]))

        assert change is not None
        assert (change.columns[0].name, change.columns[0].largest) == ("values", 1.0)


def test_tables_of_two_libraries():
    """The kind of the table is a difference; the cells are compared."""
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")

    change = compare_tables(pandas.DataFrame({"id": [1, 2]}), polars.DataFrame({"id": [1, 2]}))

    assert change is not None
    assert (change.changed, change.notes) == (0, ("it was a pandas DataFrame, and is a polars DataFrame",))


def test_a_lazy_frame_is_collected():
    """A LazyFrame is compared with a frame by its rows."""
    polars = pytest.importorskip("polars")

    change = compare_tables(polars.LazyFrame({"x": [1]}), polars.LazyFrame({"x": [2]}))

    assert change is not None
    assert change.changed == 1


def test_nested_cells(table):
    """Lists and dicts are compared by value, with the tolerance."""
    old, new = {"x": [[1.0, NAN], [2.0]]}, {"x": [[1.0, NAN], [2.5]]}

    assert compare_tables(table(old), table(old)) is None
    assert compare_tables(table(old), table(new), Tolerance(abs=1)) is None
    change = compare_tables(table(old), table(new))
    assert change is not None
    assert change.columns[0].examples[0].row == "row 1"
    made = [table({"x": [{"a": number}, {"a": 2}]}) for number in (1, 1, 3)]
    assert compare_tables(made[0], made[1]) is None
    assert compare_tables(made[0], made[2]) is not None


def _strange_frames() -> list[Any]:
    pandas, numpy = pytest.importorskip("pandas"), pytest.importorskip("numpy")
    times = pandas.date_range("2020", "2021", 3, tz="Europe/Berlin")
    levels = pandas.MultiIndex.from_tuples([(1, "a"), (1, "b")], names=["x", None])
    columns: list[Any] = [
        [[1], {"a": 1}, {1}],
        [numpy.array([1, 2]), numpy.array([1, 3]), None],
        [1, "a", None],
        ["x", b"x", 1.5],
        times,
        times.tz_localize(None),
        [Decimal(1), Decimal("2.5"), None],
        pandas.Categorical(["a", "b", None]),
        pandas.Categorical(["a", "c", None], ordered=True),
        pandas.Categorical([1, 2, None]),
        pandas.array([1, None, 3], dtype="Int64"),
        pandas.array([True, None, False], dtype="boolean"),
        pandas.to_timedelta([1, 2, None]),
        pandas.period_range("2020", periods=3, freq="M"),
        pandas.arrays.SparseArray([0, 0, 1]),
        [1j, 2, 3],
        [object(), 1, 2],
        [pandas.DataFrame({"q": [1]}), 1, 2],
    ]
    return [
        *(pandas.DataFrame({"a": column}) for column in columns),
        pandas.DataFrame(),
        pandas.DataFrame({"a": []}),
        pandas.DataFrame(index=[1, 2]),
        pandas.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]),
        pandas.DataFrame({1: [1, 2], None: [3, 4]}),
        pandas.DataFrame([[1, 2], [3, 4]], index=levels, columns=levels),
        pandas.DataFrame({"id": [1, 2, 3]}, index=pandas.Index([1, 1, 2], name="id")),
    ]


def _strange_polars() -> list[Any]:
    polars = pytest.importorskip("polars")
    nested = [[[1], [2, None], None], [{"x": 1, "y": [1]}, {"x": 2, "y": None}], [None, None]]
    typed = {
        "Categorical": ["a", "b"],
        "Object": [object(), 1],
        "Date": [datetime.date(2020, 1, 1), None],
        "Time": [datetime.time(1), None],
        "Duration": [datetime.timedelta(1), None],
        "Boolean": [True, None],
    }
    return [
        polars.DataFrame(),
        polars.DataFrame({"a": []}),
        *(polars.DataFrame({"a": column}) for column in nested),
        *(polars.DataFrame({"a": cells}, schema={"a": getattr(polars, t)}) for t, cells in typed.items()),
        polars.DataFrame({"a": ["a", "b"]}, schema={"a": polars.Enum(["b", "a"])}),
        polars.DataFrame({"a": [1, 1, 1], "b": [1, 2, 3]}),
    ]


def _strange_arrow() -> list[Any]:
    arrow = pytest.importorskip("pyarrow")
    arrays = [
        arrow.array([[1], None, [2]]),
        arrow.array([{"x": 1}, {"x": 2}]),
        arrow.array([[("k", 1)]], arrow.map_(arrow.string(), arrow.int64())),
        arrow.array(["a", "b", None]).dictionary_encode(),
        arrow.array(["a", "c", None], arrow.large_string()),
        arrow.array([None, None]),
        arrow.array([1.0, NAN, None]),
        arrow.array([2**63, 1], arrow.uint64()),
        arrow.array([Decimal(1), Decimal("2.50")]),
        arrow.array([datetime.datetime(2020, 1, 1)], arrow.timestamp("ns", "UTC")),
        arrow.array([b"x"], arrow.binary(1)),
        arrow.array([1, 2]),
    ]
    return [
        arrow.table({}),
        *(arrow.table({"a": array}) for array in arrays),
        arrow.Table.from_arrays([arrow.array([1, 2]), arrow.array([3, 4])], names=["a", "a"]),
        arrow.table({"a": arrow.chunked_array([["a"], ["b"]])}),
    ]


@pytest.mark.parametrize("frames", [_strange_frames, _strange_polars, _strange_arrow])
def test_strange_tables_are_compared(frames):
    """Each table is equal to itself, and swapping two of them swaps what was added and removed."""
    made = frames()
    for at, old in enumerate(made):
        assert compare_tables(old, old[:] if hasattr(old, "slice") else old) is None
        for new in made[at:]:
            change, back = compare_tables(old, new), compare_tables(new, old)
            if change is None or back is None:
                assert change is back
            else:
                assert (change.added, change.removed) == (back.removed, back.added)
                assert (change.changed, change.new_columns) == (back.changed, back.gone_columns)


def test_a_failing_library_is_replaced_by_lists(table, monkeypatch):
    """The result is the same, and a note has the reason."""
    old, new = table({"id": [1, 2], "x": [3, 4]}), table({"id": [1, 2], "x": [3, 5]})
    operations = type(read_pair(old, new, Tolerance()).operations)

    def fail(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(operations, "count", fail)
    change = compare_tables(old, new)

    assert change is not None
    assert change.columns[0].examples == (Cell("id=2", "4", "5"),)
    assert change.notes == ("compared cell by cell, because the library raised NotImplementedError",)


# properties

CELLS = {
    "int": st.integers(-3, 3),
    "float": st.sampled_from([0.0, -0.0, 1.5, -2.25, NAN, float("inf")]),
    "str": st.sampled_from(["a", "b", ""]),
    "bool": st.booleans(),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, list[Any]], list[str]]:
    """Return columns with a unique column 'id', and the kinds of the others."""
    ids = draw(st.lists(st.integers(0, 1000), max_size=12, unique=True))
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), max_size=4))
    size = {"min_size": len(ids), "max_size": len(ids)}
    columns = {f"c{at}": draw(st.lists(CELLS[kind], **size)) for at, kind in enumerate(kinds)}
    return {"id": ids, **columns}, kinds


def made_of(name: str, columns: dict[str, list[Any]], kinds: list[str]) -> Any:
    """Return a table of a library, whose types do not depend on the cells."""
    library = maker(name)
    if name == "pandas":
        types = {"int": "int64", "float": "float64", "str": "object", "bool": "bool"}
        series: Any = pytest.importorskip("pandas").Series
        kind_of = dict(zip(columns, ["int", *kinds], strict=False))
        return library({at: series(cells, dtype=types[kind_of[at]]) for at, cells in columns.items()})
    if name == "polars":
        polars = pytest.importorskip("polars")
        types = {"int": polars.Int64, "float": polars.Float64, "str": polars.String, "bool": polars.Boolean}
        return polars.DataFrame(
            columns, schema=dict(zip(columns, (types[kind] for kind in ["int", *kinds]), strict=True))
        )
    arrow = pytest.importorskip("pyarrow")
    types = {"int": arrow.int64(), "float": arrow.float64(), "str": arrow.string(), "bool": arrow.bool_()}
    typed = zip(columns.items(), ["int", *kinds], strict=True)
    return arrow.table({at: arrow.array(cells, types[kind]) for (at, cells), kind in typed})


@pytest.mark.parametrize("name", LIBRARIES)
@settings(max_examples=profiles.number(60), deadline=None)
@given(drawn=tables())
def test_a_table_is_equal_to_its_copy(name, drawn):
    """A table of the same cells has no difference."""
    columns, kinds = drawn
    copy = {at: list(cells) for at, cells in columns.items()}

    assert compare_tables(made_of(name, columns, kinds), made_of(name, copy, kinds)) is None


@pytest.mark.parametrize("name", LIBRARIES)
@settings(max_examples=profiles.number(100), deadline=None)
@given(data=st.data())
def test_the_numbers_are_those_of_the_edit(name, data):
    """Rows, cells and columns of a drawn edit are counted exactly, and a swap swaps them."""
    columns, kinds = data.draw(tables())
    ids = columns["id"]
    gone = data.draw(st.sets(st.sampled_from(ids)) if ids else st.just(set()))
    added = data.draw(st.sets(st.integers(2000, 2005), max_size=3))
    kept = [at for at, key in enumerate(ids) if key not in gone]
    new = {at: [cells[row] for row in kept] for at, cells in columns.items()}
    edited: dict[str, set[int]] = {}
    for at, kind in zip(list(columns)[1:], kinds, strict=True):
        for row in data.draw(st.sets(st.sampled_from(range(len(kept))), max_size=3)) if kept else ():
            before = new[at][row]
            new[at][row] = data.draw(
                CELLS[kind].filter(lambda cell, old=before: cell != old and (cell == cell or old == old))
            )
            edited.setdefault(at, set()).add(row)
        new[at] += [data.draw(CELLS[kind]) for _ in added]
    new["id"] = new["id"] + sorted(added)
    dropped = data.draw(st.sets(st.sampled_from(list(columns)[1:]))) if kinds else set()
    left = [(at, kind) for at, kind in zip(columns, ["int", *kinds], strict=True) if at not in dropped]
    new = {at: new[at] for at, _ in left}
    order = data.draw(st.permutations(range(len(new["id"]))))
    new = {at: [cells[row] for row in order] for at, cells in new.items()}
    expected = {at: len(rows) for at, rows in edited.items() if at not in dropped}
    tolerance = Tolerance(keys=("id",))
    tables_of_both = made_of(name, columns, kinds), made_of(name, new, [kind for _, kind in left[1:]])

    change = compare_tables(*tables_of_both, tolerance)
    back = compare_tables(*reversed(tables_of_both), tolerance)

    if not (gone or added or dropped or expected):
        assert change is None
        return
    assert change is not None
    assert back is not None
    assert (change.added, change.removed) == (len(added), len(gone)) == (back.removed, back.added)
    assert {column.name: column.cells for column in change.columns} == expected
    assert {column.name: column.cells for column in back.columns} == expected
    rows = set().union(*(edited[at] for at in expected))
    assert change.changed == back.changed == len(rows)
    assert set(change.gone_columns) == dropped == set(back.new_columns)


@pytest.mark.parametrize("name", LIBRARIES)
@settings(max_examples=profiles.number(100), deadline=None)
@given(data=st.data())
def test_libraries_agree_with_lists(name, data):
    """The operations of a library have the result of the same comparison of lists."""
    columns, kinds = data.draw(tables())
    new = {at: list(cells) for at, cells in columns.items()}
    order = data.draw(st.permutations(range(len(new["id"]))) | st.just(range(len(new["id"]))))
    rows = [row for row in order if data.draw(st.integers(0, 5))]
    new = {at: [cells[row] for row in rows] for at, cells in new.items()}
    tolerance = Tolerance(abs=data.draw(st.sampled_from([None, 0.5, 2])), ignored=frozenset({"c3"}))
    both = made_of(name, columns, kinds), made_of(name, new, kinds)
    pair = read_pair(*both, tolerance, is_plain=True)
    pair.operations.has_null = name != "pandas"

    assert repr(compare_tables(*both, tolerance)) == repr(_compare(pair, tolerance))
