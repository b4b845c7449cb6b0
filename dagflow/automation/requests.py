"""The completion of the requests of a tick: the tags and the config of their partition."""

from __future__ import annotations

from dagflow.automation.context import EvaluationContext
from dagflow.defs.jobs.request_partition import PlannedKeys
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.errors import DagflowInvariantViolationError


def with_partition(
    request: RunRequest, job_name: str, place: str, context: EvaluationContext, store: PlannedKeys
) -> RunRequest:
    """Return a request with the tags and the config of its partition. Other requests are returned unchanged.

    Args:
        request: The request.
        job_name: The name of its job.
        place: The schedule or sensor, for messages.
        context: The context of the tick.
        store: The keys of dynamic partitions.

    Raises:
        DagflowInvariantViolationError: The context has no repository.
        CheckError: The job is not partitioned.
        DagflowUnknownPartitionError: The job has no such partition.
    """
    key = request.partition_key
    if key is None or request.has_resolved_partition():
        return request
    if context.given_repository is None:
        raise DagflowInvariantViolationError(
            f"Must provide repository def to {context.builder} when yielding partitioned run requests: "
            f"{place} requests the partition '{key}', but no repository_def was provided. Give it "
            "repository_def=defs.get_repository_def()."
        )
    return request.with_partition_of(context.given_repository.get_job(job_name), place, store)
