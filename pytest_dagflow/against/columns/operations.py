"""The operations on columns that a comparison of tables needs. Each library has its own form of them.

A column, a mask and positions are objects of the library: no other module reads them. A mask has a truth
value for each row, positions are the numbers of rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pytest_dagflow.against.tolerance import Tolerance

SHOWN = 5
"""The number of cells and rows that are shown."""


class Matching(NamedTuple):
    """The rows of two tables with equal keys.

    Attributes:
        old, new: The positions of each pair of rows, in the order of the old ones.
        matched: The number of pairs.
        removed, added: The number of rows without a partner.
        first_removed, first_added: The positions of the first of these.
        is_in_order: Whether the new positions are in order too.
        is_repeated: Whether several rows of one table have the same key.
    """

    old: Any
    new: Any
    matched: int
    removed: int
    added: int
    first_removed: list[int]
    first_added: list[int]
    is_in_order: bool
    is_repeated: bool


class Columns(ABC):
    """The operations of one library.

    Attributes:
        has_null: Whether a missing value (null) differs from NaN.
    """

    has_null = False

    @abstractmethod
    def prepare(self, column: Any) -> Any:
        """Return a column in the form that the other methods need."""

    @abstractmethod
    def read(self, column: Any) -> list[Any]:
        """Return the cells."""

    @abstractmethod
    def cells(self, column: Any, positions: Sequence[int]) -> list[Any]:
        """Return the cells of some rows."""

    @abstractmethod
    def take(self, column: Any, positions: Any) -> Any:
        """Return the column with other rows."""

    @abstractmethod
    def head(self, column: Any, length: int) -> Any:
        """Return the column with its first rows."""

    @abstractmethod
    def can_be_key(self, column: Any) -> bool:
        """Return whether the column may identify rows: it has neither fractions nor nested values."""

    @abstractmethod
    def is_unique(self, columns: Sequence[Any]) -> bool:
        """Return whether no two rows have the same cells in all of the columns."""

    @abstractmethod
    def match(self, old: Sequence[Any], new: Sequence[Any]) -> Matching:
        """Match rows with equal cells in the key columns; the n-th row of a key with the n-th of the same."""

    @abstractmethod
    def unequal(self, old: Any, new: Any, tolerance: Tolerance) -> Any:
        """Return the mask of the cells that differ. Both columns have the same length."""

    @abstractmethod
    def either(self, masks: Sequence[Any]) -> Any:
        """Return the mask of the rows that one of the masks has."""

    @abstractmethod
    def count(self, mask: Any) -> int:
        """Return the number of rows of a mask."""

    @abstractmethod
    def first(self, mask: Any) -> list[int]:
        """Return the first few positions of a mask."""

    @abstractmethod
    def largest(self, old: Any, new: Any, mask: Any) -> tuple[float, list[int]] | None:
        """Return the largest absolute change of a number, and the positions of the few largest ones.

        None if the columns have no numbers, or no two numbers differ. The largest change is first; equal ones
        are in the order of the rows.
        """

    @abstractmethod
    def pick(self, positions: Any, chosen: Sequence[int]) -> list[int]:
        """Return some of the positions."""

    def unequal_cells(self, old: Any, new: Any, tolerance: Tolerance) -> list[bool]:
        """Return the mask of the cells that differ, compared one by one, for cells of any kind."""
        return [
            one is not other and not tolerance.are_same(one, other, has_null=self.has_null)
            for one, other in zip(self.read(old), self.read(new), strict=True)
        ]


def hashable(cell: Any) -> Any:
    """Return a cell, or its text if it is not hashable. NaN, which equals nothing, becomes a text too."""
    try:
        hash(cell)
        return cell if bool(cell == cell) else repr(cell)  # NaN differs from itself
    except Exception:
        return repr(cell)


def top(changes: Iterable[tuple[int, float]]) -> tuple[float, list[int]] | None:
    """Return the largest change and the positions of the few largest ones; None without a number."""
    ranked = sorted((-change, at) for at, change in changes if change == change)[:SHOWN]
    return (-ranked[0][0], [at for _, at in ranked]) if ranked else None
