"""Requests for runs, from a schedule, a sensor or a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from dagflow import _doors
from dagflow._util import nearest
from dagflow.config.plain import run_config_dict
from dagflow.errors import CheckError, ParameterCheckError, check_elements, check_texts, check_type
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.partitions.keys import PartitionKeyRange
from dagflow.tags import jsonable_tags, system_tag_spellings
from dagflow.values import Constant

if TYPE_CHECKING:
    from dagflow.config.objects import RunConfig
    from dagflow.defs.jobs.request_partition import PartitionsRequest, PlannedKeys
    from dagflow.partitions.keys import DynamicPartitionsStore, Moment

_K = TypeVar("_K")


class RunRequest(Constant):
    """A request to start a run, with its config, tags and selection.

    Args:
        run_key: An id of the request. Two requests with one id start one run.
        run_config: The config of the run, a dict or RunConfig.
        tags: The tags of the run.
        job_name: The job; default: the only job of the schedule or sensor.
        asset_selection: The assets of the job to run; default: all.
        stale_assets_only: Whether only assets that are out of date run.
        partition_key: The partition of the run.
        asset_check_keys: The asset checks to run; default: all.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        ElementCheckError: A key of a selection is of the wrong type.

    Example:
        >>> RunRequest(run_key="2024-01-01", tags={"n": 1}).tags
        {'n': '1'}
    """

    __slots__ = (
        "asset_check_keys",
        "asset_selection",
        "job_name",
        "partition_key",
        "run_config",
        "run_key",
        "stale_assets_only",
        "tags",
    )
    _names = (
        "run_key",
        "run_config",
        "tags",
        "job_name",
        "asset_selection",
        "stale_assets_only",
        "partition_key",
        "asset_check_keys",
    )

    run_key: str | None
    run_config: Mapping[str, Any]
    tags: Mapping[str, str]
    job_name: str | None
    asset_selection: list[AssetKey] | None
    stale_assets_only: bool
    partition_key: str | None
    asset_check_keys: list[AssetCheckKey] | None

    def __init__(
        self,
        run_key: str | None = None,
        run_config: Mapping[str, Any] | RunConfig | None = None,
        tags: Mapping[str, Any] | None = None,
        job_name: str | None = None,
        asset_selection: Sequence[AssetKey] | None = None,
        stale_assets_only: bool = False,
        partition_key: str | None = None,
        asset_check_keys: Sequence[AssetCheckKey] | None = None,
    ) -> None:
        check_texts("a RunRequest", run_key=run_key, job_name=job_name, partition_key=partition_key)
        self._set(
            run_key=run_key,
            run_config=run_config_dict(run_config, "a RunRequest"),
            tags=_checked_tags(tags),
            job_name=job_name,
            asset_selection=_keys(asset_selection, AssetKey, "asset_selection"),
            stale_assets_only=check_type(stale_assets_only, bool, "stale_assets_only"),
            partition_key=partition_key,
            asset_check_keys=_keys(asset_check_keys, AssetCheckKey, "asset_check_keys"),
        )

    def has_resolved_partition(self) -> bool:
        """Return whether the tags of the partition are set, or there is no partition."""
        return self.partition_key is None or any(
            name in self.tags for name in system_tag_spellings("partition")
        )

    @property
    def partition_key_range(self) -> PartitionKeyRange | None:
        """The partitions that the tags of a range name; None without these tags."""
        ends = [
            next((self.tags[name] for name in system_tag_spellings(tag) if name in self.tags), None)
            for tag in ("asset_partition_range_start", "asset_partition_range_end")
        ]
        return PartitionKeyRange(ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None

    @property
    def entity_keys(self) -> list[AssetKey | AssetCheckKey]:
        """The selected assets, and after them the selected checks."""
        return [*(self.asset_selection or ()), *(self.asset_check_keys or ())]

    def with_replaced_attrs(self, **changes: Any) -> RunRequest:
        """Return a copy with some attributes changed.

        Args:
            **changes: The new values by the name of the argument.

        Raises:
            ParameterCheckError: A RunRequest has no such argument.
        """
        for name in changes:
            if name not in self._names:
                raise ParameterCheckError(
                    f"a RunRequest has no attribute '{name}'.{nearest(name, self._names)} It has "
                    f"{list(self._names)}."
                )
        return self.with_changes(**changes)

    def with_resolved_tags_and_config(
        self,
        target_definition: _doors.JobDefinition,
        dynamic_partitions_requests: Sequence[PartitionsRequest] = (),
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> RunRequest:
        """Return a copy with the tags and the config of its partition, as a tick does.

        Args:
            target_definition: The job.
            dynamic_partitions_requests: Keys that are added or deleted with the request.
            current_time: The end of partitions that grow with time; default: now.
            dynamic_partitions_store: The store of the keys of dynamic partitions, as an instance.

        Raises:
            CheckError: The request has no partition, or the job is not partitioned.
            DagflowUnknownPartitionError: The job has no such partition.
        """
        if self.partition_key is None:
            raise CheckError("with_resolved_tags_and_config needs a RunRequest with a partition_key")
        from dagflow.defs.jobs.request_partition import PlannedKeys  # few callers ask

        keys = PlannedKeys(dynamic_partitions_store, dynamic_partitions_requests)
        return self.with_partition_of(target_definition, "a RunRequest", keys, current_time)

    def with_partition_of(
        self,
        job: _doors.JobDefinition,
        place: str,
        keys: PlannedKeys,
        current_time: Moment | None = None,
    ) -> RunRequest:
        """Return a copy with the tags and the config of its partition; itself without a partition.

        The tags of the partition win over the tags of the request, and its config is a default.

        Args:
            job: The job.
            place: The schedule or sensor, for messages.
            keys: The keys of dynamic partitions.
            current_time: The end of partitions that grow with time; default: now.

        Raises:
            CheckError: The job is not partitioned.
            DagflowUnknownPartitionError: The job has no such partition.
        """
        key = self.partition_key
        if key is None:
            return self
        from dagflow.defs.jobs.request_partition import facts_of_partition  # few requests have a partition

        found = facts_of_partition(job, key, self.asset_selection, place, keys, current_time)
        tags = {**self.tags, **found.tags}
        return self.with_replaced_attrs(tags=tags, run_config=self.run_config or found.run_config)


def _checked_tags(tags: Any) -> dict[str, str]:
    if isinstance(tags, Mapping):
        check_elements(list(tags), str, "tags")
    return jsonable_tags(tags, "a RunRequest")


def _keys(keys: Sequence[_K] | None, key_type: type[_K], name: str) -> list[_K] | None:
    return None if keys is None else check_elements(keys, key_type, name)
