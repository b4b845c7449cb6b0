"""The matching of rows of two tables: by declared keys, by the index, by found keys or by position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from pytest_dagflow.against.columns.operations import Matching, hashable
from pytest_dagflow.against.columns.sides import Pair, Side
from pytest_dagflow.against.tolerance import Tolerance
from pytest_dagflow.sequence.matchers import suggest

_EXACT = Tolerance()
_MAX_KEYS = 3
_MAX_CANDIDATES = 8
_MAX_TRIED = 4
"""The number of candidates of each size that are tried on the whole tables."""
_SAMPLED = 500


@dataclass
class Rows:
    """The rows of two tables that belong together.

    Attributes:
        pairs: The matched rows; None if rows at equal positions belong together.
        heights: The numbers of rows of both tables.
        keys: The columns by which they are matched; the columns of the index if it has no names.
        is_found: Whether the keys were found.
        by_content: Whether equal rows are matched, for tables without keys.
        masks: The masks of differing cells by column, where they are known already.
        remarks: Sentences about the matching, which are no differences.
    """

    pairs: Matching | None
    heights: tuple[int, int]
    keys: tuple[str, ...] = ()
    is_found: bool = False
    by_content: bool = False
    masks: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def removed(self) -> int:
        """The number of rows that are gone."""
        return self.pairs.removed if self.pairs else max(self.heights[0] - self.heights[1], 0)

    @property
    def added(self) -> int:
        """The number of new rows."""
        return self.pairs.added if self.pairs else max(self.heights[1] - self.heights[0], 0)

    def first_removed(self, shown: int) -> list[int]:
        """Return the positions of the first rows that are gone."""
        return self.pairs.first_removed if self.pairs else [*range(*reversed(self.heights))][:shown]

    def first_added(self, shown: int) -> list[int]:
        """Return the positions of the first new rows."""
        return self.pairs.first_added if self.pairs else [*range(*self.heights)][:shown]


def match_rows(pair: Pair, tolerance: Tolerance) -> Rows:
    """Match the rows of two tables."""
    missing = [key for key in tolerance.keys if key not in pair.common]
    if tolerance.keys and not missing:
        return _by_keys(pair, tolerance.keys)
    rows = _by_index(pair) or _by_position_or_found_keys(pair, tolerance)
    for key in missing:
        known = suggest(key, list(pair.common))
        rows.remarks.append(f"the key '{key}' is not a column of both tables.{known}")
    return rows


def _by_keys(pair: Pair, keys: Sequence[str]) -> Rows:
    """Match rows by declared keys."""
    rows = Rows(None, _heights(pair), tuple(keys))
    if _are_equal_by_position(pair, keys):
        is_repeated = not pair.operations.is_unique([pair.old.columns[key] for key in keys])
    else:
        rows.pairs = _match(pair, keys)
        is_repeated = rows.pairs.is_repeated
    if is_repeated:
        names = ", ".join(f"'{key}'" for key in keys)
        rows.remarks.append(f"the key {names} is not unique: the rows of one key are compared in their order")
    return rows


def _by_index(pair: Pair) -> Rows | None:
    """Match rows by the index of pandas; None if it identifies no rows, or other ones."""
    if not pair.index:
        return None
    rows = Rows(None, _heights(pair), pair.index)
    if not _are_unique(pair, pair.index):
        return None
    if not _are_equal_by_position(pair, pair.index):
        rows.pairs = _match(pair, pair.index)
        if not _are_shared(pair, rows.pairs):
            return None
    return rows


def _by_position_or_found_keys(pair: Pair, tolerance: Tolerance) -> Rows:
    heights, operations = _heights(pair), pair.operations
    rows = Rows(None, heights)
    unchanged: list[str] = []
    if heights[0] == heights[1]:
        for name in pair.common:
            rows.masks[name] = operations.unequal(pair.old.columns[name], pair.new.columns[name], tolerance)
        unchanged = [name for name in pair.common if not operations.count(rows.masks[name])]
        if len(unchanged) == len(pair.common):
            return rows
        for keys in _candidates(pair, unchanged, (pair.old,)):
            is_unique = operations.is_unique([pair.old.columns[key] for key in keys])
            if is_unique and _are_equal_by_position(pair, keys):  # without the tolerance
                rows.keys, rows.is_found = keys, True
                return rows
    found = _by_found_keys(pair)
    if found is not None and not (rows.masks and _is_change_of_keys(pair, rows, found)):
        return found
    if heights[0] == heights[1]:
        changed = operations.count(operations.either(list(rows.masks.values())))
        if changed * 2 <= heights[0] or any(not _is_constant(pair, name) for name in unchanged):
            return rows
    matching = _match(pair, pair.common) if pair.common else None
    if matching is not None and _are_shared(pair, matching):
        return Rows(matching, heights, by_content=True)
    return rows


def _by_found_keys(pair: Pair) -> Rows | None:
    """Match rows by the fewest columns that identify them, and that match the most rows."""
    best: tuple[tuple[str, ...], Matching] | None = None
    tried = 0
    names = pair.common if min(_heights(pair)) else ()
    for keys in _candidates(pair, names, (pair.old, pair.new)):
        if best is not None and len(keys) > len(best[0]):
            break
        if not _are_unique(pair, keys):
            continue
        matching = _match(pair, keys)
        if matching.matched == min(_heights(pair)):
            best = keys, matching
            break
        if _are_shared(pair, matching) and (best is None or matching.matched > best[1].matched):
            best = keys, matching
        tried += 1
        if tried == _MAX_TRIED:
            break
    return Rows(best[1], _heights(pair), best[0], is_found=True) if best else None


def _is_change_of_keys(pair: Pair, by_position: Rows, found: Rows) -> bool:
    """Return whether rows with another key are changed rows: they stay in place, and few other cells differ.

    A number may identify the rows by chance. A row of which most cells differ is another row.
    """
    assert found.pairs is not None
    operations, masks = pair.operations, by_position.masks
    is_other = operations.either([masks[key] for key in found.keys])
    changed = operations.count(is_other)
    if found.pairs.matched != pair.old.height - changed:
        return False
    others = [mask for name, mask in masks.items() if name not in found.keys]
    differing = sum(
        operations.count(mask) + changed - operations.count(operations.either([mask, is_other]))
        for mask in others
    )
    return differing * 2 < len(others) * changed or not others


def _candidates(pair: Pair, names: Sequence[str], sides: Sequence[Side]) -> Iterator[tuple[str, ...]]:
    """Yield the columns that may identify the rows, by samples of both tables, few columns first."""
    operations = pair.operations
    names = [name for name in names if all(operations.can_be_key(side.columns[name]) for side in sides)]
    samples = []
    for side in sides:
        positions = _sampled(side.height)
        samples.append(
            {name: list(map(hashable, operations.cells(side.columns[name], positions))) for name in names}
        )
    names = [name for name in names if any(len(set(sample[name])) > 1 for sample in samples)] or names
    for size in range(1, _MAX_KEYS + 1):
        candidates = [
            keys
            for keys in combinations(names[:_MAX_CANDIDATES] if size > 1 else names, size)
            if all(_is_unique_in(sample, keys) for sample in samples)
        ]
        yield from candidates[:_MAX_TRIED]


def _sampled(height: int) -> list[int]:
    """Return the positions of a sample: the first rows, which are neighbours, and rows of the whole table."""
    step = max(height // _SAMPLED, 1)
    return sorted({*range(min(height, _SAMPLED)), *range(0, height, step)})


def _is_unique_in(sample: dict[str, list[Any]], keys: Sequence[str]) -> bool:
    rows = list(zip(*(sample[key] for key in keys), strict=True))
    return len(set(rows)) == len(rows)


def _is_constant(pair: Pair, name: str) -> bool:
    column = pair.old.columns[name]
    return len(set(map(hashable, pair.operations.cells(column, _sampled(pair.old.height))))) <= 1


def _are_unique(pair: Pair, keys: Sequence[str]) -> bool:
    return all(
        pair.operations.is_unique([side.columns[key] for key in keys]) for side in (pair.old, pair.new)
    )


def _are_equal_by_position(pair: Pair, keys: Sequence[str]) -> bool:
    operations = pair.operations
    return pair.old.height == pair.new.height and not any(
        operations.count(operations.unequal(pair.old.columns[key], pair.new.columns[key], _EXACT))
        for key in keys
    )


def _are_shared(pair: Pair, matching: Matching) -> bool:
    """Return whether the smaller table shares at least half of its rows."""
    return matching.matched > 0 and matching.matched * 2 >= min(_heights(pair))


def _match(pair: Pair, keys: Sequence[str]) -> Matching:
    return pair.operations.match(
        [pair.old.columns[key] for key in keys], [pair.new.columns[key] for key in keys]
    )


def _heights(pair: Pair) -> tuple[int, int]:
    return pair.old.height, pair.new.height
