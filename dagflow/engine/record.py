"""The record of an event in the log of a run, and the functions that decode it, one per event type.

A record is a tuple of the code of the type (`dagflow.events.types.CODE`), the time in seconds since the
epoch, the index of the step (-1 for the run), the attempt (0 for the run) and the payload. Payloads by type:

    LOADED_INPUT, STEP_INPUT      index of the input in the step's loads, or (index, other facts...)
    STEP_OUTPUT, HANDLED_OUTPUT   index of the output in the step's outputs, or (index, other facts...)
    STEP_SUCCESS                  seconds
    ASSET_MATERIALIZATION         an AssetMaterialization of the user; for an output that is an asset
                                  (index of the output, metadata, tags, data version of the user, states of
                                  the inputs or None): see `dagflow.engine.provenance`
    RUN_FAILURE                   (error, name of the reason, keys of the failed steps)
    LOGS_CAPTURED                 None if all steps run in this process, else the data
    ENGINE_EVENT                  of the run in this process: None at the start, seconds at the end, (resource
                                  key, error) for a failed teardown; else an `EngineMessage`
    STEP_WORKER_*                 an `EngineMessage`
    RESOURCE_INIT_STARTED         None
    RESOURCE_INIT_SUCCESS         (class of each resource by key, seconds)
    RESOURCE_INIT_FAILURE         the error
    HOOK_*                        (name of the hook, error or None)
    all others                    the data, or None
    any, from another process     a `StreamedEvent`, which holds the whole event

A decoder returns the data of the event, and the facts that the message in the catalogue needs beside the data
and the step key.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dagflow.events.catalogue import duration_text
from dagflow.events.data import (
    AssetObservationData,
    ComputeLogsCaptureData,
    EngineEventData,
    HandledOutputData,
    HookErroredData,
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
from dagflow.events.record import DagflowEvent, JobFailureData
from dagflow.events.types import CODE, ROWS_BY_CODE, TYPES_BY_CODE, DagflowEventType
from dagflow.events.user import AssetMaterialization
from dagflow.keys import shown_job
from dagflow.metadata.value import MetadataValue
from dagflow.plan.step import StepInput, StepOutput
from dagflow.tags import system_tag
from dagflow.types.kinds import TypeCheck

if TYPE_CHECKING:
    from dagflow.defs.assets.ports import AssetOutput
    from dagflow.engine.provenance import RunVersions
    from dagflow.events.run import DagflowRun
    from dagflow.plan.plan import Plan
    from dagflow.plan.step import Step

Record = tuple[int, float, int, int, Any]
_T = DagflowEventType


class StreamedEvent:
    """The payload of an event of another process: the event as JSON, decoded when it is first read."""

    __slots__ = ("_event", "body")

    def __init__(self, body: str) -> None:
        self.body: str = body
        self._event: DagflowEvent | None = None

    @property
    def event(self) -> DagflowEvent:
        """The event."""
        if self._event is None:
            import json  # imported lazily: only runs with worker processes have streamed events

            self._event = DagflowEvent.from_dict(json.loads(self.body))
        return self._event


class EngineMessage(NamedTuple):
    """The payload of an event that is a message of an executor."""

    message: str
    data: EngineEventData


class LogSource(Protocol):
    """The part of a `RunLog` that the decoders read."""

    plan: Plan
    run: DagflowRun
    pid: int
    records: list[Record]

    def event_of(self, record: Record) -> DagflowEvent:
        """Return the event of a record."""

    def versions(self) -> RunVersions:
        """Return the data versions of the inputs of all materializations."""


Decoded = tuple[Any, dict[str, object]]
"""The data of an event, and further facts for its message."""

_Decoder = Callable[[LogSource, Record], Decoded]
_NOTHING: dict[str, object] = {}


def _as_recorded(log: LogSource, record: Record) -> Decoded:
    return record[4], _NOTHING


_DECODERS: list[_Decoder] = [_as_recorded] * len(CODE)


def _decodes(*types: DagflowEventType) -> Callable[[_Decoder], _Decoder]:
    def register(decoder: _Decoder) -> _Decoder:
        for event_type in types:
            _DECODERS[CODE[event_type]] = decoder
        return decoder

    return register


def decode(log: LogSource, record: Record) -> Decoded:
    """Return the data of the event of a record, and further facts for its message."""
    return _DECODERS[record[0]](log, record)


def message_of(log: LogSource, record: Record, decoded: Decoded | None = None) -> str | None:
    """Return the message of the event of a record; `decoded` is the result of `decode`, if available."""
    message = ROWS_BY_CODE[record[0]].message
    if message is None:
        return None
    data, facts = decoded or _DECODERS[record[0]](log, record)
    return message(data, log.plan.steps[record[2]].key if record[2] >= 0 else None, facts)


def _data(log: LogSource, record: Record) -> Any:
    return _DECODERS[record[0]](log, record)[0]


def _step(log: LogSource, record: Record) -> Step | None:
    """Return the step to which an event belongs: an event about resources has a step key, but no step."""
    return log.plan.steps[record[2]] if record[3] else None


def _step_handle(log: LogSource, record: Record) -> Any:
    step = _step(log, record)
    return step.step_handle if step is not None else None


def _node_handle(log: LogSource, record: Record) -> Any:
    step = _step(log, record)
    return step.node_handle if step is not None else None


def _logging_tags(log: LogSource, record: Record) -> dict[str, str]:
    step = _step(log, record)
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


FIELDS: dict[str, Callable[[LogSource, Record], Any]] = {
    "event_type_value": lambda log, record: TYPES_BY_CODE[record[0]].value,
    "job_name": lambda log, record: log.run.job_name,
    "step_handle": _step_handle,
    "node_handle": _node_handle,
    "step_kind_value": lambda log, record: "COMPUTE" if record[3] else None,
    "logging_tags": _logging_tags,
    "event_specific_data": _data,
    "message": message_of,
    "pid": lambda log, record: log.pid,
    "step_key": lambda log, record: log.plan.steps[record[2]].key if record[2] >= 0 else None,
    "run_id": lambda log, record: log.run.run_id,
    "attempt": lambda log, record: record[3] or None,
    "timestamp": lambda log, record: record[1],
}
"""The functions that decode each field of an event."""


@_decodes(_T.RUN_START, _T.RUN_SUCCESS)
def _run(log: LogSource, record: Record) -> Decoded:
    return record[4], {"job": shown_job(log.run.job_name)}


@_decodes(_T.STEP_RESTARTED)
def _step_restarted(log: LogSource, record: Record) -> Decoded:
    return record[4], {"attempt": record[3]}


@_decodes(_T.LOADED_INPUT)
def _loaded_input(log: LogSource, record: Record) -> Decoded:
    payload = record[4]
    step = log.plan.steps[record[2]]
    if isinstance(payload, int):
        item: StepInput = step.loads[payload]
        source, metadata = item.source, item.metadata
    else:
        index, source, logged = payload
        item = step.loads[index]
        metadata = {**item.metadata, **logged}
    manager, ref = source.manager_key or "io_manager", source.ref
    if ref is None:
        return LoadedInputData(item.name, manager, None, None, metadata), _NOTHING
    return LoadedInputData(item.name, manager, ref.output_name, ref.step_key, metadata), _NOTHING


@_decodes(_T.STEP_INPUT)
def _step_input(log: LogSource, record: Record) -> Decoded:
    payload = record[4]
    index, check = (payload, None) if isinstance(payload, int) else payload
    item = log.plan.steps[record[2]].loads[index]
    return StepInputData(item.name, _check_data(item.name, check)), {"type": item.dagflow_type}


@_decodes(_T.STEP_OUTPUT)
def _step_output(log: LogSource, record: Record) -> Decoded:
    payload = record[4]
    index, mapping_key, check, metadata = (payload, None, None, {}) if isinstance(payload, int) else payload
    step = log.plan.steps[record[2]]
    output = step.outputs[index]
    handle = StepOutputHandle(step.key, output.name, mapping_key)
    data = StepOutputData(handle, _check_data(output.name, check), None, metadata)
    return data, {"type": output.dagflow_type}


@_decodes(_T.HANDLED_OUTPUT)
def _handled_output(log: LogSource, record: Record) -> Decoded:
    payload = record[4]
    index, metadata = (payload, {}) if isinstance(payload, int) else payload
    output = log.plan.steps[record[2]].outputs[index]
    return HandledOutputData(output.name, output.manager_key or "io_manager", metadata), _NOTHING


def _check_data(label: str, check: TypeCheck | None) -> TypeCheckData:
    if check is None:
        return TypeCheckData(True, label)
    return TypeCheckData(check.success, label, check.description, check.metadata)


@_decodes(_T.STEP_SUCCESS)
def _step_success(log: LogSource, record: Record) -> Decoded:
    return StepSuccessData(record[4] * 1000), _NOTHING


@_decodes(_T.ASSET_MATERIALIZATION)
def _asset_materialization(log: LogSource, record: Record) -> Decoded:
    payload = record[4]
    materialization = (
        payload
        if isinstance(payload, AssetMaterialization)
        else _of_output(log, log.plan.steps[record[2]], record)
    )
    return StepMaterializationData(materialization, []), _NOTHING


def _of_output(log: LogSource, step: Step, record: Record) -> AssetMaterialization:
    index, metadata, *_ = record[4]
    asset = step.outputs[index].asset
    assert asset is not None
    partition = _partition_of_output(log, asset, record)
    materialization = AssetMaterialization(asset.key, None, metadata, partition)
    return materialization.with_late_tags(partial(_tags_of_output, log, step, record))


def _partition_of_output(log: LogSource, asset: AssetOutput, record: Record) -> str | None:
    _, _, _, _, _, *partitions = record[4]  # the partition, if the run is for a range
    return partitions[0] if partitions else asset.partition_of(log.plan.partition_key)


def _tags_of_output(log: LogSource, step: Step, record: Record) -> dict[str, str]:
    from dagflow.engine.provenance import code_version, tags_of, version_of  # few runs read the tags

    index, _, user_tags, version, inputs, *_ = record[4]
    if inputs is None:
        inputs = log.versions().inputs_of(record)
    output: StepOutput = step.outputs[index]
    code = code_version(log.run, step, output)
    tags = {system_tag("code_version"): code, **tags_of(inputs), **user_tags}
    if version is not None:
        tags[system_tag("data_version")] = version.value
        tags[system_tag("data_version_is_user_provided")] = "true"
    else:
        tags[system_tag("data_version")] = version_of(code, inputs)
    assert output.asset is not None
    partition = _partition_of_output(log, output.asset, record)
    if partition is not None and output.asset.partitions_def is not None:
        dimensions = output.asset.partitions_def.get_tags_for_partition_key(partition)
        dimensions.pop(system_tag("partition"), None)  # the partition of the materialization
        tags |= dimensions
    return tags


@_decodes(_T.ASSET_OBSERVATION)
def _asset_observation(log: LogSource, record: Record) -> Decoded:
    return AssetObservationData(record[4]), _NOTHING


@_decodes(_T.STEP_EXPECTATION_RESULT)
def _step_expectation_result(log: LogSource, record: Record) -> Decoded:
    return StepExpectationResultData(record[4]), _NOTHING


@_decodes(_T.RUN_FAILURE)
def _run_failure(log: LogSource, record: Record) -> Decoded:
    error, reason, keys = record[4]
    first = None
    if reason == "STEP_FAILURE":
        code = CODE[_T.STEP_FAILURE]
        first = next((log.event_of(other) for other in log.records if other[0] == code), None)
    return JobFailureData(error, RunFailureReason[reason], first), {
        "job": shown_job(log.run.job_name),
        "steps": keys,
    }


def _planned_keys(log: LogSource) -> list[str]:
    """Return the keys of the steps with which the run started: mapped steps join the plan while it runs."""
    plan = log.plan
    known = [step for step in plan.steps if step.mapping_key is None or plan.to_execute is not None]
    return [step.key for step in known if plan.executes(step)]


@_decodes(_T.LOGS_CAPTURED)
def _logs_captured(log: LogSource, record: Record) -> Decoded:
    if record[4] is not None:
        return record[4], {"pid": log.pid}
    unknown: set[str] = set()  # steps that wait for the mapping keys of a dynamic output
    planned = _planned_keys(log)
    for key in planned:
        step = log.plan.step_by_key(key)
        if step.mapped_over is not None or not unknown.isdisjoint(step.upstream):
            unknown.add(key)
    known = [key for key in planned if key not in unknown]
    return ComputeLogsCaptureData(f"{log.run.run_id}.{log.pid}", known), {"pid": log.pid}


@_decodes(_T.ENGINE_EVENT, _T.STEP_WORKER_STARTING, _T.STEP_WORKER_STARTED)
def _engine_event(log: LogSource, record: Record) -> Decoded:
    payload = record[4]
    if isinstance(payload, EngineMessage):
        return payload.data, {"text": payload.message}
    if isinstance(payload, tuple):
        return EngineEventData(error=payload[1]), {"text": f"Teardown of resources ['{payload[0]}'] failed."}
    metadata = {"pid": str(log.pid), "step_keys": str(_planned_keys(log))}
    data = EngineEventData({key: MetadataValue.text(text) for key, text in metadata.items()})
    if payload is None:
        return data, {"text": f"Executing steps in process (pid: {log.pid})"}
    return data, {"text": f"Finished steps in process (pid: {log.pid}) in {duration_text(payload * 1000)}"}


@_decodes(_T.RESOURCE_INIT_STARTED)
def _resource_init_started(log: LogSource, record: Record) -> Decoded:
    return EngineEventData(marker_start="resources"), _resources(log)


@_decodes(_T.RESOURCE_INIT_SUCCESS)
def _resource_init_success(log: LogSource, record: Record) -> Decoded:
    classes, seconds = record[4]
    metadata: dict[str, MetadataValue] = {}
    for key, cls in classes.items():
        metadata[key] = MetadataValue.python_artifact(cls)
        metadata[f"{key}:init_time"] = MetadataValue.text(duration_text(seconds * 1000))
    return EngineEventData(metadata, marker_end="resources"), _resources(log)


@_decodes(_T.RESOURCE_INIT_FAILURE)
def _resource_init_failure(log: LogSource, record: Record) -> Decoded:
    return EngineEventData(error=record[4], marker_end="resources"), _resources(log)


def _resources(log: LogSource) -> dict[str, object]:
    return {"resources": f"[{', '.join(sorted(log.plan.resource_keys))}]"}


@_decodes(_T.HOOK_COMPLETED, _T.HOOK_SKIPPED)
def _hook(log: LogSource, record: Record) -> Decoded:
    return None, {"hook": record[4][0]}


@_decodes(_T.HOOK_ERRORED)
def _hook_errored(log: LogSource, record: Record) -> Decoded:
    return HookErroredData(record[4][1]), _NOTHING
