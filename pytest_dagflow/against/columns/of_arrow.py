"""The operations on columns of pyarrow. They need neither numpy nor pandas."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from pytest_dagflow.against.columns.operations import SHOWN, Columns, Matching, hashable
from pytest_dagflow.against.tolerance import Tolerance

_MAX_BYTES = 2**31 - 1


class ArrowColumns(Columns):
    """The operations on arrays of pyarrow."""

    has_null = True

    def __init__(self) -> None:
        self._arrow: Any = import_module("pyarrow")
        self._compute: Any = import_module("pyarrow.compute")

    def prepare(self, column: Any) -> Any:
        """Return the column as one array, in the plain form of its type."""
        types = self._arrow.types
        if types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if types.is_run_end_encoded(column.type):
            column = self._compute.run_end_decode(column)
        if str(column.type) in ("string_view", "binary_view"):
            column = column.cast(f"large_{column.type}".removesuffix("_view"))
        if column.nbytes > _MAX_BYTES and (types.is_string(column.type) or types.is_binary(column.type)):
            column = column.cast(f"large_{column.type}")
        if isinstance(column, self._arrow.ChunkedArray):
            column = column.combine_chunks()
            if isinstance(column, self._arrow.ChunkedArray):
                column = self._arrow.concat_arrays(column.chunks)
        return column

    def read(self, column: Any) -> list[Any]:
        """Return the cells."""
        cells: list[Any] = column.to_pylist()
        return cells

    def cells(self, column: Any, positions: Sequence[int]) -> list[Any]:
        """Return the cells of some rows."""
        return [column[at].as_py() for at in positions]

    def take(self, column: Any, positions: Any) -> Any:
        """Return the column with other rows."""
        return column.take(positions)

    def head(self, column: Any, length: int) -> Any:
        """Return the column with its first rows."""
        return column.slice(0, length)

    def can_be_key(self, column: Any) -> bool:
        """Return whether the column has neither fractions nor nested values."""
        types, kind = self._arrow.types, column.type
        is_fraction = types.is_floating(kind) or types.is_decimal(kind)
        return not (is_fraction or types.is_nested(kind) or types.is_null(kind))

    def is_unique(self, columns: Sequence[Any]) -> bool:
        """Return whether no two rows have the same cells."""
        is_simple = len(columns) == 1 and self.can_be_key(columns[0])
        keys = columns[0] if is_simple else self._codes(columns)
        return bool(self._compute.count_distinct(keys, mode="all").as_py() == len(keys))

    def match(self, old: Sequence[Any], new: Sequence[Any]) -> Matching:
        """Match rows with equal cells, by a number for each key."""
        compute, height = self._compute, len(old[0])
        codes = self._codes([self._joined(*pair) for pair in zip(old, new, strict=True)])
        sides = codes.slice(0, height), codes.slice(height)
        is_repeated = any(compute.count_distinct(side).as_py() < len(side) for side in sides)
        if is_repeated:
            sides = self._numbered(sides[0], len(codes)), self._numbered(sides[1], len(codes))
        partners = compute.index_in(sides[0], value_set=sides[1])
        left = compute.indices_nonzero(partners.is_valid())
        right = partners.drop_null()
        removed = compute.indices_nonzero(partners.is_null())
        added = compute.indices_nonzero(compute.invert(compute.is_in(sides[1], value_set=sides[0])))
        sizes = len(left), len(removed), len(added)
        first = removed.slice(0, SHOWN).to_pylist(), added.slice(0, SHOWN).to_pylist()
        steps = compute.greater(right.slice(1), right.slice(0, max(len(right) - 1, 0)))
        is_in_order = bool(compute.all(steps, min_count=0).as_py())
        return Matching(left, right, *sizes, *first, is_in_order, is_repeated)

    def unequal(self, old: Any, new: Any, tolerance: Tolerance) -> Any:
        """Return the mask of the cells that differ."""
        try:
            return self._unequal(old, new, tolerance)
        except (
            self._arrow.ArrowException,
            NotImplementedError,
            TypeError,
        ):  # it does not compare these types
            return self._arrow.array(self.unequal_cells(old, new, tolerance), type=self._arrow.bool_())

    def either(self, masks: Sequence[Any]) -> Any:
        """Return the mask of the rows that one of the masks has."""
        mask = masks[0]
        for other in masks[1:]:
            mask = self._compute.or_(mask, other)
        return mask

    def count(self, mask: Any) -> int:
        """Return the number of rows of a mask."""
        return int(self._compute.sum(mask).as_py() or 0)

    def first(self, mask: Any) -> list[int]:
        """Return the first few positions of a mask."""
        found: list[int] = self._compute.indices_nonzero(mask).slice(0, SHOWN).to_pylist()
        return found

    def largest(self, old: Any, new: Any, mask: Any) -> tuple[float, list[int]] | None:
        """Return the largest change, and the positions of the few largest ones."""
        compute = self._compute
        if not (self._is_number(old) and self._is_number(new)):
            return None
        positions = compute.indices_nonzero(mask)
        one, other = (self._floats(column.take(positions)) for column in (old, new))
        changes = compute.abs(compute.subtract(other, one))
        is_number = compute.fill_null(compute.invert(compute.is_nan(changes)), False)
        changes, positions = changes.filter(is_number), positions.filter(is_number)
        if not len(changes):
            return None
        ranked = compute.select_k_unstable(
            changes, k=min(SHOWN, len(changes)), sort_keys=[("", "descending")]
        )
        limit = changes[ranked[len(ranked) - 1].as_py()]
        above = compute.indices_nonzero(compute.greater(changes, limit)).to_pylist()
        equal = compute.indices_nonzero(compute.equal(changes, limit))
        chosen = [*above, *equal.slice(0, SHOWN - len(above)).to_pylist()]
        chosen.sort(key=lambda at: (-changes[at].as_py(), at))
        return float(changes[chosen[0]].as_py()), [positions[at].as_py() for at in chosen]

    def pick(self, positions: Any, chosen: Sequence[int]) -> list[int]:
        """Return some of the positions."""
        return [positions[at].as_py() for at in chosen]

    def _is_number(self, column: Any) -> bool:
        types, kind = self._arrow.types, column.type
        return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))

    def _floats(self, column: Any) -> Any:
        return column.cast(self._arrow.float64(), safe=False)

    def _unequal(self, old: Any, new: Any, tolerance: Tolerance) -> Any:
        compute, types = self._compute, self._arrow.types
        mask = compute.fill_null(compute.not_equal(old, new), True)
        both_missing = compute.and_(old.is_null(), new.is_null())
        mask = compute.and_not(mask, both_missing)
        if types.is_floating(old.type) and types.is_floating(new.type):
            nans = (compute.fill_null(compute.is_nan(side), False) for side in (old, new))
            mask = compute.and_not(mask, compute.and_(*nans))
        if tolerance.has_margin and self._is_number(old) and self._is_number(new):
            one, other = self._floats(old), self._floats(new)
            margin = compute.max_element_wise(
                compute.multiply(compute.abs(one), float(tolerance.rel or 0)), float(tolerance.abs or 0)
            )
            is_near = compute.less_equal(compute.abs(compute.subtract(other, one)), margin)
            is_finite = compute.and_(compute.is_finite(one), compute.is_finite(other))
            is_near = compute.fill_null(compute.and_(is_near, is_finite), False)
            mask = compute.and_not(mask, is_near)
        return mask

    # keys

    def _joined(self, old: Any, new: Any) -> Any:
        """Return the cells of both key columns; as texts if no type has both."""
        arrow = self._arrow
        if old.type == new.type and not arrow.types.is_nested(old.type):
            return arrow.concat_arrays([old, new])
        if self._is_number(old) and self._is_number(new):
            are_whole = arrow.types.is_integer(old.type) and arrow.types.is_integer(new.type)
            try:
                kind = arrow.int64() if are_whole else arrow.float64()
                return arrow.concat_arrays([old.cast(kind), new.cast(kind)])
            except arrow.ArrowInvalid:  # a number that the type does not have
                pass
        return arrow.array(
            [None if cell is None else repr(hashable(cell)) for cell in (*old.to_pylist(), *new.to_pylist())],
            type=arrow.string(),
        )

    def _codes(self, columns: Sequence[Any]) -> Any:
        """Return a number for each row; rows with equal cells have the same one."""
        compute, arrow = self._compute, self._arrow
        total = None
        for column in columns:
            if arrow.types.is_nested(column.type):
                column = self._joined(column, column.slice(0, 0))
            if arrow.types.is_floating(column.type):
                column = compute.add(column, 0.0)  # -0.0 becomes 0.0
            encoded = compute.dictionary_encode(column, null_encoding="encode")
            codes = encoded.indices.cast(arrow.int64())
            if total is not None:
                codes = compute.add(compute.multiply(total, len(encoded.dictionary)), codes)
                codes = compute.dictionary_encode(codes).indices.cast(arrow.int64())
            total = codes
        return total

    def _numbered(self, codes: Any, count: int) -> Any:
        """Return codes that count the rows of a key: the n-th row of each key has another code."""
        compute, arrow = self._compute, self._arrow
        ranks = [
            compute.rank(codes, tiebreaker=tiebreaker).cast(arrow.int64()) for tiebreaker in ("first", "min")
        ]
        return compute.add(compute.multiply(compute.subtract(*ranks), max(count, 1)), codes)
