"""The tags and the config of the partition of a request for a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dagflow import _doors
from dagflow.errors import CheckError, DagflowInvariantViolationError, DagflowUnknownPartitionError
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.dynamic import DynamicPartitionsDefinition
from dagflow.partitions.loading import partition_loading_context
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.requests import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest

if TYPE_CHECKING:
    from dagflow.keys import AssetKey
    from dagflow.partitions.keys import DynamicPartitionsStore, Moment

PartitionsRequest = AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest


class PlannedKeys:
    """The keys of dynamic partitions as they are after the requests of a tick.

    Args:
        instance: The store of the keys; None without one.
        requests: The requests to add or delete keys.

    Raises:
        DagflowInvariantViolationError: A key is both added and deleted.
    """

    def __init__(
        self, instance: DynamicPartitionsStore | None, requests: Sequence[PartitionsRequest]
    ) -> None:
        self._instance = instance
        self._added: dict[str, list[str]] = {}
        self._deleted: dict[str, set[str]] = {}
        for request in requests:
            name = request.partitions_def_name
            if isinstance(request, DeleteDynamicPartitionsRequest):
                self._deleted.setdefault(name, set()).update(request.partition_keys)
            else:
                self._added.setdefault(name, []).extend(request.partition_keys)
        for name, deleted in self._deleted.items():
            both = sorted(deleted.intersection(self._added.get(name, ())))
            if both:
                raise DagflowInvariantViolationError(
                    f"Dynamic partition requests cannot both add and delete the keys {both} of '{name}': "
                    "remove one of the requests"
                )

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        """Return the keys under a name.

        Raises:
            CheckError: Keys of an instance are needed, and the context has none.
        """
        added = self._added.get(partitions_def_name, [])
        if self._instance is None and not added:
            raise CheckError(
                f"The instance is not available, which stores the keys of '{partitions_def_name}': give the "
                "builder of the context the argument instance"
            )
        stored = [] if self._instance is None else self._instance.get_dynamic_partitions(partitions_def_name)
        deleted = self._deleted.get(partitions_def_name, set())
        return [key for key in dict.fromkeys([*stored, *added]) if key not in deleted]


class PartitionFacts(NamedTuple):
    """The tags and the run config of a partition of a job."""

    tags: Mapping[str, str]
    run_config: Mapping[str, object]


def facts_of_partition(
    job: _doors.JobDefinition,
    key: str,
    assets: Sequence[AssetKey] | None,
    place: str,
    store: PlannedKeys,
    current_time: Moment | None = None,
) -> PartitionFacts:
    """Return the tags and the run config of a partition that a schedule or sensor requests.

    Args:
        job: The job.
        key: The partition.
        assets: The requested assets of the job; None: all.
        place: The schedule or sensor, for messages.
        store: The keys of dynamic partitions.
        current_time: The end of partitions that grow with time; default: now.

    Raises:
        CheckError: The job is not partitioned.
        DagflowUnknownPartitionError: The job has no such partition.
    """
    if assets and job.partitions_def is None and job.is_asset_job:
        job = job.get_subset(asset_selection=assets)
    if job.partitions_def is None:
        raise CheckError(
            f"Job has no PartitionsDefinition: {place} requests the partition '{key}' of "
            f"{job.describe_target()}. Remove the partition_key, or give the job a partitions_def."
        )
    with partition_loading_context(current_time, dynamic_partitions_store=store):
        _check_key(job.partitions_def, key, place, store)
        made = job.partitioned_config
        config = {} if made is None else made.get_run_config_for_partition_key(key)
        return PartitionFacts(job.partition_tags(key), config)


def _check_key(partitions_def: PartitionsDefinition, key: str, place: str, store: PlannedKeys) -> None:
    try:
        partitions_def.validate_partition_key(key, dynamic_partitions_store=store)
    except DagflowUnknownPartitionError as error:
        remedy = (
            "A sensor can add it with "
            "SensorResult(dynamic_partitions_requests=[partitions_def.build_add_request([...])])."
            if _is_dynamic(partitions_def)
            else "Request one that exists at the time of the tick."
        )
        raise DagflowUnknownPartitionError(f"{place} requests a partition: {error} {remedy}") from None


def _is_dynamic(partitions_def: PartitionsDefinition) -> bool:
    parts = (
        partitions_def.dimensions.values()
        if isinstance(partitions_def, MultiPartitionsDefinition)
        else [partitions_def]
    )
    return any(isinstance(part, DynamicPartitionsDefinition) for part in parts)
