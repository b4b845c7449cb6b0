"""The assets at the time of an evaluation, as own conditions see them: `AssetGraphView`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from dagflow.automation.conditions.entities import NO_SLOTS, Edge, Entity, EntityKey, Slots, latest_slots
from dagflow.automation.conditions.subset import AssetKeyPartitionKey, EntitySubset, checked_subset
from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.errors import (
    CheckError,
    DagflowUnknownPartitionError,
    check_elements,
    check_optional,
    check_type,
)
from dagflow.instance.instance import DagflowInstance
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.loading import partition_loading_context

if TYPE_CHECKING:
    from dagflow.automation.conditions.evaluation import Evaluation


class AssetGraphView:
    """The assets, their partitions and their history at the time of an evaluation."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation: Evaluation = evaluation

    @property
    def asset_graph(self) -> AssetGraph:
        """The assets and checks, with their dependencies."""
        return self._evaluation.program.graph

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
        return self._evaluation.program.entity(key)

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
