"""Whole runs, compared event by event with the sequences that the specification gives.

The names S1, S6... are those of its section on canonical sequences.
"""

from __future__ import annotations

import contextlib

import pytest

from dagflow import (
    AssetMaterialization,
    AssetObservation,
    DagflowInstance,
    ExpectationResult,
    In,
    IOManager,
    MaterializeResult,
    Nothing,
    Out,
    Output,
    RetryPolicy,
    RetryRequested,
    asset,
    graph,
    job,
    materialize,
    materialize_to_memory,
    op,
    resource,
)


@op
def beans():
    return 1


@op
def brew(beans):
    return beans


@op
def spill():
    raise ValueError("spilt")


@asset
def water():
    return 1


@asset
def tea(water):
    return water


def test_s1_one_op(sequence):
    """One op: with a single step, the events about resources have its key."""

    @job
    def j():
        beans()

    assert sequence(j.execute_in_process()) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED[beans] > RESOURCE_INIT_SUCCESS[beans] > "
        "LOGS_CAPTURED > STEP_START[beans] > STEP_OUTPUT[beans] > HANDLED_OUTPUT[beans] > "
        "STEP_SUCCESS[beans] > ENGINE_EVENT > RUN_SUCCESS"
    )


def test_s2_a_chain_of_two_ops(sequence):
    """A chain: the second loads its input, then checks it; events about resources have no key."""

    @job
    def j():
        brew(beans())

    assert sequence(j.execute_in_process()) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED > RESOURCE_INIT_SUCCESS > LOGS_CAPTURED > "
        "STEP_START[beans] > STEP_OUTPUT[beans] > HANDLED_OUTPUT[beans] > STEP_SUCCESS[beans] > "
        "STEP_START[brew] > LOADED_INPUT[brew] > STEP_INPUT[brew] > STEP_OUTPUT[brew] > "
        "HANDLED_OUTPUT[brew] > STEP_SUCCESS[brew] > ENGINE_EVENT > RUN_SUCCESS"
    )


def test_s3_a_failure_with_a_dependent_and_an_independent_op(sequence):
    """Behind a failure nothing happens; beside it all goes on."""

    @job
    def j():
        brew(spill())
        beans()

    assert sequence(j.execute_in_process(raise_on_error=False)) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED > RESOURCE_INIT_SUCCESS > LOGS_CAPTURED > "
        "STEP_START[beans] > STEP_OUTPUT[beans] > HANDLED_OUTPUT[beans] > STEP_SUCCESS[beans] > "
        "STEP_START[spill] > STEP_FAILURE[spill] > ENGINE_EVENT > RUN_FAILURE"
    )


def test_s4_a_retry_then_success(sequence):
    """A second attempt begins with STEP_RESTARTED, not with another STEP_START."""

    @op(retry_policy=RetryPolicy(max_retries=1))
    def flaky(context):
        if context.retry_number == 0:
            raise ValueError
        return 1

    @job
    def j():
        flaky()

    assert sequence(j.execute_in_process()) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED[flaky] > RESOURCE_INIT_SUCCESS[flaky] > "
        "LOGS_CAPTURED > STEP_START[flaky] > STEP_UP_FOR_RETRY[flaky] > STEP_RESTARTED[flaky] > "
        "STEP_OUTPUT[flaky] > HANDLED_OUTPUT[flaky] > STEP_SUCCESS[flaky] > ENGINE_EVENT > RUN_SUCCESS"
    )


def test_s5_retries_used_up(sequence):
    """The last attempt ends with STEP_FAILURE."""

    @op(retry_policy=RetryPolicy(max_retries=1))
    def never():
        raise ValueError

    @job
    def j():
        never()

    assert sequence(j.execute_in_process(raise_on_error=False)) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED[never] > RESOURCE_INIT_SUCCESS[never] > "
        "LOGS_CAPTURED > STEP_START[never] > STEP_UP_FOR_RETRY[never] > STEP_RESTARTED[never] > "
        "STEP_FAILURE[never] > ENGINE_EVENT > RUN_FAILURE"
    )


def test_s6_a_skip(sequence):
    """Skips are known as soon as the output did not come, and written before the next step."""

    @op(out={"hot": Out(is_required=False), "cold": Out(is_required=False)})
    def pick():
        yield Output(1, "hot")

    @op
    def hot_cup(hot):
        return hot

    @op
    def cold_cup(cold):
        return cold

    @op
    def cold_mix(cup):
        return cup

    @job
    def j():
        hot, cold = pick()
        hot_cup(hot)
        cold_mix(cold_cup(cold))

    assert sequence(j.execute_in_process()) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED > RESOURCE_INIT_SUCCESS > LOGS_CAPTURED > "
        "STEP_START[pick] > STEP_OUTPUT[pick] > HANDLED_OUTPUT[pick] > STEP_SUCCESS[pick] > "
        "STEP_SKIPPED[cold_cup] > STEP_SKIPPED[cold_mix] > STEP_START[hot_cup] > LOADED_INPUT[hot_cup] > "
        "STEP_INPUT[hot_cup] > STEP_OUTPUT[hot_cup] > HANDLED_OUTPUT[hot_cup] > STEP_SUCCESS[hot_cup] > "
        "ENGINE_EVENT > RUN_SUCCESS"
    )


def test_s9_a_nothing_dependency(sequence):
    """An output of type Nothing is handled by nobody, an input of that type loaded by nobody."""

    @op(out=Out(Nothing))
    def heat():
        pass

    @op(ins={"after": In(Nothing)})
    def serve():
        return 1

    @job
    def j():
        serve(heat())

    assert sequence(j.execute_in_process()) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED > RESOURCE_INIT_SUCCESS > LOGS_CAPTURED > "
        "STEP_START[heat] > STEP_OUTPUT[heat] > STEP_SUCCESS[heat] > STEP_START[serve] > "
        "STEP_OUTPUT[serve] > HANDLED_OUTPUT[serve] > STEP_SUCCESS[serve] > ENGINE_EVENT > RUN_SUCCESS"
    )


@pytest.mark.parametrize("run", [materialize, materialize_to_memory])
def test_s10_two_assets(run, sequence):
    """Assets: the materialization stands between output and storage, in files as in memory."""
    assert sequence(run([water, tea])) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED > RESOURCE_INIT_SUCCESS > LOGS_CAPTURED > "
        "STEP_START[water] > STEP_OUTPUT[water] > ASSET_MATERIALIZATION[water] > HANDLED_OUTPUT[water] > "
        "STEP_SUCCESS[water] > STEP_START[tea] > LOADED_INPUT[tea] > STEP_INPUT[tea] > STEP_OUTPUT[tea] > "
        "ASSET_MATERIALIZATION[tea] > HANDLED_OUTPUT[tea] > STEP_SUCCESS[tea] > ENGINE_EVENT > RUN_SUCCESS"
    )


def returns_a_result():
    return MaterializeResult()


def returns_none() -> None:
    pass


@pytest.mark.parametrize("body", [returns_a_result, returns_none])
@pytest.mark.parametrize("run", [materialize, materialize_to_memory])
def test_s11_an_asset_without_a_value(run, body, sequence):
    """An asset that hands over no value is materialized, and its I/O manager is not called."""
    note = asset(name="note")(body)

    assert sequence(run([note])) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED[note] > RESOURCE_INIT_SUCCESS[note] > "
        "LOGS_CAPTURED > STEP_START[note] > STEP_OUTPUT[note] > ASSET_MATERIALIZATION[note] > "
        "STEP_SUCCESS[note] > ENGINE_EVENT > RUN_SUCCESS"
    )


def yields(context):
    yield AssetObservation("river")
    yield AssetMaterialization("shelf")
    yield ExpectationResult(True)
    yield Output(1)


def logs(context):
    context.log_event(AssetObservation("river"))
    context.log_event(AssetMaterialization("shelf"))
    context.log_event(ExpectationResult(True))
    return 1


def yields_and_logs(context):
    context.log_event(AssetObservation("river"))
    yield AssetMaterialization("shelf")
    context.log_event(ExpectationResult(True))
    yield Output(1)


@pytest.mark.parametrize("body", [yields, logs, yields_and_logs])
def test_s12_events_of_the_user(body, sequence):
    """What an op yields or logs stands where it was said, before the output."""
    reporter = op(name="reporter")(body)

    @job
    def j():
        reporter()

    assert sequence(j.execute_in_process()) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED[reporter] > RESOURCE_INIT_SUCCESS[reporter] > "
        "LOGS_CAPTURED > STEP_START[reporter] > ASSET_OBSERVATION[reporter] > "
        "ASSET_MATERIALIZATION[reporter] > STEP_EXPECTATION_RESULT[reporter] > STEP_OUTPUT[reporter] > "
        "HANDLED_OUTPUT[reporter] > STEP_SUCCESS[reporter] > ENGINE_EVENT > RUN_SUCCESS"
    )


@op(required_resource_keys={"mill"})
def grind():
    return 1


def test_s17_a_resource_that_does_not_start(sequence):
    """No step starts, and the executor does not say that it ended."""

    @resource
    def mill():
        raise ValueError

    @job(resource_defs={"mill": mill})
    def j():
        grind()

    assert sequence(j.execute_in_process(raise_on_error=False)) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED[grind] > RESOURCE_INIT_FAILURE[grind] > RUN_FAILURE"
    )


def test_s18_a_resource_that_does_not_stop(sequence):
    """The run succeeds; a further ENGINE_EVENT has the error."""

    @resource
    def mill():
        yield 1
        raise ValueError

    @job(resource_defs={"mill": mill})
    def j():
        grind()

    assert sequence(j.execute_in_process()) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED[grind] > RESOURCE_INIT_SUCCESS[grind] > "
        "LOGS_CAPTURED > STEP_START[grind] > STEP_OUTPUT[grind] > HANDLED_OUTPUT[grind] > "
        "STEP_SUCCESS[grind] > ENGINE_EVENT[grind] > ENGINE_EVENT > RUN_SUCCESS"
    )


def test_s19_an_input_of_the_wrong_type(sequence):
    """The input is loaded and found wrong; the body does not run."""

    @op
    def word():
        return "a"

    @op
    def num(n: int):
        raise AssertionError("the body ran")

    @job
    def j():
        num(word())

    assert sequence(j.execute_in_process(raise_on_error=False)) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED > RESOURCE_INIT_SUCCESS > LOGS_CAPTURED > "
        "STEP_START[word] > STEP_OUTPUT[word] > HANDLED_OUTPUT[word] > STEP_SUCCESS[word] > "
        "STEP_START[num] > LOADED_INPUT[num] > STEP_INPUT[num] > STEP_FAILURE[num] > ENGINE_EVENT > "
        "RUN_FAILURE"
    )


def test_s20_an_output_of_the_wrong_type(sequence):
    """The output is there and found wrong; nobody stores it."""

    @op
    def wordint() -> int:
        return "a"  # type: ignore[return-value]

    @job
    def j():
        wordint()

    assert sequence(j.execute_in_process(raise_on_error=False)) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED[wordint] > RESOURCE_INIT_SUCCESS[wordint] > "
        "LOGS_CAPTURED > STEP_START[wordint] > STEP_OUTPUT[wordint] > STEP_FAILURE[wordint] > "
        "ENGINE_EVENT > RUN_FAILURE"
    )


class Broken(IOManager):
    """An I/O manager of which one half, or none, works."""

    def __init__(self, half):
        self.half = half

    def handle_output(self, context, obj):
        if self.half == "handle_output":
            raise OSError("full")

    def load_input(self, context):
        raise OSError("lost")


def test_s21_an_output_that_cannot_be_stored(sequence):
    """STEP_OUTPUT, and then no HANDLED_OUTPUT."""

    @job(resource_defs={"io_manager": Broken("handle_output")})
    def j():
        beans()

    assert sequence(j.execute_in_process(raise_on_error=False)) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED[beans] > RESOURCE_INIT_SUCCESS[beans] > "
        "LOGS_CAPTURED > STEP_START[beans] > STEP_OUTPUT[beans] > STEP_FAILURE[beans] > ENGINE_EVENT > "
        "RUN_FAILURE"
    )


def test_s22_an_input_that_cannot_be_loaded(sequence):
    """STEP_START, and then no LOADED_INPUT."""

    @job(resource_defs={"io_manager": Broken("load_input")})
    def j():
        brew(beans())

    assert sequence(j.execute_in_process(raise_on_error=False)) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED > RESOURCE_INIT_SUCCESS > LOGS_CAPTURED > "
        "STEP_START[beans] > STEP_OUTPUT[beans] > HANDLED_OUTPUT[beans] > STEP_SUCCESS[beans] > "
        "STEP_START[brew] > STEP_FAILURE[brew] > ENGINE_EVENT > RUN_FAILURE"
    )


@pytest.mark.parametrize("run_config", [{}, {"ops": {"need": {"inputs": {"n": 6}}}}])
def test_s23_an_input_that_no_step_makes(run_config, sequence):
    """A default or a value of the run config is checked, and loaded by nobody."""

    @op
    def need(n: int = 5):
        return n

    @job
    def j():
        need()

    assert sequence(j.execute_in_process(run_config=run_config)) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED[need] > RESOURCE_INIT_SUCCESS[need] > "
        "LOGS_CAPTURED > STEP_START[need] > STEP_INPUT[need] > STEP_OUTPUT[need] > HANDLED_OUTPUT[need] > "
        "STEP_SUCCESS[need] > ENGINE_EVENT > RUN_SUCCESS"
    )


def events_of(instance, run_id):
    return [entry.dagflow_event for entry in instance.all_logs(run_id) if entry.is_dagflow_event]


def test_s24_a_failure_that_is_raised(sequence):
    """The run stops at once: no other step starts, and the executor does not say that it ended."""
    instance = DagflowInstance.ephemeral()

    @job
    def j():
        spill.alias("a_spill")()
        beans()

    with pytest.raises(ValueError, match="spilt"):
        j.execute_in_process(instance=instance)

    (run,) = instance.get_runs()
    assert sequence(events_of(instance, run.run_id)) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED > RESOURCE_INIT_SUCCESS > LOGS_CAPTURED > "
        "STEP_START[a_spill] > STEP_FAILURE[a_spill] > RUN_FAILURE"
    )


def test_s25_the_log_of_the_instance_begins_with_what_is_planned(sequence):
    """What a run of assets is going to make stands in the instance's log only, before RUN_START."""
    instance = DagflowInstance.ephemeral()

    result = materialize([water, tea], instance=instance)

    logged = events_of(instance, result.run_id)
    assert sorted(event.step_key for event in logged[:2]) == ["tea", "water"]
    assert {event.event_type.name for event in logged[:2]} == {"ASSET_MATERIALIZATION_PLANNED"}
    assert sequence(logged[2:]) == sequence(result)


@pytest.mark.parametrize("raise_on_error", [True, False])
def test_s31_ctrl_c_in_an_op(raise_on_error, sequence):
    """An interrupt ends the run at once; whether it comes out is for `raise_on_error` to say."""
    instance = DagflowInstance.ephemeral()

    @op
    def ki():
        raise KeyboardInterrupt

    @job
    def j():
        ki()
        beans()

    if raise_on_error:
        with pytest.raises(KeyboardInterrupt):
            j.execute_in_process(instance=instance)
    else:
        assert not j.execute_in_process(instance=instance, raise_on_error=False).success

    (run,) = instance.get_runs()
    events = events_of(instance, run.run_id)
    assert run.is_failure
    assert sequence([event for event in events if event.step_key != "beans"][-3:]) == (
        "STEP_START[ki] > STEP_FAILURE[ki] > RUN_FAILURE"
    )
    assert events[-2].step_failure_data.error.cls_name == "KeyboardInterrupt"
    assert "interrupted unexpectedly" in events[-1].message
    assert events[-1].job_failure_data.failure_reason.name == "UNEXPECTED_TERMINATION"
    assert events[-1].job_failure_data.first_step_failure_event is None


def test_all_inputs_are_loaded_before_any_is_checked(steps):
    """LOADED_INPUT for all inputs in the order of their declaration, then STEP_INPUT for all."""

    @op
    def mix(second, first):
        return first + second

    @job
    def j():
        mix(first=beans.alias("one")(), second=beans.alias("two")())

    result = j.execute_in_process()

    of_mix = result.events_for_node("mix")
    assert steps(of_mix) == (
        "STEP_START[mix] > LOADED_INPUT[mix] > LOADED_INPUT[mix] > STEP_INPUT[mix] > STEP_INPUT[mix] > "
        "STEP_OUTPUT[mix] > HANDLED_OUTPUT[mix] > STEP_SUCCESS[mix]"
    )
    names = [event.event_specific_data.input_name for event in of_mix[1:5]]
    assert names == ["second", "first", "second", "first"]


def test_the_inputs_of_an_asset_come_in_alphabetical_order():
    """Of an asset they come in the order of their names."""

    @asset
    def mix(water, tea):
        return water + tea

    events = materialize_to_memory([water, tea, mix]).events_for_node("mix")

    loaded = [event for event in events if event.is_loaded_input]
    assert [event.loaded_input_data.input_name for event in loaded] == ["tea", "water"]


def test_a_list_is_loaded_element_by_element_and_checked_once(steps):
    """A fan-in has a LOADED_INPUT for each of its sources in written order, and one STEP_INPUT."""

    @op
    def mix(parts):
        return parts

    @job
    def j():
        mix([beans.alias("z")(), beans.alias("a")()])

    events = j.execute_in_process().events_for_node("mix")

    assert steps(events[1:4]) == "LOADED_INPUT[mix] > LOADED_INPUT[mix] > STEP_INPUT[mix]"
    assert [event.loaded_input_data.upstream_step_key for event in events[1:3]] == ["z", "a"]


def test_events_that_were_logged_last_stand_before_the_success(steps, job_of):
    """What is logged after the last output comes before STEP_SUCCESS."""

    def reporter(context):
        yield Output(1)
        context.log_event(AssetMaterialization("late"))

    assert steps(job_of(reporter).execute_in_process()) == (
        "STEP_START[reporter] > STEP_OUTPUT[reporter] > HANDLED_OUTPUT[reporter] > "
        "ASSET_MATERIALIZATION[reporter] > STEP_SUCCESS[reporter]"
    )


def test_events_that_were_logged_are_lost_if_the_op_raises(steps, job_of):
    """An op that raises takes with it what it logged since its last output."""

    def reporter(context):
        context.log_event(AssetMaterialization("kept"))
        yield AssetObservation("kept")
        context.log_event(AssetMaterialization("lost"))
        raise ValueError

    assert steps(job_of(reporter).execute_in_process(raise_on_error=False)) == (
        "STEP_START[reporter] > ASSET_MATERIALIZATION[reporter] > ASSET_OBSERVATION[reporter] > "
        "STEP_FAILURE[reporter]"
    )


def test_a_retried_generator_yields_its_outputs_again(steps, job_of):
    """Outputs of an attempt that failed keep their events, and come again."""

    def pour(context):
        yield Output(1, "first")
        if context.retry_number == 0:
            raise ValueError
        yield Output(2, "second")

    j = job_of(pour, out={"first": Out(), "second": Out()}, retry_policy=RetryPolicy())

    assert steps(j.execute_in_process()) == (
        "STEP_START[pour] > STEP_OUTPUT[pour] > HANDLED_OUTPUT[pour] > STEP_UP_FOR_RETRY[pour] > "
        "STEP_RESTARTED[pour] > STEP_OUTPUT[pour] > HANDLED_OUTPUT[pour] > STEP_OUTPUT[pour] > "
        "HANDLED_OUTPUT[pour] > STEP_SUCCESS[pour]"
    )


def test_an_io_manager_speaks_between_output_and_storage(steps):
    """What handle_output logs stands before the materialization of the asset itself."""

    class Talkative(IOManager):
        def handle_output(self, context, obj):
            context.log_event(AssetMaterialization("logged"))
            yield AssetMaterialization("yielded")

        def load_input(self, context):
            raise NotImplementedError

    result = materialize([water], resources={"io_manager": Talkative()})

    assert steps(result) == (
        "STEP_START[water] > STEP_OUTPUT[water] > ASSET_MATERIALIZATION[water] > "
        "ASSET_MATERIALIZATION[water] > ASSET_MATERIALIZATION[water] > HANDLED_OUTPUT[water] > "
        "STEP_SUCCESS[water]"
    )
    keys = [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]
    assert keys == ["logged", "yielded", "water"]


def test_an_asset_that_logs_its_own_materialization_has_two():
    """The automatic materialization is written all the same."""

    @asset
    def shelf(context):
        context.log_event(AssetMaterialization("shelf", metadata={"mine": 1}))
        return 1

    found = materialize_to_memory([shelf]).asset_materializations_for_node("shelf")

    assert [sorted(one.metadata) for one in found] == [["mine"], []]


def test_an_empty_job_runs(sequence):
    """Without steps nothing is started, and the run succeeds."""

    @job
    def nothing():
        pass

    assert sequence(nothing.execute_in_process()) == (
        "RUN_START > ENGINE_EVENT > LOGS_CAPTURED > ENGINE_EVENT > RUN_SUCCESS"
    )


def test_an_inner_graph_stands_where_its_node_does(steps):
    """A graph that waits for something comes as a whole after what does not, in the order of its own nodes."""

    @graph
    def shop(x):
        brew(x)
        beans.alias("bags")()

    @job
    def j():
        shop(beans())
        beans.alias("zinc")()

    starts = [part for part in steps(j.execute_in_process()).split(" > ") if part.startswith("STEP_START")]
    assert starts == [f"STEP_START[{key}]" for key in ("beans", "zinc", "shop.bags", "shop.brew")]


def test_a_raised_failure_is_what_the_run_failed_of(sequence):
    """With raise_on_error the run fails of what the caller gets, without it of its failed steps."""

    @job
    def j():
        spill()

    found = []
    for raise_on_error in (False, True):
        with DagflowInstance.ephemeral() as instance, contextlib.suppress(ValueError):
            j.execute_in_process(instance=instance, raise_on_error=raise_on_error)
        data = instance.all_logs(instance.get_runs()[0].run_id)[-1].dagflow_event.job_failure_data
        found.append((data.error.cls_name, data.failure_reason.name, data.first_step_failure_event is None))
    assert found == [
        ("DagflowExecutionStepExecutionError", "STEP_FAILURE", False),
        ("ValueError", "RUN_EXCEPTION", True),
    ]


@pytest.mark.parametrize(
    ("policy", "error", "source"),
    [
        (None, RetryRequested(max_retries=0), "FRAMEWORK_ERROR"),
        (RetryPolicy(0), ValueError(), "USER_CODE_ERROR"),
    ],
)
def test_whose_fault_a_last_attempt_is(job_of, policy, error, source):
    """An error that a policy gave up on is the user's; a retry that was asked for too often is no error."""

    def again():
        raise error

    result = job_of(again, retry_policy=policy).execute_in_process(raise_on_error=False)
    assert result.failure_data_for_node("again").error_source.name == source


@pytest.mark.parametrize(("out", "written"), [(Out(Nothing), 1), (Out(Nothing, is_required=False), 0)])
def test_an_output_without_a_value_that_nobody_gave(job_of, out, written):
    """A required output of type Nothing comes of itself; an optional one has to be given, else it is absent."""

    def quiet():
        yield from ()

    result = job_of(quiet, out=out).execute_in_process()
    assert len(result.filter_events(lambda event: event.is_successful_output)) == written
