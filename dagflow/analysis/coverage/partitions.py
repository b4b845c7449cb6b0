"""The partitions that count in the coverage.

There may be thousands of days, so the keys of time windows are two items: the first one, and any later one.
"""

from __future__ import annotations

from dagflow.errors import DagflowError
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.static import StaticPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition

MAX_KEYS = 100
"""The number of static keys that are items of their own."""
FIRST, LATER, ANY = "the first partition", "a later partition", "a partition"


class PartitionItems:
    """The items of a partitions definition.

    Args:
        definition: The partitions.

    Attributes:
        labels: The items.

    Example:
        >>> towns = PartitionItems(StaticPartitionsDefinition(["york", "bath"]))
        >>> towns.labels, towns.labels_of("bath")
        (('york', 'bath'), ('bath',))
    """

    __slots__ = ("_first", "_inner", "_multi", "labels")

    def __init__(self, definition: PartitionsDefinition) -> None:
        self._first: str | None = None
        self._inner: dict[str, PartitionItems] = {}
        self._multi: MultiPartitionsDefinition | None = None
        self.labels: tuple[str, ...] = (ANY,)
        if isinstance(definition, MultiPartitionsDefinition):
            self._multi = definition
            self._inner = {name: PartitionItems(one) for name, one in definition.dimensions.items()}
            self.labels = tuple(
                f"{name}: {label}" for name, one in self._inner.items() for label in one.labels
            )
        elif isinstance(definition, StaticPartitionsDefinition):
            keys = definition.get_partition_keys()
            self._set_keys(keys[0] if keys else None, len(keys))
            if len(keys) <= MAX_KEYS:
                self.labels = tuple(keys)
        elif isinstance(definition, TimeWindowPartitionsDefinition):
            self._set_keys(definition.get_first_partition_key(), definition.get_num_partitions())

    def _set_keys(self, first: str | None, count: int) -> None:
        self._first = first
        if first is not None:
            self.labels = (FIRST, LATER) if count > 1 else (FIRST,)

    def labels_of(self, key: str) -> tuple[str, ...]:
        """Return the items that a run for a partition exercises.

        Args:
            key: The key of the partition.
        """
        if self._multi is not None:
            try:
                parts = self._multi.get_partition_key_from_str(key).keys_by_dimension
            except DagflowError:  # a dynamic dimension may contain the separator
                return ()
            return tuple(
                f"{name}: {label}"
                for name, part in parts.items()
                for label in self._inner[name].labels_of(part)
            )
        if FIRST in self.labels:
            return (FIRST,) if key == self._first else (LATER,)
        return (ANY,) if self.labels == (ANY,) else (key,)
