"""Every method of the result of a run, and its errors."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    CheckError,
    DagflowError,
    DagflowInvariantViolationError,
    DynamicOut,
    DynamicOutput,
    ExpectationResult,
    GraphOut,
    In,
    MaterializeResult,
    Nothing,
    Out,
    Output,
    ParameterCheckError,
    RetryPolicy,
    asset,
    graph,
    job,
    materialize_to_memory,
    op,
)
from dagflow.keys import NodeHandle
from dagflow.testing import with_events


@op
def beans():
    return 1


@op
def brew(beans):
    return beans + 1


@graph
def machine():
    return brew(beans())


@graph(out={"cup": GraphOut(), "grounds": GraphOut()})
def kitchen():
    return {"cup": machine(), "grounds": beans.alias("used")()}


@op(out={"hot": Out(is_required=False), "cold": Out(is_required=False)})
def pick():
    yield Output(1, "hot")


@op
def spill(cup):
    raise ValueError("spilt")


@op(retry_policy=RetryPolicy(max_retries=2))
def reporter(context):
    context.log_event(AssetObservation("river"))
    yield AssetMaterialization(["shelf", "top"])
    yield ExpectationResult(True, "fits")
    if context.retry_number < 2:
        raise ValueError
    yield Output(None)


@job
def busy():
    hot, cold = pick()
    brew.alias("behind_spill")(spill(hot))
    brew.alias("cold_cup")(cold)
    reporter()


@pytest.fixture(name="result", scope="module")
def _result():
    return busy.execute_in_process(raise_on_error=False)


@asset
def water():
    return 1


@asset(key_prefix=["shop", "bar"])
def tea(water):
    return water + 1


def test_what_it_is(result):
    """The result has the run, its id, its job, and whether it succeeded."""
    assert not result.success
    assert result.run_id == result.dagflow_run.run_id
    assert result.dagflow_run.is_failure
    assert (result.job_def.name, result.dagflow_run.job_name) == ("busy", "busy")
    assert repr(result) == "<result of job 'busy': failure>"
    assert kitchen.execute_in_process().success


def test_a_selection_keeps_the_name_of_the_job():
    """The job of the result is the selected part."""
    result = kitchen.execute_in_process(op_selection=["machine.beans"])

    assert result.job_def.name == "kitchen"
    assert result.dagflow_run.step_keys_to_execute == ["machine.beans"]
    with pytest.raises(DagflowInvariantViolationError, match="no op named used"):
        result.output_for_node("used")


def test_events_of_nodes_are_those_of_steps(result):
    """`all_node_events` has the events of steps only, in order."""
    rest = [event for event in result.all_events if event not in result.all_node_events]

    assert {event.event_type.name for event in rest} == {
        "RUN_START", "ENGINE_EVENT", "RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS", "LOGS_CAPTURED",
        "RUN_FAILURE",
    }  # fmt: skip
    assert all(event.is_step_event for event in result.all_node_events)


def test_all_events_is_the_same_list_each_time(result):
    """`all_events` returns the same list each time, with the plan."""
    assert result.all_events is result.all_events
    assert set(result.all_events.plans) == {result.run_id}


@pytest.mark.parametrize(
    ("node", "output", "value"),
    [
        ("used", "result", 1),
        ("machine", "result", 2),
        ("machine.brew", "result", 2),
        ("machine.beans", "result", 1),
    ],
)
def test_outputs_by_node(node, output, value):
    """A node is named by its path of aliases; the output of a graph by its output mapping."""
    assert kitchen.execute_in_process().output_for_node(node, output) == value


def test_outputs_of_the_whole_graph():
    """An output of the whole graph is named by its output mapping."""
    result = kitchen.execute_in_process()

    assert [result.output_value(name) for name in ("cup", "grounds")] == [2, 1]
    assert machine.execute_in_process().output_value() == 2
    assert machine.to_job().execute_in_process().output_value() == 2


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("nope",), DagflowInvariantViolationError, ["Job 'kitchen'", "named nope", "machine"]),
        (("machine.nope",), DagflowInvariantViolationError, ["'machine'", "named nope", "brew"]),
        (("used.nope",), DagflowInvariantViolationError, ["'used'", "named nope", "It is an op"]),
        (("beans",), DagflowInvariantViolationError, ["Job 'kitchen'", "named beans"]),
        (("used", "zz"), DagflowInvariantViolationError, ["'beans'", "'zz'"]),
        (("machine", "zz"), CheckError, ["'machine'", "'zz'"]),
    ],
)
def test_outputs_that_do_not_exist(arguments, error, says):
    """The message names the graph or op, and the missing name."""
    with pytest.raises(error) as caught:
        kitchen.execute_in_process().output_for_node(*arguments)

    assert all(text in str(caught.value) for text in says)


@pytest.mark.parametrize(
    ("node", "output"),
    [("spill", "result"), ("behind_spill", "result"), ("cold_cup", "result"), ("pick", "cold")],
)
def test_outputs_that_never_came(result, node, output):
    """The error about an output of a failed, blocked or skipped step names output and node."""
    with pytest.raises(DagflowInvariantViolationError) as caught:
        result.output_for_node(node, output)

    assert f"'{node}'" in str(caught.value)
    assert f"'{output}'" in str(caught.value)


def test_graph_outputs_that_do_not_exist(result):
    """A job has no outputs; a graph has those of its output mappings."""
    with pytest.raises(DagflowInvariantViolationError, match="'busy'"):
        result.output_value()
    with pytest.raises(DagflowInvariantViolationError, match=r"'zz'.*'kitchen'"):
        kitchen.execute_in_process().output_value("zz")
    with pytest.raises(DagflowInvariantViolationError, match="no outputs"):
        materialize_to_memory([water]).output_value()


def test_an_output_of_type_nothing_is_none():
    """Such an output is None, and not an error."""

    @op(out=Out(Nothing))
    def heat():
        pass

    @op(ins={"after": In(Nothing)})
    def serve():
        return 1

    @job
    def j():
        serve(heat())

    assert j.execute_in_process().output_for_node("heat") is None


@pytest.mark.parametrize("keys", [["a", "b"], []])
def test_dynamic_outputs_are_dicts_by_key(keys):
    """The value is a dict for the op, a mapped node and the graph; without values it is an error."""

    @op(out=DynamicOut())
    def cups():
        for key in keys:
            yield DynamicOutput(1, key)

    @op
    def count(cups):
        return len(cups)

    @graph(out={"each": GraphOut(), "number": GraphOut()})
    def many():
        each = cups().map(brew)
        return {"each": each, "number": count(each.collect())}

    result = many.execute_in_process()

    assert result.output_value("number") == len(keys)
    if keys:
        assert result.output_for_node("cups") == {"a": 1, "b": 1}
        assert result.output_for_node("brew") == result.output_value("each") == {"a": 2, "b": 2}
    else:
        for node in ("cups", "brew"):
            with pytest.raises(DagflowInvariantViolationError, match=f"'{node}'"):
                result.output_for_node(node)


@pytest.mark.parametrize("key", ["water", ["water"], AssetKey("water")])
def test_values_of_assets(key):
    """An asset is named by a string, parts or a key."""
    assert materialize_to_memory([water, tea]).asset_value(key) == 1


def test_an_asset_with_a_prefix():
    """Several parts are a list; a string with slashes is one part."""
    result = materialize_to_memory([water, tea])

    assert result.asset_value(["shop", "bar", "tea"]) == 2
    with pytest.raises(CheckError, match="'shop/bar/tea'"):
        result.asset_value("shop/bar/tea")


def test_assets_without_a_value(result):
    """An unknown asset and an asset without a value are different errors."""

    @asset
    def note():
        return MaterializeResult()

    @asset
    def broken():
        raise ValueError

    run = materialize_to_memory([note, broken], raise_on_error=False)
    for key in ("note", "broken"):
        with pytest.raises(DagflowInvariantViolationError, match=f"'{key}'"):
            run.asset_value(key)
    with pytest.raises(CheckError, match="'tea'"):
        run.asset_value("tea")
    with pytest.raises(CheckError, match="'tea'"):
        result.asset_value("tea")


def test_events_for_node(result):
    """All events of a node and of the nodes inside it; an empty list for an unknown name."""
    events = kitchen.execute_in_process().events_for_node("machine")

    assert {event.step_key for event in events} == {"machine.beans", "machine.brew"}
    assert result.events_for_node("nope") == []
    assert result.events_for_node("brew") == []
    assert result.events_for_node("pic") == []
    handle = NodeHandle("machine", None)
    result = kitchen.execute_in_process()
    assert result.compute_events_for_handle(handle) == result.events_for_node("machine")


def test_filter_events(result):
    """The filter is any function that returns a bool."""
    found = result.filter_events(lambda event: event.step_key == "pick" and event.is_step_success)

    assert [event.event_type.name for event in found] == ["STEP_SUCCESS"]
    assert found.plans == result.all_events.plans


def test_what_nodes_said(result):
    """Materializations, observations and expectations of every attempt are returned as user code made
    them.
    """
    shelf = AssetMaterialization(["shelf", "top"])

    assert result.asset_materializations_for_node("reporter") == [shelf] * 3
    assert result.asset_observations_for_node("reporter") == [AssetObservation("river")] * 3
    assert result.expectation_results_for_node("reporter") == [ExpectationResult(True, "fits")] * 3
    for ask in ("asset_materializations", "asset_observations", "expectation_results"):
        assert getattr(result, f"{ask}_for_node")("nope") == []


def test_events_by_type(result):
    """Each method returns the events of one type."""
    assert len(result.get_asset_materialization_events()) == 3
    assert len(result.get_asset_observation_events()) == 3
    assert result.get_asset_materialization_planned_events() == []
    assert result.get_asset_check_evaluations() == []
    assert [event.step_key for event in result.get_step_success_events()] == ["pick", "reporter"]
    assert [event.step_key for event in result.get_step_failure_events()] == ["spill"]
    assert [event.step_key for event in result.get_step_skipped_events()] == ["cold_cup"]
    assert result.get_failed_step_keys() == {"spill"}


def test_why_a_node_failed(result):
    """The data of the failure; None for a node that did not fail."""
    assert result.failure_data_for_node("spill").error.cause.cls_name == "ValueError"
    assert result.failure_data_for_node("pick") is None
    assert result.failure_data_for_node("nope") is None


def test_how_the_run_ended(result):
    """The last event of the run; reading the other type is an error that names it."""
    good = kitchen.execute_in_process()

    assert result.get_run_failure_event() == result.get_job_failure_event() == result.all_events[-1]
    assert good.get_run_success_event() == good.get_job_success_event() == good.all_events[-1]
    with pytest.raises(DagflowError, match="RUN_SUCCESS"):
        result.get_run_success_event()
    with pytest.raises(DagflowError, match="RUN_FAILURE"):
        good.get_run_failure_event()


@pytest.mark.parametrize(
    ("node", "states"),
    [
        ("pick", {"success"}),
        ("reporter", {"success"}),
        ("spill", {"failed"}),
        ("cold_cup", {"skipped"}),
        ("behind_spill", {"untouched"}),
        ("nope", {"untouched"}),
    ],
)
def test_what_became_of_a_node(result, node, states):
    """A node succeeded, failed, was skipped, or has no events."""
    names = ("success", "failed", "skipped", "untouched")

    assert {name for name in names if getattr(result, f"is_node_{name}")(node)} == states


def test_retries_are_counted(result):
    """The number of retries of a node."""
    assert [result.retry_attempts_for_node(node) for node in ("reporter", "pick", "nope")] == [2, 0, 0]


def test_a_mapped_node_can_be_both():
    """A mapped node that failed for one key only has succeeded and failed."""

    @op(out=DynamicOut())
    def cups():
        yield DynamicOutput(1, "a")
        yield DynamicOutput(2, "b")

    @op
    def half(n):
        if n == 1:
            raise ValueError

    @job
    def j():
        cups().map(half)

    result = j.execute_in_process(raise_on_error=False)

    assert result.is_node_success("half")
    assert result.is_node_failed("half")
    assert result.get_failed_step_keys() == {"half[a]"}
    assert result.output_for_node("half") == {"b": None}


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (lambda result: result.output_for_node(5), "node_str"),
        (lambda result: result.output_for_node("used", 5), "output_name"),
        (lambda result: result.output_value(5), "output_name"),
        (lambda result: result.is_node_success(5), "node_name"),
        (lambda result: result.events_for_node(None), "node_name"),
    ],
)
def test_questions_of_the_wrong_type(ask, name):
    """The error names the parameter of the wrong type."""
    result = graph(name="shop")(lambda: op(name="used")(lambda: 1)()).execute_in_process()

    with pytest.raises(ParameterCheckError, match=f"'{name}'"):
        ask(result)


@asset(key_prefix="raw")
def iron():
    """An asset with a prefix."""
    return 1


def test_an_asset_is_named_by_its_whole_key():
    """The last part of a key, and the key as one string, lead to the key as a list."""
    result = materialize_to_memory([iron])

    assert result.asset_value(["raw", "iron"]) == 1
    for name in ("iron", "raw/iron"):
        with pytest.raises(CheckError, match=r"mean 'raw/iron'\? Write its key as \['raw', 'iron'\]"):
            result.asset_value(name)
    with pytest.raises(CheckError, match=r"no asset 'zinc'\. It makes 'raw/iron'\."):
        result.asset_value("zinc")


def test_a_long_list_of_assets_is_cut():
    """The error about an unknown asset of a large run names some of the assets, and their number."""

    def made(name):
        return asset(name=name)(lambda: 1)

    result = materialize_to_memory([made(f"asset_{number}") for number in range(20)])

    with pytest.raises(CheckError, match=r"It makes 'asset_0', .* and 12 more\.$"):
        result.asset_value("zinc")
    with pytest.raises(
        DagflowInvariantViolationError, match=r"The nodes there are 'asset_0', .* and 12 more\.$"
    ):
        result.output_for_node("zinc")


def test_the_node_of_an_asset_with_a_prefix():
    """A node that is named by the last part of its asset leads to the name of the node."""
    result = materialize_to_memory([iron])

    with pytest.raises(DagflowInvariantViolationError) as raised:
        result.output_for_node("iron")

    assert str(raised.value) == (
        "The run of assets has no op named iron, or it was not selected. Did you mean 'raw__iron'?"
    )


def test_the_path_of_a_node_in_a_graph():
    """A node that is named without its graph leads to the path of the node."""

    @op
    def melt():
        return 1

    @graph
    def furnace():
        return melt()

    @job
    def works():
        furnace()

    with pytest.raises(DagflowInvariantViolationError, match=r"no op named melt, .*mean 'furnace.melt'\?$"):
        works.execute_in_process().output_for_node("melt")


def test_no_message_has_the_hidden_name_of_a_job():
    """Messages, reprs and events call a job without a name of its own "the run of assets"."""
    result = materialize_to_memory([iron])
    texts = [repr(result), repr(result.job_def), repr(result.plan), repr(result.all_events)]
    texts += [event.message for event in result.all_events]
    for wrong in (
        lambda: result.output_value(),
        lambda: result.get_run_failure_event(),
        lambda: materialize_to_memory([iron], partition_key="x"),
        lambda: materialize_to_memory([iron], run_config={"ops": {"zinc": {}}}),
        lambda: materialize_to_memory([iron], run_config=5),
        lambda: materialize_to_memory([iron], tags={"when": object()}),
    ):
        with pytest.raises(DagflowError) as raised:
            wrong()
        texts.append(str(raised.value))

    assert sum("run of assets" in text for text in texts) > 8
    assert not [text for text in texts if "__ephemeral" in text]


@pytest.mark.parametrize(
    "name",
    [
        "expectation_results_for_node",
        "failure_data_for_node",
        "is_node_failed",
        "is_node_skipped",
        "is_node_success",
        "is_node_untouched",
        "retry_attempts_for_node",
    ],
)
def test_the_node_by_keyword(name):
    """The methods about a node take it as `node_str=`, as in Dagster."""
    method = getattr(materialize_to_memory([iron]), name)

    assert method(node_str="raw__iron") == method("raw__iron")


def test_other_events():
    """The copy has the other events, and the plan, values and instance of the result, which stays."""
    result = materialize_to_memory([iron])
    shown = with_events(result, [event.with_changes(message="***") for event in result.all_events])

    assert {event.message for event in shown.all_events} == {"***"}
    assert shown.all_events.plans == result.all_events.plans
    assert "***" not in {event.message for event in result.all_events}
    assert (shown.run_id, shown.instance, shown.plan) == (result.run_id, result.instance, result.plan)
    assert shown.output_for_node("raw__iron") == result.output_for_node("raw__iron")
    with pytest.raises(ParameterCheckError, match="with_events"):
        with_events(result, ["RUN_START"])
    with pytest.raises(ParameterCheckError, match="with_events"):
        with_events(result.all_events, [])
