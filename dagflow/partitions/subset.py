"""Subsets of the partitions of a definition, as partition mappings receive and return them.

`PartitionsDefinition.empty_subset`, `subset_with_partition_keys` and `subset_with_all_partitions` make them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from dagflow.errors import (
    CheckError,
    DagflowInvalidDeserializationVersionError,
    DagflowSerializationError,
    repr_of,
)
from dagflow.partitions.cadence import UTC
from dagflow.partitions.keys import PartitionKeyRange, TimeWindow
from dagflow.partitions.ranges import key_ranges
from dagflow.partitions.stored_subset import VERSION, content_of, stored, unreadable

if TYPE_CHECKING:
    from dagflow.partitions.windows import Windows


class OrderedKeys(Protocol):
    """A partitions definition, as far as subsets of all classes use it."""

    def get_partition_keys(self) -> list[str]:
        """Return all keys, in order."""
        ...

    def get_partition_keys_in_range(self, partition_key_range: PartitionKeyRange) -> list[str]:
        """Return the keys from the start to the end of a range."""
        ...


class KeysOfWindows(OrderedKeys, Protocol):
    """A definition of time windows, as far as its subsets use it."""

    windows: Windows

    def has_partition_key(self, partition_key: str) -> bool:
        """Return whether `partition_key` is the key of an existing window."""
        ...

    def start_of(self, key: str) -> datetime:
        """Return the start of the window of a key, in UTC without zone."""
        ...


class PartitionsSubset(ABC):
    """A set of partition keys. Subsets of one definition can be combined by `|`, `&` and `-`.

    Example:
        >>> from dagflow import StaticPartitionsDefinition
        >>> towns = StaticPartitionsDefinition(["york", "leeds", "bath"])
        >>> north = towns.subset_with_partition_keys(["york", "leeds"])
        >>> "bath" in north, len(north), (towns.subset_with_all_partitions() - north).get_partition_keys()
        (False, 2, {'bath'})
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    @abstractmethod
    def get_partition_keys(self) -> Collection[str]:
        """Return the keys."""

    @abstractmethod
    def with_partition_keys(self, partition_keys: Iterable[str]) -> PartitionsSubset:
        """Return a subset with further keys."""

    @abstractmethod
    def empty_subset(self) -> PartitionsSubset:
        """Return the empty subset of the same definition."""

    @abstractmethod
    def _only(self, keys: set[str]) -> PartitionsSubset:
        """Return the subset of those keys of this subset that are in `keys`."""

    @abstractmethod
    def serialize(self) -> str:
        """Return the subset as a string, which `deserialize_subset` of its definition reads."""

    @abstractmethod
    def restored(self, serialized: str) -> PartitionsSubset:
        """Return the subset of the same definition that `serialize` has stored.

        Raises:
            DagflowInvalidDeserializationVersionError: The string has another version.
            DagflowSerializationError: The string is not such a subset.
        """

    def can_restore(self, serialized: str) -> bool:
        """Return whether `restored` can read a string."""
        try:
            self.restored(serialized)
        except (DagflowSerializationError, DagflowInvalidDeserializationVersionError):
            return False
        return True

    def to_serializable_subset(self) -> PartitionsSubset:
        """Return an equal subset that can be stored: this one."""
        return self

    @property
    def is_empty(self) -> bool:
        """True if there are no keys."""
        return len(self) == 0

    def with_partition_key_range(
        self, partitions_def: OrderedKeys, partition_key_range: PartitionKeyRange
    ) -> PartitionsSubset:
        """Return a subset with the keys of a range in addition."""
        return self.with_partition_keys(partitions_def.get_partition_keys_in_range(partition_key_range))

    def get_partition_keys_not_in_subset(self, partitions_def: OrderedKeys) -> list[str]:
        """Return the existing keys that are not in this subset, in order."""
        own = set(self.get_partition_keys())
        return [key for key in partitions_def.get_partition_keys() if key not in own]

    def get_partition_key_ranges(self, partitions_def: OrderedKeys) -> list[PartitionKeyRange]:
        """Return the longest ranges of adjacent keys.

        A range of partitions along two dimensions has one key of the dimension of which the subset has fewer
        keys.
        """
        return key_ranges(set(self.get_partition_keys()), partitions_def.get_partition_keys())

    def __contains__(self, partition_key: object) -> bool:
        return partition_key in self.get_partition_keys()

    def __len__(self) -> int:
        return len(self.get_partition_keys())

    def __or__(self, other: PartitionsSubset) -> PartitionsSubset:
        return self.with_partition_keys(self._keys_of(other))

    def __and__(self, other: PartitionsSubset) -> PartitionsSubset:
        return self._only(self._keys_of(other))

    def __sub__(self, other: PartitionsSubset) -> PartitionsSubset:
        return self._only(set(self.get_partition_keys()) - self._keys_of(other))

    def _keys_of(self, other: PartitionsSubset) -> set[str]:
        if type(other) is not type(self):
            raise CheckError(
                f"{self!r} cannot be combined with {repr_of(other)}: combine subsets of one partitions "
                f"definition"
            )
        return set(other.get_partition_keys())


class DefaultPartitionsSubset(PartitionsSubset):
    """A set of keys of partitions that are not time windows. The keys are not checked.

    Args:
        subset: The keys.
    """

    __slots__ = ("subset",)

    def __init__(self, subset: Iterable[str] | None = None) -> None:
        self.subset: set[str] = {str(key) for key in subset or ()}

    @classmethod
    def create_empty_subset(cls, partitions_def: OrderedKeys | None = None) -> DefaultPartitionsSubset:
        """Return the empty subset."""
        return cls()

    def get_partition_keys(self) -> set[str]:
        """Return the keys, as plain strings."""
        return self.subset

    def with_partition_keys(self, partition_keys: Iterable[str]) -> DefaultPartitionsSubset:
        """Return a subset with further keys."""
        return DefaultPartitionsSubset([*self.subset, *partition_keys])

    def empty_subset(self) -> DefaultPartitionsSubset:
        """Return the empty subset."""
        return DefaultPartitionsSubset()

    def serialize(self) -> str:
        """Return the subset as a string, which `deserialize_subset` of its definition reads."""
        return stored("subset", sorted(self.subset))

    def restored(self, serialized: str) -> DefaultPartitionsSubset:
        """Return the subset that `serialize` has stored.

        Raises:
            DagflowInvalidDeserializationVersionError: The string has another version.
            DagflowSerializationError: The string is not such a subset.
        """
        keys = content_of(serialized, "subset")
        if not all(isinstance(key, str) for key in keys):
            raise unreadable(serialized, "its keys must be strings")
        return DefaultPartitionsSubset(keys)

    def _only(self, keys: set[str]) -> DefaultPartitionsSubset:
        return DefaultPartitionsSubset(self.subset & keys)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DefaultPartitionsSubset) and self.subset == other.subset

    def __repr__(self) -> str:
        keys = ", ".join(map(repr, sorted(self.subset)))
        return f"DefaultPartitionsSubset(subset={{{keys}}})" if keys else "DefaultPartitionsSubset()"


class TimeWindowPartitionsSubset(PartitionsSubset):
    """A set of time windows.

    Args:
        partitions_def: The definition of the windows.
        starts: The starts of the windows of the subset, in UTC without zone. They are not checked.
    """

    __slots__ = ("_starts", "partitions_def")

    def __init__(self, partitions_def: KeysOfWindows, starts: Iterable[datetime] = ()) -> None:
        self.partitions_def: KeysOfWindows = partitions_def
        self._starts: tuple[datetime, ...] = tuple(sorted(set(starts)))

    @classmethod
    def create_empty_subset(cls, partitions_def: KeysOfWindows) -> TimeWindowPartitionsSubset:
        """Return the empty subset of a definition."""
        return cls(partitions_def)

    @property
    def num_partitions(self) -> int:
        """The number of keys."""
        return len(self._starts)

    @property
    def first_start(self) -> datetime:
        """The start of the first window.

        Raises:
            CheckError: The subset is empty.
        """
        if not self._starts:
            raise CheckError(f"{self!r} is empty, so it has no first window")
        return self.partitions_def.windows.cadence.local(self._starts[0])

    @property
    def included_time_windows(self) -> list[TimeWindow]:
        """The windows of the subset in order, with adjacent windows as one.

        Windows are adjacent too if `exclusions` leaves out all windows between them.
        """
        cadence = self.partitions_def.windows.cadence
        return [TimeWindow(cadence.local(start), cadence.local(end)) for start, end in self._spans()]

    def _spans(self) -> Iterator[tuple[datetime, datetime]]:
        return self.partitions_def.windows.spans(self._starts, joins_gaps=True)

    def serialize(self) -> str:
        """Return the subset as a string, which `deserialize_subset` of its definition reads."""
        spans = [[_seconds(start), _seconds(end)] for start, end in self._spans()]
        return stored("time_windows", spans, num_partitions=self.num_partitions)

    def restored(self, serialized: str) -> TimeWindowPartitionsSubset:
        """Return the subset of the same definition that `serialize` has stored.

        Raises:
            DagflowInvalidDeserializationVersionError: The string has another version.
            DagflowSerializationError: The string is not such a subset.
        """
        windows = self.partitions_def.windows
        spans = content_of(serialized, "time_windows", default_version=VERSION)
        starts: list[datetime] = []
        try:
            for first, end in spans:
                starts += windows.starts(
                    windows.cadence.ceil(windows.cadence.utc(first)), windows.cadence.utc(end)
                )
        except (TypeError, ValueError, OverflowError):
            problem = "its windows must be pairs of a start and an end in seconds since the epoch"
            raise unreadable(serialized, problem) from None
        return TimeWindowPartitionsSubset(self.partitions_def, starts)

    def get_partition_keys(self) -> list[str]:
        """Return the keys, by time."""
        return list(map(self.partitions_def.windows.key, self._starts))

    def with_partition_keys(self, partition_keys: Iterable[str]) -> TimeWindowPartitionsSubset:
        """Return a subset with further keys. Keys of windows that do not exist are left out.

        Raises:
            DagflowUnknownPartitionError: A key is not in the format of the definition.
        """
        return TimeWindowPartitionsSubset(
            self.partitions_def, [*self._starts, *self._existing(partition_keys)]
        )

    def _existing(self, keys: Iterable[str]) -> Iterator[datetime]:
        definition, known = self.partitions_def, frozenset(self._starts)
        for key in keys:
            start = definition.start_of(key)
            if start in known or definition.has_partition_key(key):
                yield start

    def empty_subset(self) -> TimeWindowPartitionsSubset:
        """Return the empty subset of the same definition."""
        return TimeWindowPartitionsSubset(self.partitions_def)

    def _only(self, keys: set[str]) -> TimeWindowPartitionsSubset:
        key = self.partitions_def.windows.key
        return TimeWindowPartitionsSubset(
            self.partitions_def, [start for start in self._starts if key(start) in keys]
        )

    def __or__(self, other: PartitionsSubset) -> TimeWindowPartitionsSubset:
        self._keys_of(other)
        assert isinstance(other, TimeWindowPartitionsSubset)
        return TimeWindowPartitionsSubset(self.partitions_def, [*self._starts, *other._starts])

    def __len__(self) -> int:
        return len(self._starts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TimeWindowPartitionsSubset) and (
            (self._starts, self.partitions_def) == (other._starts, other.partitions_def)
        )

    def __repr__(self) -> str:
        windows = (f"{start.isoformat()} to {end.isoformat()}" for start, end in self.included_time_windows)
        return f"TimeWindowPartitionsSubset({', '.join(windows)})"


def _seconds(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()
