"""`StoredPartitions`: the queries of an instance about partitions, and the keys of dynamic partitions."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from dagflow.errors import check_elements, check_optional, check_type
from dagflow.events.run import DagflowRunStatus
from dagflow.events.types import DagflowEventType
from dagflow.instance.event_log import EventLog
from dagflow.instance.store import LinesFilter
from dagflow.keys import AssetKey, CoercibleToAssetKey

if TYPE_CHECKING:
    from dagflow.partitions.definition import PartitionsDefinition
    from dagflow.partitions.paging import PaginatedResults

_MATERIALIZED = DagflowEventType.ASSET_MATERIALIZATION
_PLANNED = DagflowEventType.ASSET_MATERIALIZATION_PLANNED


class AssetPartitionStatus(Enum):
    """The status of a partition of an asset after the last run that planned to materialize it.

    Example:
        >>> AssetPartitionStatus("FAILED")
        <AssetPartitionStatus.FAILED: 'FAILED'>
    """

    MATERIALIZED = "MATERIALIZED"
    IN_PROGRESS = "IN_PROGRESS"
    FAILED = "FAILED"


class StoredPartitions(EventLog):
    """The queries over the partitions of assets, and the keys of dynamic partitions."""

    __slots__ = ()

    def get_materialized_partitions(
        self,
        asset_key: CoercibleToAssetKey,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> set[str]:
        """Return the partitions of an asset that were materialized since the asset was wiped.

        Args:
            asset_key: The asset.
            before_cursor: Only materializations with a lower storage id count.
            after_cursor: Only materializations with a higher storage id count.

        Raises:
            ParameterCheckError: A cursor is not an integer.
        """
        before = check_optional(before_cursor, int, "before_cursor")
        after = check_optional(after_cursor, int, "after_cursor")
        return self._store.materialized_partitions(AssetKey.from_coercible(asset_key), after, before)

    def get_status_by_partition(
        self,
        asset_key: CoercibleToAssetKey,
        partition_keys: Sequence[str],
        partitions_def: PartitionsDefinition,
    ) -> dict[str, AssetPartitionStatus | None] | None:
        """Return the status of some partitions of an asset since the asset was wiped.

        Args:
            asset_key: The asset.
            partition_keys: The partitions.
            partitions_def: Their definition, for the error about keys that are not a list of strings.

        Returns:
            The status of each partition; None for a partition that no run has materialized or failed to
            materialize. None for an asset of which the instance has no run.

        Raises:
            ParameterCheckError, ElementCheckError: An argument has the wrong type.

        Example:
            >>> from dagflow import AssetMaterialization, DagflowInstance, StaticPartitionsDefinition
            >>> towns = StaticPartitionsDefinition(["york", "bath"])
            >>> with DagflowInstance.ephemeral() as instance:
            ...     instance.report_runless_asset_event(AssetMaterialization("shops", partition="york"))
            ...     instance.get_status_by_partition("shops", towns.get_partition_keys(), towns)
            {'york': <AssetPartitionStatus.MATERIALIZED: 'MATERIALIZED'>, 'bath': None}
        """
        from dagflow.partitions.definition import PartitionsDefinition  # imported lazily: few projects use it

        check_type(partitions_def, PartitionsDefinition, "partitions_def")
        keys = check_elements(partition_keys, str, "partition_keys")
        key = AssetKey.from_coercible(asset_key)
        wanted = LinesFilter(event_types=(_MATERIALIZED, _PLANNED), asset_key=key)
        lines = self._store.lines(self._since_wipe(wanted))
        if not lines:
            return None
        statuses: dict[str | None, AssetPartitionStatus] = {}
        status_of_run: dict[str, DagflowRunStatus | None] = {}
        for line in lines:
            event, run_id = line.entry.get_dagflow_event(), line.entry.run_id
            if event.event_type is _MATERIALIZED:
                statuses[event.partition] = AssetPartitionStatus.MATERIALIZED
                continue
            if run_id not in status_of_run:
                record = self._store.run_record(run_id)
                status_of_run[run_id] = None if record is None else record.dagflow_run.status
            attempt = _status_of_attempt(status_of_run[run_id])
            if attempt is not None:
                statuses[event.partition] = attempt
        return {str(each): statuses.get(each) for each in keys}

    # dynamic partitions

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Append keys of dynamic partitions. Existing keys keep their position."""
        check_type(partitions_def_name, str, "partitions_def_name")
        keys = check_elements(partition_keys, str, "partition_keys")
        self._store.add_dynamic_partitions(partitions_def_name, keys)

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        """Return the keys of dynamic partitions, or an empty list for an unknown name."""
        return self._store.dynamic_partitions(check_type(partitions_def_name, str, "partitions_def_name"))

    def get_paginated_dynamic_partitions(
        self, partitions_def_name: str, limit: int, ascending: bool, cursor: str | None = None
    ) -> PaginatedResults[str]:
        """Return a page of the keys of dynamic partitions.

        Args:
            partitions_def_name: The name of the DynamicPartitionsDefinition.
            limit: The largest number of keys of the page.
            ascending: Whether the first added key comes first.
            cursor: The `cursor` of the previous page.

        Raises:
            ParameterCheckError: The cursor does not come from a page, or the limit is negative.

        Example:
            >>> from dagflow import DagflowInstance
            >>> with DagflowInstance.ephemeral() as instance:
            ...     instance.add_dynamic_partitions("shops", ["corner", "station"])
            ...     instance.get_paginated_dynamic_partitions("shops", limit=1, ascending=False).results
            ['station']
        """
        from dagflow.partitions.paging import PaginatedResults  # imported lazily: few projects use it

        keys = self.get_dynamic_partitions(partitions_def_name)
        return PaginatedResults.create_from_sequence(keys, limit, ascending, cursor)

    def get_existing_dynamic_partitions(
        self, partitions_def_name: str, partition_keys: Sequence[str]
    ) -> set[str]:
        """Return those of some keys that are keys of dynamic partitions."""
        keys = check_elements(partition_keys, str, "partition_keys")
        return set(self.get_dynamic_partitions(partitions_def_name)).intersection(keys)

    def get_dynamic_partitions_definition_id(self, partitions_def_name: str) -> str:
        """Return a hash of the keys of dynamic partitions: 40 hexadecimal digits."""
        from dagflow.partitions.definition import hash_of  # imported lazily: few projects use it

        return hash_of(self.get_dynamic_partitions(partitions_def_name))

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Return whether a key of dynamic partitions exists."""
        return partition_key in self.get_dynamic_partitions(partitions_def_name)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Delete a key of dynamic partitions. An unknown key is ignored."""
        self._store.delete_dynamic_partition(partitions_def_name, partition_key)


def _status_of_attempt(run: DagflowRunStatus | None) -> AssetPartitionStatus | None:
    """Return the status of a partition that a run planned to materialize, and has not materialized (yet).

    None means that the run leaves the status as it was.
    """
    if run in (DagflowRunStatus.SUCCESS, DagflowRunStatus.CANCELED, None):
        return None
    return (
        AssetPartitionStatus.FAILED if run is DagflowRunStatus.FAILURE else AssetPartitionStatus.IN_PROGRESS
    )
