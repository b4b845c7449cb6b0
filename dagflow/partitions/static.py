"""Partitions with a fixed list of keys."""

from __future__ import annotations

from collections.abc import Sequence, Set

from dagflow.errors import ParameterCheckError, repr_of
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import DynamicPartitionsStore, Moment, check_keys


class StaticPartitionsDefinition(PartitionsDefinition):
    """Partitions with a fixed list of keys.

    Args:
        partition_keys: The keys in order: any strings without `...`, without duplicates.

    Raises:
        DagflowInvalidDefinitionError: A key is a duplicate, or contains `...` or a control character.
        ParameterCheckError: The keys are not a list of strings.

    Example:
        >>> regions = StaticPartitionsDefinition(["north", "south"])
        >>> regions.get_partition_keys()
        ['north', 'south']
        >>> regions.has_partition_key("west")
        False
        >>> regions == StaticPartitionsDefinition(["north", "south"])
        True
    """

    __slots__ = ("_keys", "_known")

    def __init__(self, partition_keys: Sequence[str]) -> None:
        if isinstance(partition_keys, Set):
            raise ParameterCheckError(
                f"the partition keys of a StaticPartitionsDefinition must be a list, because they "
                f"have an order, not {repr_of(partition_keys)}"
            )
        self._keys = check_keys(partition_keys, "a StaticPartitionsDefinition")
        self._known = frozenset(self._keys)

    def get_partition_keys(
        self,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """Return all keys, in the order given."""
        return list(self._keys)

    def has_partition_key(
        self,
        partition_key: str,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Return whether `partition_key` is one of the keys."""
        return partition_key in self._known

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StaticPartitionsDefinition) and self._keys == other._keys

    def __hash__(self) -> int:
        return hash(self._keys)

    def __repr__(self) -> str:
        shown = [repr(key) for key in self._keys[:5]] + ["..."] * (len(self._keys) > 5)
        return f"StaticPartitionsDefinition([{', '.join(shown)}])"
