"""The facts outside of the definitions that a plan depends on, and the check of the partition of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.errors import CheckError, check_type

if TYPE_CHECKING:
    from dagflow.defs.jobs.definition import JobDefinition


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
    job.partitions_def.validate_partition_key(key, surroundings.now, surroundings.dynamic)
    from_string = getattr(job.partitions_def, "get_partition_key_from_str", None)
    typed_key: str = key if from_string is None else from_string(key)
    return typed_key
