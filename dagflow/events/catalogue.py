"""The catalogue of events: one row per event type, the owner of all fixed facts about a type.

A new event type needs a member of `DagflowEventType`, a row here in the same position, and a function in
`dagflow.engine.record` that decodes it. The rest is derived from the row: the sets of types and the
levels (`dagflow.events.types`), the checks of stored events, the messages, `canonical_events`, and the fields
that tests can compare.

The table holds names instead of classes: every run loads it, but most runs read no event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

DEBUG, ERROR = 10, 40

_Facts = Mapping[str, Any]
_Message = Callable[[Any, str | None, _Facts], str]

_STEP = ("step", ".step_key", "step")
_ATTEMPT = ("attempt", ".attempt", "number")
_MESSAGE = ("message", ".message", "message")
_ERROR = ("error", "error", "error")
_METADATA = ("metadata", "metadata", "metadata")
_PASSED = ("passed", "type_check_data.success", "flag", "passed")
_PARTITION = ("partition", "partition", "text or none")
_WORKER = (("worker",), "EngineEventData", DEBUG, lambda data, step, facts: facts["text"], (_STEP, _MESSAGE))
_RUN, _HOOK, _ALERT, _RESOURCE = ("run",), ("hook",), ("alert",), ("resource",)
_OF_STEP, _OF_ASSET, _OF_BOTH = ("step",), ("asset",), ("step", "asset")


def _checked(data: Any, facts: _Facts) -> str:
    outcome = "(Type check passed)." if data.type_check_data.success else "Warning! Type check failed."
    type_name = facts["type"].display_name
    return f'of type "{type_name}". {outcome}'


def _mapped(data: Any) -> str:
    return f'mapping key "{data.mapping_key}" ' if data.mapping_key else ""


def _manager(data: Any) -> str:
    if data.upstream_step_key is None:
        return f'"{data.manager_key}"'
    output = f'output "{data.upstream_output_name}" of step "{data.upstream_step_key}"'
    return f'"{data.manager_key}", from {output}'


def _wait(data: Any) -> str:
    return f", after {data.seconds_to_wait:g} seconds" if data.seconds_to_wait else ""


def _materialized(materialization: Any) -> str:
    return materialization.description or f"Materialized value {materialization.label}."


def _expected(result: Any) -> str:
    return result.description or f"Expectation {result.label} {'passed' if result.success else 'failed'}."


def _evaluated(data: Any) -> str:
    verdict = "passed" if data.passed else "did not pass"
    more = f" {data.description}" if data.description else ""
    return f"'{data.asset_key.to_user_string()}' {verdict}.{more}"


def _reason(data: Any, facts: _Facts) -> str:
    reason = data.failure_reason.name
    if reason == "UNEXPECTED_TERMINATION":
        return "Execution was interrupted unexpectedly, without a request to cancel the run."
    if reason == "JOB_INITIALIZATION_FAILURE":
        return f'Failure during initialization for job "{facts["job"]}": its executor could not be created.'
    steps = facts["steps"]
    return f"Steps failed: {steps!r}." if steps else "An exception was thrown during execution."


def duration_text(milliseconds: float) -> str:
    """Return a duration in milliseconds as a string for messages.

    Example:
        >>> duration_text(12.345), duration_text(12345)
        ('12.3ms', '12.35s')
    """
    return f"{milliseconds:.3g}ms" if milliseconds < 1000 else f"{milliseconds / 1000:.2f}s"


# name, description, belongs to, class of the data, level, message,
# fields (name, path, kind, name in canonical events)
_ROWS: tuple[tuple[Any, ...], ...] = (
    ("STEP_OUTPUT", "a step returned or yielded an output",
     _OF_STEP, "StepOutputData", DEBUG,
     lambda data, step, facts: f'Yielded output "{data.output_name}" {_mapped(data)}{_checked(data, facts)}',
     (_STEP, ("name", "output_name", "text", "output"),
      ("mapping_key", "mapping_key", "text or none", "mapping_key"), _PASSED, _METADATA, _ATTEMPT)),
    ("STEP_INPUT", "an input of a step passed or failed its type check",
     _OF_STEP, "StepInputData", DEBUG,
     lambda data, step, facts: f'Got input "{data.input_name}" {_checked(data, facts)}',
     (_STEP, ("name", "input_name", "text", "input"), _PASSED, _ATTEMPT)),
    ("STEP_FAILURE", "a step failed and is not retried",
     _OF_STEP, "StepFailureData", ERROR,
     lambda data, step, facts: f'Execution of step "{step}" failed.',
     (_STEP, _ERROR, _ATTEMPT)),
    ("STEP_START", "a step started its first attempt",
     _OF_STEP, None, DEBUG,
     lambda data, step, facts: f'Started execution of step "{step}".',
     (_STEP,)),
    ("STEP_SUCCESS", "a step succeeded",
     _OF_STEP, "StepSuccessData", DEBUG,
     lambda data, step, facts: f'Finished execution of step "{step}" in {duration_text(data.duration_ms)}.',
     (_STEP, _ATTEMPT)),
    ("STEP_SKIPPED", "a step was skipped, because an input is missing",
     _OF_STEP, None, DEBUG,
     lambda data, step, facts:
         f'Skipped execution of step "{step}": an output that it needs was not produced.',
     (_STEP,)),
    ("STEP_WORKER_STARTING", "the process of a step is about to start", *_WORKER),
    ("STEP_WORKER_STARTED", "the process of a step has started", *_WORKER),
    ("STEP_UP_FOR_RETRY", "an attempt of a step failed, and the step is retried",
     _OF_STEP, "StepRetryData", DEBUG,
     lambda data, step, facts: f'Execution of step "{step}" failed and has requested a retry{_wait(data)}.',
     (_STEP, _ERROR, ("seconds_to_wait", "seconds_to_wait", "number"), _ATTEMPT)),
    ("STEP_RESTARTED", "a step started a further attempt",
     _OF_STEP, None, DEBUG,
     lambda data, step, facts: f"Started re-execution (attempt # {facts['attempt']}) of step \"{step}\".",
     (_STEP, _ATTEMPT)),
    ("RESOURCE_INIT_STARTED", "resources are about to start",
     _RESOURCE, "EngineEventData", DEBUG,
     lambda data, step, facts: f"Starting initialization of resources {facts['resources']}.",
     (_STEP, _MESSAGE)),
    ("RESOURCE_INIT_SUCCESS", "resources have started",
     _RESOURCE, "EngineEventData", DEBUG,
     lambda data, step, facts: f"Finished initialization of resources {facts['resources']}.",
     (_STEP, _MESSAGE)),
    ("RESOURCE_INIT_FAILURE", "a resource failed to start",
     _RESOURCE, "EngineEventData", ERROR,
     lambda data, step, facts: f"Initialization of resources {facts['resources']} failed.", (_STEP, _ERROR)),
    ("ASSET_MATERIALIZATION", "a step materialized an asset",
     _OF_BOTH, "StepMaterializationData", DEBUG,
     lambda data, step, facts: _materialized(data.materialization),
     (_STEP, ("key", "materialization.asset_key", "asset key"),
      ("partition", "materialization.partition", "text or none"),
      ("metadata", "materialization.metadata", "metadata"),
      ("description", "materialization.description", "text or none"))),
    ("ASSET_MATERIALIZATION_PLANNED", "a run will materialize an asset",
     _OF_ASSET, "AssetMaterializationPlannedData", DEBUG, None,
     (_STEP, ("key", "asset_key", "asset key"), _PARTITION)),
    ("ASSET_OBSERVATION", "a step observed an asset",
     _OF_BOTH, "AssetObservationData", DEBUG, None,
     (_STEP, ("key", "asset_observation.asset_key", "asset key"),
      ("partition", "asset_observation.partition", "text or none"),
      ("metadata", "asset_observation.metadata", "metadata"),
      ("description", "asset_observation.description", "text or none"))),
    ("ASSET_CHECK_EVALUATION", "a step evaluated an asset check",
     _OF_BOTH, "AssetCheckEvaluation", DEBUG,
     lambda data, step, facts: f"Asset check '{data.check_name}' on {_evaluated(data)}",
     (_STEP, ("asset", "asset_key", "asset key", "asset"), ("name", "check_name", "text", "check"),
      ("passed", "passed", "flag", "passed"), ("severity", "severity.name", "text", "severity"),
      (*_PARTITION, "partition"), _METADATA, ("description", "description", "text or none"))),
    ("ASSET_CHECK_EVALUATION_PLANNED", "a run will evaluate an asset check",
     _OF_ASSET, "AssetCheckEvaluationPlanned", DEBUG, None,
     (_STEP, ("asset", "asset_key", "asset key"), ("name", "check_name", "text"))),
    ("ASSET_WIPED", "the records of an asset were deleted",
     _OF_ASSET, "AssetWipedData", DEBUG, None, (_MESSAGE,)),
    ("STEP_EXPECTATION_RESULT", "a step reported the result of an expectation",
     _OF_STEP, "StepExpectationResultData", DEBUG,
     lambda data, step, facts: _expected(data.expectation_result),
     (_STEP, ("label", "expectation_result.label", "text or none", "label"),
      ("success", "expectation_result.success", "flag", "success"),
      ("metadata", "expectation_result.metadata", "metadata"),
      ("description", "expectation_result.description", "text or none"))),
    ("RUN_ENQUEUED", "a run was added to the queue", _RUN, "RunEnqueuedData", DEBUG, None, ()),
    ("RUN_DEQUEUED", "a run was removed from the queue", _RUN, None, DEBUG, None, ()),
    ("RUN_STARTING", "a run is about to start", _RUN, None, DEBUG, None, ()),
    ("RUN_START", "a run started",
     _RUN, None, DEBUG,
     lambda data, step, facts: f"Started execution of run for \"{facts['job']}\".",
     ()),
    ("RUN_SUCCESS", "a run succeeded",
     _RUN, None, DEBUG,
     lambda data, step, facts: f"Finished execution of run for \"{facts['job']}\".",
     ()),
    ("RUN_FAILURE", "a run failed",
     _RUN, "JobFailureData", ERROR,
     lambda data, step, facts: f"Execution of run for \"{facts['job']}\" failed. {_reason(data, facts)}",
     (_ERROR, ("reason", "failure_reason.name", "text"))),
    ("RUN_CANCELING", "a run is being canceled", _RUN, None, DEBUG, None, ()),
    ("RUN_CANCELED", "a run was canceled", _RUN, "JobCanceledData", ERROR, None, (_ERROR,)),
    ("OBJECT_STORE_OPERATION", "an object store was read or written", _OF_STEP, None, DEBUG, None, (_STEP,)),
    ("ASSET_STORE_OPERATION", "an asset store was read or written", (), None, DEBUG, None, (_STEP,)),
    ("LOADED_INPUT", "an I/O manager loaded an input of a step",
     _OF_STEP, "LoadedInputData", DEBUG,
     lambda data, step, facts: f'Loaded input "{data.input_name}" using input manager {_manager(data)}',
     (_STEP, ("name", "input_name", "text", "input"), ("manager_key", "manager_key", "text", "manager"),
      ("upstream_step", "upstream_step_key", "text or none", "upstream_step"),
      ("upstream_output", "upstream_output_name", "text or none", "upstream_output"), _METADATA, _ATTEMPT)),
    ("HANDLED_OUTPUT", "an I/O manager stored an output of a step",
     _OF_STEP, "HandledOutputData", DEBUG,
     lambda data, step, facts: f'Handled output "{data.output_name}" using IO manager "{data.manager_key}"',
     (_STEP, ("name", "output_name", "text", "output"), ("manager_key", "manager_key", "text", "manager"),
      _METADATA, _ATTEMPT)),
    ("ENGINE_EVENT", "the executor reported its progress or an error",
     ("engine",), "EngineEventData", DEBUG, lambda data, step, facts: facts["text"],
     (_STEP, _MESSAGE, _ERROR)),
    ("HOOK_COMPLETED", "a hook of a step ran",
     _HOOK, None, DEBUG,
     lambda data, step, facts: f"Finished hook \"{facts['hook']}\" of step \"{step}\".",
     (_STEP, _MESSAGE, _ATTEMPT)),
    ("HOOK_ERRORED", "a hook of a step raised an error",
     _HOOK, "HookErroredData", ERROR, None, (_STEP, _ERROR, _ATTEMPT)),
    ("HOOK_SKIPPED", "the condition of a hook of a step is not met",
     _HOOK, None, DEBUG,
     lambda data, step, facts:
         f"Skipped hook \"{facts['hook']}\" for step \"{step}\": its condition is not met.",
     (_STEP, _MESSAGE, _ATTEMPT)),
    ("ALERT_START", "an alert started", _ALERT, None, DEBUG, None, (_MESSAGE,)),
    ("ALERT_SUCCESS", "an alert succeeded", _ALERT, None, DEBUG, None, (_MESSAGE,)),
    ("ALERT_FAILURE", "an alert failed", _ALERT, None, DEBUG, None, (_MESSAGE,)),
    ("LOGS_CAPTURED", "the output of a process is captured",
     ("logs",), "ComputeLogsCaptureData", DEBUG,
     lambda data, step, facts: f"Capturing logs for process (pid: {facts['pid']}).",
     (_MESSAGE,)),
    ("ASSET_FAILED_TO_MATERIALIZE", "a run ended without a planned asset",
     _OF_ASSET, None, DEBUG, None, (_MESSAGE,)),
    ("ASSET_HEALTH_CHANGED", "the health of an asset changed", (), None, DEBUG, None, (_MESSAGE,)),
    ("FRESHNESS_STATE_EVALUATION", "the freshness of an asset was evaluated",
     (), None, DEBUG, None, (_MESSAGE,)),
    ("FRESHNESS_STATE_CHANGE", "the freshness of an asset changed",
     _OF_ASSET, None, DEBUG, None, (_MESSAGE,)),
    ("RUN_SUSPENDED", "a run was suspended", _RUN, None, DEBUG, None, ()),
    ("RUN_RESUMED", "a run was resumed", _RUN, None, DEBUG, None, ()),
    ("CODE_LOCATION_UPDATED", "the code of a deployment changed", (), None, DEBUG, None, (_MESSAGE,)),
)  # fmt: skip


class EventField:
    """A field that events of one type have.

    Attributes:
        name: The name of the field in tests.
        path: The attributes from the data of the event to the value, joined by dots. A path with a
            leading dot begins at the event itself.
        kind: The type of the value: "step", "number", "message", "error", "metadata", "flag",
            "text", "text or none" or "asset key".
        canonical: The name of the field in `canonical_events`, None if they omit it.
    """

    __slots__ = ("canonical", "kind", "name", "path")

    def __init__(self, name: str, path: str, kind: str, canonical: str | None = None) -> None:
        self.name: str = name
        self.path: str = path
        self.kind: str = kind
        self.canonical: str | None = canonical

    def read(self, event: Any) -> Any:
        """Return the value of this field of an event, None if the event lacks it."""
        if self.path[0] == ".":
            return getattr(event, self.path[1:])
        value = event.event_specific_data
        for attribute in self.path.split("."):
            value = getattr(value, attribute, None)
        return value

    def __repr__(self) -> str:
        return f"EventField({self.name!r}, {self.path!r}, {self.kind!r})"


class EventRow:
    """The facts about one event type.

    Attributes:
        name: The name of the type.
        description: A clause about the moment of such an event.
        belongs_to: "step", "asset", "run", "hook", "alert", "engine", "resource", "worker" or "logs". An
            event of a step about an asset belongs to both.
        data: The name of the class of `event_specific_data`, None for a type without data.
        level: The level of its line in a log, as in Python's logging.
        message: A function of the data, the step key and the other facts of the decoder; it returns the
            message. None for a type without a message.
    """

    __slots__ = ("_fields", "belongs_to", "data", "description", "level", "message", "name")

    def __init__(
        self,
        name: str,
        description: str,
        belongs_to: tuple[str, ...],
        data: str | None,
        level: int,
        message: _Message | None,
        fields: tuple[tuple[Any, ...], ...],
    ) -> None:
        self.name: str = name
        self.description: str = description
        self.belongs_to: tuple[str, ...] = belongs_to
        self.data: str | None = data
        self.level: int = level
        self.message: _Message | None = message
        self._fields = fields

    @property
    def fields(self) -> tuple[EventField, ...]:
        """The fields of the type, in the order of the arguments in tests."""
        return tuple(EventField(*field) for field in self._fields)

    @property
    def has_step(self) -> bool:
        """True if events of this type can have a step key."""
        return _STEP in self._fields

    @property
    def has_asset(self) -> bool:
        """True if events of this type have an asset key."""
        return "asset" in self.belongs_to

    def __repr__(self) -> str:
        return f"<row {self.name} of the event catalogue>"


CATALOGUE: Mapping[str, EventRow] = MappingProxyType({row[0]: EventRow(*row) for row in _ROWS})
"""The rows by name. The position of a row is the code by which a log keeps the type."""


def event_catalogue() -> Mapping[str, EventRow]:
    """Return the catalogue of events: a row for each event type, by the name of the type. It is read-only.

    Example:
        >>> row = event_catalogue()["STEP_OUTPUT"]
        >>> row.belongs_to, row.has_step, row.has_asset, row.data, row.level
        (('step',), True, False, 'StepOutputData', 10)
        >>> row.description
        'a step returned or yielded an output'
        >>> [field.name for field in row.fields]
        ['step', 'name', 'mapping_key', 'passed', 'metadata', 'attempt']
    """
    return CATALOGUE
