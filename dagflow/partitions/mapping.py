"""Mappings from the partitions of a downstream asset to the upstream partitions that they depend on.

`multi_mapping.default_mapping` returns the mapping of a dependency that does not name one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    ParameterCheckError,
    check_elements,
    check_type,
    repr_of,
)
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import DynamicPartitionsStore, Moment, check_keys
from dagflow.partitions.loading import effective_time
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition


class Link(NamedTuple):
    """The two definitions that a mapping connects, with the arguments for their keys.

    Attributes:
        downstream: The partitions of the downstream asset, or None if it has no partitions.
        upstream: The partitions of the upstream asset.
        now: The current time; time windows that end later do not exist. None: the current clock.
        dynamic: The store of the keys of dynamic partitions.
    """

    downstream: PartitionsDefinition | None
    upstream: PartitionsDefinition
    now: Moment | None
    dynamic: DynamicPartitionsStore | None

    def existing(self, keys: Iterable[str]) -> list[str]:
        """Return upstream keys in the given order without duplicates, after a check that they exist.

        Raises:
            DagflowInvariantViolationError: The upstream definition lacks a key.
        """
        result = list(dict.fromkeys(keys))
        missing = [key for key in result if not self.upstream.has_partition_key(key, self.now, self.dynamic)]
        if missing:
            raise _missing_error(missing, self.upstream)
        return result


class PartitionMapping(ABC):
    """The dependency of keys of a downstream partitions definition on keys of an upstream one.

    Mappings with the same content are equal. Your own subclass implements `map_keys`, and `_content` if it
    has attributes.
    """

    __slots__ = ()

    def upstream_keys(
        self,
        keys: Sequence[str],
        downstream_def: PartitionsDefinition | None,
        upstream_def: PartitionsDefinition,
        *,
        now: Moment | None = None,
        dynamic: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """Return the upstream keys that some downstream keys depend on, without duplicates.

        Args:
            keys: Keys of `downstream_def`; empty if `downstream_def` is None.
            downstream_def: The partitions of the downstream asset, or None if it has no partitions.
            upstream_def: The partitions of the upstream asset.
            now: The current time. Default: the time of the current clock.
            dynamic: The store of the keys of dynamic partitions.

        Raises:
            DagflowInvariantViolationError: The keys depend on upstream keys that do not exist.
            CheckError, DagflowInvalidDefinitionError: The mapping does not support these definitions.

        Example:
            >>> from dagflow.partitions.static import StaticPartitionsDefinition
            >>> towns = StaticPartitionsDefinition(["york", "leeds", "bath"])
            >>> LastPartitionMapping().upstream_keys([], None, towns)
            ['bath']
        """
        return self.map_keys(keys, Link(downstream_def, upstream_def, now, dynamic))

    @abstractmethod
    def map_keys(self, keys: Sequence[str], link: Link) -> list[str]:
        """Return the upstream keys that some downstream keys depend on, without duplicates.

        Args:
            keys: The downstream keys; empty if the downstream asset has no partitions.
            link: The two definitions, the current time and the store of dynamic keys.

        Raises:
            DagflowInvariantViolationError: The keys depend on upstream keys that do not exist.
            CheckError, DagflowInvalidDefinitionError: The mapping does not support the definitions.
        """

    def _content(self) -> tuple[object, ...]:
        return ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PartitionMapping) and (
            (type(self), self._content()) == (type(other), other._content())
        )

    def __hash__(self) -> int:
        return hash((type(self), self._content()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._content()))})"


class IdentityPartitionMapping(PartitionMapping):
    """Each key depends on the upstream key of the same name."""

    __slots__ = ()

    def map_keys(self, keys: Sequence[str], link: Link) -> list[str]:
        """Return the same keys without duplicates.

        Raises:
            CheckError: The downstream asset has no partitions.
            DagflowInvariantViolationError: The upstream definition lacks a key.
        """
        downstream_of(link, self)
        return link.existing(keys)


class AllPartitionMapping(PartitionMapping):
    """Each key, and an asset without partitions, depends on all upstream keys."""

    __slots__ = ()

    def map_keys(self, keys: Sequence[str], link: Link) -> list[str]:
        """Return all upstream keys."""
        return link.upstream.get_partition_keys(link.now, link.dynamic)


class LastPartitionMapping(PartitionMapping):
    """Each key, and an asset without partitions, depends on the last upstream key."""

    __slots__ = ()

    def map_keys(self, keys: Sequence[str], link: Link) -> list[str]:
        """Return the last upstream key in a list; an empty list if there are no upstream keys."""
        last = link.upstream.get_last_partition_key(link.now, link.dynamic)
        return [] if last is None else [last]


class SpecificPartitionsPartitionMapping(PartitionMapping):
    """Each key, and an asset without partitions, depends on the same given upstream keys.

    Args:
        partition_keys: The upstream keys.

    Raises:
        CheckError: The argument is not a list of strings.
        DagflowInvalidDefinitionError: A key is invalid or a duplicate.
    """

    __slots__ = ("partition_keys",)

    def __init__(self, partition_keys: Iterable[str]) -> None:
        self.partition_keys: tuple[str, ...] = check_keys(
            partition_keys, "a SpecificPartitionsPartitionMapping"
        )

    def map_keys(self, keys: Sequence[str], link: Link) -> list[str]:
        """Return the `partition_keys` of this mapping.

        Raises:
            DagflowInvariantViolationError: The upstream definition lacks a key.
        """
        return link.existing(self.partition_keys)

    def _content(self) -> tuple[object, ...]:
        return (self.partition_keys,)


_TABLE = "downstream_partition_keys_by_upstream_partition_key"


class StaticPartitionMapping(PartitionMapping):
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
        self._table = {}
        for key, each in table.items():
            given = [each] if isinstance(each, str) else each
            check_type(key, str, _TABLE, "a StaticPartitionMapping")
            self._table[key] = frozenset(check_elements(given, str, f"{_TABLE}[{key!r}]"))

    def map_keys(self, keys: Sequence[str], link: Link) -> list[str]:
        """Return the upstream keys that the table assigns to `keys`, in the order of the upstream keys.

        Raises:
            DagflowInvalidDefinitionError: The table has an upstream key that `link.upstream` lacks.
        """
        known = link.upstream.get_partition_keys(link.now, link.dynamic)
        unknown = [f"'{key}'" for key in self._table if key not in known]
        if unknown:
            raise DagflowInvalidDefinitionError(
                f"a StaticPartitionMapping has {', '.join(unknown)}, which {repr_of(link.upstream)} does "
                f"not have: "
                "correct the key, or add it there"
            )
        return [key for key in known if not self._table.get(key, frozenset()).isdisjoint(keys)]

    def _content(self) -> tuple[object, ...]:
        return (frozenset(self._table.items()),)

    def __repr__(self) -> str:
        return f"StaticPartitionMapping({ {key: sorted(each) for key, each in self._table.items()}!r})"


class TimeWindowPartitionMapping(PartitionMapping):
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
        self.allow_nonexistent_upstream_partitions: bool = allow_nonexistent_upstream_partitions

    def map_keys(self, keys: Sequence[str], link: Link) -> list[str]:
        """Return the upstream keys whose windows overlap the windows of `keys` after the offsets, by time.

        Raises:
            ParameterCheckError: A definition does not consist of time windows.
            DagflowInvalidDefinitionError: The definitions have different time zones.
            DagflowInvariantViolationError: An upstream window does not exist.
        """
        downstream, upstream = _as_time_windows(link.downstream, self), _as_time_windows(link.upstream, self)
        if downstream.timezone != upstream.timezone:
            raise DagflowInvalidDefinitionError(
                f"windows of {repr_of(downstream)} cannot be mapped to windows of {repr_of(upstream)}: "
                "give both the same timezone"
            )
        cadence, windows = downstream.windows.cadence, upstream.windows
        first, bound = windows.first, windows.bound(effective_time(link.now))
        clips_start = self.start_offset < 0 and first < bound
        clips_end = self.end_offset > 0 and first < bound
        found: set[datetime] = set()
        missing: list[str] = []
        for start, end in _contiguous_spans(keys, downstream):
            low, high = cadence.shift(start, self.start_offset), cadence.shift(end, self.end_offset)
            for window in windows.overlapping(low, high):
                if first <= window < bound:
                    found.add(window)
                elif not (clips_start if window < first else clips_end):
                    missing.append(windows.key(window))
        if missing and not self.allow_nonexistent_upstream_partitions:
            raise _missing_error(missing, upstream)
        return [windows.key(window) for window in sorted(found)]

    def _content(self) -> tuple[object, ...]:
        return self.start_offset, self.end_offset, self.allow_nonexistent_upstream_partitions


def downstream_of(link: Link, mapping: PartitionMapping) -> PartitionsDefinition:
    """Return the downstream definition of a link for a mapping that needs one.

    Args:
        link: The definitions.
        mapping: The mapping, for the error message.

    Raises:
        CheckError: The downstream asset has no partitions.
    """
    if link.downstream is None:
        raise CheckError(
            f"{repr_of(mapping)} cannot be used by an asset without partitions: give the asset partitions, "
            f"or use "
            "another partition mapping"
        )
    return link.downstream


def _as_time_windows(
    definition: PartitionsDefinition | None, mapping: PartitionMapping
) -> TimeWindowPartitionsDefinition:
    if not isinstance(definition, TimeWindowPartitionsDefinition):
        raise ParameterCheckError(
            f"{repr_of(mapping)} needs time windows on both sides, not {repr_of(definition)}"
        )
    return definition


def _contiguous_spans(
    keys: Sequence[str], definition: TimeWindowPartitionsDefinition
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the start and end, in UTC, of each span of adjacent windows."""
    cadence = definition.windows.cadence
    starts = sorted({definition.start_of(key) for key in keys})
    run: tuple[datetime, datetime] | None = None
    for start in starts:
        if run is not None and run[1] == start:
            run = (run[0], cadence.after(start))
            continue
        if run is not None:
            yield run
        run = (start, cadence.after(start))
    if run is not None:
        yield run


def _missing_error(keys: Sequence[str], upstream: PartitionsDefinition) -> DagflowInvariantViolationError:
    shown = ", ".join(f"'{key}'" for key in keys[:3]) + (", ..." if len(keys) > 3 else "")
    return DagflowInvariantViolationError(
        f"the partitions depend on upstream partitions that do not exist: {shown} of {repr_of(upstream)}. "
        f"Extend "
        "the upstream definition, choose other partitions, or pass a partition_mapping"
    )
