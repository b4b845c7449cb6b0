"""The base class of all partitions definitions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from types import GenericAlias
from typing import TYPE_CHECKING, Any

from dagflow._util import nearest
from dagflow.errors import CheckError, DagflowInvalidInvocationError, DagflowUnknownPartitionError
from dagflow.tags import system_tag

if TYPE_CHECKING:
    from dagflow.partitions.keys import DynamicPartitionsStore, Moment, PartitionKeyRange
    from dagflow.partitions.loading import PartitionLoadingContext
    from dagflow.partitions.paging import PaginatedResults
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

    # `PartitionsDefinition[str]` is an annotation for the kind of its keys
    __class_getitem__: Callable[[Any], GenericAlias] = classmethod(GenericAlias)  # type: ignore[assignment]

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
        context: PartitionLoadingContext | None = None,
        *,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> None:
        """Raise an error unless `partition_key` is one of the keys.

        Args:
            partition_key: The key.
            context: The current time, and the store of the keys of dynamic definitions.
            current_time: The current time, instead of that of the context.
            dynamic_partitions_store: The store, instead of that of the context.

        Raises:
            DagflowUnknownPartitionError: It is not. The message names the definition and similar keys.

        Example:
            >>> from dagflow import StaticPartitionsDefinition
            >>> StaticPartitionsDefinition(["york", "bath"]).validate_partition_key("yorc")
            Traceback (most recent call last):
                ...
            dagflow.errors.DagflowUnknownPartitionError: Could not find a partition with key 'yorc' in \
StaticPartitionsDefinition(['york', 'bath']). Did you mean 'york'?
        """
        if context is not None:
            current_time = context.effective_dt if current_time is None else current_time
            dynamic_partitions_store = dynamic_partitions_store or context.dynamic_partitions_store
        is_known = self.has_partition_key(partition_key, current_time, dynamic_partitions_store)
        if not is_known or not self.has_dimensions_of(partition_key):
            raise DagflowUnknownPartitionError(
                f"Could not find a partition with key '{partition_key}' in {self!r}."
                + self.hint(partition_key, current_time, dynamic_partitions_store)
            )

    def has_dimensions_of(self, partition_key: str) -> bool:
        """Return False for a MultiPartitionKey with other dimensions than the definition. Internal."""
        return True

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

    def get_paginated_partition_keys(
        self, context: PartitionLoadingContext, limit: int, ascending: bool, cursor: str | None = None
    ) -> PaginatedResults[str]:
        """Return a page of the keys. The time of the first page bounds the keys of all its later pages.

        Args:
            context: The current time, and the store of the keys of dynamic definitions.
            limit: The largest number of keys of the page.
            ascending: Whether the page is in the order of the keys. Otherwise it is in the reverse order.
            cursor: The cursor of the page before. Default: the page is the first one.

        Raises:
            ParameterCheckError: The cursor does not come from a page, or the limit is negative.

        Example:
            >>> from dagflow import StaticPartitionsDefinition, partition_loading_context
            >>> letters = StaticPartitionsDefinition(["a", "b", "c"])
            >>> with partition_loading_context() as context:
            ...     page = letters.get_paginated_partition_keys(context, limit=2, ascending=False)
            >>> page.results, page.has_more
            (['c', 'b'], True)
        """
        from dagflow.partitions.paging import page_of_keys  # imported lazily: few projects use it

        return page_of_keys(self.get_partition_keys, context, limit, ascending, cursor)

    def filter_valid_partition_keys(self, partition_keys: set[str]) -> set[str]:
        """Return those of the given keys that exist."""
        return {key for key in partition_keys if self.has_partition_key(key)}

    def validate_partition_definition(self) -> None:
        """Raise an error if the keys are invalid.

        Raises:
            DagflowInvalidDefinitionError: A key is a duplicate, or contains `...` or a control character.
        """
        from dagflow.partitions.keys import check_keys  # imported lazily: it imports datetime

        check_keys(self.get_partition_keys(), repr(self))

    def get_serializable_unique_identifier(
        self, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> str:
        """Return a hash of the content of the definition: 40 hexadecimal digits.

        Raises:
            CheckError: A store of the keys of dynamic partitions is needed, and none is given.
        """
        return hash_of(
            list(map(str, self.get_partition_keys(dynamic_partitions_store=dynamic_partitions_store)))
        )

    def deserialize_subset(self, serialized: str) -> PartitionsSubset:
        """Return the subset that `serialize` of a subset of this definition has stored.

        Raises:
            DagflowInvalidDeserializationVersionError: The string has another version.
            DagflowSerializationError: The string is not such a subset.

        Example:
            >>> from dagflow import StaticPartitionsDefinition
            >>> towns = StaticPartitionsDefinition(["york", "leeds", "bath"])
            >>> stored = towns.subset_with_partition_keys(["york", "leeds"]).serialize()
            >>> stored
            '{"version": 1, "subset": ["leeds", "york"]}'
            >>> towns.deserialize_subset(stored) == towns.subset_with_partition_keys(["york", "leeds"])
            True
        """
        return self.empty_subset().restored(serialized)

    def can_deserialize_subset(
        self,
        serialized: str,
        serialized_partitions_def_unique_id: str | None,
        serialized_partitions_def_class_name: str | None,
    ) -> bool:
        """Return whether `deserialize_subset` can read a string.

        Args:
            serialized: The string.
            serialized_partitions_def_unique_id: The identifier of the definition of the stored subset. It
                counts for time windows.
            serialized_partitions_def_class_name: The name of the class of that definition. It counts for
                all other partitions.
        """
        if not self.empty_subset().can_restore(serialized):
            return False
        return self._matches(serialized_partitions_def_unique_id, serialized_partitions_def_class_name)

    def _matches(self, unique_id: str | None, class_name: str | None) -> bool:
        return class_name == type(self).__name__

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


def hash_of(content: list[object] | list[str]) -> str:
    """Return a hash of plain JSON: 40 hexadecimal digits, the same in each process."""
    import hashlib  # both imported lazily: few projects use them
    import json

    return hashlib.sha1(json.dumps(content).encode(), usedforsecurity=False).hexdigest()


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
