"""`materialize`, `materialize_to_memory` and `execute_in_process`, with all their parameters."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from dagflow import (
    AssetKey,
    AssetSelection,
    AssetSpec,
    DagflowInstance,
    ExecuteInProcessResult,
    GraphDefinition,
    In,
    IOManager,
    ResourceDefinition,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    fs_io_manager,
    graph,
    in_process_executor,
    io_manager,
    job,
    materialize,
    materialize_to_memory,
    mem_io_manager,
    op,
)
from dagflow.defs.jobs.asset_job import build_asset_job
from dagflow.errors import (
    CheckError,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidSubsetError,
    DagflowInvariantViolationError,
    DagflowRunAlreadyExists,
    DagflowTypeCheckDidNotPass,
    DagflowUnknownPartitionError,
    ParameterCheckError,
)
from dagflow.runs.launch import create_run
from dagflow.testing import VirtualClock, run_options

ID = "11111111-2222-4333-8444-555555555555"
BOTH = pytest.mark.parametrize("run", [materialize, materialize_to_memory])


class Store(IOManager):
    """An I/O manager that keeps values in a dict and multiplies loaded values by ten."""

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}

    def handle_output(self, context: Any, obj: Any) -> None:
        self.values[context.step_key, context.name] = obj

    def load_input(self, context: Any) -> Any:
        above = context.upstream_output
        return self.values[above.step_key, above.name] * 10


class Constant(IOManager):
    """An I/O manager that loads 50."""

    def handle_output(self, context: Any, obj: Any) -> None: ...

    def load_input(self, context: Any) -> Any:
        return 50


@op
def beans() -> int:
    return 2


@op
def brew(n: Any) -> Any:
    return n * 10


@op
def spill() -> Any:
    raise ValueError("spill")


@job
def cafe() -> None:
    brew(beans())


@job
def mess() -> None:
    brew(spill())
    beans()


@graph
def shop(amount: int) -> Any:
    return brew(amount)


@asset
def water() -> Any:
    return 1


@asset
def tea(water: Any) -> Any:
    return water + 1


PARTS = StaticPartitionsDefinition(["a", "b"])


@asset(partitions_def=PARTS)
def sales(context: Any) -> Any:
    return context.partition_key


def ran(result: ExecuteInProcessResult) -> list[Any]:
    """Return the keys of the started steps, in order."""
    return [event.step_key for event in result.all_events if event.event_type_value == "STEP_START"]


def handled(result: ExecuteInProcessResult) -> Any:
    """Return the metadata of the first stored output."""
    return next(
        event.event_specific_data.metadata
        for event in result.all_events
        if event.event_type_value == "HANDLED_OUTPUT"
    )


# ---- assets


@BOTH
def test_assets_run_upstream_first(run: Any) -> None:
    """Upstream assets run first, in one run of the ephemeral job."""
    result = run([tea, water])

    assert isinstance(result, ExecuteInProcessResult)
    assert (result.success, ran(result), result.asset_value("tea")) == (True, ["water", "tea"], 2)
    assert result.dagflow_run.job_name == "__ephemeral_asset_job__"
    assert result.dagflow_run.asset_selection == frozenset()
    assert result.dagflow_run.step_keys_to_execute == ["water", "tea"]


@BOTH
def test_nothing_to_do(run: Any) -> None:
    """A run without assets succeeds without steps; a repeated asset runs once."""
    assert ran(run([])) == []
    assert run([]).success
    assert ran(run([water, water])) == ["water"]


def test_where_values_go() -> None:
    """`materialize` stores values in files, `materialize_to_memory` does not."""
    assert "path" in handled(materialize([water]))
    assert handled(materialize_to_memory([water])) == {}


@BOTH
def test_run_config_of_assets(run: Any) -> None:
    """The run config of an asset has the name of its step."""
    made = asset(key_prefix="p", name="q", config_schema={"n": int})(
        lambda context: context.op_execution_context.op_config
    )
    result = run([made], run_config={"ops": {"p__q": {"config": {"n": 1}}}})

    assert result.output_for_node("p__q") == {"n": 1}
    with pytest.raises(DagflowInvalidConfigError, match="bogus"):
        run([made], run_config={"bogus": 1})


@BOTH
def test_an_instance_remembers(run: Any) -> None:
    """The instance has the run, its events and the materialization."""
    with DagflowInstance.ephemeral() as instance:
        result = run([water], instance=instance)

        assert instance.get_runs_count() == 1
        assert instance.get_run_by_id(result.run_id).is_success
        assert instance.get_latest_materialization_event(AssetKey("water")) is not None


def test_a_later_run_loads_what_an_earlier_one_stored(tmp_path: Path) -> None:
    """The value of an asset that is not selected is loaded from the files of the instance."""
    with DagflowInstance.ephemeral() as instance:
        materialize([water, tea], instance=instance)
        again = materialize([water, tea], instance=instance, selection=["tea"])

    assert ran(again) == ["tea"]
    assert again.asset_value("tea") == 2


@pytest.mark.parametrize(
    ("selection", "steps"),
    [
        (None, ["water", "tea"]),
        ("tea", ["tea"]),
        ("+tea", ["water", "tea"]),
        ("*tea", ["water", "tea"]),
        (["water"], ["water"]),
        ([AssetKey("water")], ["water"]),
        ([water, tea], ["water", "tea"]),
        (AssetSelection.assets(water), ["water"]),
    ],
)
def test_selections_of_assets(selection: Any, steps: list[str]) -> None:
    """A selection has keys, definitions or clauses; the other assets are loaded."""
    constant = {"io_manager": Constant()}
    assert ran(materialize_to_memory([water, tea], selection=selection, resources=constant)) == steps


def test_an_unknown_selection() -> None:
    """An unknown selection is a definition error with the selection error as its cause."""
    with pytest.raises(DagflowInvalidDefinitionError, match="'nope'") as raised:
        materialize_to_memory([water], selection=["nope"])
    assert isinstance(raised.value.__cause__, DagflowInvalidSubsetError)


def test_sources_are_loaded_and_never_run() -> None:
    """A SourceAsset is loaded with its own I/O manager; the event has no upstream step."""
    source = SourceAsset("water", io_manager_def=Constant())
    result = materialize_to_memory([source, tea])
    loaded = next(event for event in result.all_events if event.event_type_value == "LOADED_INPUT")

    assert (ran(result), result.asset_value("tea")) == (["tea"], 51)
    assert loaded.event_specific_data.upstream_step_key is None
    assert materialize_to_memory([AssetSpec("water"), tea], resources={"io_manager": Constant()}).success


@BOTH
@pytest.mark.parametrize("value", [5, ResourceDefinition.hardcoded_resource(5)])
def test_resources_of_assets(run: Any, value: Any) -> None:
    """Resources are definitions or plain objects; the error about a missing one names the asset."""
    made = asset(name="made", required_resource_keys={"db"})(lambda context: context.resources.db)

    assert run([made], resources={"db": value}).asset_value("made") == 5
    says = r"'db' required by op 'made' was not provided.* at .*test_in_process.py:\d+"
    with pytest.raises(DagflowInvalidDefinitionError, match=says):
        run([made])


@BOTH
def test_conflicts_of_resources(run: Any) -> None:
    """Different resources of one key are an error, between asset and argument and between assets."""
    one, two = (asset(name=name, resource_defs={"db": object()})(lambda: 1) for name in ("one", "two"))

    assert run([one]).success
    with pytest.raises(DagflowInvalidInvocationError, match="'db'"):
        run([one], resources={"db": 1})
    with pytest.raises(DagflowInvalidDefinitionError, match="'db'"):
        run([one, two])


@BOTH
def test_an_io_manager_that_is_given_is_used(run: Any) -> None:
    """An I/O manager can be in `resources`, on the asset or among its resources."""
    for given in (Store(), ResourceDefinition.hardcoded_resource(Store()), io_manager(lambda: Store())):
        assert run([water, tea], resources={"io_manager": given}).output_for_node("tea") == 11
        own = asset(name="water", io_manager_def=given)(lambda: 1)
        assert run([own, tea]).output_for_node("tea") == 11
        named = asset(name="water", io_manager_key="k", resource_defs={"k": given})(lambda: 1)
        assert run([named, tea]).output_for_node("tea") == 11


def test_other_managers_must_be_given_to_files_only() -> None:
    """`materialize_to_memory` has an I/O manager for every missing key."""
    made = asset(name="made", io_manager_key="k")(lambda: 1)

    assert materialize_to_memory([made]).asset_value("made") == 1
    with pytest.raises(DagflowInvalidDefinitionError, match="'k' required by output 'result' of op 'made'"):
        materialize([made])


@BOTH
def test_partitions_of_assets(run: Any) -> None:
    """The partition key is a tag of the run, and optional unless an asset reads it."""
    result = run([sales, water], partition_key="b")

    assert result.asset_value("sales") == "b"
    assert result.dagflow_run.tags == {
        "dagflow/partition": "b",
        "dagflow/partition_set": "__ephemeral_asset_job___partition_set",
    }
    with pytest.raises(DagflowInvariantViolationError):
        run([sales])
    quiet = asset(name="quiet", partitions_def=PARTS)(lambda: 1)
    assert run([quiet]).success


@BOTH
@pytest.mark.parametrize(
    ("assets", "key", "error"),
    [
        ([water], "a", CheckError),
        ([sales], "zz", DagflowUnknownPartitionError),
        ([sales], 5, ParameterCheckError),
        (
            [sales, asset(name="other", partitions_def=StaticPartitionsDefinition(["a"]))(lambda: 1)],
            "a",
            DagflowInvalidDefinitionError,
        ),
    ],
)
def test_partition_keys_that_cannot_be(run: Any, assets: Any, key: Any, error: type[Exception]) -> None:
    """Errors: nothing is partitioned, an unknown key, not a string, two partitions definitions."""
    with DagflowInstance.ephemeral() as instance:
        with pytest.raises(error):
            run(assets, partition_key=key, instance=instance)
        assert instance.get_runs_count() == 0


@BOTH
def test_tags_of_asset_runs(run: Any) -> None:
    """Tags are strings, or are encoded as JSON."""
    assert run([water], tags={"a": 3, "b": {"x": 1}}).dagflow_run.tags == {"a": "3", "b": '{"x": 1}'}
    with pytest.raises(DagflowInvalidDefinitionError, match="'a'"):
        run([water], tags={"a": object()})


@BOTH
def test_failures_of_assets(run: Any) -> None:
    """Failures are raised unchanged, or are in the result."""

    @asset
    def broken() -> Any:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run([broken])
    assert not run([broken, water], raise_on_error=False).success


# ---- jobs and graphs


def test_a_job_runs_in_process_whatever_its_executor() -> None:
    """Values are in memory, unless the job has an I/O manager."""
    made = cafe.graph.to_job(executor_def=in_process_executor)
    files = cafe.graph.to_job(resource_defs={"io_manager": fs_io_manager})

    assert made.execute_in_process().output_for_node("brew") == 20
    assert handled(made.execute_in_process()) == {}
    assert "path" in handled(files.execute_in_process())


def test_a_graph_runs_as_the_job_of_its_name() -> None:
    """The job of a graph has its name, and is compiled once."""
    result = shop.execute_in_process(input_values={"amount": 3})

    assert (result.output_value(), result.dagflow_run.job_name) == (30, "shop")
    compiled = shop.compiled_job
    shop.execute_in_process(input_values={"amount": 3})
    assert shop.compiled_job is compiled is not None


def test_every_parameter_of_a_graph() -> None:
    """A graph has the parameters of a job without partitions, tags and assets."""
    need = op(name="need", required_resource_keys={"db"})(lambda context, n: context.resources.db + n)
    two = graph(name="two")(lambda n: (need(n), beans(), None)[2])
    with DagflowInstance.ephemeral() as instance:
        result = two.execute_in_process(
            run_config={"ops": {}},
            instance=instance,
            resources={"db": 1},
            raise_on_error=False,
            op_selection=["need"],
            run_id=ID,
            input_values={"n": 2},
        )
        assert instance.get_run_by_id(ID).is_success

    assert (ran(result), result.output_for_node("need"), result.run_id) == (["need"], 3, ID)


@pytest.mark.parametrize("selection", [None, [], ()])
def test_no_selection_is_everything(selection: Any) -> None:
    """None and an empty list select everything."""
    assert ran(cafe.execute_in_process(op_selection=selection)) == ["beans", "brew"]


def test_an_op_selection() -> None:
    """The selected part runs under the name of the job."""
    for _ in range(2):
        result = cafe.execute_in_process(op_selection=["beans"])
        assert ran(result) == ["beans"]
        assert (result.dagflow_run.job_name, result.dagflow_run.op_selection) == ("cafe", None)
        assert result.dagflow_run.resolved_op_selection is None


def test_a_selection_of_a_selected_job() -> None:
    """A selection selects from the selected part."""
    part = cafe.graph.to_job(op_selection=["beans"])

    assert ran(part.execute_in_process()) == ["beans"]
    with pytest.raises(DagflowInvalidSubsetError, match="'brew'"):
        part.execute_in_process(op_selection=["brew"])


def test_inputs_that_lost_their_source() -> None:
    """Inputs whose source is not selected need config."""
    given = {"ops": {"brew": {"inputs": {"n": {"value": 5}}}}}

    assert cafe.execute_in_process(given, op_selection=["brew"]).output_for_node("brew") == 50
    with pytest.raises(DagflowInvalidConfigError, match=r"\{'ops': \{'brew': \{'inputs'"):
        cafe.execute_in_process(op_selection=["brew"])


def test_run_ids() -> None:
    """A run id is a UUID, unique in an instance; the default is a new one."""
    with DagflowInstance.ephemeral() as instance:
        assert cafe.execute_in_process(run_id=ID, instance=instance).run_id == ID
        with pytest.raises(DagflowRunAlreadyExists, match=ID):
            cafe.execute_in_process(run_id=ID, instance=instance)
        assert instance.get_runs_count() == 1
    made = {cafe.execute_in_process().run_id for _ in range(20)}

    assert len(made) == 20
    assert {uuid.UUID(run_id).version for run_id in made} == {4}
    with pytest.raises(CheckError, match="'run_id' must be a UUID as a string, not 'x'"):
        cafe.execute_in_process(run_id="x")
    with pytest.raises(ParameterCheckError, match="'run_id'"):
        cafe.execute_in_process(run_id=5)


def test_input_values() -> None:
    """A value for an input of the graph replaces the value of the job; it is not loaded."""
    bound = shop.to_job(input_values={"amount": 3})
    result = bound.execute_in_process(input_values={"amount": 4})
    types = [event.event_type_value for event in result.all_events]

    assert bound.execute_in_process().output_value() == 30
    assert result.output_value() == 40
    assert "STEP_INPUT" in types
    assert "LOADED_INPUT" not in types


TOP: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("neither", {}, DagflowInvalidConfigError, '"inputs" at the root'),
    (
        "both",
        {"input_values": {"amount": 6}, "run_config": {"inputs": {"amount": 5}}},
        DagflowInvalidConfigError,
        "inputs",
    ),
    ("unknown", {"input_values": {"amnt": 6}}, DagflowInvalidDefinitionError, "key 'amnt'"),
    ("of an op", {"input_values": {"n": 6}}, DagflowInvalidDefinitionError, "key 'n'"),
    ("no mapping", {"input_values": 5}, ParameterCheckError, "'input_values' of job 'typed_shop'"),
    ("type", {"input_values": {"amount": "x"}}, DagflowTypeCheckDidNotPass, "'n'|\"n\""),
]


@pytest.mark.parametrize(
    ("arguments", "error", "message"), [row[1:] for row in TOP], ids=[row[0] for row in TOP]
)
def test_top_level_inputs(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    """The table of the specification."""
    typed = op(name="typed", ins={"n": In(int)})(lambda n: n)
    typed_shop = graph(name="typed_shop")(lambda amount: typed(amount))

    with pytest.raises(error, match=message):
        typed_shop.execute_in_process(**arguments)
    assert typed_shop.execute_in_process(run_config={"inputs": {"amount": 5}}).output_value() == 5
    assert typed_shop.execute_in_process(run_config={"inputs": {"amount": {"value": 5}}}).output_value() == 5


def test_a_default_in_a_graphs_signature_is_ignored() -> None:
    """Only the default of the op is used."""
    made = graph(name="made")(lambda amount=3: brew(amount))
    with pytest.raises(DagflowInvalidConfigError, match="'inputs'"):
        made.execute_in_process()


def test_an_inner_input_is_no_input_of_the_job() -> None:
    """A missing input of an op is given through config."""
    made = job(name="made")(lambda: (brew(), None)[1])

    with pytest.raises(DagflowInvalidDefinitionError, match="key 'n'"):
        made.execute_in_process(input_values={"n": 1})
    assert made.execute_in_process({"ops": {"brew": {"inputs": {"n": {"value": 1}}}}}).success


def test_tags_of_runs() -> None:
    """Tags of graph, job, argument and partition are merged; later ones win."""
    tagged = graph(name="g", tags={"a": "g", "b": "g", "c": "g"})(lambda: (beans(), None)[1])
    made = tagged.to_job(tags={"b": "j", "c": "j"}, partitions_def=PARTS)
    result = made.execute_in_process(partition_key="a", tags={"c": 1, "dagflow/partition": "mine"})

    assert result.dagflow_run.tags == {
        "a": "g", "b": "j", "c": "1", "dagflow/partition": "a", "dagflow/partition_set": "g_partition_set",
    }  # fmt: skip


def test_resources_of_a_run() -> None:
    """Resources of a run replace those of the job, key by key."""
    need = op(name="need", required_resource_keys={"a", "b"})(
        lambda context: (context.resources.a, context.resources.b)
    )
    made = job(name="j", resource_defs={"a": 1, "b": 2})(lambda: (need(), None)[1])

    assert made.execute_in_process(resources={"a": 3}).output_for_node("need") == (3, 2)
    assert made.execute_in_process().output_for_node("need") == (1, 2)
    assert "path" in handled(made.execute_in_process(resources={"io_manager": fs_io_manager}))
    assert cafe.execute_in_process(resources={"io_manager": Store()}).output_for_node("brew") == 200


def test_raise_on_error() -> None:
    """With raise_on_error the first failure ends the run; otherwise independent steps run."""
    with DagflowInstance.ephemeral() as instance:
        with pytest.raises(ValueError, match="spill") as raised:
            mess.execute_in_process(instance=instance)
        (run,) = instance.get_runs()
        assert run.is_failure
    result = mess.execute_in_process(raise_on_error=False)

    assert type(raised.value) is ValueError
    assert (result.success, ran(result)) == (False, ["beans", "spill"])
    assert result.dagflow_run.is_failure


def test_assets_of_a_job() -> None:
    """`asset_selection` selects from the assets of the job."""
    made = build_asset_job([water, tea], name="assets")

    result = made.execute_in_process(asset_selection=[AssetKey("water")])
    assert (ran(result), result.dagflow_run.job_name) == (["water"], "assets")
    assert ran(made.execute_in_process(asset_selection=["water", tea])) == ["water", "tea"]
    assert ran(made.execute_in_process(asset_selection=[])) == ["water", "tea"]
    part = made.get_subset(asset_selection=["water"])
    assert part.asset_selection_data == (frozenset({AssetKey("water")}), None, made)
    assert made.asset_selection_data is None


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"asset_selection": [AssetKey("x")]}, DagflowInvalidSubsetError, "job 'cafe' has no asset 'x'"),
        (
            {"asset_selection": [AssetKey("x")], "op_selection": ["beans"]},
            CheckError,
            "'op_selection' and 'asset_selection'",
        ),
        ({"asset_selection": "abc"}, ParameterCheckError, "'asset_selection' must be a list"),
        ({"asset_selection": 5}, ParameterCheckError, "'asset_selection' must be a list"),
        ({"op_selection": "beans"}, ParameterCheckError, "'op_selection' must be a list"),
        ({"op_selection": [["beans"]]}, ParameterCheckError, "'op_selection' must be a list"),
        ({"op_selection": ["nope"]}, DagflowInvalidSubsetError, "'nope'"),
        ({"run_config": 5}, ParameterCheckError, "run config of job 'cafe'"),
        ({"instance": 5}, ParameterCheckError, "'instance'"),
        ({"tags": 5}, ParameterCheckError, "tags of a run of job 'cafe'"),
        ({"resources": 5}, ParameterCheckError, "resources"),
        ({"partition_key": "a"}, CheckError, "'a' was given to job 'cafe'"),
    ],
)
def test_arguments_that_cannot_be(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    """Each error names the argument, with any `raise_on_error`."""
    for raise_on_error in (True, False):
        with pytest.raises(error, match=message):
            cafe.execute_in_process(raise_on_error=raise_on_error, **arguments)


def test_partitions_of_a_job() -> None:
    """The partition of a job is optional."""
    read = op(name="read")(lambda context: context.has_partition_key and context.partition_key)
    made = job(name="j", partitions_def=PARTS)(lambda: (read(), None)[1])

    assert made.execute_in_process(partition_key="b").output_for_node("read") == "b"
    assert made.execute_in_process().output_for_node("read") is False
    with pytest.raises(DagflowUnknownPartitionError, match="'c'"):
        made.execute_in_process(partition_key="c")


def test_the_run_is_reloaded_after_the_end() -> None:
    """The run has the config as given and its final status."""
    run = cafe.execute_in_process(run_config={"ops": {}}).dagflow_run

    assert (run.run_config, run.is_success, run.step_keys_to_execute) == (
        {"ops": {}},
        True,
        ["beans", "brew"],
    )
    assert run.asset_selection is None


def test_given_values() -> None:
    """Values are given by step, output or asset; the replaced steps do not run, and the result has the
    values.
    """
    with run_options(given={"beans": 5, "nobody": 1}) as options:
        result = cafe.execute_in_process()
    with run_options(given={AssetKey("water"): 7}):
        assets = materialize_to_memory([water, tea])
    with run_options(given={("beans", "result"): 6}):
        pair = cafe.execute_in_process()

    assert (ran(result), result.output_for_node("brew"), options.used) == (["brew"], 50, {"beans"})
    assert (ran(assets), assets.asset_value("tea")) == (["tea"], 8)
    assert pair.output_for_node("brew") == 60


def test_the_clock_of_the_options_counts() -> None:
    """The instance stores times of the clock in the options."""
    with run_options(clock=VirtualClock(1000.0)):
        events = cafe.execute_in_process().all_events
    assert {event.timestamp for event in events} == {1000.0}


def test_a_run_that_is_only_kept() -> None:
    """A stored run that was not started has its id, config and tags."""
    with DagflowInstance.ephemeral() as instance:
        made = cafe.graph.to_job(name="j", tags={"a": "1"})
        run = create_run(instance, made, ID, {"ops": {}}, {"b": 2})

        assert instance.get_run_by_id(ID) is not None
    assert (run.run_id, run.job_name, run.run_config) == (ID, "j", {"ops": {}})
    assert run.tags == {"a": "1", "b": "2"}


def test_values_pass_by_reference_in_memory() -> None:
    """A value in memory is the same object, not a copy."""
    seen: list[Any] = []
    give = op(name="give")(lambda: seen)
    take = op(name="take")(lambda x: x.append(1))

    result = job(name="j")(lambda: (take(give()), None)[1]).execute_in_process()

    assert result.output_for_node("give") is seen
    assert seen == [1]


@BOTH
def test_later_runs_of_the_same_assets(run: Any) -> None:
    """A later run of the same assets has the same job; other assets and resources are never mixed up."""
    first, second = asset(name="first")(lambda: 1), asset(name="second")(lambda: 2)

    def job_of(assets: Any, **options: Any) -> Any:
        return run(assets, **options).job_def

    known = job_of([first, second])

    assert job_of((first, second)) is known
    assert job_of([first, second], tags={"a": "b"}) is known
    for others in (
        job_of([first]),
        job_of([first, second], resources={"x": 1}),
        job_of([first, second], selection=["second"]),
        (materialize if run is materialize_to_memory else materialize_to_memory)([first, second]).job_def,
    ):
        assert others is not known
    changed = first.with_attributes(group_names_by_key={AssetKey("first"): "tea"})
    assert job_of([changed, second]) is not job_of([first, second])
    assert "last_job" not in first.__reduce__()[2]


def test_many_nodes_in_a_row() -> None:
    """A chain can be longer than Python's stack."""

    @job
    def chain() -> None:
        value = beans()
        for _ in range(3000):
            value = brew(value)

    add = op(name="add")(lambda n: n + 1)
    steps = GraphDefinition("g", node_defs=[add], input_mappings=[])
    assert len(ran(chain.execute_in_process(resources={"io_manager": mem_io_manager}))) == 3001
    assert steps.node_names() == ["add"]


def test_a_value_for_what_was_not_selected():
    """A value for an input that only an unselected op reads is an error."""

    @op
    def take(x):
        return x

    @job
    def j(m, n):
        take(m)
        take(n)

    with pytest.raises(DagflowInvalidSubsetError, match="gives input 'n' of job 'j', but nothing that"):
        j.execute_in_process(op_selection=["take"], input_values={"m": 1, "n": 2})
    result = j.execute_in_process(op_selection=["take"], input_values={"m": 1})
    assert result.output_for_node("take") == 1
