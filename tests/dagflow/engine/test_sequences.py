"""The order of the events of a step, in cases that `test_scenarios` does not cover."""

from __future__ import annotations

import contextlib

import pytest

from dagflow import (
    AssetMaterialization,
    AssetObservation,
    DagflowInstance,
    DynamicOut,
    DynamicOutput,
    IOManager,
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
    """The inputs of an asset are loaded in alphabetical order."""

    @asset
    def mix(water, tea):
        return water + tea

    events = materialize_to_memory([water, tea, mix]).events_for_node("mix")

    loaded = [event for event in events if event.is_loaded_input]
    assert [event.loaded_input_data.input_name for event in loaded] == ["tea", "water"]


def test_a_list_is_loaded_element_by_element_and_checked_once(steps):
    """A fan-in has a LOADED_INPUT for each source, in order, and one STEP_INPUT."""

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
    """Events that are logged after the last output come before STEP_SUCCESS."""

    def reporter(context):
        yield Output(1)
        context.log_event(AssetMaterialization("late"))

    assert steps(job_of(reporter).execute_in_process()) == (
        "STEP_START[reporter] > STEP_OUTPUT[reporter] > HANDLED_OUTPUT[reporter] > "
        "ASSET_MATERIALIZATION[reporter] > STEP_SUCCESS[reporter]"
    )


def test_events_that_were_logged_are_lost_if_the_op_raises(steps, job_of):
    """An op that raises loses the events that it logged since its last output."""

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
    """The events of the outputs of a failed attempt are kept, and occur again."""

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
    """Events of handle_output come before the materialization of the asset."""

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
    """The automatic materialization is logged too."""

    @asset
    def shelf(context):
        context.log_event(AssetMaterialization("shelf", metadata={"mine": 1}))
        return 1

    found = materialize_to_memory([shelf]).asset_materializations_for_node("shelf")

    assert [sorted(one.metadata) for one in found] == [["mine"], []]


def test_an_empty_job_runs(sequence):
    """Without steps no resource starts, and the run succeeds."""

    @job
    def nothing():
        pass

    assert sequence(nothing.execute_in_process()) == (
        "RUN_START > ENGINE_EVENT > LOGS_CAPTURED > ENGINE_EVENT > RUN_SUCCESS"
    )


def test_an_inner_graph_stands_where_its_node_does(steps):
    """The steps of a graph with an upstream step come after the independent ones, in node order."""

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
    """With raise_on_error RUN_FAILURE has the raised error, otherwise the failed steps."""

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
    """After a policy the source is the user's code; after too many requests it is the framework."""

    def again():
        raise error

    result = job_of(again, retry_policy=policy).execute_in_process(raise_on_error=False)
    assert result.failure_data_for_node("again").error_source.name == source


@pytest.mark.parametrize(("out", "written"), [(Out(Nothing), 1), (Out(Nothing, is_required=False), 0)])
def test_an_output_without_a_value_that_nobody_gave(job_of, out, written):
    """A required output of type Nothing is produced automatically, an optional one is absent."""

    def quiet():
        yield from ()

    result = job_of(quiet, out=out).execute_in_process()
    assert len(result.filter_events(lambda event: event.is_successful_output)) == written


@pytest.mark.parametrize("fails", [False, True])
def test_an_asset_waits_for_one_that_hands_on_no_value(fails, steps):
    """An asset without a value runs before its readers, and blocks them if it fails."""

    class Files(IOManager):
        def handle_output(self, context, obj):
            raise AssertionError("the asset has no value")

        def load_input(self, context):
            return context.asset_key.to_user_string()

    @asset
    def z_stored() -> None:
        if fails:
            raise ValueError("no room")

    @asset
    def a_report(z_stored) -> None:
        assert z_stored == "z_stored"

    result = materialize([z_stored, a_report], resources={"io_manager": Files()}, raise_on_error=False)
    assert steps(result).startswith("STEP_START[z_stored] > ")
    assert result.is_node_untouched("a_report") == fails
    loads = result.filter_events(lambda event: event.event_type.name == "LOADED_INPUT")
    assert [event.event_specific_data.upstream_step_key for event in loads] == ["z_stored"] * (not fails)


def test_what_collects_is_skipped_after_what_does_not(steps):
    """Of steps that are skipped together the collecting ones come last, also behind a mapped step."""

    @op(out=Out(is_required=False))
    def none():
        yield from ()

    @op(out=DynamicOut())
    def many(x):
        return [DynamicOutput(x, "a")]

    @job
    def j():
        start = none()
        values = many(start)
        brew.alias("c")(values.collect())
        brew.alias("d")(values.map(brew.alias("each")).collect())
        brew.alias("f")(brew.alias("e")(brew.alias("before")(start)))

    skipped = [part for part in steps(j.execute_in_process()).split(" > ") if part.startswith("STEP_SKIPPED")]
    assert skipped == [f"STEP_SKIPPED[{key}]" for key in ("before", "many", "e", "c", "d", "f")]


def test_none_for_an_output_that_is_not_required(dag_instance):
    """None is a value. A log line warns of it if the function returned it without an Output."""

    @op(out=Out(is_required=False))
    def silent():
        return None

    @op(out=Out(is_required=False))
    def explicit():
        return Output(None)

    @op(out=Out(is_required=False))
    def absent():
        if False:
            yield Output(None)

    @job
    def j():
        silent()
        explicit()
        absent()

    result = j.execute_in_process(instance=dag_instance)

    warned = [entry for entry in dag_instance.all_logs(result.run_id) if entry.level == 30]
    assert [entry.step_key for entry in warned] == ["silent"]
    assert "'result', which is not required. This value will be passed" in warned[0].user_message
    assert result.output_for_node("silent") is None
