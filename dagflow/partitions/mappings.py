"""The mappings between partitions with one dimension; that of time windows is in `window_mapping`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowUnknownPartitionError,
    ParameterCheckError,
    check_elements,
    check_type,
    repr_of,
)
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import check_keys
from dagflow.partitions.mapping import KeyMapping, Link, MappedKeys, PartitionMapping, downstream_of
from dagflow.partitions.static import StaticPartitionsDefinition


class IdentityPartitionMapping(KeyMapping):
    """Each key depends on the upstream key of the same name."""

    __slots__ = ()

    @property
    def description(self) -> str:
        """A sentence about the mapping, for people."""
        return "Each partition depends on the upstream partition with the same key."

    def mapped_keys(self, keys: Sequence[str], link: Link) -> MappedKeys:
        """Return the same keys without duplicates.

        Raises:
            CheckError: The downstream asset has no partitions.
        """
        downstream_of(link, self)
        return link.mapped(keys)

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise an error unless both definitions are of one class.

        Raises:
            DagflowInvalidDefinitionError: They are not.
        """
        if type(upstream_partitions_def) is not type(downstream_partitions_def):
            raise cannot_connect(self, upstream_partitions_def, downstream_partitions_def, "one class")


class AllPartitionMapping(KeyMapping):
    """Each key, and an asset without partitions, depends on all upstream keys."""

    __slots__ = ()
    _depends_on_key = False

    @property
    def description(self) -> str:
        """A sentence about the mapping, for people."""
        return "Each partition depends on all upstream partitions."

    def mapped_keys(self, keys: Sequence[str], link: Link) -> MappedKeys:
        """Return all upstream keys."""
        return MappedKeys(link.upstream.get_partition_keys(link.now, link.dynamic), [])


class LastPartitionMapping(KeyMapping):
    """Each key, and an asset without partitions, depends on the last upstream key."""

    __slots__ = ()
    _depends_on_key = False

    @property
    def description(self) -> str:
        """A sentence about the mapping, for people."""
        return "Each partition depends on the last upstream partition."

    def mapped_keys(self, keys: Sequence[str], link: Link) -> MappedKeys:
        """Return the last upstream key, or no keys if there are no upstream keys."""
        last = link.upstream.get_last_partition_key(link.now, link.dynamic)
        return MappedKeys([] if last is None else [last], [])


class SpecificPartitionsPartitionMapping(KeyMapping):
    """Each key, and an asset without partitions, depends on the same given upstream keys.

    Args:
        partition_keys: The upstream keys.

    Raises:
        CheckError: The argument is not a list of strings.
        DagflowInvalidDefinitionError: A key is invalid or a duplicate.
    """

    __slots__ = ("partition_keys",)
    _depends_on_key = False

    def __init__(self, partition_keys: Iterable[str]) -> None:
        self.partition_keys: tuple[str, ...] = check_keys(
            partition_keys, "a SpecificPartitionsPartitionMapping"
        )

    @property
    def description(self) -> str:
        """A sentence about the mapping, for people."""
        return f"Each partition depends on the upstream partitions {', '.join(self.partition_keys)}."

    def mapped_keys(self, keys: Sequence[str], link: Link) -> MappedKeys:
        """Return the `partition_keys` of this mapping."""
        return link.mapped(self.partition_keys)

    def _content(self) -> tuple[object, ...]:
        return (self.partition_keys,)


class StaticPartitionMapping(KeyMapping):
    """Each key depends on the upstream keys that a table assigns to it.

    A key that is not in the table depends on nothing.

    Args:
        downstream_partition_keys_by_upstream_partition_key: One or several downstream keys for each upstream
            key.

    Raises:
        ParameterCheckError: The argument is not a mapping.

    Example:
        >>> from dagflow.partitions.static import StaticPartitionsDefinition
        >>> towns = StaticPartitionsDefinition(["york", "leeds", "bath"])
        >>> regions = StaticPartitionsDefinition(["north", "south"])
        >>> table = StaticPartitionMapping({"york": "north", "leeds": "north", "bath": ["south"]})
        >>> table.upstream_keys(["north"], regions, towns)
        ['york', 'leeds']
    """

    __slots__ = ("_table",)
    stored_names = ("downstream_partition_keys_by_upstream_partition_key",)

    def __init__(
        self, downstream_partition_keys_by_upstream_partition_key: Mapping[str, str | Collection[str]]
    ) -> None:
        table = downstream_partition_keys_by_upstream_partition_key
        if not isinstance(table, Mapping):
            raise ParameterCheckError(
                f"a StaticPartitionMapping needs a mapping of keys, not {repr_of(table)}"
            )
        self._table = {
            check_type(key, str, "key", "a StaticPartitionMapping"): frozenset(
                [each] if isinstance(each, str) else check_elements(each, str, key)
            )
            for key, each in table.items()
        }

    @property
    def description(self) -> str:
        """A sentence about the mapping, for people."""
        return (
            f"Each partition depends on the upstream partitions that a table assigns to it: {self._shown()}."
        )

    @property
    def downstream_partition_keys_by_upstream_partition_key(self) -> dict[str, frozenset[str]]:
        """The downstream keys of each upstream key in the table."""
        return dict(self._table)

    def mapped_keys(self, keys: Sequence[str], link: Link) -> MappedKeys:
        """Return the upstream keys that the table assigns to `keys`, in the order of the upstream keys.

        Raises:
            DagflowInvalidDefinitionError: A definition is not static.
            DagflowUnknownPartitionError: The table has a key that the definition on its side lacks.
        """
        for definition in (link.upstream, link.downstream):
            if definition is not None and not isinstance(definition, StaticPartitionsDefinition):
                raise cannot_connect(self, link.upstream, link.downstream, "StaticPartitionsDefinition")
        known = link.upstream.get_partition_keys(link.now, link.dynamic)
        self._check(self._table, known, link.upstream)
        if link.downstream is not None:
            downstream = link.downstream.get_partition_keys(link.now, link.dynamic)
            self._check({each for keys in self._table.values() for each in keys}, downstream, link.downstream)
        found = [key for key in known if not self._table.get(key, frozenset()).isdisjoint(keys)]
        return MappedKeys(found, [])

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise an error unless both definitions are static and have the keys of the table.

        Raises:
            DagflowInvalidDefinitionError: They are not static.
            DagflowUnknownPartitionError: One lacks a key.
        """
        if downstream_partitions_def is None:
            raise cannot_connect(self, upstream_partitions_def, None, "StaticPartitionsDefinition")
        self.mapped_keys([], Link(downstream_partitions_def, upstream_partitions_def, None, None))

    def _check(self, given: Iterable[str], known: Collection[str], definition: PartitionsDefinition) -> None:
        unknown = [f"'{key}'" for key in sorted(set(given).difference(known))]
        if unknown:
            raise DagflowUnknownPartitionError(
                f"a StaticPartitionMapping has {', '.join(unknown)}, which {repr_of(definition)} does not "
                f"have: "
                "correct the key, or add it there"
            )

    def _shown(self) -> str:
        return f"{ {key: sorted(each) for key, each in self._table.items()}!r}"

    def _content(self) -> tuple[object, ...]:
        return (frozenset(self._table.items()),)

    def __repr__(self) -> str:
        return f"StaticPartitionMapping({self._shown()})"


def cannot_connect(
    mapping: PartitionMapping,
    upstream: PartitionsDefinition,
    downstream: PartitionsDefinition | None,
    needed: str,
) -> DagflowInvalidDefinitionError:
    """Return the error about two definitions that a mapping does not support.

    Args:
        mapping: The mapping.
        upstream: The upstream definition.
        downstream: The downstream definition; None if the asset has no partitions.
        needed: The definitions that the mapping supports, as a noun phrase.
    """
    return DagflowInvalidDefinitionError(
        f"{repr_of(mapping)} connects partitions definitions of {needed}, not {repr_of(downstream)} "
        f"downstream of {repr_of(upstream)}: pass another partition_mapping"
    )
