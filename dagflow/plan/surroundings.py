"""The facts outside of the definitions that a plan depends on, and the check of the partition of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.errors import (
    CheckError,
    DagflowInvalidInvocationError,
    DagflowUnknownPartitionError,
    check_type,
)

if TYPE_CHECKING:
    from dagflow.defs.jobs.definition import JobDefinition
    from dagflow.partitions.definition import PartitionsDefinition
    from dagflow.partitions.keys import PartitionKeyRange


class Surroundings(NamedTuple):
    """The environment, the time and the dynamic partitions that a plan is compiled for.

    Attributes:
        environ: Environment variables.
        now: Seconds since the epoch.
        dynamic: An object with `get_dynamic_partitions(name)`; None if there are no dynamic partitions.
    """

    environ: Mapping[str, str]
    now: float
    dynamic: Any = None


class PartitionsOfRun(NamedTuple):
    """The partitions that a run is for: one, the keys of a range, or none.

    Attributes:
        key: The key of a run for one partition.
        range: The range of a run for a range of partitions.
        keys: All keys, in order.
    """

    key: str | None = None
    range: PartitionKeyRange | None = None
    keys: tuple[str, ...] = ()

    def of(self, partitions_def: PartitionsDefinition | None) -> tuple[str | None, ...]:
        """Return the partitions of an asset that the run stores; one None if the asset has no partitions."""
        return (None,) if partitions_def is None else self.keys or (None,)


NO_PARTITIONS = PartitionsOfRun()


def check_range(
    job: JobDefinition, found: PartitionKeyRange | None, surroundings: Surroundings
) -> PartitionsOfRun:
    """Check the range of partitions of a run of a job, and return its partitions.

    Raises:
        DagflowInvalidInvocationError: An end of the range is not a key, or the ends are reversed.
    """
    if found is None or job.partitions_def is None:
        return NO_PARTITIONS
    try:
        keys = job.partitions_def.get_partition_keys_in_range(found, surroundings.now, surroundings.dynamic)
    except (CheckError, DagflowUnknownPartitionError) as error:
        raise DagflowInvalidInvocationError(
            f"the range of partitions from '{found.start}' to '{found.end}' was given to "
            f"{job.describe_target()}: {error}"
        ) from error
    if not keys:
        raise DagflowInvalidInvocationError(
            f"the range of partitions from '{found.start}' to '{found.end}' was given to "
            f"{job.describe_target()}, but it has no partitions. Its start must not be behind its end."
        )
    return PartitionsOfRun(None, found, tuple(keys))


def check_partition(job: JobDefinition, key: str | None, surroundings: Surroundings) -> str | None:
    """Check the partition key of a run of a job, and return it as the partitions definition has it.

    Raises:
        CheckError: The job is not partitioned, or the key is not a string.
        DagflowUnknownPartitionError: The partitions definition does not have the key.
    """
    if key is None:
        return None
    check_type(key, str, "partition_key")
    if job.partitions_def is None:
        raise CheckError(
            f"the partition_key '{key}' was given to {job.describe_target()}, but nothing in it "
            "is partitioned. Remove it, or give the job or its assets a partitions_def."
        )
    job.partitions_def.validate_partition_key(
        key, current_time=surroundings.now, dynamic_partitions_store=surroundings.dynamic
    )
    from_string = getattr(job.partitions_def, "get_partition_key_from_str", None)
    typed_key: str = key if from_string is None else from_string(key)
    return typed_key
