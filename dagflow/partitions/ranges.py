"""The ranges of adjacent keys of a set of partitions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dagflow.partitions.keys import PartitionKeyRange


def key_ranges(own: Collection[str], keys: Sequence[str]) -> list[PartitionKeyRange]:
    """Return the longest ranges of adjacent keys.

    A range of keys along several dimensions has one key of the dimension along which `own` has the fewest
    different keys.

    Args:
        own: The keys in the ranges.
        keys: All keys, in order.

    Example:
        >>> key_ranges({"a", "b", "d"}, ["a", "b", "c", "d"])
        [PartitionKeyRange(start='a', end='b'), PartitionKeyRange(start='d', end='d')]
    """
    dimension = _fixed_dimension([key for key in keys if key in own])
    if dimension is None:
        return _runs(own, keys)
    groups: dict[str, list[str]] = {}
    for key in keys:
        groups.setdefault(_parts(key)[dimension], []).append(key)
    return [found for group in groups.values() for found in _runs(own, group)]


def _runs(own: Collection[str], keys: Sequence[str]) -> list[PartitionKeyRange]:
    ranges: list[PartitionKeyRange] = []
    is_adjacent = False
    for key in keys:
        if key not in own:
            is_adjacent = False
            continue
        if is_adjacent:
            ranges[-1] = PartitionKeyRange(ranges[-1].start, key)
        else:
            ranges.append(PartitionKeyRange(key, key))
        is_adjacent = True
    return ranges


def _fixed_dimension(keys: Sequence[str]) -> str | None:
    """Return the dimension with the fewest different keys; None for partitions with one dimension."""
    if not keys or not _parts(keys[0]):
        return None
    return min(_parts(keys[0]), key=lambda name: len({_parts(key)[name] for key in keys}))


def _parts(key: str) -> dict[str, str]:
    parts: dict[str, str] = getattr(key, "keys_by_dimension", {})
    return parts
