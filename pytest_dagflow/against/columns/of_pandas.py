"""The operations on columns of pandas, most of them on arrays of numpy."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from pytest_dagflow.against.columns.operations import SHOWN, Columns, Matching, hashable
from pytest_dagflow.against.tolerance import Tolerance

_PLAIN_KINDS = ("string", "bytes", "integer", "boolean", "datetime", "datetime64", "date", "time", "empty")
"""The kinds of cells of an object column that `!=` compares well."""
_SPANS = ("timedelta", "timedelta64", "period", "interval")
_NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal")
_MAX_CODE = 2**62


class PandasColumns(Columns):
    """The operations on series, whose index is ignored."""

    def __init__(self) -> None:
        self._pandas: Any = import_module("pandas")
        self._numpy: Any = import_module("numpy")

    def prepare(self, column: Any) -> Any:
        """Return the series with a default index, and with all cells if it is sparse."""
        if isinstance(column.dtype, self._pandas.SparseDtype):
            column = column.sparse.to_dense()
        return column.reset_index(drop=True)

    def read(self, column: Any) -> list[Any]:
        """Return the cells."""
        cells: list[Any] = column.astype(object).tolist()
        return cells

    def cells(self, column: Any, positions: Sequence[int]) -> list[Any]:
        """Return the cells of some rows."""
        return self.read(column.iloc[list(positions)])

    def take(self, column: Any, positions: Any) -> Any:
        """Return the column with other rows."""
        return column.take(positions).reset_index(drop=True)

    def head(self, column: Any, length: int) -> Any:
        """Return the column with its first rows."""
        return column.iloc[:length]

    def can_be_key(self, column: Any) -> bool:
        """Return whether the column has neither fractions nor nested values."""
        column = self._decoded(column)
        if self._is_number(column):
            return bool(self._pandas.api.types.is_integer_dtype(column.dtype))
        return self._kind(column) in (*_PLAIN_KINDS, *_SPANS)

    def is_unique(self, columns: Sequence[Any]) -> bool:
        """Return whether no two rows have the same cells."""
        if len(columns) == 1 and self._kind(columns[0]) in _PLAIN_KINDS:
            return bool(columns[0].is_unique)
        codes = self._codes(columns)
        return len(self._pandas.unique(codes)) == len(codes)

    def match(self, old: Sequence[Any], new: Sequence[Any]) -> Matching:
        """Match rows with equal cells, by a number for each key."""
        numpy, height = self._numpy, len(old[0])
        codes = self._codes([self._joined(*pair) for pair in zip(old, new, strict=True)])
        codes, keys = self._pandas.factorize(codes)
        places = numpy.full(len(keys), -1, dtype=numpy.int64)
        places[codes[height:]] = numpy.arange(len(codes) - height)
        is_repeated = any(
            numpy.bincount(side, minlength=1).max() > 1 for side in (codes[:height], codes[height:])
        )
        if is_repeated:
            codes, keys = self._pandas.factorize(self._numbered(codes, height, len(keys)))
            places = numpy.full(len(keys), -1, dtype=numpy.int64)
            places[codes[height:]] = numpy.arange(len(codes) - height)
        partners = places[codes[:height]]
        has_partner = partners >= 0
        left, right = numpy.flatnonzero(has_partner), partners[has_partner]
        is_added = numpy.ones(len(codes) - height, dtype=bool)
        is_added[right] = False
        removed, added = numpy.flatnonzero(~has_partner), numpy.flatnonzero(is_added)
        sizes = len(left), len(removed), len(added)
        first = removed[:SHOWN].tolist(), added[:SHOWN].tolist()
        return Matching(left, right, *sizes, *first, bool((right[1:] > right[:-1]).all()), is_repeated)

    def unequal(self, old: Any, new: Any, tolerance: Tolerance) -> Any:
        """Return the mask of the cells that differ."""
        are_categories = self._is_category(old) and self._is_category(new) and not tolerance.has_margin
        if are_categories and old.cat.categories.equals(new.cat.categories):
            return old.cat.codes.to_numpy() != new.cat.codes.to_numpy()
        old, new = self._decoded(old), self._decoded(new)
        try:
            mask, is_sure = self._unequal(old, new, tolerance)
        except Exception:  # no comparison of these types, or cells that have no truth value
            return self._numpy.array(self.unequal_cells(old, new, tolerance), dtype=bool)
        if not is_sure:
            found = self._numpy.flatnonzero(mask)
            mask[found] = self.unequal_cells(old.iloc[found], new.iloc[found], tolerance)
        return mask

    def either(self, masks: Sequence[Any]) -> Any:
        """Return the mask of the rows that one of the masks has."""
        return self._numpy.logical_or.reduce(masks)

    def count(self, mask: Any) -> int:
        """Return the number of rows of a mask."""
        return int(mask.sum())

    def first(self, mask: Any) -> list[int]:
        """Return the first few positions of a mask."""
        found: list[int] = self._numpy.flatnonzero(mask)[:SHOWN].tolist()
        return found

    def largest(self, old: Any, new: Any, mask: Any) -> tuple[float, list[int]] | None:
        """Return the largest change, and the positions of the few largest ones."""
        numpy = self._numpy
        positions = numpy.flatnonzero(mask)
        sides = [self._floats(self._decoded(column.iloc[positions])) for column in (old, new)]
        if sides[0] is None or sides[1] is None:
            return None
        with numpy.errstate(all="ignore"):
            changes = numpy.abs(sides[1] - sides[0])
        is_number = ~numpy.isnan(changes)
        changes, positions = changes[is_number], positions[is_number]
        if not len(changes):
            return None
        if len(changes) > SHOWN:
            limit = numpy.partition(changes, len(changes) - SHOWN)[-SHOWN]
            above, equal = numpy.flatnonzero(changes > limit), numpy.flatnonzero(changes == limit)
            chosen = numpy.sort(numpy.concatenate([above, equal[: SHOWN - len(above)]]))
            changes, positions = changes[chosen], positions[chosen]
        order = numpy.argsort(-changes, kind="stable")
        return float(changes[order[0]]), positions[order].tolist()

    def pick(self, positions: Any, chosen: Sequence[int]) -> list[int]:
        """Return some of the positions."""
        found: list[int] = positions[list(chosen)].tolist()
        return found

    # types

    def _is_category(self, column: Any) -> bool:
        return isinstance(column.dtype, self._pandas.CategoricalDtype)

    def _decoded(self, column: Any) -> Any:
        """Return a categorical column as a column of its values."""
        if not self._is_category(column):
            return column
        values = self._pandas.Series(column.cat.categories)
        return values.reindex(column.cat.codes).reset_index(drop=True)  # the code of a missing value is -1

    def _is_number(self, column: Any) -> bool:
        """Return whether the values are numbers of numpy, perhaps with a mask of missing ones."""
        dtype, types = column.dtype, self._pandas.api.types
        return (
            types.is_numeric_dtype(dtype)
            and not types.is_bool_dtype(dtype)
            and getattr(dtype, "numpy_dtype", dtype).kind in "iufc"
        )

    def _kind(self, column: Any) -> str:
        return str(self._pandas.api.types.infer_dtype(column, skipna=True))

    # comparison

    def _unequal(self, old: Any, new: Any, tolerance: Tolerance) -> tuple[Any, bool]:
        """Return the mask of the cells that differ, and whether each of them is sure to differ."""
        numpy, types = self._numpy, self._pandas.api.types
        if self._is_number(old) and self._is_number(new):
            return self._unequal_numbers(old, new, tolerance), True
        if all(types.is_datetime64_any_dtype(column.dtype) for column in (old, new)):
            instants = [self._instants(column) for column in (old, new)]
            mask, is_sure = instants[0] != instants[1], True
        elif old.dtype == object or new.dtype == object:
            mask = old.to_numpy(dtype=object) != new.to_numpy(dtype=object)
            kinds = {self._kind(old), self._kind(new)}
            is_sure = kinds <= {*_PLAIN_KINDS, *(() if tolerance.has_margin else _NUMBERS)}
        elif str(old.dtype) != str(new.dtype) and not all(map(types.is_string_dtype, (old.dtype, new.dtype))):
            raise TypeError("pandas compares the stored numbers of some types, such as Int64 and timedelta64")
        else:
            mask = (old != new).to_numpy(dtype=bool, na_value=True)
            is_sure = not tolerance.has_margin or types.is_string_dtype(old.dtype)
        missing = old.isna().to_numpy(), new.isna().to_numpy()
        mask = numpy.asarray(mask, dtype=bool) & ~(missing[0] & missing[1])
        return mask | (missing[0] != missing[1]), is_sure

    def _unequal_numbers(self, old: Any, new: Any, tolerance: Tolerance) -> Any:
        numpy = self._numpy
        (left, no_left), (right, no_right) = self._numbers(old), self._numbers(new)
        with numpy.errstate(all="ignore"):
            mask = left != right
            if tolerance.has_margin and mask.any():
                one, other = left[mask].astype(float), right[mask].astype(float)
                margin = numpy.maximum(numpy.abs(one) * (tolerance.rel or 0), tolerance.abs or 0)
                is_near = numpy.isfinite(one) & numpy.isfinite(other) & (numpy.abs(other - one) <= margin)
                mask[mask] = ~is_near
        return (mask & ~(no_left & no_right)) | (no_left != no_right)

    def _numbers(self, column: Any) -> tuple[Any, Any]:
        """Return the numbers, and the mask of the missing ones."""
        if isinstance(column.dtype, self._numpy.dtype):
            return column.to_numpy(), column.isna().to_numpy()
        return column.to_numpy(dtype=column.dtype.numpy_dtype, na_value=0), column.isna().to_numpy()

    def _floats(self, column: Any) -> Any:
        """Return the numbers as floats, with NaN for missing ones; None if the column has no numbers."""
        if self._is_number(column):
            numbers, is_missing = self._numbers(column)
            if numbers.dtype.kind == "c":
                return None
            return self._numpy.where(is_missing, float("nan"), numbers.astype(float))
        if self._kind(column) in _NUMBERS:
            return column.to_numpy(dtype=float, na_value=float("nan"))
        return None

    def _instants(self, column: Any) -> Any:
        return (column.dt.tz_convert(None) if column.dt.tz is not None else column).to_numpy()

    # keys

    def _joined(self, old: Any, new: Any) -> Any:
        return self._pandas.concat([self._decoded(old), self._decoded(new)], ignore_index=True)

    def _codes(self, columns: Sequence[Any]) -> Any:
        """Return a number for each row; rows with equal cells have the same one."""
        total, size = None, 1
        for column in columns:
            column = self._decoded(column)
            if self._kind(column) not in (*_PLAIN_KINDS, *_SPANS, *_NUMBERS):
                column = self._pandas.Series(list(map(hashable, self.read(column))), dtype=object)
            codes, values = self._pandas.factorize(column, use_na_sentinel=False)
            if total is not None and size * len(values) > _MAX_CODE:
                total, keys = self._pandas.factorize(total)
                size = len(keys)
            total = codes if total is None else total * len(values) + codes
            size *= max(len(values), 1)
        return total

    def _numbered(self, codes: Any, height: int, count: int) -> Any:
        """Return codes that count the rows of a key: the n-th row of each key has another code."""
        numpy = self._numpy
        numbered = codes.copy()
        for start, end in ((0, height), (height, len(codes))):
            order = numpy.argsort(codes[start:end], kind="stable")
            ordered = codes[start:end][order]
            first = numpy.searchsorted(ordered, ordered, side="left")
            numbered[start:end][order] += count * (numpy.arange(end - start) - first)
        return numbered
