"""Decoded records: the messages and the data of events."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    DagflowType,
    DynamicOut,
    DynamicOutput,
    ExpectationResult,
    In,
    Out,
    Output,
    RetryPolicy,
    TypeCheck,
    job,
    op,
    resource,
)

WARM = DagflowType(lambda context, value: TypeCheck(True, "just right", {"degrees": 41}), name="Warm")


@pytest.fixture(name="run", scope="module")
def _run():
    """Return a run with most types of events."""

    @op(out={"cup": Out(int), "cold": Out(is_required=False)})
    def beans():
        yield AssetMaterialization(["shelf", "top"])
        yield AssetMaterialization("box", description="a box")
        yield AssetObservation("river", description="seen")
        yield ExpectationResult(True, "fits")
        yield ExpectationResult(False, description="too big")
        yield Output(1, "cup")

    @op(out=DynamicOut(str))
    def cups():
        yield DynamicOutput("x", "a")
        yield DynamicOutput("y", "b")

    @op
    def brew(cup: str) -> str:
        return cup

    @op
    def total(cups: list[str]) -> int:
        return len(cups)

    @op
    def after(n):
        return n

    @op
    def skipped(n):
        return n

    @op(out=Out(WARM), required_resource_keys={"machine"})
    def warm():
        return 1

    @op(ins={"n": In(str)})
    def wrong(n):
        return n

    @op(retry_policy=RetryPolicy(max_retries=1))
    def flaky(context):
        if context.retry_number == 0:
            raise ValueError("not yet")

    @resource
    def machine(context):
        return 3

    @job(resource_defs={"machine": machine})
    def cafe():
        cup, cold = beans()
        wrong(cup)
        skipped(cold)
        after(total(cups().map(brew).collect()))
        warm()
        flaky()

    return cafe.execute_in_process(raise_on_error=False)


def found(run, kind, step_key=None):
    """Return the events of a type and step."""
    return [e for e in run.all_events if e.event_type.name == kind and (step_key in (None, e.step_key))]


@pytest.mark.parametrize(
    ("kind", "step_key", "names"),
    [
        ("RUN_START", None, ['"cafe"']),
        ("RUN_FAILURE", None, ['"cafe"', "['wrong']"]),
        ("STEP_START", "beans", ['"beans"']),
        ("STEP_RESTARTED", "flaky", ['"flaky"', "2"]),
        ("STEP_UP_FOR_RETRY", "flaky", ['"flaky"']),
        ("STEP_SUCCESS", "beans", ['"beans"', "ms"]),
        ("STEP_FAILURE", "wrong", ['"wrong"']),
        ("STEP_SKIPPED", "skipped", ['"skipped"']),
        ("LOADED_INPUT", "brew[a]", ['"cup"', '"io_manager"', '"result"', '"cups"']),
        ("STEP_INPUT", "brew[a]", ['"cup"', '"String"', "passed"]),
        ("STEP_INPUT", "wrong", ['"n"', '"String"', "Warning", "failed"]),
        ("STEP_OUTPUT", "beans", ['"cup"', '"Int"', "passed"]),
        ("STEP_OUTPUT", "cups", ['"result"', '"a"', '"String"']),
        ("HANDLED_OUTPUT", "beans", ['"cup"', '"io_manager"']),
        ("ASSET_MATERIALIZATION", "beans", ["shelf top"]),
        ("STEP_EXPECTATION_RESULT", "beans", ["fits", "passed"]),
        ("RESOURCE_INIT_STARTED", None, ["[io_manager, machine]"]),
        ("RESOURCE_INIT_SUCCESS", None, ["[io_manager, machine]"]),
    ],
)
def test_messages_name_what_they_are_about(run, kind, step_key, names):
    """A message has the job, step, input, output, type or manager in quotes."""
    message = found(run, kind, step_key)[0].message

    assert [name for name in names if name not in message] == []


def test_descriptions_are_messages(run):
    """The description by user code is the message; an observation has no message."""
    assert found(run, "ASSET_MATERIALIZATION")[1].message == "a box"
    assert found(run, "STEP_EXPECTATION_RESULT")[1].message == "too big"
    assert found(run, "ASSET_OBSERVATION")[0].message is None


def test_messages_of_the_process_name_it(run):
    """Messages about start, end and logs of the process have its id; the last one has the duration."""
    first, last = found(run, "ENGINE_EVENT")
    for event in (first, last, *found(run, "LOGS_CAPTURED")):
        assert f"(pid: {event.pid})" in event.message
    assert last.message.endswith("s")


def test_steps_that_join_later_do_not_change_what_was_said(run):
    """Events of the process name templates of the plan, not mapped steps."""
    names = str(["beans", "cups", "flaky", "warm", "skipped", "wrong", "brew[?]", "total", "after"])
    metadata = [event.engine_event_data.metadata for event in found(run, "ENGINE_EVENT")]

    assert [value["step_keys"].text for value in metadata] == [names, names]
    assert found(run, "LOGS_CAPTURED")[0].logs_captured_data.step_keys == [
        "beans", "cups", "flaky", "warm", "skipped", "wrong",
    ]  # fmt: skip


def test_resources_are_named_with_class_and_time(run):
    """RESOURCE_INIT_SUCCESS has the class of each resource and the duration."""
    started, done = found(run, "RESOURCE_INIT_STARTED")[0], found(run, "RESOURCE_INIT_SUCCESS")[0]

    assert (started.engine_event_data.marker_start, done.engine_event_data.marker_end) == ("resources",) * 2
    metadata = done.engine_event_data.metadata
    assert sorted(metadata) == ["io_manager", "io_manager:init_time", "machine", "machine:init_time"]
    assert (metadata["machine"].name, metadata["machine:init_time"].text[-2:]) == ("int", "ms")


def test_what_a_type_check_said_is_kept(run):
    """Description and metadata of a type check are in the data of the output."""
    passed = found(run, "STEP_OUTPUT", "warm")[0].step_output_data.type_check_data
    failed = found(run, "STEP_INPUT", "wrong")[0].step_input_data.type_check_data

    assert (passed.success, passed.label, passed.description) == (True, "result", "just right")
    assert passed.metadata["degrees"].value == 41
    assert (failed.success, failed.label) == (False, "n")
    assert "must be a string" in failed.description


def test_the_evaluation_of_a_check():
    """An asset check evaluation that an op logs or yields is the data of its event."""
    key = AssetKey(["shop", "cup"])
    good = AssetCheckEvaluation(key, "full", True)
    bad = AssetCheckEvaluation(key, "hot", False, severity=AssetCheckSeverity.WARN, description="It is cold.")

    @op
    def brew(context):
        context.log_event(good)
        yield bad
        yield Output(1)

    @job
    def cafe():
        brew()

    result = cafe.execute_in_process()

    assert result.get_asset_check_evaluations() == [good, bad]
    events = [event for event in result.all_events if event.event_type_value == "ASSET_CHECK_EVALUATION"]
    assert [(event.asset_check_key, event.asset_key, event.message) for event in events] == [
        (good.asset_check_key, None, "Asset check 'full' on 'shop/cup' passed."),
        (bad.asset_check_key, None, "Asset check 'hot' on 'shop/cup' did not pass. It is cold."),
    ]
