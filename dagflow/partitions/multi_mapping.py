"""Mappings to and from partitions along two dimensions, and the default mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    ElementCheckError,
    ParameterCheckError,
    repr_of,
)
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import DynamicPartitionsStore, Moment
from dagflow.partitions.mapping import KeyMapping, Link, MappedKeys, PartitionMapping, downstream_of
from dagflow.partitions.mappings import AllPartitionMapping, IdentityPartitionMapping
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition
from dagflow.partitions.window_mapping import TimeWindowPartitionMapping


class MultiToSingleDimensionPartitionMapping(KeyMapping):
    """A mapping between partitions along two dimensions and partitions that match one of the dimensions.

    A downstream key without dimensions depends on all upstream pairs that contain it. A downstream pair
    depends on the upstream key that is its part along the dimension.

    Args:
        partition_dimension_name: The name of the dimension. Default: the only one that fits.

    Example:
        >>> from dagflow import MultiPartitionsDefinition, StaticPartitionsDefinition
        >>> towns = StaticPartitionsDefinition(["york", "bath"])
        >>> pairs = MultiPartitionsDefinition({"town": towns, "year": StaticPartitionsDefinition(["1", "2"])})
        >>> MultiToSingleDimensionPartitionMapping().upstream_keys(["bath"], towns, pairs)
        ['bath|1', 'bath|2']
        >>> MultiToSingleDimensionPartitionMapping("town").upstream_keys(["bath|2"], pairs, towns)
        ['bath']
    """

    __slots__ = ("partition_dimension_name",)

    def __init__(self, partition_dimension_name: str | None = None) -> None:
        self.partition_dimension_name: str | None = partition_dimension_name

    @property
    def description(self) -> str:
        """A sentence about the mapping, for people."""
        name = self.partition_dimension_name
        dimension = "the dimension that fits" if name is None else f"dimension '{name}'"
        return f"Each partition depends on the upstream partitions with the same key along {dimension}."

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise an error unless exactly one definition has two dimensions, of which one fits.

        Raises:
            CheckError: It is not so.
            DagflowInvalidDefinitionError: The downstream asset has no partitions.
        """
        if downstream_partitions_def is None:
            raise DagflowInvalidDefinitionError(f"{self!r} cannot be used by an asset without partitions")
        self.mapped_keys([], Link(downstream_partitions_def, upstream_partitions_def, None, None))

    def mapped_keys(self, keys: Sequence[str], link: Link) -> MappedKeys:
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
            return _direct_mapping(along, upstream).mapped_keys(list(parts), link._replace(downstream=along))
        if isinstance(upstream, MultiPartitionsDefinition) and not isinstance(
            downstream, MultiPartitionsDefinition
        ):
            name = self._dimension(upstream, downstream)
            along = upstream.get_partitions_def_for_dimension(name)
            wanted = _direct_mapping(downstream, along).mapped_keys(keys, link._replace(upstream=along))
            return MappedKeys(_pairs(upstream, {name: wanted.existing}, link), wanted.missing)
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
    """The mapping of an upstream dimension, for a MultiPartitionMapping.

    Attributes:
        dimension_name: The downstream dimension that depends on it.
        partition_mapping: The mapping between the two dimensions.

    Example:
        >>> DimensionPartitionMapping("date", IdentityPartitionMapping()).dimension_name
        'date'
    """

    dimension_name: str
    partition_mapping: PartitionMapping


class MultiPartitionMapping(KeyMapping):
    """A mapping between two definitions along two dimensions each, made of a mapping for each dimension.

    Args:
        downstream_mappings_by_upstream_dimension: For each upstream dimension, the downstream dimension that
            depends on it, and the mapping between them. A pair depends on all keys of an upstream dimension
            that is not listed.

    Raises:
        ParameterCheckError: The argument is not a mapping.
        ElementCheckError: A value is not a DimensionPartitionMapping.

    Example:
        >>> from dagflow import DailyPartitionsDefinition, MultiPartitionsDefinition
        >>> from dagflow import IdentityPartitionMapping, StaticPartitionsDefinition
        >>> towns = StaticPartitionsDefinition(["york", "bath"])
        >>> days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05")
        >>> upstream = MultiPartitionsDefinition({"day": days, "town": towns})
        >>> downstream = MultiPartitionsDefinition({"date": days, "place": towns})
        >>> mapping = MultiPartitionMapping({
        ...     "day": DimensionPartitionMapping("date", TimeWindowPartitionMapping(-1, -1)),
        ...     "town": DimensionPartitionMapping("place", IdentityPartitionMapping()),
        ... })
        >>> mapping.upstream_keys(["2024-01-03|bath"], downstream, upstream)
        ['2024-01-02|bath']
    """

    __slots__ = ("_mappings",)
    stored_names = ("downstream_mappings_by_upstream_dimension",)

    def __init__(
        self, downstream_mappings_by_upstream_dimension: Mapping[str, DimensionPartitionMapping]
    ) -> None:
        given = downstream_mappings_by_upstream_dimension
        if not isinstance(given, Mapping):
            raise ParameterCheckError(
                f"a MultiPartitionMapping needs a dict by the name of the upstream dimension, not "
                f"{repr_of(given)}"
            )
        for name, mapping in given.items():
            if not isinstance(mapping, DimensionPartitionMapping):
                raise ElementCheckError(
                    f"dimension {repr_of(name)} of a MultiPartitionMapping needs a "
                    f"DimensionPartitionMapping, not "
                    f"{repr_of(mapping)}"
                )
        self._mappings = dict(given)

    @property
    def downstream_mappings_by_upstream_dimension(self) -> dict[str, DimensionPartitionMapping]:
        """The mapping of each upstream dimension, by its name."""
        return dict(self._mappings)

    @property
    def description(self) -> str:
        """A sentence about the mapping, for people."""
        parts = [
            f"'{name}' depends on '{other}': {mapping.description}"
            for name, (other, mapping) in self._mappings.items()
        ]
        return " ".join(["Each upstream dimension has a mapping of its own.", *parts])

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise an error unless both definitions have the dimensions that the mapping names.

        Raises:
            CheckError: They do not.
        """
        link = Link(downstream_partitions_def, upstream_partitions_def, None, None)
        for _ in self._dimension_links(link):
            pass

    def mapped_keys(self, keys: Sequence[str], link: Link) -> MappedKeys:
        """Return the pairs of the upstream keys that the parts of `keys` depend on.

        A missing key is the key of one dimension.
        """
        links = dict(self._dimension_links(link))
        found: dict[str, None] = {}
        missing: dict[str, None] = {}
        downstream, upstream = link.downstream, link.upstream
        assert isinstance(downstream, MultiPartitionsDefinition)
        assert isinstance(upstream, MultiPartitionsDefinition)
        for key in keys:
            parts = downstream.get_partition_key_from_str(key).keys_by_dimension
            wanted: dict[str, list[str]] = {}
            for name, (other, mapping) in self._mappings.items():
                mapped = mapping.mapped_keys([parts[other]], links[name])
                wanted[name] = mapped.existing
                missing.update(dict.fromkeys(mapped.missing))
            found.update(dict.fromkeys(_pairs(upstream, wanted, link)))
        return MappedKeys(list(found), list(missing))

    def _dimension_links(self, link: Link) -> Iterator[tuple[str, Link]]:
        """Yield the name of each upstream dimension that has a mapping, with the link of that mapping.

        Raises:
            CheckError: A definition does not have two dimensions, or not a dimension of the mapping.
        """
        downstream, upstream = link.downstream, link.upstream
        if not isinstance(downstream, MultiPartitionsDefinition) or not isinstance(
            upstream, MultiPartitionsDefinition
        ):
            raise CheckError(
                f"a MultiPartitionMapping needs partitions along two dimensions on both sides, "
                f"not {repr_of(downstream)} downstream of {repr_of(upstream)}"
            )
        for name, (other, _) in self._mappings.items():
            yield (
                name,
                link._replace(
                    downstream=downstream.get_partitions_def_for_dimension(other),
                    upstream=upstream.get_partitions_def_for_dimension(name),
                ),
            )

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


def depends_on_earlier_windows(
    mapping: PartitionMapping | None, definition: PartitionsDefinition | None
) -> bool:
    """Return whether each partition of an asset depends on earlier partitions of the same asset.

    Args:
        mapping: The mapping from the asset to itself.
        definition: The partitions of the asset.
    """
    if isinstance(definition, MultiPartitionsDefinition):
        if not isinstance(mapping, MultiPartitionMapping) or not definition.has_time_window_dimension:
            return False
        name, along = definition.time_window_dimension
        other, inner = mapping.downstream_mappings_by_upstream_dimension.get(name, (None, None))
        return other == name and depends_on_earlier_windows(inner, along)
    return (
        isinstance(definition, TimeWindowPartitionsDefinition)
        and isinstance(mapping, TimeWindowPartitionMapping)
        and mapping.start_offset < 0
        and mapping.end_offset < 0
    )


def keys_read(
    own_keys: Sequence[str],
    own_def: PartitionsDefinition | None,
    upstream_def: PartitionsDefinition,
    mapping: PartitionMapping | None = None,
    now: Moment | None = None,
    dynamic: DynamicPartitionsStore | None = None,
) -> tuple[str, ...]:
    """Return the upstream partitions that a run reads.

    Args:
        own_keys: The partitions of the run.
        own_def: The partitions of the downstream asset; None if it has no partitions.
        upstream_def: The partitions of the upstream asset.
        mapping: The mapping of the dependency. Default: `default_mapping`.
        now: The current time. Default: the time of the current clock.
        dynamic: The store of the keys of dynamic partitions.

    Raises:
        DagflowInvariantViolationError: The partition depends on upstream partitions that do not exist.
        CheckError, DagflowInvalidDefinitionError: The mapping does not support the definitions.
    """
    mapping = mapping or default_mapping(own_def, upstream_def)
    assert mapping is not None
    own = [*own_keys] if own_def is not None else []
    return tuple(mapping.upstream_keys(own, own_def, upstream_def, now=now, dynamic=dynamic))


def _direct_mapping(downstream: PartitionsDefinition, upstream: PartitionsDefinition) -> KeyMapping:
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
