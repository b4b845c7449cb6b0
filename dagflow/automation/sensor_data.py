"""The result of a tick of a sensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dagflow.automation.conditions.context import AutomationResult
from dagflow.defs.automation.results import AssetEvent, SensorResult, SkipReason
from dagflow.defs.jobs.request_partition import PartitionsRequest
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.events.run import DagflowRun, DagflowRunStatus


class DagflowRunReaction(NamedTuple):
    """The reaction of a run status sensor to a run.

    Attributes: `dagflow_run`, `error` (of the function; None if it did not raise), `run_status`.
    """

    dagflow_run: DagflowRun | None
    error: SerializableErrorInfo | None = None
    run_status: DagflowRunStatus | None = None


class SensorExecutionData(NamedTuple):
    """The result of a tick of a sensor.

    Attributes:
        run_requests: The requests for runs; empty if no run starts.
        skip_message: The reason why no run starts, or None.
        cursor: The cursor that the next tick finds in its context.
        dagflow_run_reactions: The runs to which a run status sensor has reacted.
        log_key: The key of the captured log, or None.
        dynamic_partitions_requests: The keys of dynamic partitions to add or delete. They are not applied.
        asset_events: The events of assets that the sensor has seen. They are not stored.
        automation_condition_evaluations: The results of the automation conditions that the sensor evaluated.
    """

    run_requests: Sequence[RunRequest]
    skip_message: str | None = None
    cursor: str | None = None
    dagflow_run_reactions: Sequence[DagflowRunReaction] = ()
    log_key: Sequence[str] | None = None
    dynamic_partitions_requests: Sequence[PartitionsRequest] = ()
    asset_events: Sequence[AssetEvent] = ()
    automation_condition_evaluations: Sequence[AutomationResult] = ()


SensorReturnTypesUnion = (
    Iterator[SkipReason | RunRequest | SensorResult]
    | Sequence[RunRequest]
    | SkipReason
    | RunRequest
    | SensorResult
    | None
)
"""The type of the result of the function of a sensor."""
