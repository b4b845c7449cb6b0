"""The difference of two tables of pandas, polars or pyarrow, computed by the library of the tables."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from pytest_dagflow.against.columns.operations import SHOWN, Columns
from pytest_dagflow.against.columns.sides import Pair, Side, read_pair
from pytest_dagflow.against.result import Cell, ColumnChange, TableChange
from pytest_dagflow.against.row_keys import Rows, match_rows
from pytest_dagflow.against.tolerance import Tolerance
from pytest_dagflow.values.equality import short_cell
from pytest_dagflow.values.tables import is_table

__all__ = ["compare_tables", "is_table"]

_MAX_CELLS = 5
"""The number of cells of a row that are shown."""
_DEFAULT = Tolerance()


def compare_tables(old: Any, new: Any, tolerance: Tolerance = _DEFAULT) -> TableChange | None:
    """Compare two tables, or two lists of dicts.

    Rows are matched by the declared keys; otherwise by the index of pandas, or by the fewest columns that
    identify the rows of both tables; otherwise by their position.

    Args:
        old: The old table.
        new: The new table.
        tolerance: What is ignored, and the declared keys.

    Returns:
        The difference; None if the tables are equal within the tolerance.

    Example:
        >>> old = [{"id": 1, "price": 3}, {"id": 2, "price": 5}]
        >>> change = compare_tables(old, [{"id": 2, "price": 4}], Tolerance(keys=("id",)))
        >>> change.removed, change.removed_rows
        (1, ('id=1: price=3',))
        >>> change.columns
        (ColumnChange(name='price', cells=1, largest=1.0, examples=(Cell(row='id=2', old='5', new='4'),)),)
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # about values of the user, which the user's own code has already seen
        try:
            pair = read_pair(old, new, tolerance)
            return _compare(pair, tolerance)
        except Exception as error:  # a library fails for a strange table: lists have no such limits
            pair = read_pair(old, new, tolerance, is_plain=True)
            change = _compare(pair, tolerance)
            note = f"compared cell by cell, because the library raised {type(error).__name__}"
            return change and change._replace(notes=(*change.notes, note))


def _compare(pair: Pair, tolerance: Tolerance) -> TableChange | None:
    rows = match_rows(pair, tolerance)
    changed, columns = _changed_cells(pair, rows, tolerance)
    new_columns = tuple(name for name in pair.new.columns if name not in pair.old.columns)
    gone_columns = tuple(name for name in pair.old.columns if name not in pair.new.columns)
    types = tuple(
        (name, pair.old.types[name], pair.new.types[name])
        for name in pair.common
        if pair.old.types[name] != pair.new.types[name]
    )
    notes = [*pair.notes]
    if [name for name in pair.new.columns if name in pair.old.columns] != list(pair.common):
        notes.append("the columns are in another order")
    if rows.pairs and not rows.pairs.is_in_order and (not tolerance.keys or rows.keys != tolerance.keys):
        notes.append("the rows are in another order")
    if not (columns or rows.removed or rows.added or new_columns or gone_columns or types or notes):
        return None
    if rows.by_content:
        notes.append("the rows have no key: equal rows are matched, and each other row is added or removed")
    elif not rows.keys and rows.heights[0] != rows.heights[1]:
        notes.append("the rows have no key: they are compared by their position")
    is_unnamed = rows.keys == pair.index and not pair.is_named
    return TableChange(
        keys=() if is_unnamed else rows.keys,
        is_key_found=rows.is_found,
        height=rows.heights,
        added=rows.added,
        removed=rows.removed,
        changed=changed,
        added_rows=_row_texts(pair, pair.new, rows, rows.first_added(SHOWN)),
        removed_rows=_row_texts(pair, pair.old, rows, rows.first_removed(SHOWN)),
        columns=columns,
        new_columns=new_columns,
        gone_columns=gone_columns,
        types=types,
        notes=(*notes, *rows.remarks),
    )


def _changed_cells(pair: Pair, rows: Rows, tolerance: Tolerance) -> tuple[int, tuple[ColumnChange, ...]]:
    """Return the number of rows that changed, and the columns with cells that differ."""
    if rows.by_content:
        return 0, ()
    operations, masks, changes = pair.operations, [], []
    labels = pair.index if rows.keys and not pair.is_named else ()  # they follow the order of the rows
    for name in pair.common:
        if name in rows.keys or name in labels:
            continue
        old, new = _paired(pair, rows, name)
        mask = rows.masks.get(name)
        if mask is None:
            mask = operations.unequal(old, new, tolerance)
        cells = operations.count(mask)
        if cells:
            masks.append(mask)
            largest, positions = operations.largest(old, new, mask) or (None, [])
            positions += [at for at in operations.first(mask) if at not in positions]
            examples = _examples(pair, rows, old, new, positions[:SHOWN])
            changes.append(ColumnChange(name, cells, largest, examples))
    changes.sort(key=lambda change: -change.cells)
    return operations.count(operations.either(masks)) if masks else 0, tuple(changes)


def _paired(pair: Pair, rows: Rows, name: str) -> tuple[Any, Any]:
    """Return the cells of a column in the matched rows of both tables."""
    old, new = pair.old.columns[name], pair.new.columns[name]
    if rows.pairs is not None:
        return pair.operations.take(old, rows.pairs.old), pair.operations.take(new, rows.pairs.new)
    if rows.heights[0] == rows.heights[1]:
        return old, new
    return pair.operations.head(old, min(rows.heights)), pair.operations.head(new, min(rows.heights))


def _examples(pair: Pair, rows: Rows, old: Any, new: Any, positions: Sequence[int]) -> tuple[Cell, ...]:
    in_table = pair.operations.pick(rows.pairs.new, positions) if rows.pairs else positions
    names = _row_names(pair.operations, pair.new, rows.keys, in_table)
    cells = pair.operations.cells(old, positions), pair.operations.cells(new, positions)
    return tuple(Cell(name, *_cell_texts(one, other)) for name, one, other in zip(names, *cells, strict=True))


def _cell_texts(old: Any, new: Any) -> tuple[str, str]:
    """Return two cells as short texts that differ: with their types if need be."""
    texts = short_cell(old), short_cell(new)
    if texts[0] == texts[1] and type(old) is not type(new):
        return f"{texts[0]} ({type(old).__name__})", f"{texts[1]} ({type(new).__name__})"
    return texts


def _row_names(operations: Columns, side: Side, keys: Sequence[str], positions: Sequence[int]) -> list[str]:
    if not keys:
        return [f"row {at}" for at in positions]
    cells = [operations.cells(side.columns[key], positions) for key in keys]
    return [
        ", ".join(f"{key}={short_cell(cell)}" for key, cell in zip(keys, row, strict=True))
        for row in zip(*cells, strict=True)
    ]


def _row_texts(pair: Pair, side: Side, rows: Rows, positions: Sequence[int]) -> tuple[str, ...]:
    names = _row_names(pair.operations, side, rows.keys, positions)
    others = [name for name in side.columns if name not in rows.keys]
    cells = [pair.operations.cells(side.columns[name], positions) for name in others[:_MAX_CELLS]]
    texts = [
        ", ".join(f"{column}={short_cell(cell)}" for column, cell in zip(others, row, strict=False))
        for row in zip(*cells, strict=True)
    ]
    rest = ", ..." if len(others) > _MAX_CELLS else ""
    if not texts:
        return tuple(names)
    return tuple(f"{name}: {text}{rest}" for name, text in zip(names, texts, strict=True))
