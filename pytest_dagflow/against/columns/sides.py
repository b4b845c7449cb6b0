"""The two tables of a comparison, with the operations on their columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_dagflow.against.columns.of_arrow import ArrowColumns
from pytest_dagflow.against.columns.of_pandas import PandasColumns
from pytest_dagflow.against.columns.of_polars import PolarsColumns
from pytest_dagflow.against.columns.operations import Columns
from pytest_dagflow.against.columns.plain import PlainColumns
from pytest_dagflow.against.tolerance import Tolerance
from pytest_dagflow.values.tables import Column, Table, level_columns, table_of

_OPERATIONS: dict[str, Callable[[], Columns]] = {
    "pandas": PandasColumns,
    "polars": PolarsColumns,
    "pyarrow": ArrowColumns,
}


@dataclass(frozen=True)
class Side:
    """One of the tables.

    Attributes:
        height: The number of rows.
        columns: The columns by name, in the form of the operations.
        types: The type of each column.
    """

    height: int
    columns: Mapping[str, Any]
    types: Mapping[str, str]


@dataclass(frozen=True)
class Pair:
    """Both tables.

    Attributes:
        operations: The operations on the columns of both.
        old, new: The tables.
        common: The columns that both have, in the order of the old one.
        index: The columns in `common` that are the index of both tables; empty for the default index.
        is_named: Whether the index has names, and so counts as columns.
        notes: The differences of the tables as a whole, a sentence each.
    """

    operations: Columns
    old: Side
    new: Side
    common: tuple[str, ...]
    index: tuple[str, ...] = ()
    is_named: bool = False
    notes: tuple[str, ...] = field(default_factory=tuple)


def read_pair(old: Any, new: Any, tolerance: Tolerance, *, is_plain: bool = False) -> Pair:
    """Return two tables, or lists of dicts, for a comparison.

    Args:
        old: The old table.
        new: The new table.
        tolerance: The names of ignored columns.
        is_plain: Whether to read the columns as lists. Tables of two libraries always are.
    """
    values = old, new
    tables = [table_of(value, as_rows=True) for value in values]
    one, other = (table if table is not None else Table("list of dicts", 0, {}) for table in tables)
    libraries = {table.kind.partition(" ")[0] for table in (one, other)}
    library = libraries.pop() if len(libraries) == 1 and not is_plain else ""
    operations = _OPERATIONS.get(library, PlainColumns)()
    notes = [f"it was a {one.kind}, and is a {other.kind}"] if one.kind != other.kind else []
    index: tuple[str, ...] = ()
    levels: list[dict[str, Column]] = [{}, {}]
    if one.is_labelled or other.is_labelled:
        levels = [index_columns(value, table) for value, table in zip(values, (one, other), strict=True)]
        if list(levels[0]) == list(levels[1]):
            index = tuple(name for name in levels[0] if not tolerance.is_ignored(name))
        else:
            notes.append(f"the index was {_index_text(levels[0])}, and is {_index_text(levels[1])}")
            levels = [
                {name: column for name, column in side.items() if name in table.levels}
                for side, table in zip(levels, (one, other), strict=True)
            ]
    sides = (
        _side(one, levels[0], operations, tolerance),
        _side(other, levels[1], operations, tolerance),
    )
    common = tuple(name for name in sides[0].columns if name in sides[1].columns)
    notes += _hidden(old, new, one.kind) if one.kind == other.kind else []
    return Pair(operations, sides[0], sides[1], common, index, bool(one.levels), tuple(notes))


def index_columns(value: Any, table: Table) -> dict[str, Column]:
    """Return the levels of the index of a pandas table, also those without a name; nothing for others."""
    index = getattr(value, "index", None)
    if not table.kind.startswith("pandas") or index is None:
        return {}
    found: dict[str, Column] = {}
    for at, (name, column) in enumerate(level_columns(index)):
        label = str(name) if name is not None else "index" if index.nlevels == 1 else f"index level {at}"
        while label in found or label in table.columns:
            label += " of the index"
        found[label] = column
    return found


def _index_text(levels: Mapping[str, Column]) -> str:
    return ", ".join(map(repr, levels)) or "absent"


def _side(table: Table, levels: Mapping[str, Column], operations: Columns, tolerance: Tolerance) -> Side:
    columns = {
        name: column for name, column in {**levels, **table.columns}.items() if not tolerance.is_ignored(name)
    }
    is_plain = isinstance(operations, PlainColumns)
    return Side(
        table.height,
        {
            name: operations.prepare(column.read() if is_plain else column.native)
            for name, column in columns.items()
        },
        {name: column.type for name, column in columns.items()},
    )


def _hidden(old: Any, new: Any, kind: str) -> list[str]:
    """Return the differences of two tables of one class that neither columns, types nor cells show."""
    if kind.startswith("pyarrow") and hasattr(old, "schema"):
        names = [field.name for field in old.schema]
        if len(set(names)) == len(names) and set(names) == {field.name for field in new.schema}:
            other = {field.name: field.nullable for field in new.schema}
            changed = [field.name for field in old.schema if field.nullable != other[field.name]]
            return [f"another nullability: {', '.join(map(repr, changed))}"] if changed else []
    if not kind.startswith("pandas"):
        return []
    if not hasattr(old, "columns"):
        is_renamed = old.name != new.name and str(old.name) != str(new.name)
        return [f"the name was {old.name!r}, and is {new.name!r}"] if is_renamed else []
    notes = []
    if list(old.columns.names) != list(new.columns.names):
        notes.append(f"the columns were named {old.columns.names}, and are {new.columns.names}")
    if list(map(str, old.columns)) == list(map(str, new.columns)) and not old.columns.equals(new.columns):
        notes.append("the names of the columns have another type")
    for name, one, other in zip(old.columns, old.dtypes, new.dtypes, strict=False):
        if str(one) == str(other) == "category" and one != other and len(old.columns) == len(new.columns):
            notes.append(f"'{name}' has other categories")
    return notes
