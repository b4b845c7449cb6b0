"""`DagflowEvent`, the event that users read, and `EventLogEntry`, a line of an instance's log.

The engine keeps an event as a small tuple and creates a `DagflowEvent` when the events are read. Each field
is decoded when it is first read (`EventSource`). The types are in `dagflow.events.types`, their data in
`dagflow.events.data`. Order of the types: section "Order inside one step" of the execution API.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dagflow.errors import CheckError
from dagflow.events.catalogue import CATALOGUE, ERROR
from dagflow.events.types import (
    ALERT_EVENTS,
    CHECK_EVENTS,
    EVENT_TYPES,
    FAILURE_EVENTS,
    HOOK_EVENTS,
    LEVELS,
    RUN_EVENTS,
    STEP_EVENTS,
    DagflowEventType,
    types_with,
)
from dagflow.events.user import AssetMaterialization, AssetObservation
from dagflow.keys import AssetCheckKey, AssetKey, NodeHandle, StepHandle, describe_job
from dagflow.values import ByValue

if TYPE_CHECKING:
    from dagflow.events import data
    from dagflow.events.check import AssetCheckEvaluation
    from dagflow.events.encoding import JsonForm
    from dagflow.events.error_info import SerializableErrorInfo
    from dagflow.events.planned import AssetCheckEvaluationPlanned, AssetMaterializationPlannedData

_T = DagflowEventType


class StepKind(Enum):
    """The purpose of a step."""

    COMPUTE = "COMPUTE"


class EventSource(Protocol):
    """The interface that decodes the fields of events when they are read (`dagflow.engine.log.RunLog`)."""

    def field(self, record: Any, name: str) -> Any:
        """Return the field `name` of the event that is stored as `record`."""


_FIELDS = (
    "event_type_value", "job_name", "step_handle", "node_handle", "step_kind_value", "logging_tags",
    "event_specific_data", "message", "pid", "step_key",
)  # fmt: skip
_EXTRA = ("run_id", "attempt", "timestamp")


class _DataProperty(property):
    """The data of an event; reading it on an event of another type raises CheckError."""

    def __init__(self, *types: DagflowEventType) -> None:
        super().__init__(doc=f"The data of a {types[0].name} event.")
        self.types = types

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, event: Any, owner: type | None = None) -> Any:
        if event is None:
            return self
        if event.event_type not in self.types:
            wanted = " or ".join(event_type.name for event_type in self.types)
            raise CheckError(
                f"only {wanted} events have '{self.name}'; this is a {event.event_type.name} event"
            )
        return event.event_specific_data


def _data(name: str) -> Any:  # the name of a data class, or of an event type without data
    return _DataProperty(*(types_with(name) or [DagflowEventType[name]]))


def _is(types: DagflowEventType | frozenset[DagflowEventType], doc: str) -> Any:
    if isinstance(types, DagflowEventType):
        return property(lambda event: event.event_type is types, doc=doc)
    return property(lambda event: event.event_type in types, doc=doc)


class DagflowEvent(ByValue):
    """An event of a run. Immutable; compared by its fields.

    Args:
        event_type_value: The value of a DagflowEventType.
        job_name: The job that ran.
        step_handle: The handle of the step, None for events of the run.
        node_handle: The handle of the node of the step.
        step_kind_value: "COMPUTE" for steps.
        logging_tags: Run id, job name, step key and op name, as strings.
        event_specific_data: The data of this event type; see `dagflow.events.data`.
        message: A sentence for the reader.
        pid: The id of the process of the event.
        step_key: The key of the step.
        pipeline_name, solid_handle: Older names of `job_name` and `node_handle`.

    An event of a run also has `run_id`, `attempt` (1 for the first try of a step,
    None outside steps) and `timestamp` (seconds since the epoch).

    Example:
        >>> DagflowEvent("STEP_START", "cafe", step_key="beans").event_type.name
        'STEP_START'
    """

    __slots__ = (*_FIELDS, *_EXTRA, "_source", "_record")
    _names = (*_FIELDS, *_EXTRA)
    _source: EventSource
    _record: Any

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
        for name, value in zip(self._names, values, strict=True):
            object.__setattr__(self, name, value)

    if not TYPE_CHECKING:  # so that a type checker reports unknown attributes

        def __getattr__(self, name: str) -> Any:
            # called only while the slot of a field is empty
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
        return _rebuild, (self._values(),)

    def __hash__(self) -> int:
        return hash((self.event_type_value, self.step_key, self.timestamp))

    def __repr__(self) -> str:
        step = f", step_key={self.step_key!r}" if self.step_key else ""
        return f"<DagflowEvent {self.event_type_value}{step} of {describe_job(self.job_name)}>"

    def to_dict(self) -> dict[str, Any]:
        """Return this event as plain JSON, with a `version`. A value that JSON cannot hold becomes its repr.

        Raises:
            DagflowSerializationError: A value of the event is nested too deeply.

        Example:
            >>> event = DagflowEvent("STEP_START", "cafe", step_key="beans")
            >>> DagflowEvent.from_dict(event.to_dict()) == event
            True
        """
        return json_form().to_dict(self)

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> DagflowEvent:
        """Return the event of which `to_dict` returned this dict.

        Raises:
            DagflowSerializationError: The dict has another version or is damaged.
        """
        return json_form().from_dict(given, DagflowEvent)

    @property
    def event_type(self) -> DagflowEventType:
        """The type of this event."""
        return EVENT_TYPES[self.event_type_value]

    @property
    def source(self) -> EventSource | None:
        """The source of an event of a run, None for an event that was created directly. Internal."""
        try:
            source: EventSource = object.__getattribute__(self, "_source")
        except AttributeError:
            return None
        return source

    @property
    def pipeline_name(self) -> str:
        """The name of the job (an older spelling)."""
        return self.job_name

    @property
    def solid_handle(self) -> NodeHandle | None:
        """The handle of the node (an older spelling)."""
        return self.node_handle

    @property
    def step_kind(self) -> StepKind:
        """The purpose of the step. Raises ValueError on an event of the run."""
        return StepKind(self.step_kind_value)

    @property
    def node_name(self) -> str:
        """The name of the node, without the names of the graphs around it."""
        if self.node_handle is None:
            raise CheckError(f"a {self.event_type_value} event belongs to no node, so it has no 'node_name'")
        return self.node_handle.name

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset of a materialization, observation or planned materialization; None for other events."""
        if self.event_type in CHECK_EVENTS:
            return None
        return getattr(self.event_specific_data, "asset_key", None)

    @property
    def asset_check_key(self) -> AssetCheckKey | None:
        """The check of an event about an asset check; None for other events."""
        if self.event_type not in CHECK_EVENTS:
            return None
        found: AssetCheckKey = self.event_specific_data.asset_check_key
        return found

    @property
    def partition(self) -> str | None:
        """The partition of a materialization, observation or planned materialization; None for other
        events.
        """
        if self.event_type in CHECK_EVENTS:
            return None
        return getattr(self.event_specific_data, "partition", None)

    @property
    def materialization(self) -> AssetMaterialization:
        """The materialization in an ASSET_MATERIALIZATION event."""
        return self.step_materialization_data.materialization

    @property
    def asset_observation(self) -> AssetObservation:
        """The observation in an ASSET_OBSERVATION event."""
        return self.asset_observation_data.asset_observation

    step_input_data: data.StepInputData = _data("StepInputData")
    step_output_data: data.StepOutputData = _data("StepOutputData")
    step_success_data: data.StepSuccessData = _data("StepSuccessData")
    step_failure_data: data.StepFailureData = _data("StepFailureData")
    step_retry_data: data.StepRetryData = _data("StepRetryData")
    step_materialization_data: data.StepMaterializationData = _data("StepMaterializationData")
    step_expectation_result_data: data.StepExpectationResultData = _data("StepExpectationResultData")
    asset_observation_data: data.AssetObservationData = _data("AssetObservationData")
    asset_materialization_planned_data: AssetMaterializationPlannedData = _data(
        "AssetMaterializationPlannedData"
    )
    asset_check_evaluation: AssetCheckEvaluation = _data("AssetCheckEvaluation")
    asset_check_evaluation_data: AssetCheckEvaluation = _data("AssetCheckEvaluation")
    asset_check_planned_data: AssetCheckEvaluationPlanned = _data("AssetCheckEvaluationPlanned")
    asset_wiped_data: data.AssetWipedData = _data("AssetWipedData")
    engine_event_data: data.EngineEventData = _data("EngineEventData")
    hook_errored_data: data.HookErroredData = _data("HookErroredData")
    hook_completed_data: None = _data("HOOK_COMPLETED")
    hook_skipped_data: None = _data("HOOK_SKIPPED")
    job_failure_data: JobFailureData = _data("JobFailureData")
    job_canceled_data: data.JobCanceledData = _data("JobCanceledData")
    run_enqueued_data: data.RunEnqueuedData = _data("RunEnqueuedData")
    logs_captured_data: data.ComputeLogsCaptureData = _data("ComputeLogsCaptureData")
    loaded_input: data.LoadedInputData = _data("LoadedInputData")
    loaded_input_data: data.LoadedInputData = _data("LoadedInputData")
    handled_output: data.HandledOutputData = _data("HandledOutputData")
    handled_output_data: data.HandledOutputData = _data("HandledOutputData")

    is_step_event: bool = _is(STEP_EVENTS, "True if the event belongs to a step.")
    is_hook_event: bool = _is(HOOK_EVENTS, "True if the event is about a hook.")
    is_alert_event: bool = _is(ALERT_EVENTS, "True if the event is about an alert.")
    is_engine_event: bool = _is(_T.ENGINE_EVENT, "True if the event is a message of the executor.")
    is_job_event: bool = _is(RUN_EVENTS, "True if the event is about the whole run.")
    is_job_success: bool = _is(_T.RUN_SUCCESS, "True if the run succeeded.")
    is_job_failure: bool = _is(_T.RUN_FAILURE, "True if the run failed.")
    is_run_failure: bool = _is(_T.RUN_FAILURE, "True if the run failed.")
    is_failure: bool = _is(FAILURE_EVENTS, "True if a step or the run failed, or the run was canceled.")
    is_step_start: bool = _is(_T.STEP_START, "True if a step started.")
    is_step_success: bool = _is(_T.STEP_SUCCESS, "True if a step succeeded.")
    is_step_failure: bool = _is(_T.STEP_FAILURE, "True if a step failed and has no retry left.")
    is_step_skipped: bool = _is(_T.STEP_SKIPPED, "True if a step was skipped.")
    is_step_up_for_retry: bool = _is(_T.STEP_UP_FOR_RETRY, "True if a step failed and has a retry.")
    is_step_restarted: bool = _is(_T.STEP_RESTARTED, "True if a retry of a step started.")
    is_resource_init_failure: bool = _is(_T.RESOURCE_INIT_FAILURE, "True if a resource did not start.")
    is_successful_output: bool = _is(_T.STEP_OUTPUT, "True if a step yielded an output, of any type.")
    is_step_materialization: bool = _is(_T.ASSET_MATERIALIZATION, "True if an asset was materialized.")
    is_asset_observation: bool = _is(_T.ASSET_OBSERVATION, "True if an asset was observed.")
    is_asset_materialization_planned: bool = _is(
        _T.ASSET_MATERIALIZATION_PLANNED, "True if the run plans to materialize an asset."
    )
    is_expectation_result: bool = _is(_T.STEP_EXPECTATION_RESULT, "True if a step reported an expectation.")
    is_handled_output: bool = _is(_T.HANDLED_OUTPUT, "True if an I/O manager stored an output.")
    is_loaded_input: bool = _is(_T.LOADED_INPUT, "True if an I/O manager loaded an input.")


def _rebuild(values: tuple[Any, ...]) -> DagflowEvent:
    event = object.__new__(DagflowEvent)
    for name, value in zip((*_FIELDS, *_EXTRA), values, strict=True):
        object.__setattr__(event, name, value)
    return event


class JobFailureData(NamedTuple):
    """The data of RUN_FAILURE events."""

    error: SerializableErrorInfo | None
    failure_reason: data.RunFailureReason | None = None
    first_step_failure_event: DagflowEvent | None = None


class EventLogEntry(NamedTuple):
    """A line of the log of an instance: an event, or a message of user code (`dagflow_event` is None).

    Attributes: `level` (10 debug to 50 critical, as in Python), `timestamp` in seconds since the epoch.
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
        """Return this line as plain JSON; see `DagflowEvent.to_dict`."""
        return json_form().to_dict(self)

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> EventLogEntry:
        """Return the line of which `to_dict` returned this dict; see `DagflowEvent.from_dict`."""
        return json_form().from_dict(given, EventLogEntry)

    @property
    def message(self) -> str:
        """The message of the event or of user code."""
        return self.user_message

    def get_dagflow_event(self) -> DagflowEvent:
        """Return the event of this line.

        Raises:
            CheckError: The line is not an event, but a message of user code.
        """
        if self.dagflow_event is None:
            raise CheckError(
                f"the line {self.user_message!r:.80} of the log is not an event: user code logged it"
            )
        return self.dagflow_event

    @property
    def dagflow_event_type(self) -> DagflowEventType | None:
        """The type of the event, None for a message of user code."""
        return self.dagflow_event.event_type if self.dagflow_event is not None else None

    @property
    def pipeline_name(self) -> str | None:
        """The name of the job (an older spelling)."""
        return self.job_name

    @property
    def is_dagflow_event(self) -> bool:
        """True for an event, False for a message of user code."""
        return self.dagflow_event is not None

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """The materialization in an ASSET_MATERIALIZATION event, None for other lines."""
        event = self.dagflow_event
        is_one = event is not None and event.event_type_value == "ASSET_MATERIALIZATION"
        return event.materialization if event is not None and is_one else None

    @property
    def asset_observation(self) -> AssetObservation | None:
        """The observation in an ASSET_OBSERVATION event, None for other lines."""
        event = self.dagflow_event
        is_one = event is not None and event.event_type_value == "ASSET_OBSERVATION"
        return event.asset_observation if event is not None and is_one else None

    @property
    def asset_check_evaluation(self) -> AssetCheckEvaluation | None:
        """The evaluation in an ASSET_CHECK_EVALUATION event, None for other lines."""
        event = self.dagflow_event
        is_one = event is not None and event.event_type_value == "ASSET_CHECK_EVALUATION"
        return event.asset_check_evaluation_data if event is not None and is_one else None

    @staticmethod
    def of_event(event: DagflowEvent) -> EventLogEntry:
        """Return the log line of an event."""
        level = LEVELS[event.event_type]
        error = getattr(event.event_specific_data, "error", None) if level >= ERROR else None
        return EventLogEntry(
            error, level, event.message or "", event.run_id, event.timestamp, event.step_key, event.job_name,
            event,
        )  # fmt: skip


@cache
def json_form() -> JsonForm:
    """Return the encoder and decoder of stored events."""
    from dagflow.events.encoding import JsonForm  # imported lazily: few runs store events
    from dagflow.events.error_info import SerializableErrorInfo

    event_fields: dict[str, Any] = {
        "event_type_value": str, "job_name": str, "step_handle": StepHandle | None,
        "node_handle": NodeHandle | None, "step_kind_value": str | None, "logging_tags": dict,
        "message": str | None, "pid": int | None, "step_key": str | None, "run_id": str,
        "attempt": int | None, "timestamp": int | float,
    }  # fmt: skip
    entry_fields: dict[str, Any] = {
        "error_info": SerializableErrorInfo | None, "level": int, "user_message": str, "run_id": str,
        "timestamp": int | float, "step_key": str | None, "job_name": str | None,
        "dagflow_event": DagflowEvent | None,
    }  # fmt: skip
    return JsonForm({DagflowEvent: event_fields, EventLogEntry: entry_fields, JobFailureData: {}}, _problem)


def _problem(cls: type, fields: Mapping[str, Any]) -> str | None:
    """Return a description of the problem in the type or data of a stored event, or None."""
    if cls is not DagflowEvent:
        return None
    value, found = fields["event_type_value"], type(fields["event_specific_data"]).__name__
    event_type = EVENT_TYPES.get(value)
    if event_type is None:
        return f" is of an unknown event type {value!r:.200}"
    if found not in (CATALOGUE[event_type.name].data, "UnstoredValue", "NoneType"):
        return f".event_specific_data is damaged: a '{found}' is not the data of a {value} event"
    return None
