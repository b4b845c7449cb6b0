"""Tables of pandas, polars and pyarrow, arrays of numpy and lists of dicts, read as columns.

None of the libraries is imported: a value is recognized by its class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

_MAX_CATEGORIES = 8

ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "absent"})()
"""The cell of a dict that does not have the column."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        type: The name of its type.
        read: Returns its values as a list.
        equals: Returns whether it has the same values as the `native` column of another table.
        native: The column as its library has it.
        has_null: Whether a missing value (null) differs from NaN.
    """

    type: str
    read: Callable[[], list[Any]]
    equals: Callable[[Any], bool]
    native: Any
    has_null: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        kind: The name of its class for messages, such as "pandas DataFrame".
        height: The number of rows.
        columns: The columns by name.
        labels: The labels of the rows, if each row has another one.
        is_labelled: Whether the labels are more than positions.
        levels: The levels of the index of a pandas table that have a name. They can be keys.
    """

    kind: str
    height: int
    columns: Mapping[str, Column]
    labels: Sequence[Any] | None = None
    is_labelled: bool = False
    levels: Mapping[str, Column] = field(default_factory=dict)

    def key_column(self, name: str) -> Column | None:
        """Return a column, or a level of the index; None without both."""
        return self.columns.get(name) or self.levels.get(name)


def table_of(value: Any, *, as_rows: bool = False) -> Table | None:
    """Return a value as a table; None if it is none.

    Args:
        value: The value.
        as_rows: Whether a list of dicts is a table.
    """
    read = _reader_of(value)
    if read is not None:
        return read(value)
    if as_rows and isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
        names = dict.fromkeys(name for row in value for name in row)
        columns = [(str(name), [row.get(name, ABSENT) for row in value]) for name in names]
        return Table("list of dicts", len(value), _of_lists(columns))
    return None


def is_table(value: Any) -> bool:
    """Return whether a value is a table, a column or an array of pandas, polars or pyarrow.

    Example:
        >>> is_table([{"litres": 1}])
        False
    """
    return _reader_of(value) is not None


def _reader_of(value: Any) -> Callable[[Any], Table] | None:
    """Return the function that reads a value as a table; None if it is none."""
    found = (_READERS.get((cls.__module__.partition(".")[0], cls.__name__)) for cls in type(value).__mro__)
    return next((read for read in found if read is not None), None)


def _of_lists(columns: Iterable[tuple[str, list[Any]]]) -> dict[str, Column]:
    return _by_name((name, _list_column(values)) for name, values in columns)


def _list_column(values: list[Any]) -> Column:
    return Column("", lambda: values, values.__eq__, values)


def _by_name(columns: Iterable[tuple[object, Column]]) -> dict[str, Column]:
    """Return columns by name; the second one of a name gets a number."""
    found: dict[str, Column] = {}
    for given, column in columns:
        name, number = str(given), 1
        while name in found:
            number += 1
            name = f"{given}#{number}"
        found[name] = column
    return found


def _pandas_column(series: Any) -> Column:
    read = cache(lambda: series.astype(object).tolist())
    return Column(_pandas_type(series.dtype), read, series.equals, series)


def _pandas_type(dtype: Any) -> str:
    """Return the name of a type; of a categorical one with the first categories."""
    if str(dtype) != "category":
        return str(dtype)
    categories = [str(category) for category in dtype.categories[:_MAX_CATEGORIES]]
    more = ", ..." if len(dtype.categories) > _MAX_CATEGORIES else ""
    ordered = "ordered " if dtype.ordered else ""
    return f"{ordered}category ({', '.join(categories)}{more})"


def _pandas_labels(index: Any) -> tuple[Any, bool, dict[str, Column]]:
    """Return the index if it identifies the rows, whether it is not the default one, and its named levels."""
    is_default = type(index).__name__ == "RangeIndex" and (index.start, index.step) == (0, 1)
    levels = {str(name): column for name, column in level_columns(index) if name is not None}
    return (index if index.is_unique else None), not is_default, levels


def level_columns(index: Any) -> list[tuple[object, Column]]:
    """Return the levels of the index of a pandas table as columns, each with its name or None."""
    levels = [index.get_level_values(at).to_frame(index=False).iloc[:, 0] for at in range(index.nlevels)]
    return [(name, _pandas_column(level)) for name, level in zip(index.names, levels, strict=True)]


def _pandas_frame(frame: Any) -> Table:
    columns = ((name, _pandas_column(frame.iloc[:, at])) for at, name in enumerate(frame.columns))
    return Table("pandas DataFrame", len(frame), _by_name(columns), *_pandas_labels(frame.index))


def _pandas_series(series: Any) -> Table:
    columns = {"values": _pandas_column(series)}
    return Table("pandas Series", len(series), columns, *_pandas_labels(series.index))


def _polars_column(series: Any) -> Column:
    return Column(str(series.dtype), cache(series.to_list), series.equals, series, has_null=True)


def _polars_frame(frame: Any) -> Table:
    columns = {series.name: _polars_column(series) for series in frame.get_columns()}
    return Table("polars DataFrame", frame.height, columns)


def _polars_lazy_frame(frame: Any) -> Table:
    return replace(_polars_frame(frame.collect()), kind="polars LazyFrame")


def _polars_series(series: Any) -> Table:
    return Table("polars Series", len(series), {"values": _polars_column(series)})


def _arrow_column(array: Any) -> Column:
    return Column(str(array.type), cache(array.to_pylist), array.equals, array, has_null=True)


def _arrow_table(table: Any) -> Table:
    columns = zip(table.schema.names, map(_arrow_column, table.columns), strict=True)
    return Table(f"pyarrow {type(table).__name__}", table.num_rows, _by_name(columns))


def _arrow_array(array: Any) -> Table:
    return Table("pyarrow array", len(array), {"values": _arrow_column(array)})


_READERS: dict[tuple[str, str], Callable[[Any], Table]] = {
    ("pandas", "DataFrame"): _pandas_frame,
    ("pandas", "Series"): _pandas_series,
    ("polars", "DataFrame"): _polars_frame,
    ("polars", "LazyFrame"): _polars_lazy_frame,
    ("polars", "Series"): _polars_series,
    ("pyarrow", "Table"): _arrow_table,
    ("pyarrow", "RecordBatch"): _arrow_table,
    ("pyarrow", "ChunkedArray"): _arrow_array,
    ("pyarrow", "Array"): _arrow_array,
}
