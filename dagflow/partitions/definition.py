"""The base class of all partitions definitions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dagflow._util import nearest
from dagflow.errors import CheckError, DagflowInvalidInvocationError, DagflowUnknownPartitionError
from dagflow.tags import system_tag

if TYPE_CHECKING:
    from dagflow.partitions.keys import DynamicPartitionsStore, Moment, PartitionKeyRange
    from dagflow.partitions.subset import PartitionsSubset


class PartitionsDefinition(ABC):
    """An ordered set of partition keys. Two definitions with the same content are equal.

    Most methods take two arguments, which definitions ignore if they do not need them:

    - `current_time`, a datetime or seconds since the epoch, is the bound of definitions that grow with time.
      Default: the time of the current clock.
    - `dynamic_partitions_store`, usually an instance, stores the keys of dynamic definitions.

    Your own subclass implements `get_partition_keys`, `__eq__` and `__hash__`.
    """

    __slots__ = ()

    @abstractmethod
    def get_partition_keys(
        self,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """Return all keys, in order."""

    def has_partition_key(
        self,
        partition_key: str,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Return whether `partition_key` is one of the keys."""
        return partition_key in self.get_partition_keys(current_time, dynamic_partitions_store)

    def validate_partition_key(
        self,
        partition_key: str,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> None:
        """Raise an error unless `partition_key` is one of the keys.

        Raises:
            DagflowUnknownPartitionError: It is not. The message names the definition and similar keys.
        """
        if not self.has_partition_key(partition_key, current_time, dynamic_partitions_store):
            raise DagflowUnknownPartitionError(
                f"Could not find a partition with key '{partition_key}' in {self!r}."
                + self.hint(partition_key, current_time, dynamic_partitions_store)
            )

    def get_first_partition_key(
        self,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the first key, or None if there are no keys."""
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        return keys[0] if keys else None

    def get_last_partition_key(
        self,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the last key, or None if there are no keys."""
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        return keys[-1] if keys else None

    def get_num_partitions(
        self,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> int:
        """Return the number of keys."""
        return len(self.get_partition_keys(current_time, dynamic_partitions_store))

    def get_partition_keys_in_range(
        self,
        partition_key_range: PartitionKeyRange,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """Return the keys from the start to the end of a range, both included; [] if they are reversed.

        Raises:
            DagflowInvalidInvocationError: The start or the end is not one of the keys.
        """
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        unknown = [end for end in partition_key_range if end not in keys]
        if unknown:
            raise DagflowInvalidInvocationError(
                f"'{partition_key_range.start}' to '{partition_key_range.end}' is not a valid range of "
                f"{self!r}, which does not have the partition keys {unknown}."
                + self.hint(unknown[0], current_time, dynamic_partitions_store)
            )
        return keys[keys.index(partition_key_range.start) : keys.index(partition_key_range.end) + 1]

    def subset_with_partition_keys(self, partition_keys: Iterable[str]) -> PartitionsSubset:
        """Return a subset with some keys.

        Keys of time windows that do not exist are left out; other keys are not checked.

        Raises:
            DagflowUnknownPartitionError: A key of a time window is in another format.
        """
        return self.empty_subset().with_partition_keys(partition_keys)

    def subset_with_all_partitions(self) -> PartitionsSubset:
        """Return the subset of the keys that exist now."""
        return self.subset_with_partition_keys(self.get_partition_keys())

    def empty_subset(self) -> PartitionsSubset:
        """Return the subset without keys."""
        from dagflow.partitions.subset import DefaultPartitionsSubset  # imported lazily: few projects use it

        return DefaultPartitionsSubset()

    def get_tags_for_partition_key(self, partition_key: str) -> dict[str, str]:
        """Return the tags of a run for `partition_key`."""
        return {system_tag("partition"): partition_key}

    def hint(
        self,
        partition_key: str,
        current_time: Moment | None,
        dynamic_partitions_store: DynamicPartitionsStore | None,
    ) -> str:
        """Return a hint for the error about an unknown key."""
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        if not keys:
            return " It has no keys."
        return (
            nearest(str(partition_key), keys)
            or f" It has {len(keys)} keys, from '{keys[0]}' to '{keys[-1]}'."
        )


def range_of(
    keys: Sequence[str],
    definition: PartitionsDefinition | None,
    place: str,
    store: DynamicPartitionsStore | None,
) -> PartitionKeyRange:
    """Return the range of partitions that an input or output reads or stores.

    Args:
        keys: The partitions, in order.
        definition: Their definition, None if it is unknown.
        place: The input or output, for the message.
        store: The store of the keys of dynamic partitions.

    Raises:
        CheckError: There are no keys, or they are not adjacent.
    """
    if not keys:
        raise CheckError(f"{place} has no partition, so it has no range of partitions")
    from dagflow.partitions.keys import PartitionKeyRange  # imported lazily: it imports datetime

    found = PartitionKeyRange(keys[0], keys[-1])
    if len(keys) > 1 and definition is not None:
        between = definition.get_partition_keys_in_range(found, dynamic_partitions_store=store)
        if between != list(keys):
            raise CheckError(
                f"{place} has the partitions {', '.join(map(repr, keys[:5]))}, which are not one range. Read "
                "the keys instead."
            )
    return found
