"""Mappings to and from partitions along two dimensions, and the default mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dagflow.errors import CheckError, repr_of
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.mapping import (
    AllPartitionMapping,
    IdentityPartitionMapping,
    Link,
    PartitionMapping,
    TimeWindowPartitionMapping,
    downstream_of,
)
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition


class MultiToSingleDimensionPartitionMapping(PartitionMapping):
    """A mapping between partitions along two dimensions and partitions that match one of the dimensions.

    A downstream key without dimensions depends on all upstream pairs that contain it. A downstream pair
    depends on the upstream key that is its part along the dimension.

    Args:
        partition_dimension_name: The name of the dimension. Default: the only one that fits.
    """

    __slots__ = ("partition_dimension_name",)

    def __init__(self, partition_dimension_name: str | None = None) -> None:
        self.partition_dimension_name: str | None = partition_dimension_name

    def map_keys(self, keys: Sequence[str], link: Link) -> list[str]:
        """Return the parts of `keys` along the dimension, or all pairs with `keys` along it."""
        downstream, upstream = downstream_of(link, self), link.upstream
        if isinstance(downstream, MultiPartitionsDefinition) and not isinstance(
            upstream, MultiPartitionsDefinition
        ):
            name = self._dimension(downstream, upstream)
            along = downstream.get_partitions_def_for_dimension(name)
            parts = dict.fromkeys(
                downstream.get_partition_key_from_str(key).keys_by_dimension[name] for key in keys
            )
            return _direct_mapping(along, upstream).map_keys(list(parts), link._replace(downstream=along))
        if isinstance(upstream, MultiPartitionsDefinition) and not isinstance(
            downstream, MultiPartitionsDefinition
        ):
            name = self._dimension(upstream, downstream)
            along = upstream.get_partitions_def_for_dimension(name)
            wanted = _direct_mapping(downstream, along).map_keys(keys, link._replace(upstream=along))
            return _pairs(upstream, {name: wanted}, link)
        raise CheckError(
            f"{self!r} needs partitions along two dimensions on exactly one side, "
            f"not {repr_of(downstream)} downstream of {repr_of(upstream)}"
        )

    def _dimension(self, multi: MultiPartitionsDefinition, single: PartitionsDefinition) -> str:
        name = self.partition_dimension_name or _fitting_dimension(multi, single)
        if name is None:
            raise CheckError(
                f"no dimension, or more than one, of {repr_of(multi)} fits {repr_of(single)}: "
                "pass the partition_dimension_name"
            )
        return name

    def _content(self) -> tuple[object, ...]:
        return (self.partition_dimension_name,)


class DimensionPartitionMapping(NamedTuple):
    """The dependency of an upstream dimension on the downstream dimension `dimension_name`."""

    dimension_name: str
    partition_mapping: PartitionMapping


class MultiPartitionMapping(PartitionMapping):
    """A mapping between two definitions along two dimensions each, made of a mapping for each dimension.

    Args:
        downstream_mappings_by_upstream_dimension: For each upstream dimension, the downstream dimension that
            depends on it, and the mapping between them. A pair depends on all keys of an upstream dimension
            that is not listed.
    """

    __slots__ = ("_mappings",)

    def __init__(
        self, downstream_mappings_by_upstream_dimension: Mapping[str, DimensionPartitionMapping]
    ) -> None:
        self._mappings = dict(downstream_mappings_by_upstream_dimension)

    def map_keys(self, keys: Sequence[str], link: Link) -> list[str]:
        """Return the pairs of the upstream keys that the parts of `keys` depend on."""
        downstream, upstream = link.downstream, link.upstream
        if not isinstance(downstream, MultiPartitionsDefinition) or not isinstance(
            upstream, MultiPartitionsDefinition
        ):
            raise CheckError(
                f"a MultiPartitionMapping needs partitions along two dimensions on both sides, "
                f"not {repr_of(downstream)} downstream of {repr_of(upstream)}"
            )
        found: dict[str, None] = {}
        for key in keys:
            parts = downstream.get_partition_key_from_str(key).keys_by_dimension
            wanted = {}
            for name, (other, mapping) in self._mappings.items():
                dimension_link = link._replace(
                    downstream=downstream.get_partitions_def_for_dimension(other),
                    upstream=upstream.get_partitions_def_for_dimension(name),
                )
                wanted[name] = mapping.map_keys([parts[other]], dimension_link)
            found.update(dict.fromkeys(_pairs(upstream, wanted, link)))
        return list(found)

    def _content(self) -> tuple[object, ...]:
        return (tuple(sorted(self._mappings.items(), key=lambda item: item[0])),)


def default_mapping(
    downstream_def: PartitionsDefinition | None, upstream_def: PartitionsDefinition | None
) -> PartitionMapping | None:
    """Return the default mapping of a dependency.

    Args:
        downstream_def: The partitions of the downstream asset, or None if it has no partitions.
        upstream_def: The partitions of the upstream asset, or None if it has no partitions.

    Returns:
        - None if the upstream asset has no partitions.
        - A mapping to all partitions if the downstream asset has no partitions.
        - A mapping along the matching dimension if one definition has two dimensions and the other has not.
        - A mapping by overlap between two different definitions of time windows.
        - Otherwise the identity.

    Example:
        >>> from dagflow.partitions.calendar import DailyPartitionsDefinition, MonthlyPartitionsDefinition
        >>> days = DailyPartitionsDefinition("2024-01-01")
        >>> default_mapping(MonthlyPartitionsDefinition("2024-01-01"), days)
        TimeWindowPartitionMapping(0, 0, False)
    """
    if upstream_def is None:
        return None
    if downstream_def is None:
        return AllPartitionMapping()
    for one, other in ((downstream_def, upstream_def), (upstream_def, downstream_def)):
        if isinstance(one, MultiPartitionsDefinition) and not isinstance(other, MultiPartitionsDefinition):
            name = _fitting_dimension(one, other)
            return (
                IdentityPartitionMapping() if name is None else MultiToSingleDimensionPartitionMapping(name)
            )
    return _direct_mapping(downstream_def, upstream_def)


def _direct_mapping(downstream: PartitionsDefinition, upstream: PartitionsDefinition) -> PartitionMapping:
    """Return the default mapping between two definitions, if both or neither have two dimensions."""
    both_of_time = isinstance(downstream, TimeWindowPartitionsDefinition) and isinstance(
        upstream, TimeWindowPartitionsDefinition
    )
    return (
        TimeWindowPartitionMapping()
        if both_of_time and downstream != upstream
        else IdentityPartitionMapping()
    )


def _fitting_dimension(multi: MultiPartitionsDefinition, single: PartitionsDefinition) -> str | None:
    """Return the only dimension equal to `single`, else the only dimension of time if `single` is of time."""
    fits = [each.name for each in multi.partitions_defs if each.partitions_def == single]
    if not fits and isinstance(single, TimeWindowPartitionsDefinition):
        fits = [
            each.name
            for each in multi.partitions_defs
            if isinstance(each.partitions_def, TimeWindowPartitionsDefinition)
        ]
    return fits[0] if len(fits) == 1 else None


def _pairs(multi: MultiPartitionsDefinition, wanted: Mapping[str, list[str]], link: Link) -> list[str]:
    """Return the keys of `multi` with the wanted keys along some dimensions, and all keys along others."""
    for name in wanted:
        multi.get_partitions_def_for_dimension(name)
    first, second = (
        wanted[each.name]
        if each.name in wanted
        else each.partitions_def.get_partition_keys(link.now, link.dynamic)
        for each in multi.partitions_defs
    )
    return multi.pairs(first, second)
