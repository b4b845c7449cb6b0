"""The mappings between partitions with one dimension."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

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
from dagflow.partitions.loading import effective_time
from dagflow.partitions.mapping import KeyMapping, Link, MappedKeys, PartitionMapping, downstream_of
from dagflow.partitions.static import StaticPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition


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
            raise _cannot_connect(self, upstream_partitions_def, downstream_partitions_def, "one class")


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
            DagflowUnknownPartitionError: The table has a key that the definition on its side lacks.
        """
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
        for definition in (upstream_partitions_def, downstream_partitions_def):
            if not isinstance(definition, StaticPartitionsDefinition):
                raise _cannot_connect(
                    self, upstream_partitions_def, downstream_partitions_def, "StaticPartitionsDefinition"
                )
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


class TimeWindowPartitionMapping(KeyMapping):
    """Each key depends on the upstream keys whose windows overlap its own window: a month on its days.

    Offsets move the start and the end of the downstream window before the comparison. Adjacent keys of one
    call count as one long window. A dependency on an upstream window that does not exist is an error, with
    two exceptions. Windows before the first are ignored if `start_offset` is negative, and windows after the
    last if `end_offset` is positive. Both exceptions need at least one upstream window.

    Args:
        start_offset: The number of downstream windows by which the start is later (negative: earlier).
        end_offset: The number of downstream windows by which the end is later (negative: earlier).
        allow_nonexistent_upstream_partitions: Whether to ignore all upstream windows that do not exist.

    Raises:
        ParameterCheckError: An offset is not an integer.

    Example:
        >>> from dagflow.partitions.calendar import DailyPartitionsDefinition
        >>> days = DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")
        >>> TimeWindowPartitionMapping(-2, -1).upstream_keys(["2024-01-05"], days, days)
        ['2024-01-03', '2024-01-04']
    """

    __slots__ = ("allow_nonexistent_upstream_partitions", "end_offset", "start_offset")

    def __init__(
        self,
        start_offset: int = 0,
        end_offset: int = 0,
        allow_nonexistent_upstream_partitions: bool = False,
    ) -> None:
        for name, offset in (("start_offset", start_offset), ("end_offset", end_offset)):
            if not isinstance(offset, int):
                raise ParameterCheckError(
                    f"'{name}' of a TimeWindowPartitionMapping must be an integer, not {repr_of(offset)}"
                )
        self.start_offset: int = start_offset
        self.end_offset: int = end_offset
        self.allow_nonexistent_upstream_partitions: bool = check_type(
            allow_nonexistent_upstream_partitions, bool, "allow_nonexistent_upstream_partitions"
        )

    @property
    def description(self) -> str:
        """A sentence about the mapping, for people."""
        moved = ""
        if self.start_offset or self.end_offset:
            moved = (
                f", after a move of its start by {self.start_offset} and its end by {self.end_offset} windows"
            )
        return f"Each partition depends on the upstream partitions whose windows overlap its own{moved}."

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise an error unless both definitions consist of time windows in one time zone.

        Raises:
            DagflowInvalidDefinitionError: They do not.
        """
        for definition in (upstream_partitions_def, downstream_partitions_def):
            if not isinstance(definition, TimeWindowPartitionsDefinition):
                raise _cannot_connect(
                    self, upstream_partitions_def, downstream_partitions_def, "time windows"
                )
        self.mapped_keys([], Link(downstream_partitions_def, upstream_partitions_def, None, None))

    def mapped_keys(self, keys: Sequence[str], link: Link) -> MappedKeys:
        """Return the upstream keys whose windows overlap the windows of `keys` after the offsets, by time.

        Raises:
            ParameterCheckError: A definition does not consist of time windows.
            DagflowInvalidDefinitionError: The definitions have different time zones.
        """
        downstream, upstream = _as_time_windows(link.downstream, self), _as_time_windows(link.upstream, self)
        if downstream.timezone != upstream.timezone:
            raise DagflowInvalidDefinitionError(
                f"windows of {repr_of(downstream)} cannot be mapped to windows of {repr_of(upstream)}: "
                "give both the same timezone"
            )
        windows = upstream.windows
        first, bound = windows.first, windows.bound(effective_time(link.now))
        clips_start = self.start_offset < 0 and first < bound
        clips_end = self.end_offset > 0 and first < bound
        found: set[datetime] = set()
        missing: dict[str, None] = {}
        for span in downstream.windows.spans(sorted({downstream.start_of(key) for key in keys})):
            low, high = downstream.windows.moved(span, self.start_offset, self.end_offset)
            for window in windows.overlapping(low, high):
                if first <= window < bound:
                    found.add(window)
                elif not (clips_start if window < first else clips_end):
                    missing[windows.key(window)] = None
        if self.allow_nonexistent_upstream_partitions:
            missing = {}
        return MappedKeys([windows.key(window) for window in sorted(found)], list(missing))

    def _content(self) -> tuple[object, ...]:
        return self.start_offset, self.end_offset, self.allow_nonexistent_upstream_partitions


def _as_time_windows(
    definition: PartitionsDefinition | None, mapping: PartitionMapping
) -> TimeWindowPartitionsDefinition:
    if not isinstance(definition, TimeWindowPartitionsDefinition):
        raise ParameterCheckError(
            f"{repr_of(mapping)} needs time windows on both sides, not {repr_of(definition)}"
        )
    return definition


def _cannot_connect(
    mapping: PartitionMapping,
    upstream: PartitionsDefinition,
    downstream: PartitionsDefinition | None,
    needed: str,
) -> DagflowInvalidDefinitionError:
    return DagflowInvalidDefinitionError(
        f"{repr_of(mapping)} connects partitions definitions of {needed}, not {repr_of(downstream)} "
        f"downstream of "
        f"{repr_of(upstream)}"
    )
