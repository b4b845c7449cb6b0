"""Events as JSON: decoded values equal the originals, and damage is an error with its path."""

from __future__ import annotations

import enum
import json
import pickle
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagflow import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    DagflowEvent,
    DagflowEventType,
    DagflowRun,
    DagflowRunStatus,
    DagflowSerializationError,
    EventLogEntry,
    ExpectationResult,
    Failure,
    MetadataValue,
    MultiPartitionKey,
    TableColumnDep,
    TableColumnLineage,
    TableRecord,
    job,
    op,
)
from dagflow.events import data
from dagflow.events.check import AssetCheckEvaluationTargetMaterializationData
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.events.planned import AssetCheckEvaluationPlanned, AssetMaterializationPlannedData
from dagflow.events.record import JobFailureData
from dagflow.events.stored import UnstoredValue, deserialize_value, from_dict, serialize_value, to_dict
from dagflow.keys import NodeHandle, StepHandle
from dagflow.metadata.code import CodeReferencesMetadataValue, LocalFileCodeReference, UrlCodeReference
from dagflow.partitions.subset import DefaultPartitionsSubset

TEXT = st.text(max_size=5)
MAYBE_TEXT = st.none() | TEXT
FLOATS = st.floats(allow_nan=False)
NAMES = st.sampled_from(["a", "b", "_", "__class__", "__tuple__", "version"])
SCALARS = st.none() | st.booleans() | st.integers() | FLOATS | TEXT
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
KEYS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(AssetKey)
RECORDS = st.fixed_dictionaries({"n": st.integers(), "s": MAYBE_TEXT}).map(TableRecord)
METADATA_VALUES = st.one_of(
    st.integers().map(MetadataValue.int),
    FLOATS.map(MetadataValue.float),
    FLOATS.map(MetadataValue.timestamp),
    st.booleans().map(MetadataValue.bool),
    TEXT.map(MetadataValue.text),
    TEXT.map(MetadataValue.md),
    TEXT.map(MetadataValue.url),
    TEXT.map(MetadataValue.path),
    TEXT.map(MetadataValue.notebook),
    TEXT.map(MetadataValue.dagflow_run),
    TEXT.map(MetadataValue.pool),
    JSON.map(MetadataValue.json),
    KEYS.map(MetadataValue.asset),
    st.just(MetadataValue.null()),
    st.just(MetadataValue.python_artifact(AssetKey)),
    st.builds(MetadataValue.job, TEXT, TEXT, repository_name=MAYBE_TEXT),
    st.lists(RECORDS, min_size=1, max_size=2).map(MetadataValue.table),
    st.builds(TableColumnDep, KEYS, TEXT).map(
        lambda dep: MetadataValue.column_lineage(TableColumnLineage({"c": [dep]}))
    ),
    st.just(CodeReferencesMetadataValue([LocalFileCodeReference("x", 3), UrlCodeReference("y", "z")])),
)
METADATA = st.dictionaries(NAMES, METADATA_VALUES, max_size=2)
PARTITIONS = MAYBE_TEXT | st.builds(
    lambda one, two: MultiPartitionKey({"x": one, "y": two}), st.sampled_from("ab"), st.sampled_from("cd")
)
TAGS = st.dictionaries(TEXT, TEXT, max_size=2)
ERRORS = st.recursive(
    st.builds(SerializableErrorInfo, TEXT, st.lists(TEXT, max_size=2), MAYBE_TEXT),
    lambda inner: st.builds(
        SerializableErrorInfo,
        TEXT,
        st.lists(TEXT, max_size=2),
        MAYBE_TEXT,
        st.none() | inner,
        st.none() | inner,
    ),
    max_leaves=2,
)
MAYBE_ERROR = st.none() | ERRORS
CHECKED = st.builds(data.TypeCheckData, st.booleans(), TEXT, MAYBE_TEXT, METADATA)
ASSET_TAGS = st.dictionaries(st.from_regex(r"\A([a-z]+/)?[A-Z0-9_.-]+\Z"), st.just("v"), max_size=2)
MATERIALIZATIONS = st.builds(AssetMaterialization, KEYS, MAYBE_TEXT, METADATA, PARTITIONS, ASSET_TAGS)
ENGINE = st.builds(data.EngineEventData, METADATA, MAYBE_ERROR, MAYBE_TEXT, MAYBE_TEXT)
FAILED_STEP = st.builds(
    data.StepFailureData,
    MAYBE_ERROR,
    st.none() | st.builds(data.UserFailureData, TEXT, MAYBE_TEXT, METADATA),
    st.none() | st.sampled_from(data.ErrorSource),
)
DATA: dict[str, st.SearchStrategy[Any]] = {
    "STEP_INPUT": st.builds(data.StepInputData, TEXT, CHECKED),
    "STEP_OUTPUT": st.builds(
        data.StepOutputData,
        st.builds(data.StepOutputHandle, TEXT, TEXT, MAYBE_TEXT),
        st.none() | CHECKED,
        MAYBE_TEXT,
        METADATA,
    ),
    "STEP_SUCCESS": st.builds(data.StepSuccessData, FLOATS),
    "STEP_FAILURE": FAILED_STEP,
    "STEP_UP_FOR_RETRY": st.builds(data.StepRetryData, MAYBE_ERROR, st.none() | st.integers() | FLOATS),
    "LOADED_INPUT": st.builds(data.LoadedInputData, TEXT, TEXT, MAYBE_TEXT, MAYBE_TEXT, METADATA),
    "HANDLED_OUTPUT": st.builds(data.HandledOutputData, TEXT, TEXT, METADATA),
    "ASSET_MATERIALIZATION": MATERIALIZATIONS.map(data.StepMaterializationData),
    "ASSET_MATERIALIZATION_PLANNED": st.builds(AssetMaterializationPlannedData, KEYS, PARTITIONS, st.none()),
    "ASSET_OBSERVATION": st.builds(
        data.AssetObservationData,
        st.builds(AssetObservation, KEYS, MAYBE_TEXT, METADATA, PARTITIONS, ASSET_TAGS),
    ),
    "ASSET_CHECK_EVALUATION": st.builds(
        AssetCheckEvaluation,
        KEYS,
        TEXT,
        st.booleans(),
        METADATA,
        st.none() | st.builds(AssetCheckEvaluationTargetMaterializationData, st.integers(), TEXT, FLOATS),
        st.sampled_from(AssetCheckSeverity),
        MAYBE_TEXT,
        st.none() | st.booleans(),
        PARTITIONS,
    ),
    "ASSET_CHECK_EVALUATION_PLANNED": st.builds(
        AssetCheckEvaluationPlanned,
        KEYS,
        TEXT,
        st.none() | st.builds(DefaultPartitionsSubset, st.lists(TEXT, max_size=2)),
    ),
    "ASSET_WIPED": st.builds(data.AssetWipedData, KEYS, st.none() | st.lists(TEXT, max_size=2)),
    "STEP_EXPECTATION_RESULT": st.builds(
        data.StepExpectationResultData,
        st.builds(ExpectationResult, st.booleans(), MAYBE_TEXT, MAYBE_TEXT, METADATA),
    ),
    "LOGS_CAPTURED": st.builds(data.ComputeLogsCaptureData, TEXT, st.lists(TEXT, max_size=2), MAYBE_TEXT),
    "HOOK_ERRORED": st.builds(data.HookErroredData, ERRORS),
    "PIPELINE_FAILURE": st.builds(
        JobFailureData,
        MAYBE_ERROR,
        st.none() | st.sampled_from(data.RunFailureReason),
        st.none()
        | FAILED_STEP.map(lambda found: DagflowEvent("STEP_FAILURE", "cafe", event_specific_data=found)),
    ),
    "PIPELINE_CANCELED": st.builds(data.JobCanceledData, MAYBE_ERROR),
    "PIPELINE_ENQUEUED": st.builds(data.RunEnqueuedData, TEXT, TEXT, MAYBE_TEXT),
}
DATA.update(
    dict.fromkeys(
        (
            "ENGINE_EVENT", "RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS", "RESOURCE_INIT_FAILURE",
            "STEP_WORKER_STARTING", "STEP_WORKER_STARTED",
        ),
        ENGINE,
    )
)  # fmt: skip
HANDLES = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map(NodeHandle.from_path)


@st.composite
def events(draw: st.DrawFn, kind: DagflowEventType) -> DagflowEvent:
    """Draw an event of a type, with data of this type."""
    node = draw(st.none() | HANDLES)
    return DagflowEvent(
        kind.value,
        draw(TEXT),
        None if node is None else StepHandle(node, draw(TEXT), draw(MAYBE_TEXT)),
        node,
        draw(st.sampled_from([None, "COMPUTE"])),
        draw(TAGS),
        draw(DATA[kind.value]) if kind.value in DATA else None,
        draw(MAYBE_TEXT),
        draw(st.none() | st.integers()),
        draw(MAYBE_TEXT),
        run_id=draw(TEXT),
        attempt=draw(st.none() | st.integers()),
        timestamp=draw(FLOATS),
    )


def through_json(plain: dict[str, Any]) -> Any:
    """Encode an object as strict JSON and decode it again."""
    return json.loads(json.dumps(plain, allow_nan=False))


@pytest.mark.parametrize("kind", DagflowEventType, ids=lambda kind: kind.name)
@settings(max_examples=max(5, settings().max_examples // 5))
@given(drawn=st.data())
def test_every_event_comes_back_equal(kind: DagflowEventType, drawn: st.DataObject) -> None:
    """An event of any type and its log line survive JSON."""
    event = drawn.draw(events(kind))
    line = EventLogEntry.of_event(event)

    read = DagflowEvent.from_dict(through_json(event.to_dict()))

    assert read == event
    assert type(read.partition) is type(event.partition)
    assert EventLogEntry.from_dict(through_json(line.to_dict())) == line


class Size(enum.IntEnum):
    """A number with a name."""

    SMALL = 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Size.SMALL, "1"),
        (DagflowEventType.RUN_START, '"PIPELINE_START"'),
        (float("-inf"), '{"__float__": "-inf"}'),
        ((1, {2}), '{"__tuple__": [1, {"__set__": [2]}]}'),
        ({1: "a"}, '{"__items__": [[1, "a"]]}'),
        ({"__class__": 1}, '{"__items__": [["__class__", 1]]}'),
        (data.ErrorSource.INTERRUPT, '{"__enum__": "ErrorSource.INTERRUPT"}'),
        (
            MultiPartitionKey({"x": "a", "y": "b"}),
            '{"__class__": "MultiPartitionKey", "keys_by_dimension": {"x": "a", "y": "b"}}',
        ),
    ],
)
def test_the_form_of_values(value: object, text: str) -> None:
    """Values that are not plain JSON have a tag; subclasses of int and str become plain values."""
    assert serialize_value(value) == text
    assert deserialize_value(text) == value


@given(st.recursive(
    SCALARS | METADATA_VALUES | KEYS | st.sampled_from(DagflowRunStatus),
    lambda inner: st.lists(inner, max_size=3)
    | st.lists(inner, max_size=3).map(tuple)
    | st.frozensets(st.integers() | TEXT, max_size=3)
    | st.sets(st.integers() | TEXT, max_size=3)
    | st.dictionaries(SCALARS, inner, max_size=3),
    max_leaves=6,
))  # fmt: skip
def test_every_value_comes_back_equal(value: object) -> None:
    """Values of plain Python, metadata and keys survive JSON; equal values have equal strings."""
    text = serialize_value(value)

    assert deserialize_value(text) == value
    assert serialize_value(deserialize_value(text)) == text


@given(
    JSON | st.dictionaries(st.sampled_from(["__class__", "__tuple__", "__enum__", "__items__", "__x"]), JSON)
)
def test_any_json_is_read_or_refused(plain: object) -> None:
    """Any JSON is decoded or raises DagflowSerializationError, never another exception."""
    with suppress(DagflowSerializationError):
        serialize_value(deserialize_value(json.dumps(plain)))


def test_the_events_of_a_run_come_back_equal() -> None:
    """The events of a run survive JSON, including errors, materializations and lines of user code."""

    @op
    def beans(context):
        context.log_event(AssetMaterialization("shelf", partition="p", metadata={"n": {"a": [1.5, None]}}))
        return 1

    @op
    def spill(n):
        raise Failure("spilt", metadata={"n": n}) from KeyError("cup")

    @job
    def cafe():
        spill(beans())

    result = cafe.execute_in_process(raise_on_error=False)
    copies = [DagflowEvent.from_dict(through_json(event.to_dict())) for event in result.all_events]

    assert copies == result.all_events
    assert pickle.loads(pickle.dumps(copies)) == copies
    run = result.dagflow_run
    assert from_dict(through_json(to_dict(run)), DagflowRun) == run


class Strange:
    """A class that cannot be stored."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def __repr__(self) -> str:
        if self.text is None:
            raise ValueError("no text")
        return self.text


def test_what_json_cannot_hold_becomes_a_text() -> None:
    """A value of an unknown class is decoded as an UnstoredValue with its repr, and stays the same."""
    planned = AssetMaterializationPlannedData(AssetKey("a"), None, [Strange("strange"), Strange(None)])
    event = DagflowEvent("ASSET_MATERIALIZATION_PLANNED", "cafe", event_specific_data=planned)

    read = DagflowEvent.from_dict(through_json(event.to_dict()))

    name = f"{__name__}.Strange"
    assert read.event_specific_data.partitions_subset == [
        UnstoredValue(name, "strange"),
        UnstoredValue(name, "<its repr raised ValueError>"),
    ]
    assert DagflowEvent.from_dict(read.to_dict()) == read


def test_a_value_of_an_unknown_class_is_no_json() -> None:
    """`serialize_value` raises for a value of an unknown class."""
    with pytest.raises(DagflowSerializationError, match="'Strange'"):
        serialize_value([Strange("strange")])
    with pytest.raises(DagflowSerializationError, match="'function'"):
        serialize_value({"a": test_any_json_is_read_or_refused})


def test_check_results_can_be_stored() -> None:
    """Check results of user code survive JSON."""
    result = AssetCheckResult(passed=True, asset_key="a", severity=AssetCheckSeverity.WARN)

    assert deserialize_value(serialize_value(result), AssetCheckResult) == result


GOOD = DagflowEvent("STEP_SUCCESS", "cafe", event_specific_data=data.StepSuccessData(3.5)).to_dict()


def without(key: str) -> dict[str, Any]:
    """Return a valid event dict that lacks a key."""
    return {name: found for name, found in GOOD.items() if name != key}


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        ([], r"a stored DagflowEvent must be a dict, not \[\]"),
        ({}, "lacks a 'version'"),
        ({**GOOD, "version": 2}, "version 2 of the form.* version 1 only"),
        ({**GOOD, "version": True}, "version True"),
        ({**GOOD, "__class__": "Strange"}, "unknown class 'Strange'"),
        ({**GOOD, "__class__": ["Strange"]}, "unknown class"),
        (to_dict(data.StepSuccessData(3.5)), "a stored 'StepSuccessData' is not a 'DagflowEvent'"),
        (without("job_name"), r"lacks \['job_name'\]"),
        ({**GOOD, "mood": 3}, r"unknown fields \['mood'\]"),
        ({**GOOD, "job_name": 3}, "DagflowEvent.job_name is damaged.*'int', not 'str'"),
        ({**GOOD, "step_handle": {"a": 3}}, "DagflowEvent.step_handle.*'dict', not 'StepHandle'"),
        ({**GOOD, "logging_tags": None}, "DagflowEvent.logging_tags"),
        ({**GOOD, "timestamp": "now"}, "DagflowEvent.timestamp"),
        ({**GOOD, "event_type_value": "STEP_DANCED"}, "unknown event type 'STEP_DANCED'"),
        ({**GOOD, "event_specific_data": 3}, "'int' is not the data of a STEP_SUCCESS event"),
        (
            {**GOOD, "event_specific_data": {"__class__": "StepSuccessData"}},
            r"event_specific_data.*'duration_ms'",
        ),
        ({**GOOD, "message": {"__enum__": "ErrorSource.BAD_LUCK"}}, "DagflowEvent.message is damaged"),
        ({**GOOD, "message": {"__enum__": "Path.cwd"}}, "DagflowEvent.message is damaged"),
        ({**GOOD, "message": {"__reduce__": ["os.system"]}}, "DagflowEvent.message has an unknown tag"),
        ({**GOOD, "message": {"__float__": "inf", "a": 1}}, "DagflowEvent.message has an unknown tag"),
        ({**GOOD, "message": {"__items__": [[1]]}}, "DagflowEvent.message is damaged"),
        ({**GOOD, "message": {"__class__": "AssetKey", "path": [3]}}, "not a valid 'AssetKey'"),
        (
            {**GOOD, "message": {"__class__": "IntMetadataValue", "value": "x"}},
            "not a valid 'IntMetadataValue'.*'value'",
        ),
    ],
)
def test_damage_is_named(damaged: Any, message: str) -> None:
    """A dict that is not a stored event is an error with the problem and its path."""
    with pytest.raises(DagflowSerializationError, match=message):
        DagflowEvent.from_dict(damaged)


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: deserialize_value("{"), "is not JSON"),
        (lambda: deserialize_value(3), "3 is not JSON"),  # type: ignore[arg-type]
        (lambda: deserialize_value("3", str), "a stored 'int' is not a 'str'"),
        (lambda: deserialize_value("3", (str, list)), "'str or list'"),
    ],
)
def test_texts_that_cannot_be_read(read: Callable[[], object], message: str) -> None:
    """Invalid JSON and an unexpected class raise the same exception class."""
    with pytest.raises(DagflowSerializationError, match=message):
        read()


@pytest.mark.not_in_wasm("an overflow of the stack ends the process")
@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: deserialize_value("[" * 100_000 + "]" * 100_000), "not JSON|nested too deeply"),
        (lambda: deserialize_value("[" * 5_000 + "]" * 5_000), "not JSON|nested too deeply"),
        (lambda: serialize_value(nested(2000)), "nested too deeply"),
        (lambda: DagflowEvent.from_dict({**GOOD, "message": nested(2000)}), "nested too deeply"),
    ],
)
def test_endless_nesting(read: Callable[[], object], message: str) -> None:
    """Values that are nested too deeply raise the same exception class as invalid JSON."""
    with pytest.raises(DagflowSerializationError, match=message):
        read()


def nested(depth: int) -> list[Any]:
    """Return a deeply nested list."""
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found
