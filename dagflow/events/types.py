"""The types of events, and the sets of types, levels and codes that follow from the catalogue."""

from __future__ import annotations

from enum import Enum

from dagflow.events.catalogue import CATALOGUE, ERROR


class DagflowEventType(str, Enum):
    """The types of events. `PIPELINE_X` is an older name of `RUN_X`, and is still its value."""

    STEP_OUTPUT = "STEP_OUTPUT"
    STEP_INPUT = "STEP_INPUT"
    STEP_FAILURE = "STEP_FAILURE"
    STEP_START = "STEP_START"
    STEP_SUCCESS = "STEP_SUCCESS"
    STEP_SKIPPED = "STEP_SKIPPED"
    STEP_WORKER_STARTING = "STEP_WORKER_STARTING"
    STEP_WORKER_STARTED = "STEP_WORKER_STARTED"
    STEP_UP_FOR_RETRY = "STEP_UP_FOR_RETRY"
    STEP_RESTARTED = "STEP_RESTARTED"
    RESOURCE_INIT_STARTED = "RESOURCE_INIT_STARTED"
    RESOURCE_INIT_SUCCESS = "RESOURCE_INIT_SUCCESS"
    RESOURCE_INIT_FAILURE = "RESOURCE_INIT_FAILURE"
    ASSET_MATERIALIZATION = "ASSET_MATERIALIZATION"
    ASSET_MATERIALIZATION_PLANNED = "ASSET_MATERIALIZATION_PLANNED"
    ASSET_OBSERVATION = "ASSET_OBSERVATION"
    ASSET_CHECK_EVALUATION = "ASSET_CHECK_EVALUATION"
    ASSET_CHECK_EVALUATION_PLANNED = "ASSET_CHECK_EVALUATION_PLANNED"
    ASSET_WIPED = "ASSET_WIPED"
    STEP_EXPECTATION_RESULT = "STEP_EXPECTATION_RESULT"
    RUN_ENQUEUED = "PIPELINE_ENQUEUED"
    RUN_DEQUEUED = "PIPELINE_DEQUEUED"
    RUN_STARTING = "PIPELINE_STARTING"
    RUN_START = "PIPELINE_START"
    RUN_SUCCESS = "PIPELINE_SUCCESS"
    RUN_FAILURE = "PIPELINE_FAILURE"
    RUN_CANCELING = "PIPELINE_CANCELING"
    RUN_CANCELED = "PIPELINE_CANCELED"
    PIPELINE_ENQUEUED = RUN_ENQUEUED
    PIPELINE_DEQUEUED = RUN_DEQUEUED
    PIPELINE_STARTING = RUN_STARTING
    PIPELINE_START = RUN_START
    PIPELINE_SUCCESS = RUN_SUCCESS
    PIPELINE_FAILURE = RUN_FAILURE
    PIPELINE_CANCELING = RUN_CANCELING
    PIPELINE_CANCELED = RUN_CANCELED
    OBJECT_STORE_OPERATION = "OBJECT_STORE_OPERATION"
    ASSET_STORE_OPERATION = "ASSET_STORE_OPERATION"
    LOADED_INPUT = "LOADED_INPUT"
    HANDLED_OUTPUT = "HANDLED_OUTPUT"
    ENGINE_EVENT = "ENGINE_EVENT"
    HOOK_COMPLETED = "HOOK_COMPLETED"
    HOOK_ERRORED = "HOOK_ERRORED"
    HOOK_SKIPPED = "HOOK_SKIPPED"
    ALERT_START = "ALERT_START"
    ALERT_SUCCESS = "ALERT_SUCCESS"
    ALERT_FAILURE = "ALERT_FAILURE"
    LOGS_CAPTURED = "LOGS_CAPTURED"

    # of deployments, which dagflow has none of
    ASSET_FAILED_TO_MATERIALIZE = "ASSET_FAILED_TO_MATERIALIZE"
    ASSET_HEALTH_CHANGED = "ASSET_HEALTH_CHANGED"
    FRESHNESS_STATE_EVALUATION = "FRESHNESS_STATE_EVALUATION"
    FRESHNESS_STATE_CHANGE = "FRESHNESS_STATE_CHANGE"
    RUN_SUSPENDED = "RUN_SUSPENDED"
    RUN_RESUMED = "RUN_RESUMED"
    CODE_LOCATION_UPDATED = "CODE_LOCATION_UPDATED"


EVENT_TYPES = {event_type.value: event_type for event_type in DagflowEventType}
"""The types by their values."""

TYPES_BY_CODE = [DagflowEventType[name] for name in CATALOGUE]
ROWS_BY_CODE = list(CATALOGUE.values())
CODE = {event_type: code for code, event_type in enumerate(TYPES_BY_CODE)}
"""The code of each type in the log of a run."""

LEVELS = {event_type: row.level for event_type, row in zip(TYPES_BY_CODE, ROWS_BY_CODE, strict=True)}
"""The level of the log line of an event of each type."""


def _types_of(owner: str) -> frozenset[DagflowEventType]:
    return frozenset(
        [event_type for event_type in TYPES_BY_CODE if owner in CATALOGUE[event_type.name].belongs_to]
    )


STEP_EVENTS = _types_of("step")
HOOK_EVENTS = _types_of("hook")
ALERT_EVENTS = _types_of("alert")
RUN_EVENTS = _types_of("run")
ASSET_EVENTS = _types_of("asset")
CHECK_EVENTS = frozenset(
    [DagflowEventType.ASSET_CHECK_EVALUATION, DagflowEventType.ASSET_CHECK_EVALUATION_PLANNED]
)
"""The types of the events about asset checks. Their data has a check, and so they have no asset."""
ERROR_LEVEL_EVENTS = frozenset([event_type for event_type, level in LEVELS.items() if level >= ERROR])
FAILURE_EVENTS = ERROR_LEVEL_EVENTS & (STEP_EVENTS | RUN_EVENTS)
"""The types of the last event of a step or run that did not succeed."""


def types_with(data: str) -> tuple[DagflowEventType, ...]:
    """Return the event types with data of this class, given by name."""
    return tuple([event_type for event_type in TYPES_BY_CODE if CATALOGUE[event_type.name].data == data])
