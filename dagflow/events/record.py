"""The event: its types, and the record that people read. What belongs to each type: `dagflow.events.data`.

The engine keeps an event as a small tuple and makes a `DagflowEvent` when somebody reads it; a field of it
is worked out when it is asked for (`EventSource`). Order and moment of each type: section "Order inside one
step".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dagflow.errors import CheckError
from dagflow.events.user import AssetMaterialization, AssetObservation, _ByValue
from dagflow.keys import AssetKey, NodeHandle, StepHandle

if TYPE_CHECKING:
    from dagflow.events.data import SerializableErrorInfo


class DagflowEventType(str, Enum):
    """What can happen. `PIPELINE_X` is an older name of `RUN_X`, and still its value."""

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


_T = DagflowEventType
EVENT_TYPES = {kind.value: kind for kind in DagflowEventType}
STEP_EVENTS = frozenset({
    _T.STEP_START, _T.STEP_OUTPUT, _T.STEP_INPUT, _T.STEP_SUCCESS, _T.STEP_SKIPPED, _T.STEP_FAILURE,
    _T.STEP_UP_FOR_RETRY, _T.STEP_RESTARTED, _T.ASSET_MATERIALIZATION, _T.ASSET_OBSERVATION,
    _T.STEP_EXPECTATION_RESULT, _T.HANDLED_OUTPUT, _T.LOADED_INPUT, _T.OBJECT_STORE_OPERATION,
    _T.ASSET_CHECK_EVALUATION,
})  # fmt: skip
HOOK_EVENTS = frozenset({_T.HOOK_COMPLETED, _T.HOOK_ERRORED, _T.HOOK_SKIPPED})
ALERT_EVENTS = frozenset({_T.ALERT_START, _T.ALERT_SUCCESS, _T.ALERT_FAILURE})
RUN_EVENTS = frozenset({
    _T.RUN_ENQUEUED, _T.RUN_DEQUEUED, _T.RUN_STARTING, _T.RUN_START, _T.RUN_SUCCESS, _T.RUN_FAILURE,
    _T.RUN_CANCELING, _T.RUN_CANCELED,
})  # fmt: skip
FAILURE_EVENTS = frozenset({_T.STEP_FAILURE, _T.RUN_FAILURE, _T.RUN_CANCELED})
ASSET_EVENTS = frozenset({
    _T.ASSET_MATERIALIZATION, _T.ASSET_MATERIALIZATION_PLANNED, _T.ASSET_OBSERVATION,
    _T.ASSET_CHECK_EVALUATION, _T.ASSET_CHECK_EVALUATION_PLANNED, _T.ASSET_WIPED,
})  # fmt: skip
ERROR_LEVEL_EVENTS = frozenset({
    _T.STEP_FAILURE, _T.RUN_FAILURE, _T.RUN_CANCELED, _T.RESOURCE_INIT_FAILURE, _T.HOOK_ERRORED,
})  # fmt: skip


class StepKind(Enum):
    """What a step is for."""

    COMPUTE = "COMPUTE"


class EventSource(Protocol):
    """What can work out the fields of the events that it hands out (`dagflow.engine.log.RunLog`)."""

    def field(self, record: Any, name: str) -> Any:
        """The field `name` of the event that `record` stands for."""


_FIELDS = (
    "event_type_value", "job_name", "step_handle", "node_handle", "step_kind_value", "logging_tags",
    "event_specific_data", "message", "pid", "step_key",
)  # fmt: skip
_EXTRA = ("run_id", "attempt", "timestamp")


class DagflowEvent(_ByValue):
    """Something that happened in a run. Immutable; compared by its fields.

    Args:
        event_type_value: The value of a DagflowEventType.
        job_name: The job that ran.
        step_handle: The place of the step, None for events of the run.
        node_handle: The place of the step's node.
        step_kind_value: "COMPUTE" for steps.
        logging_tags: Run id, job name, step key and op name, as texts.
        event_specific_data: What belongs to this type of event.
        message: A sentence for people.
        pid: The process in which it happened.
        step_key: The step's key.
        pipeline_name, solid_handle: Older names of `job_name` and `node_handle`.

    Beside these an event that was read from a run has `run_id`, `attempt` (1 for the first try of a step,
    None outside steps) and `timestamp` (seconds since the epoch).

    Example:
        >>> DagflowEvent("STEP_START", "cafe", step_key="beans").event_type.name
        'STEP_START'
    """

    __slots__ = (*_FIELDS, *_EXTRA, "_source", "_record")

    event_type_value: str
    job_name: str
    step_handle: StepHandle | None
    node_handle: NodeHandle | None
    step_kind_value: str | None
    logging_tags: Mapping[str, str]
    event_specific_data: Any
    message: str | None
    pid: int | None
    step_key: str | None
    run_id: str
    attempt: int | None
    timestamp: float

    def __init__(
        self,
        event_type_value: str,
        job_name: str | None = None,
        step_handle: StepHandle | None = None,
        node_handle: NodeHandle | None = None,
        step_kind_value: str | None = None,
        logging_tags: Mapping[str, str] | None = None,
        event_specific_data: Any = None,
        message: str | None = None,
        pid: int | None = None,
        step_key: str | None = None,
        *,
        pipeline_name: str | None = None,
        solid_handle: NodeHandle | None = None,
        run_id: str = "",
        attempt: int | None = None,
        timestamp: float = 0.0,
    ) -> None:
        values = (
            DagflowEventType(event_type_value).value, job_name if job_name is not None else pipeline_name,
            step_handle, node_handle or solid_handle, step_kind_value, logging_tags or {},
            event_specific_data, message, pid, step_key, run_id, attempt, timestamp,
        )  # fmt: skip
        if values[1] is None:
            raise CheckError("a DagflowEvent needs a job_name")
        for name, value in zip((*_FIELDS, *_EXTRA), values, strict=True):
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        # reached only while a field's slot is still empty
        if name.startswith("_") or name not in DagflowEvent.__slots__:
            raise AttributeError(f"'DagflowEvent' object has no attribute '{name}'")
        value = self._source.field(self._record, name)
        object.__setattr__(self, name, value)
        return value

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a DagflowEvent cannot be changed (attribute '{name}')")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a DagflowEvent cannot be changed (attribute '{name}')")

    def __reduce__(self) -> Any:
        return _rebuild, (self._fields(),)

    @classmethod
    def _names(cls) -> tuple[str, ...]:
        return (*_FIELDS, *_EXTRA)

    def __hash__(self) -> int:
        return hash((self.event_type_value, self.step_key, self.timestamp))

    def __repr__(self) -> str:
        step = f", step_key={self.step_key!r}" if self.step_key else ""
        return f"<DagflowEvent {self.event_type_value}{step} of job {self.job_name!r}>"

    def to_dict(self) -> dict[str, Any]:
        """This event as plain JSON, to be stored: numbers, texts, lists and dicts only, with a `version`.

        A value that JSON cannot hold becomes a text that says what it was.

        Raises:
            DagflowSerializationError: The event holds something that is nested too deeply.

        Example:
            >>> event = DagflowEvent("STEP_START", "cafe", step_key="beans")
            >>> DagflowEvent.from_dict(event.to_dict()) == event
            True
        """
        from dagflow.events.stored import to_dict  # few events are stored

        return to_dict(self)

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> DagflowEvent:
        """The event that `to_dict` was called on.

        Raises:
            DagflowSerializationError: The dict is of another version, or damaged.
        """
        from dagflow.events.stored import from_dict

        return from_dict(given, DagflowEvent)

    @property
    def event_type(self) -> DagflowEventType:
        """The type of this event."""
        return EVENT_TYPES[self.event_type_value]

    @property
    def source(self) -> EventSource | None:
        """What it was read from, None where it was made by hand; for dagflow itself."""
        try:
            source: EventSource = object.__getattribute__(self, "_source")
        except AttributeError:
            return None
        return source

    @property
    def pipeline_name(self) -> str:
        """The job's name (an older spelling)."""
        return self.job_name

    @property
    def solid_handle(self) -> NodeHandle | None:
        """The node's place (an older spelling)."""
        return self.node_handle

    @property
    def step_kind(self) -> StepKind:
        """What the step is for. Raises ValueError on an event of the run."""
        return StepKind(self.step_kind_value)

    @property
    def node_name(self) -> str:
        """The node's own name."""
        if self.node_handle is None:
            raise CheckError(f"a {self.event_type_value} event belongs to no node, so it has no 'node_name'")
        return self.node_handle.name

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset that a materialization, observation, planned or check event is about."""
        return getattr(self.event_specific_data, "asset_key", None)

    @property
    def partition(self) -> str | None:
        """The partition that such an event is about."""
        return getattr(self.event_specific_data, "partition", None)

    @property
    def materialization(self) -> AssetMaterialization:
        """What was materialized, on an ASSET_MATERIALIZATION event."""
        materialization: AssetMaterialization = self.step_materialization_data.materialization
        return materialization

    @property
    def asset_observation(self) -> AssetObservation:
        """What was observed, on an ASSET_OBSERVATION event."""
        observation: AssetObservation = self.asset_observation_data.asset_observation
        return observation


def _data_accessor(name: str, *types: DagflowEventType) -> None:
    def read(self: DagflowEvent) -> Any:
        if self.event_type not in types:
            wanted = " or ".join(kind.name for kind in types)
            raise CheckError(f"'{name}' is of {wanted} events; this is a {self.event_type.name} event")
        return self.event_specific_data

    setattr(DagflowEvent, name, property(read, doc=f"The data of a {types[0].name} event."))


def _flag(name: str, types: frozenset[DagflowEventType], doc: str) -> None:
    def read(self: DagflowEvent) -> bool:
        return self.event_type in types

    setattr(DagflowEvent, name, property(read, doc=doc))


def _rebuild(values: tuple[Any, ...]) -> DagflowEvent:
    event = object.__new__(DagflowEvent)
    for name, value in zip((*_FIELDS, *_EXTRA), values, strict=True):
        object.__setattr__(event, name, value)
    return event


for _name, *_types in (
    ("step_input_data", _T.STEP_INPUT),
    ("step_output_data", _T.STEP_OUTPUT),
    ("step_success_data", _T.STEP_SUCCESS),
    ("step_failure_data", _T.STEP_FAILURE),
    ("step_retry_data", _T.STEP_UP_FOR_RETRY),
    ("step_materialization_data", _T.ASSET_MATERIALIZATION),
    ("step_expectation_result_data", _T.STEP_EXPECTATION_RESULT),
    ("asset_observation_data", _T.ASSET_OBSERVATION),
    ("asset_materialization_planned_data", _T.ASSET_MATERIALIZATION_PLANNED),
    ("asset_check_evaluation", _T.ASSET_CHECK_EVALUATION),
    ("asset_check_evaluation_data", _T.ASSET_CHECK_EVALUATION),
    ("engine_event_data", _T.ENGINE_EVENT, _T.RESOURCE_INIT_STARTED, _T.RESOURCE_INIT_SUCCESS,
     _T.RESOURCE_INIT_FAILURE, _T.STEP_WORKER_STARTING, _T.STEP_WORKER_STARTED),
    ("hook_errored_data", _T.HOOK_ERRORED),
    ("hook_completed_data", _T.HOOK_COMPLETED),
    ("hook_skipped_data", _T.HOOK_SKIPPED),
    ("job_failure_data", _T.RUN_FAILURE),
    ("job_canceled_data", _T.RUN_CANCELED),
    ("run_enqueued_data", _T.RUN_ENQUEUED),
    ("asset_check_planned_data", _T.ASSET_CHECK_EVALUATION_PLANNED),
    ("asset_wiped_data", _T.ASSET_WIPED),
    ("logs_captured_data", _T.LOGS_CAPTURED),
    ("loaded_input", _T.LOADED_INPUT),
    ("loaded_input_data", _T.LOADED_INPUT),
    ("handled_output", _T.HANDLED_OUTPUT),
    ("handled_output_data", _T.HANDLED_OUTPUT),
):  # fmt: skip
    _data_accessor(_name, *_types)

for _name, _kinds, _doc in (
    ("is_step_event", STEP_EVENTS, "Whether it belongs to a step."),
    ("is_hook_event", HOOK_EVENTS, "Whether it is about a hook."),
    ("is_alert_event", ALERT_EVENTS, "Whether it is about an alert."),
    ("is_engine_event", frozenset({_T.ENGINE_EVENT}), "Whether the executor speaks."),
    ("is_job_event", RUN_EVENTS, "Whether it is about the whole run."),
    ("is_job_success", frozenset({_T.RUN_SUCCESS}), "Whether the run ended well."),
    ("is_job_failure", frozenset({_T.RUN_FAILURE}), "Whether the run failed."),
    ("is_run_failure", frozenset({_T.RUN_FAILURE}), "Whether the run failed."),
    ("is_failure", FAILURE_EVENTS, "Whether a step or the run failed, or the run was canceled."),
    ("is_step_start", frozenset({_T.STEP_START}), "Whether a step began."),
    ("is_step_success", frozenset({_T.STEP_SUCCESS}), "Whether a step ended well."),
    ("is_step_failure", frozenset({_T.STEP_FAILURE}), "Whether a step failed for good."),
    ("is_step_skipped", frozenset({_T.STEP_SKIPPED}), "Whether a step was skipped."),
    ("is_step_up_for_retry", frozenset({_T.STEP_UP_FOR_RETRY}), "Whether a step will be tried again."),
    ("is_step_restarted", frozenset({_T.STEP_RESTARTED}), "Whether a further attempt of a step began."),
    ("is_resource_init_failure", frozenset({_T.RESOURCE_INIT_FAILURE}), "Whether a resource did not start."),
    ("is_successful_output", frozenset({_T.STEP_OUTPUT}), "Whether an output came, of whatever type."),
    ("is_step_materialization", frozenset({_T.ASSET_MATERIALIZATION}), "Whether an asset was written."),
    ("is_asset_observation", frozenset({_T.ASSET_OBSERVATION}), "Whether an asset was observed."),
    ("is_asset_materialization_planned", frozenset({_T.ASSET_MATERIALIZATION_PLANNED}), "Whether planned."),
    ("is_expectation_result", frozenset({_T.STEP_EXPECTATION_RESULT}), "Whether one was reported."),
    ("is_handled_output", frozenset({_T.HANDLED_OUTPUT}), "Whether an I/O manager took an output."),
    ("is_loaded_input", frozenset({_T.LOADED_INPUT}), "Whether an I/O manager gave an input."),
):  # fmt: skip
    _flag(_name, _kinds, _doc)


class EventLogEntry(NamedTuple):
    """A line of an instance's log: an event, or something that user code logged (`dagflow_event` None).

    Attributes: `level` as in Python logging (10 debug to 50 critical), `timestamp` in seconds since the
        epoch.
    """

    error_info: SerializableErrorInfo | None
    level: int
    user_message: str
    run_id: str
    timestamp: float
    step_key: str | None = None
    job_name: str | None = None
    dagflow_event: DagflowEvent | None = None

    def to_dict(self) -> dict[str, Any]:
        """This line as plain JSON; see `DagflowEvent.to_dict`."""
        from dagflow.events.stored import to_dict

        return to_dict(self)

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> EventLogEntry:
        """The line that `to_dict` was called on; see `DagflowEvent.from_dict`."""
        from dagflow.events.stored import from_dict

        return from_dict(given, EventLogEntry)

    @property
    def message(self) -> str:
        """What it says."""
        return self.user_message

    def get_dagflow_event(self) -> DagflowEvent:
        """The event.

        Raises:
            CheckError: The line is none: user code logged it.
        """
        if self.dagflow_event is None:
            raise CheckError(
                f"the line {self.user_message!r:.80} of the log is no event: user code logged it"
            )
        return self.dagflow_event

    @property
    def dagflow_event_type(self) -> DagflowEventType | None:
        """The type of the event, if it is one."""
        return self.dagflow_event.event_type if self.dagflow_event is not None else None

    @property
    def pipeline_name(self) -> str | None:
        """The job's name (an older spelling)."""
        return self.job_name

    @property
    def is_dagflow_event(self) -> bool:
        """Whether it is an event, not a line of user code."""
        return self.dagflow_event is not None

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """What was materialized, if this is such an event."""
        event = self.dagflow_event
        is_one = event is not None and event.event_type_value == "ASSET_MATERIALIZATION"
        return event.materialization if event is not None and is_one else None

    @property
    def asset_observation(self) -> AssetObservation | None:
        """What was observed, if this is such an event."""
        event = self.dagflow_event
        is_one = event is not None and event.event_type_value == "ASSET_OBSERVATION"
        return event.asset_observation if event is not None and is_one else None

    @staticmethod
    def of_event(event: DagflowEvent) -> EventLogEntry:
        """The line that an event makes."""
        level = 40 if event.event_type in ERROR_LEVEL_EVENTS else 10
        error = getattr(event.event_specific_data, "error", None) if level == 40 else None
        return EventLogEntry(
            error, level, event.message or "", event.run_id, event.timestamp, event.step_key, event.job_name,
            event,
        )  # fmt: skip
