"""Events: their fields, flags and data, and that they are immutable."""

from __future__ import annotations

import copy
import pickle

import pytest

from dagflow import (
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    CheckError,
    DagflowEvent,
    DagflowEventType,
    ExpectationResult,
    Failure,
    Output,
    RetryPolicy,
    asset,
    job,
    materialize_to_memory,
    op,
)
from dagflow.events.data import (
    AssetObservationData,
    EngineEventData,
    StepMaterializationData,
    StepOutputData,
    StepOutputHandle,
)
from dagflow.events.record import EventLogEntry, StepKind
from dagflow.keys import NodeHandle

FIELDS = (
    "event_type_value", "job_name", "step_handle", "node_handle", "step_kind_value", "logging_tags",
    "event_specific_data", "message", "pid", "step_key",
)  # fmt: skip


@pytest.fixture(name="run")
def _run():
    """Return the events of a run with most event types."""

    @op(retry_policy=RetryPolicy(max_retries=1))
    def flaky(context):
        context.log.info("a line of the user")
        yield AssetMaterialization("shelf", partition="p", metadata={"n": 1})
        yield AssetObservation("river")
        yield ExpectationResult(True, "fits")
        if context.retry_number == 0:
            raise Failure("not yet", metadata={"n": 1})
        yield Output(1, metadata={"rows": 3})

    @op
    def brew(n: int) -> int:
        return n

    @op
    def spill(n):
        raise KeyError("spilt")

    @job
    def cafe():
        spill(brew(flaky()))

    return cafe.execute_in_process(raise_on_error=False)


def an_event(kind, **fields):
    return DagflowEvent(kind.value, "cafe", **fields)


def test_fields_have_their_place_in_the_constructor():
    """The constructor takes the fields in their order; most have defaults."""
    handle = NodeHandle("beans", None)
    event = DagflowEvent("STEP_START", "cafe", None, handle, "COMPUTE", {"a": "b"}, None, "said", 7, "beans")

    values = ["STEP_START", "cafe", None, handle, "COMPUTE", {"a": "b"}, None, "said", 7, "beans"]
    assert [getattr(event, name) for name in FIELDS] == values
    bare = DagflowEvent("STEP_START", "cafe")
    assert [getattr(bare, name) for name in FIELDS[2:]] == [None, None, None, {}, None, None, None, None]


def test_older_spellings():
    """`pipeline_name` and `solid_handle` are accepted as arguments and exist as attributes."""
    handle = NodeHandle("beans", None)
    event = DagflowEvent("STEP_START", pipeline_name="cafe", solid_handle=handle)

    assert (event.job_name, event.pipeline_name) == ("cafe", "cafe")
    assert event.node_handle == event.solid_handle == handle


def test_an_event_needs_a_job_and_a_known_type():
    """An event without a job name or with an unknown type is an error."""
    with pytest.raises(CheckError, match="job_name"):
        DagflowEvent("STEP_START")
    with pytest.raises(ValueError, match="STEP_DANCED"):
        DagflowEvent("STEP_DANCED", "cafe")


def test_names_of_run_events():
    """`PIPELINE_X` is an alias of `RUN_X`; the value is the older string."""
    assert DagflowEventType.PIPELINE_START is DagflowEventType.RUN_START
    assert DagflowEventType.RUN_START.name == "RUN_START"
    assert DagflowEventType.RUN_START.value == "PIPELINE_START"


def test_an_event_cannot_be_changed(run):
    """Fields can be neither set nor deleted, before and after they are read."""
    event = run.all_events[5]
    for name in ("message", "step_key", "timestamp", "new"):
        with pytest.raises(AttributeError, match=f"'{name}'"):
            setattr(event, name, "x")
    with pytest.raises(AttributeError, match="'message'"):
        del event.message
    with pytest.raises(AttributeError, match="'messages'"):
        event.messages  # noqa: B018


def test_events_are_equal_by_their_fields(run):
    """Events with equal fields are equal, however they were created."""
    first, second = run.all_events[5], copy.copy(run.all_events[5])

    assert first == second
    assert hash(first) == hash(second)
    assert first != run.all_events[6]
    assert first != "STEP_START"
    assert an_event(DagflowEventType.STEP_START) != an_event(DagflowEventType.STEP_START, step_key="x")


def test_every_event_of_a_run_survives_pickling(run):
    """An unpickled event equals the original."""
    for event in run.all_events:
        again = pickle.loads(pickle.dumps(event))
        assert again == event
        assert again.source is None
        assert (again.message, again.event_specific_data) == (event.message, event.event_specific_data)
        assert repr(again) == repr(event)


def test_an_event_of_a_step_knows_its_place(run):
    """Events of steps have handles, step kind, node name and tags."""
    event = run.events_for_node("flaky")[0]

    assert (event.step_key, event.node_name, str(event.node_handle)) == ("flaky", "flaky", "flaky")
    assert (event.step_handle.to_key(), event.step_handle.node_handle) == ("flaky", event.node_handle)
    assert (event.step_kind, event.step_kind_value) == (StepKind.COMPUTE, "COMPUTE")
    assert event.logging_tags == {
        "run_id": run.run_id,
        "job_name": "cafe",
        "step_key": "flaky",
        "op_name": "flaky",
        "resource_name": "None",
        "resource_fn_name": "None",
    }


def test_an_event_of_the_run_has_no_place(run):
    """Events of the run have no step; reading their node name or step kind raises."""
    event = run.all_events[0]

    assert (event.step_key, event.step_handle, event.node_handle, event.logging_tags) == (
        None,
        None,
        None,
        {},
    )
    assert event.step_kind_value is None
    with pytest.raises(CheckError, match="node_name"):
        event.node_name  # noqa: B018
    with pytest.raises(ValueError, match="None"):
        event.step_kind  # noqa: B018


def test_attempts_and_times(run):
    """Events have the attempt of their step; their times never decrease."""
    flaky = run.events_for_node("flaky")

    assert [event.attempt for event in flaky if event.event_type.name.startswith("STEP_")][:3] == [1, 1, 1]
    assert [event.attempt for event in flaky if event.is_step_restarted] == [2]
    assert run.all_events[0].attempt is None
    times = [event.timestamp for event in run.all_events]
    assert times == sorted(times)


STEP_FAMILY = {
    "STEP_START", "STEP_OUTPUT", "STEP_INPUT", "STEP_SUCCESS", "STEP_SKIPPED", "STEP_FAILURE",
    "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "ASSET_MATERIALIZATION", "ASSET_OBSERVATION",
    "STEP_EXPECTATION_RESULT", "HANDLED_OUTPUT", "LOADED_INPUT", "OBJECT_STORE_OPERATION",
    "ASSET_CHECK_EVALUATION",
}  # fmt: skip
RUN_FAMILY = {
    "RUN_ENQUEUED", "RUN_DEQUEUED", "RUN_STARTING", "RUN_START", "RUN_SUCCESS", "RUN_FAILURE",
    "RUN_CANCELING", "RUN_CANCELED", "RUN_SUSPENDED", "RUN_RESUMED",
}  # fmt: skip


@pytest.mark.parametrize(
    ("flag", "types"),
    [
        ("is_step_event", STEP_FAMILY),
        ("is_hook_event", {"HOOK_COMPLETED", "HOOK_ERRORED", "HOOK_SKIPPED"}),
        ("is_alert_event", {"ALERT_START", "ALERT_SUCCESS", "ALERT_FAILURE"}),
        ("is_engine_event", {"ENGINE_EVENT"}),
        ("is_job_event", RUN_FAMILY),
        ("is_job_success", {"RUN_SUCCESS"}),
        ("is_job_failure", {"RUN_FAILURE"}),
        ("is_run_failure", {"RUN_FAILURE"}),
        ("is_failure", {"STEP_FAILURE", "RUN_FAILURE", "RUN_CANCELED"}),
        ("is_step_start", {"STEP_START"}),
        ("is_step_success", {"STEP_SUCCESS"}),
        ("is_step_failure", {"STEP_FAILURE"}),
        ("is_step_skipped", {"STEP_SKIPPED"}),
        ("is_step_up_for_retry", {"STEP_UP_FOR_RETRY"}),
        ("is_step_restarted", {"STEP_RESTARTED"}),
        ("is_successful_output", {"STEP_OUTPUT"}),
        ("is_step_materialization", {"ASSET_MATERIALIZATION"}),
        ("is_asset_observation", {"ASSET_OBSERVATION"}),
        ("is_asset_materialization_planned", {"ASSET_MATERIALIZATION_PLANNED"}),
        ("is_expectation_result", {"STEP_EXPECTATION_RESULT"}),
        ("is_handled_output", {"HANDLED_OUTPUT"}),
        ("is_loaded_input", {"LOADED_INPUT"}),
        ("is_resource_init_failure", {"RESOURCE_INIT_FAILURE"}),
    ],
)
def test_flags(flag, types):
    """Each flag is true for its event types only."""
    assert {kind.name for kind in DagflowEventType if getattr(an_event(kind), flag)} == types


@pytest.mark.parametrize(
    ("accessor", "types"),
    [
        ("step_input_data", {"STEP_INPUT"}),
        ("step_output_data", {"STEP_OUTPUT"}),
        ("step_success_data", {"STEP_SUCCESS"}),
        ("step_failure_data", {"STEP_FAILURE"}),
        ("step_retry_data", {"STEP_UP_FOR_RETRY"}),
        ("step_materialization_data", {"ASSET_MATERIALIZATION"}),
        ("step_expectation_result_data", {"STEP_EXPECTATION_RESULT"}),
        ("asset_observation_data", {"ASSET_OBSERVATION"}),
        ("asset_materialization_planned_data", {"ASSET_MATERIALIZATION_PLANNED"}),
        ("asset_check_evaluation_data", {"ASSET_CHECK_EVALUATION"}),
        ("asset_check_evaluation", {"ASSET_CHECK_EVALUATION"}),
        (
            "engine_event_data",
            {
                "ENGINE_EVENT", "RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS", "RESOURCE_INIT_FAILURE",
                "STEP_WORKER_STARTING", "STEP_WORKER_STARTED",
            },
        ),
        ("hook_errored_data", {"HOOK_ERRORED"}),
        ("hook_completed_data", {"HOOK_COMPLETED"}),
        ("hook_skipped_data", {"HOOK_SKIPPED"}),
        ("job_failure_data", {"RUN_FAILURE"}),
        ("job_canceled_data", {"RUN_CANCELED"}),
        ("run_enqueued_data", {"RUN_ENQUEUED"}),
        ("asset_check_planned_data", {"ASSET_CHECK_EVALUATION_PLANNED"}),
        ("asset_wiped_data", {"ASSET_WIPED"}),
        ("logs_captured_data", {"LOGS_CAPTURED"}),
        ("loaded_input", {"LOADED_INPUT"}),
        ("loaded_input_data", {"LOADED_INPUT"}),
        ("handled_output", {"HANDLED_OUTPUT"}),
        ("handled_output_data", {"HANDLED_OUTPUT"}),
    ],
)  # fmt: skip
def test_data_accessors(accessor, types):
    """An accessor returns the data of its type; for other types the error names both types."""
    for kind in DagflowEventType:
        event = an_event(kind, event_specific_data="data")
        if kind.name in types:
            assert getattr(event, accessor) == "data"
        else:
            with pytest.raises(CheckError) as caught:
                getattr(event, accessor)
            assert accessor in str(caught.value)
            assert kind.name in str(caught.value)
            assert any(name in str(caught.value) for name in types)


def test_what_an_event_says_of_an_asset():
    """Events about assets have key and partition; for other events both are None."""
    written, seen = AssetMaterialization("shelf", partition="p"), AssetObservation(["a", "b"])
    event = an_event(
        DagflowEventType.ASSET_MATERIALIZATION, event_specific_data=StepMaterializationData(written)
    )
    assert (event.asset_key, event.partition, event.materialization) == (AssetKey("shelf"), "p", written)

    event = an_event(DagflowEventType.ASSET_OBSERVATION, event_specific_data=AssetObservationData(seen))
    assert (event.asset_key, event.partition, event.asset_observation) == (AssetKey(["a", "b"]), None, seen)
    with pytest.raises(CheckError):
        event.materialization  # noqa: B018

    event = an_event(DagflowEventType.STEP_START)
    assert (event.asset_key, event.partition) == (None, None)


def test_the_data_of_an_output_knows_its_names():
    """The data of an output has its name and mapping key."""
    data = StepOutputData(StepOutputHandle("brew", "cup", "a"))

    assert (data.output_name, data.mapping_key, data.version, data.metadata) == ("cup", "a", None, {})


def test_a_line_of_the_log(run):
    """A line of the log is an event or a message of user code, with the level of its type."""
    failed = EventLogEntry.of_event(run.get_step_failure_events()[0])
    started = EventLogEntry.of_event(run.all_events[0])

    assert (failed.level, failed.error_info.cls_name) == (40, "DagflowExecutionStepExecutionError")
    assert (started.level, started.error_info, started.is_dagflow_event) == (10, None, True)
    assert started.message == started.user_message == run.all_events[0].message
    assert (started.job_name, started.pipeline_name, started.step_key) == ("cafe", "cafe", None)
    assert started.get_dagflow_event() == run.all_events[0]
    assert started.dagflow_event_type is DagflowEventType.RUN_START
    line = EventLogEntry(None, 20, "text", run.run_id, 0.0)
    assert line.dagflow_event_type is None
    with pytest.raises(CheckError, match="'text'"):
        line.get_dagflow_event()
    assert (line.is_dagflow_event, line.asset_materialization, line.asset_observation) == (False, None, None)


def test_the_asset_in_a_line_of_the_log(run):
    """Lines have the materialization or observation of their event."""
    lines = [EventLogEntry.of_event(event) for event in run.all_events]

    assert next(line.asset_materialization for line in lines if line.asset_materialization).partition == "p"
    assert next(line.asset_observation for line in lines if line.asset_observation).label == "river"


def test_events_without_a_message_make_an_empty_line():
    """An observation has no message, so its line in the log is empty."""

    @asset
    def river(context):
        context.log_event(AssetObservation("river"))
        return 1

    (event,) = materialize_to_memory([river]).get_asset_observation_events()
    assert event.message is None
    assert EventLogEntry.of_event(event).message == ""


def test_engine_data_has_defaults():
    """All fields of EngineEventData are optional."""
    assert EngineEventData() == ({}, None, None, None)
