"""Subsets of the partitions of a definition, as partition mappings receive and return them.

Those of time windows are in `dagflow.partitions.window_subset`.

`PartitionsDefinition.empty_subset`, `subset_with_partition_keys` and `subset_with_all_partitions` make them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from typing import Protocol

from dagflow.errors import (
    CheckError,
    DagflowInvalidDeserializationVersionError,
    DagflowSerializationError,
    repr_of,
)
from dagflow.partitions.keys import PartitionKeyRange
from dagflow.partitions.ranges import key_ranges
from dagflow.partitions.stored_subset import content_of, stored, unreadable


class OrderedKeys(Protocol):
    """A partitions definition, as far as subsets of all classes use it."""

    def get_partition_keys(self) -> list[str]:
        """Return all keys, in order."""
        ...

    def get_partition_keys_in_range(self, partition_key_range: PartitionKeyRange) -> list[str]:
        """Return the keys from the start to the end of a range."""
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
