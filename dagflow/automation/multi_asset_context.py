"""The context of the function of a sensor of several assets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow.automation.asset_cursors import AssetCursor, cursors_of, text_of
from dagflow.automation.sensor_context import SensorEvaluationContext
from dagflow.defs.automation.multi_asset_sensor import MonitoredAssets, checked_assets
from dagflow.defs.selections.definition import AssetSelection
from dagflow.errors import (
    CheckError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    check_type,
    repr_of,
)
from dagflow.instance.records import AssetRecordsFilter, EventLogRecord
from dagflow.keys import AssetKey, nearest_key
from dagflow.partitions.mapping import keys_in_order
from dagflow.partitions.multi_mapping import default_mapping

if TYPE_CHECKING:
    from dagflow.defs.assets.asset_nodes import AssetNode
    from dagflow.defs.assets.definition import AssetsDefinition
    from dagflow.defs.project.definitions import Definitions
    from dagflow.defs.project.repository import RepositoryDefinition
    from dagflow.instance.home import InstanceRef
    from dagflow.instance.instance import DagflowInstance
    from dagflow.partitions.definition import PartitionsDefinition

_MAX_UNCONSUMED = 25


class MultiAssetSensorEvaluationContext(SensorEvaluationContext):
    """The context of a sensor of several assets. `build_multi_asset_sensor_context` builds it.

    The methods read the materializations after the cursor, which stays where it is during the tick:
    `advance_cursor` and `advance_all_cursors` move the cursor of the next tick.

    Args:
        instance_ref: The location of the instance.
        monitored_assets: The assets, as a list of AssetKeys or an AssetSelection.
        last_tick_completion_time: The time of the last tick, in seconds since the epoch.
        last_run_key: The run key of the last request.
        cursor: The cursor that the last tick left.
        repository_name: The name of the repository.
        repository_def: The repository of the sensor.
        instance: The instance.
        resource_defs: Resource values or definitions by key.
        definitions: The Definitions of the sensor, instead of `repository_def`.
        last_sensor_start_time: The time when the sensor was started, in seconds since the epoch.
        log_key: The key of the captured log; default: made of the names, if both are given.
        sensor_name: The name of the sensor.
        last_completion_time: An older name of `last_tick_completion_time`.

    Raises:
        CheckError: Not exactly one of `repository_def` and `definitions` is given, or the assets are no keys.
        DagflowInvalidInvocationError: The cursor has another form.
    """

    __slots__ = ("_cursors", "_following", "_has_advanced")
    builder = "build_multi_asset_sensor_context"

    # Invariant: `_cursors` and `_following` have the same keys, the monitored assets.

    def __init__(
        self,
        instance_ref: InstanceRef | None,
        monitored_assets: MonitoredAssets,
        last_tick_completion_time: float | None = None,
        last_run_key: str | None = None,
        cursor: str | None = None,
        repository_name: str | None = None,
        repository_def: RepositoryDefinition | None = None,
        instance: DagflowInstance | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        definitions: Definitions | None = None,
        last_sensor_start_time: float | None = None,
        log_key: Sequence[str] | None = None,
        sensor_name: str | None = None,
        last_completion_time: float | None = None,
    ) -> None:
        super().__init__(
            instance_ref,
            last_tick_completion_time,
            last_run_key,
            cursor,
            log_key,
            repository_name,
            repository_def,
            instance,
            sensor_name,
            resource_defs,
            definitions,
            last_sensor_start_time,
            last_completion_time,
        )
        if self._repository_def is None:
            raise CheckError(
                f"Exactly one of `definitions` or `repository_def` must be provided to {self.builder}: the "
                "assets are looked up there"
            )
        keys = checked_assets(monitored_assets, self.builder)
        if isinstance(keys, AssetSelection):
            keys = sorted(keys.resolve(self._repository_def.asset_graph))
        self._cursors: dict[AssetKey, AssetCursor] = cursors_of(cursor, keys, sensor_name)
        self._following: dict[AssetKey, AssetCursor] = dict(self._cursors)
        self._has_advanced: bool = False

    @property
    def asset_keys(self) -> list[AssetKey]:
        """The keys of the monitored assets."""
        return list(self._cursors)

    @property
    def assets_defs_by_key(self) -> Mapping[AssetKey, AssetsDefinition | None]:
        """The definition of each monitored asset; None for an asset that the project only reads."""
        assert self._repository_def is not None
        known = self._repository_def.assets_defs_by_key
        return {key: known.get(key) for key in self._cursors}

    @property
    def has_advanced(self) -> bool:
        """Whether the function has moved a cursor."""
        return self._has_advanced

    def latest_materialization_records_by_key(
        self, asset_keys: Sequence[AssetKey] | None = None
    ) -> Mapping[AssetKey, EventLogRecord | None]:
        """Return the newest materialization of each asset after its cursor; None if there is no new one.

        Args:
            asset_keys: The assets; default: all monitored assets.
        """
        keys = self.asset_keys if asset_keys is None else asset_keys
        return {key: self._newest(check_type(key, AssetKey, "asset_keys")) for key in keys}

    def materialization_records_for_key(
        self, asset_key: AssetKey, limit: int | None = None
    ) -> list[EventLogRecord]:
        """Return the materializations of an asset after its cursor, the oldest first.

        Raises:
            DagflowInvalidInvocationError: The asset is not monitored.
        """
        cursor = self._cursor_of(asset_key)
        return self._records(asset_key, after=cursor.storage_id, limit=limit)

    def latest_materialization_records_by_partition(
        self, asset_key: AssetKey, after_cursor_partition: bool | None = False
    ) -> Mapping[str, EventLogRecord]:
        """Return the newest unhandled materialization of each partition, in the order of the events.

        Args:
            asset_key: The asset.
            after_cursor_partition: Whether only the partitions after the one of the cursor count.

        Raises:
            DagflowInvalidInvocationError: The asset is not monitored.
            DagflowInvariantViolationError: The asset is not partitioned.
        """
        cursor = self._cursor_of(asset_key)
        partitions_def = self._partitions_of(asset_key)
        if partitions_def is None:
            raise DagflowInvariantViolationError(
                f"Cannot get latest materialization by partition for assets with no partitions: asset "
                f"'{asset_key.to_user_string()}' has none"
            )
        found: dict[str, EventLogRecord] = {}
        unhandled = self.get_trailing_unconsumed_events(asset_key)
        for record in [*unhandled, *self._records(asset_key, after=cursor.storage_id)]:
            partition = record.partition_key
            if partition is not None:
                found.pop(partition, None)  # the order is that of the newest events
                found[partition] = record
        if after_cursor_partition and cursor.partition is not None:
            keys = list(partitions_def.get_partition_keys(dynamic_partitions_store=self.instance))
            later = set(keys[keys.index(cursor.partition) + 1 :] if cursor.partition in keys else keys)
            return {partition: record for partition, record in found.items() if partition in later}
        return found

    def latest_materialization_records_by_partition_and_asset(
        self,
    ) -> Mapping[str, Mapping[AssetKey, EventLogRecord]]:
        """Return the newest unhandled materialization of each partition of each asset, by both.

        Raises:
            DagflowInvalidInvocationError: The assets have different partitions.
            DagflowInvariantViolationError: An asset is not partitioned.
        """
        definitions = [self._partitions_of(key) for key in self.asset_keys]
        if any(one != definitions[0] for one in definitions):
            raise DagflowInvalidInvocationError(
                "latest_materialization_records_by_partition_and_asset needs assets with the same "
                f"partitions, but the monitored ones have {definitions}"
            )
        found: dict[str, dict[AssetKey, EventLogRecord]] = {}
        for key in self.asset_keys:
            for partition, record in self.latest_materialization_records_by_partition(key).items():
                found.setdefault(partition, {})[key] = record
        return found

    def get_cursor_partition(self, asset_key: AssetKey | None) -> str | None:
        """Return the partition of the event at the cursor of an asset; None without one."""
        return self._cursor_of(asset_key).partition

    def all_partitions_materialized(
        self, asset_key: AssetKey, partitions: Sequence[str] | None = None
    ) -> bool:
        """Return whether partitions of an asset were ever materialized.

        Args:
            asset_key: The asset.
            partitions: The partitions; default: all.

        Raises:
            DagflowInvariantViolationError: The asset is not monitored, or not partitioned.
        """
        partitions_def = self._partitions_of(asset_key) if asset_key in self._cursors else None
        if partitions_def is None:
            problem = "not partitioned" if asset_key in self._cursors else "not monitored by sensor"
            raise DagflowInvariantViolationError(
                f"Asset key {asset_key} is {problem}. Cannot check if partitions have been materialized."
            )
        wanted = (
            partitions_def.get_partition_keys(dynamic_partitions_store=self.instance)
            if partitions is None
            else partitions
        )
        return set(wanted) <= self.instance.get_materialized_partitions(asset_key)

    def get_downstream_partition_keys(
        self, partition_key: str, from_asset_key: AssetKey, to_asset_key: AssetKey
    ) -> Sequence[str]:
        """Return the partitions of an asset that depend on a partition of another asset.

        Without a dependency between the assets, the default mapping between their partitions is used.

        Raises:
            DagflowInvalidInvocationError: An asset is unknown, or not partitioned.
        """
        upstream, downstream = self._partitioned(from_asset_key), self._partitioned(to_asset_key)
        upstream_def, downstream_def = upstream.partitions_def, downstream.partitions_def
        assert upstream_def is not None
        assert downstream_def is not None
        mapping = downstream.partition_mappings.get(from_asset_key)
        if mapping is None and upstream_def == downstream_def:
            return [partition_key]
        mapping = mapping or default_mapping(downstream_def, upstream_def)
        assert mapping is not None
        subset = mapping.get_downstream_partitions_for_partitions(
            upstream_def.subset_with_partition_keys([partition_key]),
            upstream_def,
            downstream_def,
            dynamic_partitions_store=self.instance,
        )
        return keys_in_order(subset, downstream_def)

    def advance_cursor(
        self, materialization_records_by_key: Mapping[AssetKey, EventLogRecord | None]
    ) -> None:
        """Move the cursors of assets to records. Assets with None, or without a cursor, are ignored.

        The newest earlier events of other partitions stay unhandled, and are returned again at the next tick.

        Raises:
            CheckError: A key is not an AssetKey, or a value is not a record.
            DagflowInvariantViolationError: More than 25 partitions of an asset stay unhandled.
        """
        for key, record in materialization_records_by_key.items():
            check_type(key, AssetKey, "materialization_records_by_key", "advance_cursor")
            if record is not None:
                check_type(record, EventLogRecord, "materialization_records_by_key", "advance_cursor")
                if key in self._following:
                    self._following[key] = self._moved(key, self._following[key], record)
        self._has_advanced = True

    def advance_all_cursors(self) -> None:
        """Move the cursor of each asset to its newest event. No event stays unhandled."""
        for key, cursor in self._following.items():
            newest = self._records(key, after=None, limit=1, ascending=False)
            moved = [AssetCursor(one.partition_key, one.storage_id) for one in newest]
            self._following[key] = moved[0] if moved else AssetCursor(cursor.partition, cursor.storage_id)
        self._has_advanced = True

    def start_at_latest(self) -> None:
        """Count all events that exist now as handled, before the function is called."""
        self.advance_all_cursors()
        self.update_cursor_after_evaluation()
        self._has_advanced = False

    def get_trailing_unconsumed_events(self, asset_key: AssetKey) -> list[EventLogRecord]:
        """Return the events of an asset before its cursor that are not handled, the oldest first.

        Raises:
            DagflowInvalidInvocationError: The asset is not monitored.
        """
        ids = sorted(self._cursor_of(asset_key).unconsumed.values())
        if not ids:
            return []
        wanted = AssetRecordsFilter(asset_key, storage_ids=ids)
        return list(self.instance.fetch_materializations(wanted, limit=len(ids), ascending=True).records)

    def update_cursor(self, cursor: str | None) -> None:
        """Raise, because the cursor is made of the cursors of the assets.

        Raises:
            DagflowInvalidInvocationError: Always.
        """
        raise DagflowInvalidInvocationError(
            f"update_cursor cannot set the cursor of a multi_asset_sensor to {repr_of(cursor)}: move it by "
            "advance_cursor or advance_all_cursors"
        )

    def update_cursor_after_evaluation(self) -> None:
        """Move the cursor, as a tick does after the function."""
        if self._has_advanced:
            self._cursors.update(self._following)
            super().update_cursor(text_of(self._cursors))

    def _moved(self, key: AssetKey, cursor: AssetCursor, record: EventLogRecord) -> AssetCursor:
        """Return the cursor of an asset after a record is handled."""
        partition = record.partition_key
        if partition is None:
            newer = max(record.storage_id, cursor.storage_id or 0)
            return AssetCursor(None, newer)
        unconsumed = dict(cursor.unconsumed)
        for one in self._records(key, after=cursor.storage_id, before=record.storage_id):
            if one.partition_key is not None:
                unconsumed[one.partition_key] = one.storage_id
        unconsumed.pop(partition, None)
        if len(unconsumed) > _MAX_UNCONSUMED:
            raise DagflowInvariantViolationError(
                f"the maximum number of trailing unconsumed events, {_MAX_UNCONSUMED}, is exceeded for asset "
                f"'{key.to_user_string()}': {len(unconsumed)} partitions before '{partition}' are not "
                "handled. Advance the cursor to them first, or use advance_all_cursors."
            )
        if cursor.storage_id is not None and record.storage_id < cursor.storage_id:
            return AssetCursor(cursor.partition, cursor.storage_id, unconsumed)
        return AssetCursor(partition, record.storage_id, unconsumed)

    def _newest(self, key: AssetKey) -> EventLogRecord | None:
        after = self._cursors.get(key, AssetCursor()).storage_id
        records = self._records(key, after=after, limit=1, ascending=False)
        return records[0] if records else None

    def _records(
        self,
        key: AssetKey,
        *,
        after: int | None,
        before: int | None = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> list[EventLogRecord]:
        wanted = AssetRecordsFilter(key, after_storage_id=after, before_storage_id=before)
        page = self.instance.fetch_materializations(wanted, limit=limit or _ALL, ascending=ascending)
        return list(page.records)

    def _cursor_of(self, asset_key: Any) -> AssetCursor:
        cursor = self._cursors.get(check_type(asset_key, AssetKey, "asset_key"))
        if cursor is None:
            raise DagflowInvalidInvocationError(
                f"Asset key {asset_key} not monitored by sensor.{nearest_key(asset_key, self._cursors)} The "
                f"monitored assets are {[key.to_user_string() for key in self._cursors]}."
            )
        return cursor

    def _node(self, asset_key: AssetKey) -> AssetNode:
        assert self._repository_def is not None
        graph = self._repository_def.asset_graph
        if not graph.has(asset_key):
            raise DagflowInvalidInvocationError(
                f"Asset key {asset_key} not monitored in sensor and does not exist in the project."
                f"{nearest_key(asset_key, graph.get_all_asset_keys())}"
            )
        return graph.get(asset_key)

    def _partitions_of(self, asset_key: AssetKey) -> PartitionsDefinition | None:
        return self._node(asset_key).partitions_def

    def _partitioned(self, asset_key: AssetKey) -> AssetNode:
        node = self._node(check_type(asset_key, AssetKey, "asset_key"))
        if node.partitions_def is None:
            raise DagflowInvalidInvocationError(
                f"Asset key {asset_key} is not partitioned. Cannot get partition keys."
            )
        return node


_ALL = 1_000_000  # events: no page is needed


def build_multi_asset_sensor_context(
    *,
    monitored_assets: MonitoredAssets,
    repository_def: RepositoryDefinition | None = None,
    instance: DagflowInstance | None = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    cursor_from_latest_materializations: bool = False,
    resources: Mapping[str, Any] | None = None,
    definitions: Definitions | None = None,
    last_sensor_start_time: float | None = None,
) -> MultiAssetSensorEvaluationContext:
    """Build the context for a call or a tick of a sensor of several assets.

    Args:
        monitored_assets: The assets, as a list of AssetKeys or an AssetSelection.
        repository_def: The repository of the sensor. Give this or `definitions`.
        instance: The instance.
        cursor: The cursor that the last tick left.
        repository_name: The name of the repository.
        cursor_from_latest_materializations: Whether all events that exist now count as handled.
        resources: Resource values or definitions by key. Context managers among them need a `with` block.
        definitions: The Definitions of the sensor.
        last_sensor_start_time: The time when the sensor was started, in seconds since the epoch.

    Raises:
        CheckError: Not exactly one of `repository_def` and `definitions` is given.
        DagflowInvalidInvocationError: Both `cursor` and `cursor_from_latest_materializations` are given.

    Example:
        >>> from dagflow import AssetKey, AssetSpec, DagflowInstance, Definitions
        >>> context = build_multi_asset_sensor_context(
        ...     monitored_assets=[AssetKey("beans")], definitions=Definitions([AssetSpec("beans")]),
        ...     instance=DagflowInstance.ephemeral())
        >>> context.latest_materialization_records_by_key()
        {AssetKey(['beans']): None}
    """
    from_latest = check_type(cursor_from_latest_materializations, bool, "cursor_from_latest_materializations")
    if cursor is not None and from_latest:
        raise DagflowInvalidInvocationError(
            "Cannot provide both cursor and cursor_from_latest_materializations to "
            "build_multi_asset_sensor_context: the second one makes the cursor"
        )
    context = MultiAssetSensorEvaluationContext(
        None,
        monitored_assets,
        cursor=cursor,
        repository_name=repository_name,
        repository_def=repository_def,
        instance=instance,
        resource_defs=resources,
        definitions=definitions,
        last_sensor_start_time=last_sensor_start_time,
    )
    if from_latest:
        context.start_at_latest()
    return context
