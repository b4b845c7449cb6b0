"""`DagflowEvent`, the event that users read, and `EventLogEntry`, a line of an instance's log.

The engine keeps an event as a small tuple and creates a `DagflowEvent` when the events are read. Each field
is decoded when it is first read (`EventSource`). The types are in `dagflow.events.types`, their data in
`dagflow.events.data`. Order and time of each type: section "Order inside one step".
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
from dagflow.keys import AssetKey, NodeHandle, StepHandle
from dagflow.values import ByValue

if TYPE_CHECKING:
    from dagflow.events import data
    from dagflow.events.check import AssetCheckEvaluation
    from dagflow.events.encoding import JsonForm
    from dagflow.events.error_info import SerializableErrorInfo
    from dagflow.events.planned import AssetCheckEvaluationPlanned, AssetMaterializationPlannedData

_T = DagflowEventType


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
            wanted = " or ".join(kind.name for kind in self.types)
            raise CheckError(f"'{self.name}' is of {wanted} events; this is a {event.event_type.name} event")
        return event.event_specific_data


def _data(name: str) -> Any:  # the name of a class of data, or of a type without data
    return _DataProperty(*(types_with(name) or [DagflowEventType[name]]))


def _is(kinds: DagflowEventType | frozenset[DagflowEventType], doc: str) -> Any:
    if isinstance(kinds, DagflowEventType):
        return property(lambda event: event.event_type is kinds, doc=doc)
    return property(lambda event: event.event_type in kinds, doc=doc)


class DagflowEvent(ByValue):
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

    if not TYPE_CHECKING:  # a type checker shall report unknown attributes

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
        return _rebuild, (self._fields(),)

    def __hash__(self) -> int:
        return hash((self.event_type_value, self.step_key, self.timestamp))

    def __repr__(self) -> str:
        step = f", step_key={self.step_key!r}" if self.step_key else ""
        return f"<DagflowEvent {self.event_type_value}{step} of job {self.job_name!r}>"

    def to_dict(self) -> dict[str, Any]:
        """Return this event as plain JSON, with a `version`. A value that JSON cannot hold becomes its repr.

        Raises:
            DagflowSerializationError: The event holds something that is nested too deeply.

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
        return self.step_materialization_data.materialization

    @property
    def asset_observation(self) -> AssetObservation:
        """What was observed, on an ASSET_OBSERVATION event."""
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

    is_step_event: bool = _is(STEP_EVENTS, "Whether the event belongs to a step.")
    is_hook_event: bool = _is(HOOK_EVENTS, "Whether the event is about a hook.")
    is_alert_event: bool = _is(ALERT_EVENTS, "Whether the event is about an alert.")
    is_engine_event: bool = _is(_T.ENGINE_EVENT, "Whether the event is a message of the executor.")
    is_job_event: bool = _is(RUN_EVENTS, "Whether the event is about the whole run.")
    is_job_success: bool = _is(_T.RUN_SUCCESS, "Whether the run succeeded.")
    is_job_failure: bool = _is(_T.RUN_FAILURE, "Whether the run failed.")
    is_run_failure: bool = _is(_T.RUN_FAILURE, "Whether the run failed.")
    is_failure: bool = _is(FAILURE_EVENTS, "Whether a step or the run failed, or the run was canceled.")
    is_step_start: bool = _is(_T.STEP_START, "Whether a step started.")
    is_step_success: bool = _is(_T.STEP_SUCCESS, "Whether a step succeeded.")
    is_step_failure: bool = _is(_T.STEP_FAILURE, "Whether a step failed and has no retry left.")
    is_step_skipped: bool = _is(_T.STEP_SKIPPED, "Whether a step was skipped.")
    is_step_up_for_retry: bool = _is(_T.STEP_UP_FOR_RETRY, "Whether a step failed and has a retry.")
    is_step_restarted: bool = _is(_T.STEP_RESTARTED, "Whether a retry of a step started.")
    is_resource_init_failure: bool = _is(_T.RESOURCE_INIT_FAILURE, "Whether a resource did not start.")
    is_successful_output: bool = _is(_T.STEP_OUTPUT, "Whether a step yielded an output, of any type.")
    is_step_materialization: bool = _is(_T.ASSET_MATERIALIZATION, "Whether an asset was materialized.")
    is_asset_observation: bool = _is(_T.ASSET_OBSERVATION, "Whether an asset was observed.")
    is_asset_materialization_planned: bool = _is(
        _T.ASSET_MATERIALIZATION_PLANNED, "Whether the run plans to materialize an asset."
    )
    is_expectation_result: bool = _is(_T.STEP_EXPECTATION_RESULT, "Whether a step reported an expectation.")
    is_handled_output: bool = _is(_T.HANDLED_OUTPUT, "Whether an I/O manager stored an output.")
    is_loaded_input: bool = _is(_T.LOADED_INPUT, "Whether an I/O manager loaded an input.")


def _rebuild(values: tuple[Any, ...]) -> DagflowEvent:
    event = object.__new__(DagflowEvent)
    for name, value in zip((*_FIELDS, *_EXTRA), values, strict=True):
        object.__setattr__(event, name, value)
    return event


class JobFailureData(NamedTuple):
    """Of RUN_FAILURE."""

    error: SerializableErrorInfo | None
    failure_reason: data.RunFailureReason | None = None
    first_step_failure_event: DagflowEvent | None = None


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
        return json_form().to_dict(self)

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> EventLogEntry:
        """The line that `to_dict` was called on; see `DagflowEvent.from_dict`."""
        return json_form().from_dict(given, EventLogEntry)

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
        level = LEVELS[event.event_type]
        error = getattr(event.event_specific_data, "error", None) if level >= ERROR else None
        return EventLogEntry(
            error, level, event.message or "", event.run_id, event.timestamp, event.step_key, event.job_name,
            event,
        )  # fmt: skip


@cache
def json_form() -> JsonForm:
    """Return the form in which events are stored."""
    from dagflow.events.encoding import JsonForm  # imported lazily: few runs store events
    from dagflow.events.error_info import SerializableErrorInfo

    event_kinds: dict[str, Any] = {
        "event_type_value": str, "job_name": str, "step_handle": StepHandle | None,
        "node_handle": NodeHandle | None, "step_kind_value": str | None, "logging_tags": dict,
        "message": str | None, "pid": int | None, "step_key": str | None, "run_id": str,
        "attempt": int | None, "timestamp": int | float,
    }  # fmt: skip
    entry_kinds: dict[str, Any] = {
        "error_info": SerializableErrorInfo | None, "level": int, "user_message": str, "run_id": str,
        "timestamp": int | float, "step_key": str | None, "job_name": str | None,
        "dagflow_event": DagflowEvent | None,
    }  # fmt: skip
    return JsonForm({DagflowEvent: event_kinds, EventLogEntry: entry_kinds, JobFailureData: {}}, _problem)


def _problem(cls: type, fields: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the type or the data of a stored event."""
    if cls is not DagflowEvent:
        return None
    value, found = fields["event_type_value"], type(fields["event_specific_data"]).__name__
    kind = EVENT_TYPES.get(value)
    if kind is None:
        return f" is of an unknown event type {value!r:.200}"
    if found not in (CATALOGUE[kind.name].data, "UnstoredValue", "NoneType"):
        return f".event_specific_data is damaged: a '{found}' is no data of a {value} event"
    return None
