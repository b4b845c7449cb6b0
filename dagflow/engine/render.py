"""From a record to the fields of its event: data, message, handles.

The payloads, as `engine/step.py` and `engine/loop.py` write them:

    LOADED_INPUT, STEP_INPUT      position among the step's loads, or (position, ...) where more is to be said
    STEP_OUTPUT, HANDLED_OUTPUT   position among the step's outputs, or (position, ...) likewise
    STEP_SUCCESS                  seconds
    ASSET_MATERIALIZATION         an AssetMaterialization of the user; for an output that is an asset
                                  (position among the outputs, metadata, tags, data version of the user)
    RUN_FAILURE                   (error, name of the reason, keys of the failed steps)
    LOGS_CAPTURED                 None where all steps run in this process, else the data
    ENGINE_EVENT                  of the run in this process: None at the start, seconds at the end, (resource
                                  key, error) for a resource that could not be closed; else `Said`
    STEP_WORKER_*                 `Said`
    RESOURCE_INIT_STARTED         None
    RESOURCE_INIT_SUCCESS         (class of each resource by key, seconds)
    RESOURCE_INIT_FAILURE         the error
    HOOK_*                        (name of the hook, error or None)
    everything else               the data itself, or None
    what another process wrote    `Told`, which is asked instead of this page
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagflow.engine.log import Said
from dagflow.events.data import (
    AssetObservationData,
    ComputeLogsCaptureData,
    EngineEventData,
    HandledOutputData,
    HookErroredData,
    JobFailureData,
    LoadedInputData,
    RunFailureReason,
    StepExpectationResultData,
    StepInputData,
    StepMaterializationData,
    StepOutputData,
    StepOutputHandle,
    StepSuccessData,
    TypeCheckData,
)
from dagflow.events.record import DagflowEventType
from dagflow.events.user import AssetMaterialization
from dagflow.keys import system_tag
from dagflow.metadata.value import MetadataValue
from dagflow.plan.step import StepInput, StepOutput
from dagflow.types.kinds import DagflowType, TypeCheck

if TYPE_CHECKING:
    from dagflow.engine.log import Record, RunLog
    from dagflow.plan.step import Step

_T = DagflowEventType


def _step(log: RunLog, record: Record) -> Step | None:
    return log.plan.steps[record[2]] if record[2] >= 0 else None


def _of_step(log: RunLog, record: Record) -> Step | None:
    """The step that an event belongs to; those about resources have its key, but do not belong to it."""
    return log.plan.steps[record[2]] if record[3] else None


def _step_key(log: RunLog, record: Record, _: DagflowEventType) -> str | None:
    step = _step(log, record)
    return step.key if step is not None else None


def _step_handle(log: RunLog, record: Record, _: DagflowEventType) -> Any:
    step = _of_step(log, record)
    return step.step_handle if step is not None else None


def _node_handle(log: RunLog, record: Record, _: DagflowEventType) -> Any:
    step = _of_step(log, record)
    return step.node_handle if step is not None else None


def _logging_tags(log: RunLog, record: Record, _: DagflowEventType) -> dict[str, str]:
    step = _of_step(log, record)
    if step is None:
        return {}
    return {
        "run_id": log.run.run_id,
        "job_name": log.run.job_name,
        "step_key": step.key,
        "op_name": step.node.name,
        "resource_name": "None",
        "resource_fn_name": "None",
    }


def _data(log: RunLog, record: Record, kind: DagflowEventType) -> Any:
    make = _DATA.get(kind)
    return record[4] if make is None else make(log, record)


def _message(log: RunLog, record: Record, kind: DagflowEventType) -> str | None:
    make = _MESSAGES.get(kind)
    return None if make is None else make(log, record)


FIELDS: dict[str, Callable[[RunLog, Record, DagflowEventType], Any]] = {
    "event_type_value": lambda log, record, kind: kind.value,
    "job_name": lambda log, record, kind: log.run.job_name,
    "step_handle": _step_handle,
    "node_handle": _node_handle,
    "step_kind_value": lambda log, record, kind: "COMPUTE" if record[3] else None,
    "logging_tags": _logging_tags,
    "event_specific_data": _data,
    "message": _message,
    "pid": lambda log, record, kind: log.pid,
    "step_key": _step_key,
    "run_id": lambda log, record, kind: log.run.run_id,
    "attempt": lambda log, record, kind: record[3] or None,
    "timestamp": lambda log, record, kind: record[1],
}
"""How each field of an event is worked out."""


def _loaded(log: RunLog, record: Record) -> LoadedInputData:
    payload = record[4]
    step = log.plan.steps[record[2]]
    if isinstance(payload, int):
        item: StepInput = step.loads[payload]
        source, metadata = item.source, {}
    else:
        position, source, metadata = payload
        item = step.loads[position]
    ref = source.ref
    return LoadedInputData(
        item.name,
        source.manager_key or "io_manager",
        ref.output_name if ref is not None else None,
        ref.step_key if ref is not None else None,
        metadata,
    )


def _input(log: RunLog, record: Record) -> StepInputData:
    payload = record[4]
    position, check = (payload, None) if isinstance(payload, int) else payload
    item = log.plan.steps[record[2]].loads[position]
    return StepInputData(item.name, _check_data(item.name, check))


def _output(log: RunLog, record: Record) -> StepOutputData:
    payload = record[4]
    position, mapping_key, check, metadata = (
        (payload, None, None, {}) if isinstance(payload, int) else payload
    )
    step = log.plan.steps[record[2]]
    output = step.outputs[position]
    handle = StepOutputHandle(step.key, output.name, mapping_key)
    return StepOutputData(handle, _check_data(output.name, check), None, metadata)


def _handled(log: RunLog, record: Record) -> HandledOutputData:
    payload = record[4]
    position, metadata = (payload, {}) if isinstance(payload, int) else payload
    output = log.plan.steps[record[2]].outputs[position]
    return HandledOutputData(output.name, output.manager_key or "io_manager", metadata)


def _check_data(label: str, check: TypeCheck | None) -> TypeCheckData:
    if check is None:
        return TypeCheckData(True, label)
    return TypeCheckData(check.success, label, check.description, check.metadata)


def _materialization(log: RunLog, record: Record) -> StepMaterializationData:
    payload = record[4]
    if isinstance(payload, AssetMaterialization):
        return StepMaterializationData(payload, [])
    step = log.plan.steps[record[2]]
    position, metadata, user_tags, version = payload
    output: StepOutput = step.outputs[position]
    asset = output.asset
    assert asset is not None
    tags = {system_tag("code_version"): _code_version(log, step), **user_tags}
    if version is not None:
        tags[system_tag("data_version")] = version.value
        tags[system_tag("data_version_is_user_provided")] = "true"
    else:
        tags[system_tag("data_version")] = data_version(log, step)
    partition = asset.partition_of(log.plan.partition_key)
    return StepMaterializationData(AssetMaterialization(asset.key, None, metadata, partition, tags), [])


def data_version(log: RunLog, step: Step) -> str:
    """The version of what a step makes, as long as its user gives none: a hash of code and inputs."""
    import hashlib  # only who reads a data version needs it

    versions: dict[str, str] = {}
    todo = [step]
    while todo:  # depth first without recursion: a chain of assets can be longer than the stack
        current = todo[-1]
        missing = [key for key in current.upstream if key not in versions]
        if missing:
            todo += [log.plan.step_by_key(key) for key in missing]
            continue
        todo.pop()
        keys = (
            [] if current.assets_def is None else sorted(key.to_string() for key in current.assets_def.keys)
        )
        parts = [*keys, _code_version(log, current), *(versions[key] for key in sorted(current.upstream))]
        versions[current.key] = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return versions[step.key]


def _code_version(log: RunLog, step: Step) -> str:
    return step.outputs[0].definition.code_version or step.op.code_version or log.run.run_id


def _failure(log: RunLog, record: Record) -> JobFailureData:
    error, reason, _ = record[4]
    is_steps = reason == "STEP_FAILURE"
    first = next((other for other in log.records if is_steps and other[0] == _FAILURE_CODE), None)
    return JobFailureData(error, RunFailureReason[reason], log.event_of(first) if first is not None else None)


def _planned_keys(log: RunLog) -> list[str]:
    """The keys of the steps that the run began with: mapped steps join the plan while it runs."""
    plan = log.plan
    known = [step for step in plan.steps if step.mapping_key is None or plan.to_execute is not None]
    return [step.key for step in known if plan.executes(step)]


def _logs_captured(log: RunLog, record: Record) -> ComputeLogsCaptureData:
    if record[4] is not None:
        told: ComputeLogsCaptureData = record[4]
        return told
    unknown: set[str] = set()  # steps that wait for the keys of a dynamic output
    for key in _planned_keys(log):
        step = log.plan.step_by_key(key)
        if step.mapped_over is not None or not unknown.isdisjoint(step.upstream):
            unknown.add(key)
    known = [key for key in _planned_keys(log) if key not in unknown]
    return ComputeLogsCaptureData(f"{log.run.run_id}.{log.pid}", known)


def _engine(log: RunLog, record: Record) -> EngineEventData:
    payload = record[4]
    if isinstance(payload, Said):
        return payload.content
    if isinstance(payload, tuple):
        return EngineEventData(error=payload[1])
    metadata = {"pid": str(log.pid), "step_keys": str(_planned_keys(log))}
    return EngineEventData({key: MetadataValue.text(text) for key, text in metadata.items()})


def _initialized(log: RunLog, record: Record) -> EngineEventData:
    classes, seconds = record[4]
    metadata: dict[str, MetadataValue] = {}
    for key, cls in classes.items():
        metadata[key] = MetadataValue.python_artifact(cls)
        metadata[f"{key}:init_time"] = MetadataValue.text(_duration(seconds))
    return EngineEventData(metadata, marker_end="resources")


_FAILURE_CODE = list(DagflowEventType).index(_T.STEP_FAILURE)
_DATA: dict[DagflowEventType, Callable[[RunLog, Record], Any]] = {
    _T.LOADED_INPUT: _loaded,
    _T.STEP_INPUT: _input,
    _T.STEP_OUTPUT: _output,
    _T.HANDLED_OUTPUT: _handled,
    _T.STEP_SUCCESS: lambda log, record: StepSuccessData(record[4] * 1000),
    _T.ASSET_MATERIALIZATION: _materialization,
    _T.ASSET_OBSERVATION: lambda log, record: AssetObservationData(record[4]),
    _T.STEP_EXPECTATION_RESULT: lambda log, record: StepExpectationResultData(record[4]),
    _T.RUN_FAILURE: _failure,
    _T.LOGS_CAPTURED: _logs_captured,
    _T.ENGINE_EVENT: _engine,
    _T.STEP_WORKER_STARTING: _engine,
    _T.STEP_WORKER_STARTED: _engine,
    _T.RESOURCE_INIT_STARTED: lambda log, record: EngineEventData(marker_start="resources"),
    _T.RESOURCE_INIT_SUCCESS: _initialized,
    _T.RESOURCE_INIT_FAILURE: lambda log, record: EngineEventData(error=record[4], marker_end="resources"),
    _T.HOOK_COMPLETED: lambda log, record: None,
    _T.HOOK_SKIPPED: lambda log, record: None,
    _T.HOOK_ERRORED: lambda log, record: HookErroredData(record[4][1]),
}


def _say_engine(log: RunLog, record: Record) -> str:
    payload = record[4]
    if isinstance(payload, Said):
        return payload.message
    if isinstance(payload, tuple):
        return f"Teardown of resources ['{payload[0]}'] failed."
    if payload is None:
        return f"Executing steps in process (pid: {log.pid})"
    return f"Finished steps in process (pid: {log.pid}) in {_duration(payload)}"


def _resources(log: RunLog) -> str:
    return f"[{', '.join(sorted(log.plan.resource_keys))}]"


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.3g}ms" if seconds < 1 else f"{seconds:.2f}s"


def _key(log: RunLog, record: Record) -> str:
    return log.plan.steps[record[2]].key


def _checked(kind: DagflowType, data: TypeCheckData) -> str:
    outcome = "(Type check passed)." if data.success else "Warning! Type check failed."
    return f'of type "{kind.display_name}". {outcome}'


def _say_loaded(log: RunLog, record: Record) -> str:
    data = _loaded(log, record)
    text = f'Loaded input "{data.input_name}" using input manager "{data.manager_key}"'
    if data.upstream_step_key is None:
        return text
    return f'{text}, from output "{data.upstream_output_name}" of step "{data.upstream_step_key}"'


def _say_input(log: RunLog, record: Record) -> str:
    data = _input(log, record)
    kind = next(item.dagflow_type for item in log.plan.steps[record[2]].loads if item.name == data.input_name)
    return f'Got input "{data.input_name}" {_checked(kind, data.type_check_data)}'


def _say_output(log: RunLog, record: Record) -> str:
    data = _output(log, record)
    kind = log.plan.steps[record[2]].output_by_name[data.output_name].dagflow_type
    mapped = f'mapping key "{data.mapping_key}" ' if data.mapping_key else ""
    assert data.type_check_data is not None
    return f'Yielded output "{data.output_name}" {mapped}{_checked(kind, data.type_check_data)}'


def _say_handled(log: RunLog, record: Record) -> str:
    data = _handled(log, record)
    return f'Handled output "{data.output_name}" using IO manager "{data.manager_key}"'


def _say_materialization(log: RunLog, record: Record) -> str:
    materialization = _materialization(log, record).materialization
    return materialization.description or f"Materialized value {materialization.label}."


def _say_check(log: RunLog, record: Record) -> str:
    made = record[4]
    verdict = "passed" if made.passed else "did not pass"
    more = f" {made.description}" if made.description else ""
    return f"Asset check '{made.check_name}' on '{made.asset_key.to_user_string()}' {verdict}.{more}"


def _say_expectation(log: RunLog, record: Record) -> str:
    result = record[4]
    return result.description or f"Expectation {result.label} {'passed' if result.success else 'failed'}."


def _say_success(log: RunLog, record: Record) -> str:
    return f'Finished execution of step "{_key(log, record)}" in {_duration(record[4])}.'


def _say_restarted(log: RunLog, record: Record) -> str:
    return f'Started re-execution (attempt # {record[3]}) of step "{_key(log, record)}".'


def _say_retry(log: RunLog, record: Record) -> str:
    seconds = record[4].seconds_to_wait
    wait = f", after {seconds:g} seconds" if seconds else ""
    return f'Execution of step "{_key(log, record)}" failed and has requested a retry{wait}.'


def _say_skipped(log: RunLog, record: Record) -> str:
    return f'Skipped execution of step "{_key(log, record)}": an output that it needs was not produced.'


def _say_hook_skipped(log: RunLog, record: Record) -> str:
    return f'Skipped hook "{record[4][0]}" for step "{_key(log, record)}": its condition is not met.'


def _say_run_failure(log: RunLog, record: Record) -> str:
    _, reason, keys = record[4]
    why = f"Steps failed: {keys!r}." if keys else "An exception was thrown during execution."
    if reason == "UNEXPECTED_TERMINATION":
        why = "Execution was interrupted unexpectedly: nobody asked this run to end."
    elif reason == "JOB_INITIALIZATION_FAILURE":
        why = f'Failure during initialization for job "{log.run.job_name}": its executor could not be made.'
    return f'Execution of run for "{log.run.job_name}" failed. {why}'


_MESSAGES: dict[DagflowEventType, Callable[[RunLog, Record], str | None]] = {
    _T.RUN_START: lambda log, record: f'Started execution of run for "{log.run.job_name}".',
    _T.RUN_SUCCESS: lambda log, record: f'Finished execution of run for "{log.run.job_name}".',
    _T.RUN_FAILURE: _say_run_failure,
    _T.STEP_START: lambda log, record: f'Started execution of step "{_key(log, record)}".',
    _T.STEP_RESTARTED: _say_restarted,
    _T.STEP_SUCCESS: _say_success,
    _T.STEP_FAILURE: lambda log, record: f'Execution of step "{_key(log, record)}" failed.',
    _T.STEP_SKIPPED: _say_skipped,
    _T.STEP_UP_FOR_RETRY: _say_retry,
    _T.LOADED_INPUT: _say_loaded,
    _T.STEP_INPUT: _say_input,
    _T.STEP_OUTPUT: _say_output,
    _T.HANDLED_OUTPUT: _say_handled,
    _T.ASSET_MATERIALIZATION: _say_materialization,
    _T.ASSET_CHECK_EVALUATION: _say_check,
    _T.STEP_EXPECTATION_RESULT: _say_expectation,
    _T.LOGS_CAPTURED: lambda log, record: f"Capturing logs for process (pid: {log.pid}).",
    _T.ENGINE_EVENT: _say_engine,
    _T.STEP_WORKER_STARTING: _say_engine,
    _T.STEP_WORKER_STARTED: _say_engine,
    _T.RESOURCE_INIT_STARTED: lambda log, record: f"Starting initialization of resources {_resources(log)}.",
    _T.RESOURCE_INIT_SUCCESS: lambda log, record: f"Finished initialization of resources {_resources(log)}.",
    _T.RESOURCE_INIT_FAILURE: lambda log, record: f"Initialization of resources {_resources(log)} failed.",
    _T.HOOK_COMPLETED: lambda log, record: f'Finished hook "{record[4][0]}" of step "{_key(log, record)}".',
    _T.HOOK_SKIPPED: _say_hook_skipped,
}  # fmt: skip
