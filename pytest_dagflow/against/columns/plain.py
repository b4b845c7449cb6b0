"""The operations on lists, for tables of two libraries, lists of dicts and strange tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from numbers import Real
from typing import Any

from pytest_dagflow.against.columns.operations import SHOWN, Columns, Matching, hashable, top
from pytest_dagflow.against.tolerance import Tolerance
from pytest_dagflow.values.equality import is_missing

_SCALARS = (str, bytes, bool, int)


class PlainColumns(Columns):
    """The operations on lists."""

    def prepare(self, column: list[Any]) -> list[Any]:
        """Return the list itself."""
        return column

    def read(self, column: list[Any]) -> list[Any]:
        """Return the list itself."""
        return column

    def cells(self, column: list[Any], positions: Sequence[int]) -> list[Any]:
        """Return the cells of some rows."""
        return [column[at] for at in positions]

    def take(self, column: list[Any], positions: Sequence[int]) -> list[Any]:
        """Return the column with other rows."""
        return [column[at] for at in positions]

    def head(self, column: list[Any], length: int) -> list[Any]:
        """Return the column with its first rows."""
        return column[:length]

    def can_be_key(self, column: list[Any]) -> bool:
        """Return whether its first cells are neither fractions nor nested values."""
        first = [cell for cell in column[:100] if not is_missing(cell)]
        return bool(first or not column) and not any(
            isinstance(cell, float | list | tuple | dict | set) or hasattr(cell, "__array__")
            for cell in first
        )

    def is_unique(self, columns: Sequence[list[Any]]) -> bool:
        """Return whether no two rows have the same cells."""
        rows = _rows(columns)
        return len(set(rows)) == len(rows)

    def match(self, old: Sequence[list[Any]], new: Sequence[list[Any]]) -> Matching:
        """Match rows with equal cells."""
        rows, others = _rows(old), _rows(new)
        waiting: dict[Any, list[int]] = {}
        for at in range(len(others) - 1, -1, -1):  # pop() takes the first
            waiting.setdefault(others[at], []).append(at)
        is_repeated = len(waiting) < len(others) or len(set(rows)) < len(rows)
        left, right, removed = [], [], []
        for at, key in enumerate(rows):
            if found := waiting.get(key):
                left.append(at)
                right.append(found.pop())
            else:
                removed.append(at)
        added = sorted(at for found in waiting.values() for at in found)
        is_in_order = right == sorted(right)
        sizes = len(left), len(removed), len(added)
        return Matching(left, right, *sizes, removed[:SHOWN], added[:SHOWN], is_in_order, is_repeated)

    def unequal(self, old: list[Any], new: list[Any], tolerance: Tolerance) -> list[bool]:
        """Return the mask of the cells that differ."""
        return self.unequal_cells(old, new, tolerance)

    def either(self, masks: Sequence[list[bool]]) -> list[bool]:
        """Return the mask of the rows that one of the masks has."""
        return list(map(any, zip(*masks, strict=True)))

    def count(self, mask: list[bool]) -> int:
        """Return the number of rows of a mask."""
        return sum(mask)

    def first(self, mask: list[bool]) -> list[int]:
        """Return the first few positions of a mask."""
        return list(compress(range(len(mask)), mask))[:SHOWN]

    def largest(self, old: list[Any], new: list[Any], mask: list[bool]) -> tuple[float, list[int]] | None:
        """Return the largest change, and the positions of the few largest ones."""
        return top((at, change_of(old[at], new[at])) for at in compress(range(len(mask)), mask))

    def pick(self, positions: list[int], chosen: Sequence[int]) -> list[int]:
        """Return some of the positions."""
        return [positions[at] for at in chosen]


def change_of(old: Any, new: Any) -> float:
    """Return the absolute change of a number; NaN if one of the values is not a number.

    Example:
        >>> change_of(1, 3.5), change_of(True, 2)
        (2.5, nan)
    """
    for value in (old, new):
        if isinstance(value, bool) or not (isinstance(value, Real) or type(value).__name__ == "Decimal"):
            return float("nan")
    try:
        return abs(float(new - old))
    except (TypeError, ArithmeticError):  # a Decimal and a float
        return abs(float(new) - float(old))


def _rows(columns: Sequence[list[Any]]) -> list[Any]:
    """Return the key of each row."""
    plain = [
        column if all(type(cell) in _SCALARS for cell in column) else list(map(hashable, column))
        for column in columns
    ]
    return plain[0] if len(plain) == 1 else list(zip(*plain, strict=True))
