"""The operations on columns of polars. They need neither numpy nor pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from pytest_dagflow.against.columns.operations import SHOWN, Columns, Matching, hashable
from pytest_dagflow.against.tolerance import Tolerance


class PolarsColumns(Columns):
    """The operations on series of polars."""

    has_null = True

    def __init__(self) -> None:
        self._polars: Any = import_module("polars")

    def prepare(self, column: Any) -> Any:
        """Return the series in one chunk."""
        return column.rechunk()

    def read(self, column: Any) -> list[Any]:
        """Return the cells."""
        cells: list[Any] = column.to_list()
        return cells

    def cells(self, column: Any, positions: Sequence[int]) -> list[Any]:
        """Return the cells of some rows."""
        return [column[at] for at in positions]

    def take(self, column: Any, positions: Any) -> Any:
        """Return the column with other rows."""
        return column.gather(positions)

    def head(self, column: Any, length: int) -> Any:
        """Return the column with its first rows."""
        return column.head(length)

    def can_be_key(self, column: Any) -> bool:
        """Return whether the column has neither fractions nor nested values."""
        dtype = column.dtype
        is_fraction = dtype.is_float() or dtype.is_decimal()
        return not (is_fraction or dtype.is_nested() or dtype in (self._polars.Object, self._polars.Null))

    def is_unique(self, columns: Sequence[Any]) -> bool:
        """Return whether no two rows have the same cells."""
        if len(columns) == 1:
            return bool(columns[0].n_unique() == len(columns[0]))
        frame = self._frame(columns)
        return bool(frame.n_unique() == frame.height)

    def match(self, old: Sequence[Any], new: Sequence[Any]) -> Matching:
        """Match rows with equal cells by a join."""
        sides = [[self._key(column) for column in side] for side in (old, new)]
        for at, (one, other) in enumerate(zip(*sides, strict=True)):
            if one.dtype != other.dtype:
                sides[0][at], sides[1][at] = self._alike(one, other)
        names = [f"key{at}" for at in range(len(old))]
        frames = [self._frame(side) for side in sides]
        is_repeated = any(frame.n_unique() < frame.height for frame in frames)
        if is_repeated:
            number = self._polars.int_range(self._polars.len()).over(names).alias("number")
            frames, names = [frame.with_columns(number) for frame in frames], [*names, "number"]
        positions = [self._rows(frame.height) for frame in frames]
        left, right = (
            frame.with_columns(side.alias(name))
            for frame, side, name in zip(frames, positions, ("old", "new"), strict=True)
        )
        pairs = (
            left.join(right, on=names, how="inner", **self._equal_nulls()).select("old", "new").sort("old")
        )
        removed, added = (
            side.filter(~self._has(side, pairs[name]))
            for side, name in zip(positions, ("old", "new"), strict=True)
        )
        sizes = pairs.height, len(removed), len(added)
        first = removed.head(SHOWN).to_list(), added.head(SHOWN).to_list()
        return Matching(pairs["old"], pairs["new"], *sizes, *first, pairs["new"].is_sorted(), is_repeated)

    def unequal(self, old: Any, new: Any, tolerance: Tolerance) -> Any:
        """Return the mask of the cells that differ."""
        try:
            return self._unequal(old, new, tolerance)
        except Exception:  # polars does not compare these types
            return self._polars.Series(self.unequal_cells(old, new, tolerance), dtype=self._polars.Boolean)

    def either(self, masks: Sequence[Any]) -> Any:
        """Return the mask of the rows that one of the masks has."""
        mask = masks[0]
        for other in masks[1:]:
            mask = mask | other
        return mask

    def count(self, mask: Any) -> int:
        """Return the number of rows of a mask."""
        return int(mask.sum() or 0)

    def first(self, mask: Any) -> list[int]:
        """Return the first few positions of a mask."""
        found: list[int] = mask.arg_true().head(SHOWN).to_list()
        return found

    def largest(self, old: Any, new: Any, mask: Any) -> tuple[float, list[int]] | None:
        """Return the largest change, and the positions of the few largest ones."""
        if not (old.dtype.is_numeric() and new.dtype.is_numeric()):
            return None
        positions = mask.arg_true()
        one, other = (column.gather(positions).cast(self._polars.Float64) for column in (old, new))
        changes = (other - one).abs()
        is_number = changes.is_not_nan().fill_null(value=False)
        changes, positions = changes.filter(is_number), positions.filter(is_number)
        if changes.is_empty():
            return None
        limit = changes.top_k(SHOWN).sort().head(1)  # a column of one cell, which fits each other column
        above, equal = (changes > limit).arg_true(), (changes == limit).arg_true()
        chosen = [*above.to_list(), *equal.head(SHOWN - len(above)).to_list()]
        chosen.sort(key=lambda at: (-changes[at], at))
        return float(changes[chosen[0]]), [positions[at] for at in chosen]

    def pick(self, positions: Any, chosen: Sequence[int]) -> list[int]:
        """Return some of the positions."""
        return [positions[at] for at in chosen]

    def _unequal(self, old: Any, new: Any, tolerance: Tolerance) -> Any:
        polars = self._polars
        texts = (polars.Categorical, polars.Enum, polars.String)
        if old.dtype != new.dtype and old.dtype in texts and new.dtype in texts:
            old, new = old.cast(polars.String), new.cast(polars.String)
        mask = old.ne_missing(new)
        if not tolerance.has_margin or not mask.any():
            return mask
        if old.dtype.is_nested() or old.dtype == polars.Object:
            found = mask.arg_true()
            sure = self.unequal_cells(old.gather(found), new.gather(found), tolerance)
            return mask.scatter(found, polars.Series(sure, dtype=polars.Boolean))
        if not (old.dtype.is_numeric() and new.dtype.is_numeric()):
            return mask
        one, other = old.cast(polars.Float64), new.cast(polars.Float64)
        frame = polars.DataFrame({"one": one, "other": other})
        margin = polars.max_horizontal(
            polars.col("one").abs() * (tolerance.rel or 0.0), polars.lit(tolerance.abs or 0.0)
        )
        is_near = (polars.col("other") - polars.col("one")).abs() <= margin
        is_finite = polars.col("one").is_finite() & polars.col("other").is_finite()
        near = frame.select((is_near & is_finite).fill_null(value=False).alias("near"))["near"]
        return mask & ~near

    def _frame(self, columns: Sequence[Any]) -> Any:
        return self._polars.DataFrame({f"key{at}": self._key(column) for at, column in enumerate(columns)})

    def _key(self, column: Any) -> Any:
        """Return a column that polars can join: a nested one becomes a column of texts."""
        polars = self._polars
        if column.dtype in (polars.Categorical, polars.Enum):
            return column.cast(polars.String)
        if column.dtype.is_nested() or column.dtype == polars.Object:
            return self._texts(column)
        return column.cast(polars.String) if column.dtype == polars.Null else column

    def _texts(self, column: Any) -> Any:
        return self._polars.Series(
            [None if cell is None else repr(hashable(cell)) for cell in column.to_list()],
            dtype=self._polars.String,
        )

    def _alike(self, old: Any, new: Any) -> tuple[Any, Any]:
        """Return two key columns with the same type."""
        if not (old.dtype.is_numeric() and new.dtype.is_numeric()):
            return self._texts(old), self._texts(new)
        frames = [column.alias("key").to_frame() for column in (old, new)]
        joined = self._polars.concat(frames, how="vertical_relaxed")["key"]
        return joined.head(len(old)), joined.tail(len(new))

    def _rows(self, height: int) -> Any:
        return self._polars.int_range(0, height, eager=True, dtype=self._polars.UInt32)

    def _has(self, side: Any, found: Any) -> Any:
        """Return the mask of the rows that are found."""
        mask = self._polars.repeat(value=False, n=len(side), dtype=self._polars.Boolean, eager=True)
        return mask.scatter(found.sort(), values=True)  # polars 1.0 needs sorted positions

    def _equal_nulls(self) -> dict[str, bool]:
        """Return the option of a join by which nulls are equal. Its name has changed in polars 1.24."""
        version = tuple(map(int, self._polars.__version__.split(".")[:2]))
        return {"nulls_equal" if version >= (1, 24) else "join_nulls": True}
