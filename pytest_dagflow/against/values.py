"""The difference of two values of a node, as the reports show it: what was, and what is now."""

from __future__ import annotations

import dataclasses
import difflib
import math
import pickle
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice, zip_longest
from numbers import Number
from typing import Any, NamedTuple

from pytest_dagflow.against.arrays import compare_arrays, is_array
from pytest_dagflow.against.result import TableChange
from pytest_dagflow.against.tables import compare_tables, is_table
from pytest_dagflow.against.tolerance import Tolerance
from pytest_dagflow.sequence.matchers import count
from pytest_dagflow.values.equality import short, short_cell
from pytest_dagflow.values.tables import table_of

_MAX_DEPTH = 50
_MAX_TEXT = 60
_MAX_LINES = 5
_MAX_NAMES = 4
_MAX_CHANGES = 10_000
"""The number of differences after which the rest of a value is not compared."""
_SCALARS = (str, bytes, int, float, bool, type(None))
_DEFAULT = Tolerance()


class ValueChange(NamedTuple):
    """The difference of two values.

    Attributes:
        summary: The difference in one line, such as "1 -> 2", or "3 of 9,893 rows changed in 'late'".
        lines: The details, a line each.
        table: The difference of the table that the summary describes; None for other values.
    """

    summary: str
    lines: tuple[str, ...] = ()
    table: TableChange | None = None


class _Change(NamedTuple):
    """One difference inside of a value: its place ("['cups'][3]"), a statement, and its details."""

    place: str
    statement: str
    lines: tuple[str, ...] = ()
    table: TableChange | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.statement}" if self.place else self.statement


def compare_values(old: Any, new: Any, tolerance: Tolerance = _DEFAULT) -> ValueChange | None:
    """Compare two values of any kind.

    Args:
        old: The old value.
        new: The new value.
        tolerance: The allowed difference of numbers, ignored columns and dict keys, the keys of tables.

    Returns:
        The difference; None if the values are equal within the tolerance.

    Example:
        >>> compare_values(1, 2).summary
        '1 -> 2'
        >>> compare_values({"cups": [1, 2]}, {"cups": [1, 3]}).summary
        "['cups'][1]: 2 -> 3"
        >>> compare_values(1.0, 1.001, Tolerance(rel=0.01))
    """
    found = list(islice(_changes(old, new, tolerance, "", 0), _MAX_CHANGES))
    if not found:
        return None
    first = next((change for change in found if change.table is not None), found[0])
    others = [change for change in found if change is not first]
    at_least = "at least " if len(found) == _MAX_CHANGES else ""
    more = f" (and {at_least}{count(len(others), 'more difference')})" if others else ""
    lines = [*first.lines, *map(str, others[: _MAX_LINES - 1])]
    if len(others) >= _MAX_LINES:
        lines.append(f"... and {at_least}{count(len(others) - _MAX_LINES + 1, 'more difference')}")
    return ValueChange(f"{first}{more}", tuple(lines), first.table)


def table_summary(change: TableChange) -> str:
    """Return the difference of two tables in one line.

    Example:
        >>> change = compare_tables([{"id": 1, "n": 2}], [{"id": 1, "n": 3}], Tolerance(keys=("id",)))
        >>> table_summary(change)
        "1 of 1 row changed in 'n'"
    """
    parts = []
    if change.changed:
        names = [column.name for column in change.columns]
        where = f" in {_names(names)}" if names != ["values"] else ""
        parts.append(f"{change.changed:,} of {count(change.height[0], 'row')} changed{where}")
    for number, what in ((change.added, "added"), (change.removed, "removed")):
        if number:
            parts.append(f"{count(number, 'row')} {what}")
    for columns, what in ((change.new_columns, "new"), (change.gone_columns, "gone")):
        if columns:
            parts.append(f"{'column' if len(columns) == 1 else 'columns'} {_names(columns)} {what}")
    if change.types:
        name, old, new = change.types[0]
        more = f" (and {len(change.types) - 1} more)" if len(change.types) > 1 else ""
        of_column = f"of '{name}' " if name != "values" else ""
        parts.append(f"type {of_column}{_cut(old)} -> {_cut(new)}{more}")
    return "; ".join(parts or change.notes)


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(f"'{name}'" for name in names[:_MAX_NAMES]) + more


def _changes(
    old: Any, new: Any, tolerance: Tolerance, place: str, depth: int, *, may_ignore: bool = True
) -> Iterator[_Change]:
    """Yield the differences of two values, or of two parts of them.

    `may_ignore` is whether the keys of a dict may be ignored: at the top, and in lists of dicts.
    """
    if old is new:
        return
    is_like = type(old) is type(new) and depth < _MAX_DEPTH
    try:
        if (is_table(old) and is_table(new)) or (is_like and _are_records(old, new, tolerance)):
            yield from _of_tables(old, new, tolerance, place)
        elif is_array(old) and is_array(new):
            yield from _of_arrays(old, new, tolerance, place)
        elif is_table(old) or is_table(new) or is_array(old) or is_array(new):
            yield _Change(place, _arrow(old, new))
        elif is_like and isinstance(old, Mapping):
            yield from _of_mappings(old, new, tolerance, place, depth, may_ignore)
        elif is_like and isinstance(old, list | tuple):
            yield from _of_sequences(old, new, tolerance, place, depth)
        elif is_like and isinstance(old, Set):
            yield from _of_elements(_ordered(old - new), _ordered(new - old), place)
        elif is_like and not isinstance(old, _SCALARS):
            yield from _of_objects(old, new, tolerance, place, depth)
        elif not _are_equal(old, new, tolerance):
            yield _of_scalars(old, new, place)
    except Exception as error:  # the value's own `==`, `len` or items
        if _repr(old) != _repr(new):
            reason = (
                f"compared by repr, because the comparison raised {type(error).__name__}: {_cut(str(error))}"
            )
            yield _Change(place, _arrow(old, new), (reason,))


def _of_tables(old: Any, new: Any, tolerance: Tolerance, place: str) -> Iterator[_Change]:
    change = compare_tables(old, new, tolerance)
    if change is not None:
        summary = table_summary(change)
        if type(old) is not type(new):
            summary = f"{_library_class(old)} -> {_library_class(new)}; {summary}"
        yield _Change(place, summary, (), change)


def _library_class(table: object) -> str:
    return f"{type(table).__module__.partition('.')[0]} {type(table).__name__}"


def _are_records(old: Any, new: Any, tolerance: Tolerance) -> bool:
    """Return whether two lists of dicts are like tables: with declared keys, or with plain cells only."""
    if not (isinstance(old, list) and old and new):
        return False
    rows = [*old, *new]
    if not all(isinstance(row, dict) and row for row in rows):
        return False
    if tolerance.keys:
        return True
    names = dict.fromkeys(old[0])
    return all(row.keys() == names.keys() for row in rows) and all(
        isinstance(cell, _SCALARS) for row in rows for cell in row.values()
    )


def _of_arrays(old: Any, new: Any, tolerance: Tolerance, place: str) -> Iterator[_Change]:
    lines = compare_arrays(old, new, tolerance)
    if lines:
        yield _Change(place, lines[0], tuple(lines[1:]))


def _of_mappings(
    old: Any, new: Any, tolerance: Tolerance, place: str, depth: int, may_ignore: bool
) -> Iterator[_Change]:
    is_ignored = tolerance.is_ignored if may_ignore else lambda _: False
    for key in old:
        inner = f"{place}[{_cut(repr(key))}]"
        if is_ignored(key):
            continue
        if key in new:
            yield from _changes(old[key], new[key], tolerance, inner, depth + 1, may_ignore=False)
        else:
            yield _Change(inner, f"gone, was {_short(old[key])}")
    for key in new:
        if key not in old and not is_ignored(key):
            yield _Change(f"{place}[{_cut(repr(key))}]", f"new, is {_short(new[key])}")


def _of_sequences(old: Any, new: Any, tolerance: Tolerance, place: str, depth: int) -> Iterator[_Change]:
    names = getattr(type(old), "_fields", None)  # of a named tuple
    start = end = 0
    if len(old) != len(new):
        yield _Change(place, f"{count(len(old), 'element')} -> {len(new):,}")
        start, end = _equal_ends(old, new, tolerance, depth)
    middle = old[start : len(old) - end], new[start : len(new) - end]
    if not (middle[0] and middle[1]):
        yield from _of_elements(*middle, place)
        return
    shared = min(map(len, middle))
    for at, (one, other) in enumerate(zip(middle[0][:shared], middle[1][:shared], strict=True), start):
        inner = f"{place}[{at}]" if names is None else f"{place}.{names[at]}"
        yield from _changes(one, other, tolerance, inner, depth + 1)
    yield from _of_elements(middle[0][shared:], middle[1][shared:], place)


def _equal_ends(old: Any, new: Any, tolerance: Tolerance, depth: int) -> tuple[int, int]:
    """Return the lengths of the equal beginnings and the equal ends."""

    def is_same(one: Any, other: Any) -> bool:
        return not any(_changes(one, other, tolerance, "", depth + 1))

    length = min(len(old), len(new))
    start = next((at for at in range(length) if not is_same(old[at], new[at])), length)
    rest = length - start
    end = next((at for at in range(rest) if not is_same(old[-1 - at], new[-1 - at])), rest)
    return start, end


def _of_elements(gone: Iterable[Any], added: Iterable[Any], place: str) -> Iterator[_Change]:
    for element in gone:
        yield _Change(place, f"without {_short(element)}")
    for element in added:
        yield _Change(place, f"with {_short(element)}")


def _ordered(elements: Iterable[Any]) -> list[Any]:
    """Return the elements of a set in an order that is the same in each process."""
    return sorted(elements, key=_repr)


def _of_objects(old: Any, new: Any, tolerance: Tolerance, place: str, depth: int) -> Iterator[_Change]:
    """Yield the differences of the attributes of two objects, or else of the objects as a whole."""
    has_equality = _has_equality(old)
    if has_equality and _are_equal(old, new, tolerance):
        return
    fields = dataclasses.fields(old) if dataclasses.is_dataclass(old) else None
    names = [field.name for field in fields if field.compare] if fields is not None else _attributes(old, new)
    is_different = False
    for name in names:
        one, other = (getattr(value, name, _ABSENT) for value in (old, new))
        for change in _changes(one, other, tolerance, f"{place}.{name}", depth + 1, may_ignore=False):
            is_different = True
            yield change
    is_explained = is_different or (names and (tolerance.has_margin or not has_equality))
    if not is_explained and (has_equality or pickle.dumps(old) != pickle.dumps(new)):
        yield _of_scalars(old, new, place)


def _has_equality(value: object) -> bool:
    return type(value).__eq__ is not object.__eq__


_ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "absent"})()


def _attributes(old: Any, new: Any) -> list[str]:
    """Return the names of the attributes of two objects. A class or function has none: it is its name."""
    if isinstance(old, type) or not hasattr(old, "__dict__") or callable(getattr(old, "__get__", None)):
        return []
    return list(dict.fromkeys([*vars(old), *vars(new)]))


def _are_equal(old: Any, new: Any, tolerance: Tolerance) -> bool:
    """Return whether two single values are equal, and numbers of the same class if they may not differ."""
    if isinstance(old, Number) and isinstance(new, Number):
        if type(old) is not type(new) and (isinstance(old, bool | complex) or not tolerance.has_margin):
            return False
        return tolerance.are_same(old, new)
    if type(old) is not type(new) and isinstance(old, str | bytes) and isinstance(new, str | bytes):
        return False
    return bool(old == new) or _are_nan(old, new)


def _are_nan(old: Any, new: Any) -> bool:
    return bool(old != old and new != new)  # NaN differs from itself


def _of_scalars(old: Any, new: Any, place: str) -> _Change:
    if isinstance(old, str) and isinstance(new, str):
        return _of_strings(old, new, place)
    return _Change(place, _arrow(old, new))


def _of_strings(old: str, new: str, place: str) -> _Change:
    """Return the difference of two strings: of long ones the first character, or the first lines."""
    if max(len(old), len(new)) <= _MAX_TEXT and "\n" not in old + new:
        return _Change(place, f"{old!r} -> {new!r}")
    lines = old.splitlines(), new.splitlines()
    if len(lines[0]) > 1 and len(lines[1]) > 1 and len(lines[0]) + len(lines[1]) <= 2000:
        pairs = list(_differing_lines(*lines))
        if pairs:
            signed = [(sign, line) for pair in pairs for sign, line in zip("-+", pair, strict=True)]
            diff = [_cut(f"{sign} {line}") for sign, line in signed if line is not None]
            text = f"the text of {count(len(lines[1]), 'line')} differs in {count(len(pairs), 'line')}"
            more = [f"... and {count(len(diff) - 2 * _MAX_LINES, 'more line')}"] if len(diff) > 10 else []
            return _Change(place, text, (*diff[: 2 * _MAX_LINES], *more))
    shared = min(len(old), len(new))
    at = next((at for at in range(shared) if old[at] != new[at]), shared)
    start = max(0, at - 10)
    texts = [f"{'...' if start else ''}{text[start : at + 20]}" for text in (old, new)]
    return _Change(place, f"{texts[0]!r} -> {texts[1]!r} at character {at:,}")


def _differing_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str | None, str | None]]:
    """Yield the old and the new form of each line that differs; None if one text lacks it."""
    for kind, start, end, new_start, new_end in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if kind != "equal":
            yield from zip_longest(old[start:end], new[new_start:new_end])


def _arrow(old: Any, new: Any) -> str:
    """Return both values as one short text, with their classes if these differ or the texts are equal."""
    texts = [_short(old), _short(new)]
    are_plain = isinstance(old, _SCALARS) and isinstance(new, _SCALARS)
    is_other = type(old) is not type(new) and not (are_plain and (old is None or new is None))
    if texts[0] == texts[1] or (is_other and not any(map(is_table, (old, new)))):
        names = [type(value).__name__ for value in (old, new)]
        texts = [f"{text} ({name})" for text, name in zip(texts, names, strict=True)]
    return " -> ".join(texts)


def _short(value: Any) -> str:
    """Return a value as a text of a few words."""
    table = table_of(value)
    if table is not None:
        return f"a {table.kind} of {count(table.height, 'row')}"
    if is_array(value):
        return f"an array of the shape {tuple(value.shape)}"
    if isinstance(value, Mapping | list | tuple | Set) and len(_repr(value)) > _MAX_TEXT:
        return f"a {type(value).__name__} of {count(len(value), 'element')}"
    if isinstance(value, float) and type(value) is not float and not math.isnan(value):
        return repr(float(value))
    return _cut(short_cell(value))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 3]}..."


def _repr(value: Any) -> str:
    """Return the `repr` of a value without addresses, which differ in each process."""
    try:
        return re.sub(r"0x[0-9a-fA-F]+", "0x", repr(value))
    except Exception:
        return short(value)
