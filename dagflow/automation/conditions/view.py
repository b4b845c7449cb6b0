"""The assets at the time of an evaluation, as own conditions see them: `AssetGraphView`, `EntitySubset`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from dagflow.automation.conditions.entities import NO_SLOTS, Edge, Entity, EntityKey, Slots, latest_slots
from dagflow.automation.conditions.nodes import Facts
from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.errors import (
    CheckError,
    DagflowUnknownPartitionError,
    check_elements,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.instance.instance import DagflowInstance
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.loading import partition_loading_context


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


class AssetGraphView:
    """The assets, their partitions and their history at the time of an evaluation."""

    def __init__(self, evaluation: Facts) -> None:
        self._evaluation: Facts = evaluation

    @property
    def asset_graph(self) -> AssetGraph:
        """The assets and checks, with their dependencies."""
        return self._evaluation.graph

    @property
    def instance(self) -> DagflowInstance:
        """The instance with the log."""
        return self._evaluation.instance

    @property
    def effective_dt(self) -> datetime:
        """The time of the evaluation."""
        return self._evaluation.moment

    @property
    def last_event_id(self) -> int | None:
        """The storage id of the latest event of an asset or check; None without one."""
        return self._evaluation.histories.last_event_id or None

    def entity(self, key: EntityKey) -> Entity:
        """Return an asset, check or job; internal.

        Raises:
            DagflowInvalidDefinitionError: The key is unknown.
        """
        return self._evaluation.entity(key)

    def get_empty_subset(self, *, key: EntityKey) -> EntitySubset:
        """Return the empty subset of an asset, check or job."""
        return EntitySubset(self, self.entity(key).key, NO_SLOTS)

    def get_full_subset(self, *, key: EntityKey) -> EntitySubset:
        """Return all partitions of an asset, check or job."""
        with self._loading():
            return EntitySubset(self, key, self._evaluation.all_slots(self.entity(key)))

    def get_subset_from_partition_keys(
        self, key: EntityKey, partitions_def: PartitionsDefinition, partition_keys: Collection[str]
    ) -> EntitySubset:
        """Return some partitions of an asset, check or job.

        Args:
            key: The key of the asset, check or job.
            partitions_def: Its partitions.
            partition_keys: The keys of the partitions.

        Raises:
            CheckError: It has other partitions.
            DagflowUnknownPartitionError: A partition does not exist.
        """
        if self.entity(key).partitions_def != check_type(
            partitions_def, PartitionsDefinition, "partitions_def"
        ):
            raise CheckError(f"'{key.to_user_string()}' does not have the partitions {partitions_def!r}")
        return self._existing(key, frozenset(check_elements(partition_keys, str, "partition_keys")))

    def get_asset_subset_from_asset_partitions(
        self, key: AssetKey, asset_partitions: Collection[AssetKeyPartitionKey]
    ) -> EntitySubset:
        """Return some partitions of an asset.

        Args:
            key: The key of the asset.
            asset_partitions: The partitions, each with the key of the asset.

        Raises:
            CheckError: One is a partition of another asset.
            DagflowUnknownPartitionError: A partition does not exist.
        """
        for one_key, _ in check_type(asset_partitions, Collection, "asset_partitions"):
            if one_key != key:
                raise CheckError(f"{one_key!r} is another asset than {key!r}: give partitions of one asset")
        return self._existing(key, frozenset(slot for _, slot in asset_partitions))

    def _existing(self, key: EntityKey, slots: Slots) -> EntitySubset:
        unknown = slots - self.get_full_subset(key=key).slots
        if unknown:
            raise DagflowUnknownPartitionError(
                f"'{key.to_user_string()}' has no partitions {sorted(map(str, unknown))}"
            )
        return EntitySubset(self, key, slots)

    def compute_parent_subset(self, parent_key: AssetKey, subset: EntitySubset) -> EntitySubset:
        """Return the partitions of a dependency that some partitions depend on."""
        edge = self._edge(subset.key, parent_key)
        with self._loading():
            return EntitySubset(self, parent_key, edge.upstream(subset.slots, self._evaluation))

    def compute_child_subset(self, child_key: EntityKey, subset: EntitySubset) -> EntitySubset:
        """Return the partitions of a dependent that depend on some partitions."""
        edge = self._edge(child_key, subset.key)
        with self._loading():
            every = self._evaluation.all_slots(edge.down)
            found = edge.downstream(subset.slots, every, self._evaluation)
        return EntitySubset(self, child_key, found)

    def _edge(self, child: EntityKey, parent: EntityKey) -> Edge:
        down, up = self.entity(child), self.entity(parent)
        edges = (*down.parents.values(), *up.checks.values())
        known = [edge for edge in edges if edge.down is down and edge.up is up]
        return known[0] if known else Edge(down, up)

    def compute_missing_subset(self, *, key: EntityKey, from_subset: EntitySubset) -> EntitySubset:
        """Return the partitions of a subset that were never updated."""
        return self._of_kind("missing", key, from_subset)

    def compute_run_in_progress_subset(self, *, key: EntityKey, from_subset: EntitySubset) -> EntitySubset:
        """Return the partitions of a subset that a run in progress is going to update."""
        return self._of_kind("run_in_progress", key, from_subset)

    def compute_execution_failed_subset(self, *, key: EntityKey, from_subset: EntitySubset) -> EntitySubset:
        """Return the partitions of a subset whose latest execution failed."""
        return self._of_kind("execution_failed", key, from_subset)

    def _of_kind(self, kind: str, key: EntityKey, subset: EntitySubset) -> EntitySubset:
        checked_subset(subset, key, f"the subset for '{kind}'")
        return EntitySubset(self, key, self._evaluation.true_of_kind(kind, self.entity(key), subset.slots))

    def compute_latest_time_window_subset(
        self, asset_key: AssetKey | AssetCheckKey, lookback_delta: timedelta | None = None
    ) -> EntitySubset:
        """Return the partitions of the latest complete time window; all partitions without time windows.

        Args:
            asset_key: The key of the asset.
            lookback_delta: The duration before the end of that window. The windows that lie in it count.
        """
        check_optional(lookback_delta, timedelta, "lookback_delta")
        entity = self.entity(asset_key)
        with self._loading():
            every = self._evaluation.all_slots(entity)
            found = latest_slots(entity.partitions_def, every, lookback_delta)
        return EntitySubset(self, asset_key, found)

    def compute_previous_cron_tick(self, *, cron_schedule: str, cron_timezone: str = "UTC") -> datetime:
        """Return the latest tick of a cron expression up to the time of the evaluation."""
        tick = self._evaluation.tick_of(cron_schedule, cron_timezone)
        return datetime.fromtimestamp(tick, timezone.utc)

    @contextmanager
    def _loading(self) -> Iterator[None]:
        with partition_loading_context(self._evaluation.moment, self._evaluation.instance):
            yield

    def __repr__(self) -> str:
        return f"<AssetGraphView at {self.effective_dt.isoformat()}>"
