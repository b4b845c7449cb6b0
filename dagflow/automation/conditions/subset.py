"""Subsets of the partitions of one asset, check or job, as own conditions see them: `EntitySubset`."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from dagflow.automation.conditions.entities import EntityKey, Slots
from dagflow.errors import CheckError, check_type, repr_of
from dagflow.keys import AssetKey
from dagflow.partitions.definition import PartitionsDefinition

if TYPE_CHECKING:
    from dagflow.automation.conditions.view import AssetGraphView


class AssetKeyPartitionKey(NamedTuple):
    """A partition of an asset; the asset itself, if it has no partitions."""

    asset_key: AssetKey
    partition_key: str | None = None


class EntitySubset:
    """Some partitions of an asset, a check or a job. Without partitions, it is all or nothing.

    Attributes:
        key: The key of the asset, check or job.
        slots: The partition keys; None alone without partitions. Internal.
    """

    __slots__ = ("_view", "key", "slots")

    def __init__(self, view: AssetGraphView, key: EntityKey, slots: Slots) -> None:
        self._view: AssetGraphView = view
        self.key: EntityKey = key
        self.slots: Slots = slots

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """The partitions of the asset, check or job."""
        return self._view.entity(self.key).partitions_def

    @property
    def is_partitioned(self) -> bool:
        """Whether it has partitions."""
        return self.partitions_def is not None

    @property
    def size(self) -> int:
        """The number of partitions; 0 or 1 without partitions."""
        return len(self.slots)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in the subset."""
        return not self.slots

    def compute_union(self, other: EntitySubset) -> EntitySubset:
        """Return the partitions that are in this subset, in the other one, or in both.

        Raises:
            CheckError: The other one is not a subset of the same asset, check or job.
        """
        return self._with(self.slots | self._slots_of(other))

    def compute_intersection(self, other: EntitySubset) -> EntitySubset:
        """Return the partitions that are in both subsets. Errors as `compute_union`."""
        return self._with(self.slots & self._slots_of(other))

    def compute_difference(self, other: EntitySubset) -> EntitySubset:
        """Return the partitions that are not in the other subset. Errors as `compute_union`."""
        return self._with(self.slots - self._slots_of(other))

    def compute_intersection_with_partition_keys(self, partition_keys: Collection[str]) -> EntitySubset:
        """Return the partitions of this subset with some keys.

        Raises:
            CheckError: There are no partitions.
        """
        if not self.is_partitioned:
            raise CheckError(f"{self!r} has no partitions, so it cannot be divided by partition keys")
        return self._with(self.slots & frozenset(map(str, partition_keys)))

    def compute_parent_subset(self, parent_key: AssetKey) -> EntitySubset:
        """Return the partitions of a dependency that these partitions depend on."""
        return self._view.compute_parent_subset(parent_key, self)

    def compute_child_subset(self, child_key: EntityKey) -> EntitySubset:
        """Return the partitions of a dependent that depend on these partitions."""
        return self._view.compute_child_subset(child_key, self)

    def expensively_compute_partition_keys(self) -> set[str]:
        """Return the partition keys.

        Raises:
            CheckError: There are no partitions.
        """
        if not self.is_partitioned:
            raise CheckError(f"{self!r} has no partitions, so it has no partition keys")
        return {str(slot) for slot in self.slots}

    def expensively_compute_asset_partitions(self) -> set[AssetKeyPartitionKey]:
        """Return each partition with the key of the asset.

        Raises:
            CheckError: It is not a subset of an asset.
        """
        key = check_type(self.key, AssetKey, "key", "expensively_compute_asset_partitions")
        return {AssetKeyPartitionKey(key, slot) for slot in self.slots}

    def _with(self, slots: Slots) -> EntitySubset:
        return EntitySubset(self._view, self.key, slots)

    def _slots_of(self, other: EntitySubset) -> Slots:
        check_type(other, EntitySubset, "other", "an EntitySubset")
        if other.key != self.key:
            raise CheckError(
                f"{self!r} and {other!r} are subsets of different assets: map one of them by "
                "compute_parent_subset or compute_child_subset"
            )
        return other.slots

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EntitySubset) and (self.key, self.slots) == (other.key, other.slots)

    def __hash__(self) -> int:
        return hash((self.key, self.slots))

    def __repr__(self) -> str:
        found = sorted(map(str, self.slots)) if self.is_partitioned else not self.is_empty
        return f"EntitySubset<{self.key!r}>({found})"


def checked_subset(subset: object, key: EntityKey, place: str) -> EntitySubset:
    """Return a subset, after a check that it belongs to an asset, check or job.

    Raises:
        CheckError: It does not.
    """
    if not isinstance(subset, EntitySubset) or subset.key != key:
        raise CheckError(
            f"{place} must be an EntitySubset of {key.to_user_string()!r}, not {repr_of(subset)}"
        )
    return subset
