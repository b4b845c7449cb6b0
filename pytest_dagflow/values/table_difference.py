"""The difference of two tables: columns, types, rows by key, and the cells that differ, first few of many."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dagflow import DagflowError
from pytest_dagflow.sequence.matchers import count, suggest
from pytest_dagflow.values.equality import Options, is_missing, short_cell
from pytest_dagflow.values.tables import Column, Table

_MAX_COLUMNS = 8
_MAX_NEAREST = 200
_MAX_KEY_COLUMNS = 5
_MAX_ROWS_IN_ORDER = 3


@dataclass
class _Rows:
    """The rows of two tables that belong together.

    Attributes:
        pairs: Positions of an expected and an actual row; None if equal positions belong together.
        missing: Positions of expected rows without an actual row.
        unexpected: Positions of actual rows without an expected row.
        name: Returns the name of a row for a position: in the expected table if it is missing, else in the
            actual one.
        problem: A difference of the rows as a whole, if any.
        keys: The columns by which the rows are matched, if any.
        hint: A line about the way in which the rows are matched, if any.
    """

    pairs: list[tuple[int, int]] | None = None
    missing: list[int] = field(default_factory=list)
    unexpected: list[int] = field(default_factory=list)
    name: Callable[[int, bool], str] = lambda position, _: f"row {position}"
    problem: str = ""
    keys: Sequence[str] = ()
    hint: str = ""


def explain_tables(expected: Table, actual: Table, options: Options) -> list[str]:
    """Return the lines about the differences, the summary first; an empty list if there are none.

    Raises:
        DagflowError: A key is not a column.
    """
    if expected.kind != actual.kind:
        return [f"it is a {actual.kind}, expected a {expected.kind}"]
    problems = list(_column_problems(expected, actual, options))
    common = [name for name in expected.columns if name in actual.columns]
    rows = _match_rows(expected, actual, common, options)
    cells = _differing_cells(expected, actual, common, rows, options)
    if rows.pairs is None and (expected.height != actual.height or len(_rows_of(cells)) > 1):
        by_key = _rows_by_found_key(expected, actual, common)
        if by_key is not None:
            rows, cells = by_key, _differing_cells(expected, actual, common, by_key, options)
    if rows.problem:
        problems.append(rows.problem)
    wrong_rows = _rows_of(cells)
    if rows.missing or rows.unexpected:
        sides = ((rows.missing, "missing"), (rows.unexpected, "unexpected"))
        how_many = " and ".join(f"{count(len(side), 'row')} {what}" for side, what in sides if side)
        problems.append(f"{how_many} ({count(actual.height, 'row')}, expected {expected.height:,})")
    if cells:
        total = len(rows.pairs) if rows.pairs is not None else min(expected.height, actual.height)
        verb = "differs" if len(wrong_rows) == 1 else "differ"
        in_columns = f" in {_names(cells)}" if list(cells) != ["values"] else ""
        problems.append(f"{len(wrong_rows):,} of {count(total, 'row')} {verb}{in_columns}")
    if not problems:
        return []
    shown = options.max_shown
    lines = ["; ".join(problems)]
    lines += _row_lines("missing", rows.missing, expected, rows, shown)
    lines += _row_lines("unexpected", rows.unexpected, actual, rows, shown)
    for name in list(cells)[:_MAX_COLUMNS]:
        lines += _cell_lines(name, cells[name], expected, actual, rows, shown)
    if len(cells) > _MAX_COLUMNS:
        lines.append(f"  ... and {count(len(cells) - _MAX_COLUMNS, 'more column')} with differences")
    if rows.pairs is None and expected.height != actual.height and cells:
        lines.append("  (rows are compared by position; with keys=[...] they are compared by these columns)")
    if rows.hint:
        lines.append(f"  ({rows.hint})")
    return lines


def _differing_cells(
    expected: Table, actual: Table, common: Sequence[str], rows: _Rows, options: Options
) -> dict[str, list[tuple[int, int]]]:
    """Return the positions of the rows that differ in each column with a difference."""
    return {name: found for name in common if (found := _differing(name, expected, actual, rows, options))}


def _rows_of(cells: dict[str, list[tuple[int, int]]]) -> set[tuple[int, int]]:
    return {pair for found in cells.values() for pair in found}


def _column_problems(expected: Table, actual: Table, options: Options) -> Iterator[str]:
    missing = [name for name in expected.columns if name not in actual.columns]
    unexpected = [name for name in actual.columns if name not in expected.columns]
    if missing:
        yield f"{_names(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    if unexpected:
        yield f"{_names(unexpected)} {'is' if len(unexpected) == 1 else 'are'} unexpected"
    if not (missing or unexpected or options.ignore_order) and list(expected.columns) != list(actual.columns):
        columns = ", ".join(list(actual.columns)[:_MAX_COLUMNS])
        yield f"the columns are in another order: {columns}, expected {', '.join(expected.columns)}"
    for name, column in expected.columns.items():
        other = actual.columns.get(name)
        if other is not None and other.type != column.type and not options.has_tolerance:
            of_column = f"column '{name}'" if name != "values" else "it"
            yield f"{of_column} has the type {other.type}, expected {column.type}"


def _names(columns: Iterable[str]) -> str:
    found = list(columns)
    rest = f" and {len(found) - _MAX_COLUMNS} more" if len(found) > _MAX_COLUMNS else ""
    names = ", ".join(f"'{name}'" for name in found[:_MAX_COLUMNS]) + rest
    return f"{'column' if len(found) == 1 else 'columns'} {names}"


# rows


def _match_rows(expected: Table, actual: Table, common: Sequence[str], options: Options) -> _Rows:
    if options.keys:
        return _rows_by_given_keys(expected, actual, list(options.keys))
    if options.ignore_order and options.has_tolerance:
        return _rows_in_order(expected, actual, common)
    if options.ignore_order:
        return _rows_by_content(expected, actual, common, options)
    rows = _rows_by_label(expected, actual)
    if rows is not None:
        return rows
    height = min(expected.height, actual.height)
    rest = list(range(height, expected.height)), list(range(height, actual.height))
    return _Rows(missing=rest[0], unexpected=rest[1])


def _rows_by_given_keys(expected: Table, actual: Table, names: list[str]) -> _Rows:
    for table, which in ((expected, "expected"), (actual, "actual")):
        for key in names:
            if table.key_column(key) is None:
                known = [*table.columns, *table.levels]
                raise DagflowError(
                    f"the key '{key}' is not a column of the {which} table, whose columns are "
                    f"{known}.{suggest(key, known)}"
                )
    keys = [_key_tuples(table, names) for table in (expected, actual)]
    namer = _key_namer(keys, names)
    rows = _rows_by_key(keys[0], keys[1], namer)
    rows.keys = names
    for side, which in zip(keys, ("expected", "actual"), strict=True):
        first: dict[str, int] = {}
        for at, key in enumerate(map(repr, side)):
            first.setdefault(key, at)
        if len(first) < len(side) and not rows.hint:
            twice = next(at for at, key in enumerate(map(repr, side)) if first[key] != at)
            rows.hint = (
                f"{namer(twice, which == 'expected')} occurs more than once in the {which} table; "
                "the rows of one key are compared in their order"
            )
    return rows


def _rows_by_found_key(expected: Table, actual: Table, common: Sequence[str]) -> _Rows | None:
    """Match rows by the first columns that identify the rows of both tables, if that changes the pairs."""
    names = [name for name in common if not _has_fractions(expected.columns[name])][:_MAX_KEY_COLUMNS]
    for chosen in [[name] for name in names] + [[*pair] for pair in itertools.combinations(names, 2)]:
        keys = [_key_tuples(table, chosen) for table in (expected, actual)]
        try:
            sides = [set(side) for side in keys]
        except TypeError:  # a cell is a list
            continue
        is_unique = all(len(side) == len(column) for side, column in zip(sides, keys, strict=True))
        if not is_unique or 2 * len(sides[0] & sides[1]) < min(map(len, sides)) or not all(sides):
            continue
        rows = _rows_by_key(keys[0], keys[1], _key_namer(keys, chosen))
        assert rows.pairs is not None
        if all(one == other for one, other in rows.pairs):
            return None  # as by position
        rows.keys = chosen
        columns = ", ".join(map(repr, chosen))
        unique = "which is unique" if len(chosen) == 1 else "which are unique together"
        rows.hint = f"rows are matched by {columns}, {unique}; keys=[{columns}] ignores their order"
        positions = [other for _, other in rows.pairs]
        if positions != sorted(positions):
            found, wanted = (
                "; ".join(rows.name(at, is_expected) for at in range(min(table.height, _MAX_ROWS_IN_ORDER)))
                + ("; ..." if table.height > _MAX_ROWS_IN_ORDER else "")
                for table, is_expected in ((actual, False), (expected, True))
            )
            rows.problem = f"the rows are in another order: {found}, expected {wanted}"
        return rows
    return None


def _has_fractions(column: Column) -> bool:
    return any(isinstance(value, float) for value in column.read()[:100])


def _rows_by_label(expected: Table, actual: Table) -> _Rows | None:
    """Match rows with equal labels; None if the tables have no labels, or other ones for as many rows."""
    if expected.labels is None or actual.labels is None:
        return None
    if not (expected.is_labelled or actual.is_labelled):
        return None
    labels = list(expected.labels), list(actual.labels)
    if labels[0] == labels[1]:
        return _Rows(name=lambda position, _: f"index={short_cell(labels[0][position])}")
    keys = [[(label,) for label in side] for side in labels]
    rows = _rows_by_key(keys[0], keys[1], _key_namer(keys, ["index"]))
    found = ", ".join(map(short_cell, labels[1][:_MAX_COLUMNS]))
    wanted = ", ".join(map(short_cell, labels[0][:_MAX_COLUMNS]))
    if not rows.pairs and expected.height == actual.height:
        return _Rows(problem=f"the index differs: {found}, expected {wanted}")
    positions = [other for _, other in rows.pairs or ()]
    if positions != sorted(positions):
        rows.problem = f"the rows are in another order: index {found}, expected {wanted}"
    return rows


def _key_namer(keys: list[list[tuple[Any, ...]]], names: list[str]) -> Callable[[int, bool], str]:
    def name(position: int, is_expected: bool) -> str:
        values = keys[0 if is_expected else 1][position]
        return ", ".join(f"{key}={short_cell(value)}" for key, value in zip(names, values, strict=True))

    return name


def _rows_by_key(
    expected: list[tuple[Any, ...]], actual: list[tuple[Any, ...]], name: Callable[[int, bool], str]
) -> _Rows:
    """Match rows with equal keys; the n-th row of a key with the n-th row of the same key."""
    try:
        set(expected).union(actual)
    except TypeError:  # a cell is a list
        expected = [tuple(map(repr, key)) for key in expected]
        actual = [tuple(map(repr, key)) for key in actual]
    positions: dict[tuple[Any, ...], list[int]] = {}
    for position, key in enumerate(actual):
        positions.setdefault(key, []).append(position)
    for found in positions.values():
        found.reverse()  # pop() takes the first
    rows = _Rows([], name=name)
    pairs: list[tuple[int, int]] = []
    for position, key in enumerate(expected):
        found = positions.get(key, [])
        if found:
            pairs.append((position, found.pop()))
        else:
            rows.missing.append(position)
    rows.pairs = pairs
    rows.unexpected = sorted(position for found in positions.values() for position in found)
    return rows


def _rows_by_content(expected: Table, actual: Table, common: Sequence[str], options: Options) -> _Rows:
    """Match equal rows, then each other row with the nearest one, if they are few."""
    contents = [_row_tuples(table, common) for table in (expected, actual)]
    rows = _rows_by_key(contents[0], contents[1], lambda position, _: f"row {position}")
    if max(len(rows.missing), len(rows.unexpected)) > _MAX_NEAREST:
        return rows
    for position in tuple(rows.missing):
        likeness = [
            (sum(map(options.is_same_cell, contents[0][position], contents[1][other])), -other)
            for other in rows.unexpected
        ]
        best, other = max(likeness, default=(0, 0))
        if best:
            assert rows.pairs is not None
            rows.pairs.append((position, -other))
            rows.missing.remove(position)
            rows.unexpected.remove(-other)
    return rows


def _rows_in_order(expected: Table, actual: Table, common: Sequence[str]) -> _Rows:
    """Match the n-th rows of both tables after sorting, by the columns without fractions first."""
    orders = []
    for table in (expected, actual):
        columns = [table.columns[name].read() for name in common]
        columns.sort(key=lambda values: any(isinstance(value, float) for value in values))
        contents = [[*map(_rank, row)] for row in zip(*columns, strict=True)]
        orders.append(sorted(range(table.height), key=contents.__getitem__))
    one, other = orders
    length = min(len(one), len(other))
    return _Rows([*zip(one[:length], other[:length], strict=True)], one[length:], other[length:])


def _rank(value: Any) -> tuple[str, Any]:
    """Return a sort key for any cell."""
    if isinstance(value, int | float) and not is_missing(value):
        return "", value
    return type(value).__name__, value if isinstance(value, str) else repr(value)


def _key_tuples(table: Table, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the cells of key columns of each row."""
    columns = {name: column for name in names if (column := table.key_column(name)) is not None}
    return _row_tuples(replace(table, columns=columns), names)


def _row_tuples(table: Table, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the cells of some columns of each row, with None for each missing value."""
    columns = []
    for name in names:
        values = table.columns[name].read()
        if any(is_missing(value) for value in values):
            values = [None if is_missing(value) else value for value in values]
        columns.append(values)
    return list(zip(*columns, strict=True))


# cells


def _differing(
    name: str, expected: Table, actual: Table, rows: _Rows, options: Options
) -> list[tuple[int, int]]:
    """Return the positions of the rows that differ in a column."""
    one, other = expected.columns[name], actual.columns[name]
    if rows.pairs is None and expected.height == actual.height and _are_equal(one, other):
        return []
    left, right = one.read(), other.read()
    pairs = rows.pairs if rows.pairs is not None else [*zip(range(len(left)), range(len(right)))]  # noqa: B905
    has_null = one.has_null and other.has_null
    try:  # `!=` of most values is quick, and not to be trusted for missing values and arrays
        doubtful: Iterable[tuple[int, int]] = [
            pair for pair in pairs if (left[pair[0]] != right[pair[1]]) is not False
        ]
    except Exception:
        doubtful = pairs
    return [
        pair
        for pair in doubtful
        if not options.is_same_cell(left[pair[0]], right[pair[1]], has_null=has_null)
    ]


def _are_equal(one: Column, other: Column) -> bool:
    try:
        return bool(one.equals(other.native))
    except Exception:  # columns of other types
        return False


def _row_lines(what: str, positions: list[int], table: Table, rows: _Rows, shown: int) -> Iterator[str]:
    if not positions:
        return
    others = [name for name in table.columns if name not in rows.keys]
    names = others[:_MAX_COLUMNS]
    columns = {name: table.columns[name].read() for name in names}
    rest = ", ..." if len(others) > len(names) else ""
    for position in positions[:shown]:
        values = ", ".join(f"{name}={short_cell(columns[name][position])}" for name in names)
        row = rows.name(position, what == "missing")
        yield f"  {what}: {row}: {values}{rest}" if values else f"  {what}: {row}"
    if len(positions) > shown:
        yield f"  {what}: ... and {count(len(positions) - shown, 'more row')}"


def _cell_lines(
    name: str, found: list[tuple[int, int]], expected: Table, actual: Table, rows: _Rows, shown: int
) -> Iterator[str]:
    left, right = expected.columns[name].read(), actual.columns[name].read()
    yield f"  {name}:" if name != "values" else "  values:"
    for one, other in found[:shown]:
        yield f"    {rows.name(other, False)}: {short_cell(right[other])}, expected {short_cell(left[one])}"
    if len(found) > shown:
        yield f"    ... and {count(len(found) - shown, 'more row')}"
