"""Copies and pickles of definitions, results, events and contexts."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dagflow
from dagflow import (
    AssetIn,
    AssetsDefinition,
    AssetSpec,
    Config,
    ConfigurableResource,
    DagflowInstance,
    DagflowInvariantViolationError,
    DagflowType,
    Definitions,
    DynamicOut,
    DynamicOutput,
    GraphDefinition,
    GraphIn,
    GraphOut,
    In,
    IOManager,
    JobDefinition,
    Out,
    RetryPolicy,
    asset,
    build_asset_context,
    build_hook_context,
    build_init_logger_context,
    build_init_resource_context,
    build_input_context,
    build_op_context,
    build_output_context,
    config_mapping,
    configured,
    dagflow_type_loader,
    define_asset_job,
    execute_job,
    executor,
    failure_hook,
    graph,
    input_manager,
    io_manager,
    job,
    logger,
    materialize,
    materialize_to_memory,
    op,
    reconstructable,
    resource,
    static_partitioned_config,
    success_hook,
)
from dagflow.testing import canonical_events


class Beans(Config):
    """Config of an asset and of an op."""

    grams: int = 18


class Kettle(ConfigurableResource[Any]):
    """A resource."""

    degrees: int = 96


@dagflow_type_loader(int)
def load_warm(context: Any, config: int) -> int:
    """Load a value of the type below."""
    return config


def is_warm(context: Any, value: Any) -> bool:
    """Check a value of the type below."""
    return bool(value > 50)


Warm = DagflowType(is_warm, name="Warm", loader=load_warm)
Cold = DagflowType(is_warm, name="NotTheNameOfTheVariable")


@op(config_schema={"grams": int})
def grind(context: Any) -> int:
    """Grind."""
    grams: int = context.op_config["grams"]
    return grams


@op
def brew(ground: int, config: Beans) -> int:
    """Brew."""
    return ground * config.grams


@op(out=DynamicOut())
def pour() -> Any:
    """Pour cups."""
    yield DynamicOutput(1, "a")
    yield DynamicOutput(2, "b")


@op(retry_policy=RetryPolicy(1))
def drink(cup: int) -> int:
    """Drink a cup."""
    return cup


@op(config_schema={"grams": int}, ins={"cup": In(input_manager_key="reader")})
def sip(context: Any, cup: int) -> int:
    """Sip of a cup."""
    return cup + int(context.op_config["grams"])


@configured(grind, config_schema=int)
def grind_cups(cups: int) -> Any:
    """Grind for some cups."""
    return {"grams": 9 * cups}


@config_mapping(config_schema=int)
def for_cups(cups: int) -> Any:
    """Make the config of a graph."""
    return {"grind_cups": {"config": cups}}


@graph(config=for_cups)
def make() -> Any:
    """Make coffee."""
    return brew(grind_cups())


@success_hook
def praise(context: Any) -> None:
    """Praise."""


@failure_hook
def blame(context: Any) -> None:
    """Blame."""


@resource
def mill() -> str:
    """Return a mill."""
    return "mill"


class Shelf(IOManager):
    """An I/O manager."""

    def handle_output(self, context: Any, obj: Any) -> None: ...

    def load_input(self, context: Any) -> Any: ...


@io_manager
def shelf() -> Shelf:
    """Return a shelf."""
    return Shelf()


@input_manager
def reader(context: Any) -> int:
    """Load a constant."""
    return 7


@logger
def shop_log(context: Any) -> Any:
    """Return a logger."""


@executor
def own_executor(context: Any) -> Any:
    """Return an executor."""


@static_partitioned_config(["a", "b"])
def by_letter(key: str) -> Any:
    """Make the config of a partition."""
    return {"ops": {"make": {"config": 1}}}


@job(resource_defs={"kettle": Kettle()}, hooks={praise, blame})
def cafe() -> None:
    """Brew and drink."""
    make()
    pour().map(drink)


@asset(metadata={"rows": 1})
def water(config: Beans, kettle: Kettle) -> int:
    """Water."""
    return config.grams * kettle.degrees


@asset
def tea(water: int) -> int:
    """Tea."""
    return water + 1


CONFIG = {"ops": {"make": {"config": 2}}}


def run_of_cafe() -> Any:
    return cafe.execute_in_process(run_config=CONFIG)


def job_of_assets() -> JobDefinition:
    """Return a job that no module has under a name."""
    definitions = Definitions(
        assets=[water, tea], jobs=[define_asset_job("teas")], resources={"kettle": Kettle(degrees=2)}
    )
    found: JobDefinition = definitions.get_job_def("teas")
    return found


WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "old pickle": lambda value: pickle.loads(pickle.dumps(value, 2)),
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
PORTS = {
    "In": In(int, "beans", default_value=3, metadata={"rows": 1}, asset_key="water"),
    "bare In": In(),
    "Out": Out(str, io_manager_key="shelf", is_required=False),
    "DynamicOut": DynamicOut(int, description="cups"),
    "a type of the module": In(Warm),
    "a list": In(dagflow.List[int]),
    "an optional class": Out(dagflow.Optional[Beans]),
    "GraphIn": GraphIn("beans"),
    "GraphOut": GraphOut("coffee"),
    "an input of an op": brew.ins["ground"],
    "an output of an op": brew.outs["result"],
    "a dynamic output of an op": pour.outs["result"],
}


@every_way
@pytest.mark.parametrize("port", PORTS.values(), ids=PORTS)
def test_inputs_and_outputs(port: Any, way: Callable[[Any], Any]) -> None:
    """A copy is equal to the original, and an op can be made of it."""
    copied = way(port)

    assert copied == port
    assert repr(copied) == repr(port)
    assert type(copied) is type(port)


NAMED = [
    *(grind, brew, pour, drink, grind_cups, for_cups, make, praise, blame, mill, shelf, reader, shop_log),
    *(own_executor, by_letter, cafe, water, tea, Warm, load_warm, dagflow.mem_io_manager),
    *(dagflow.fs_io_manager, dagflow.Int, dagflow.Any, dagflow.Nothing, water.node_def, cafe.graph),
]


@pytest.mark.parametrize("definition", NAMED, ids=lambda value: type(value).__name__)
def test_a_definition_of_a_module(definition: Any) -> None:
    """A pickle refers to a definition at the top of a module, and a deep copy is the definition itself."""
    assert pickle.loads(pickle.dumps(definition)) is definition
    assert copy.deepcopy([definition]) == [definition]
    shallow = copy.copy(definition)
    assert type(shallow) is type(definition)


MADE: dict[str, Callable[[], Any]] = {
    "an op with fixed config": lambda: grind.configured({"grams": 3}, name="grind_three"),
    "an op under another name": lambda: brew.alias("brew_again"),
    "an op with hooks": lambda: brew.with_hooks({praise}),
    "a job of a graph": lambda: make.to_job(name="made", resource_defs={"mill": mill}),
    "a job of assets": job_of_assets,
    "a job of assets in no project": lambda: define_asset_job("teas"),
    "a job with more hooks": lambda: make.to_job(name="made").with_hooks({praise}),
    "a resource with fixed config": lambda: Kettle.configure_at_launch().get_resource_definition(),
    "an object of a resource": lambda: Kettle(degrees=3).get_resource_definition(),
    "a constant resource": lambda: dagflow.ResourceDefinition.hardcoded_resource(3),
    "a string resource": dagflow.ResourceDefinition.string_resource,
    "a values resource": lambda: dagflow.make_values_resource(a=int),
    "an executor with fixed config": lambda: dagflow.multi_or_in_process_executor.configured(
        {"in_process": {}}
    ),
    "a type under another name": lambda: Cold,
    "a type of a class": lambda: dagflow.PythonObjectDagflowType(Beans),
    "a partitioned job": lambda: make.to_job(
        name="made", config={}, partitions_def=dagflow.StaticPartitionsDefinition(["a"])
    ),
    "Definitions": lambda: Definitions(assets=[water, tea], jobs=[cafe], resources={"kettle": Kettle()}),
    "AssetIn": lambda: AssetIn("water"),
    "AssetSpec": lambda: AssetSpec("water"),
    "an asset with resources": lambda: dagflow.with_resources([water], {"kettle": Kettle()})[0],
    "a pointer to a job": lambda: reconstructable(cafe),
}


@every_way
@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_a_definition_without_a_name(made: Callable[[], Any], way: Callable[[Any], Any]) -> None:
    """A definition that no module has is copied and pickled by its attributes."""
    definition = made()
    copied = way(definition)

    assert type(copied) is type(definition)
    if "object at" not in repr(definition):
        assert repr(copied) == repr(definition)


def test_a_job_out_of_a_pickle_runs() -> None:
    """A job out of a pickle gives the same outputs, whether the pickle had its attributes or a reference."""
    made: Any = pickle.loads(pickle.dumps(job_of_assets()))
    assert made.execute_in_process().output_for_node("tea") == 37

    graph_job: Any = pickle.loads(pickle.dumps(make.to_job(name="made")))
    assert graph_job.execute_in_process(run_config={"ops": {"config": 2}}).output_for_node("brew") == 324

    part: Any = pickle.loads(pickle.dumps(grind.configured({"grams": 3}, name="grind_three")))
    assert part.config_schema.is_required is False
    assert part(build_op_context(config=None)) == 3


def test_an_op_with_an_input_manager_is_pickled_after_a_run() -> None:
    """An op whose input has an input manager is pickled by its attributes, also after a run."""
    part = sip.configured({"grams": 3}, name="sip_three")
    sips = GraphDefinition("sips", node_defs=[part]).to_job(resource_defs={"reader": reader})
    assert sips.execute_in_process().output_for_node("sip_three") == 10

    found: Any = pickle.loads(pickle.dumps(part))

    assert found(build_op_context(), cup=1) == 4


def test_a_deep_copy_of_a_job_runs() -> None:
    """A deep copy of a structure with definitions holds the same definitions, and can be run."""
    copied = copy.deepcopy({"jobs": [cafe, job_of_assets()]})

    assert copied["jobs"][0] is cafe
    assert copied["jobs"][1].execute_in_process().success


def test_a_definition_of_a_local_function() -> None:
    """The error names the definition, its function with file and line, and the remedy."""

    @op
    def local() -> int:
        return 1

    @job
    def j() -> None:
        local()

    @asset
    def here() -> int:
        return 1

    for definition, name in ((local, "op 'local'"), (j, "local"), (here, "here")):
        with pytest.raises(
            pickle.PicklingError,
            match=rf"{name}.* cannot be pickled, because its function '.*<locals>.*' \(.*test_copies.py:"
            r"\d+\) cannot be found .* Define both at the top of a module",
        ):
            pickle.dumps(definition)
    assert copy.deepcopy(local) is local


@every_way
def test_a_result(way: Callable[[Any], Any]) -> None:
    """A copy of a result has its events, outputs and job."""
    result = run_of_cafe()
    copied = way(result)

    assert copied.success
    assert copied.run_id == result.run_id
    assert copied.all_events == result.all_events
    assert copied.output_for_node("make") == 324
    assert copied.output_for_node("drink") == {"a": 1, "b": 2}
    assert copied.job_def.name == "cafe"
    assert copied.plan.step_keys == result.plan.step_keys
    assert canonical_events(copied) == canonical_events(result)


@every_way
def test_a_result_of_assets(way: Callable[[Any], Any]) -> None:
    """A copy of the result of `materialize_to_memory` has the values of the assets."""
    copied = way(materialize_to_memory([water, tea], resources={"kettle": Kettle(degrees=2)}))

    assert (copied.asset_value("tea"), copied.success) == (37, True)


def test_the_values_of_a_deep_copy_are_its_own() -> None:
    """A change of an output in a deep copy of a result does not change the original."""

    @asset
    def numbers() -> Any:
        return [1]

    result = materialize_to_memory([numbers])
    copied = copy.deepcopy(result)
    copied.output_for_node("numbers").append(2)

    assert result.output_for_node("numbers") == [1]


EVENTS: dict[str, Callable[[Any], Any]] = {
    "all_events": lambda result: result.all_events,
    "filter_events": lambda result: result.filter_events(lambda event: event.is_step_event),
    "all_node_events": lambda result: result.all_node_events,
    "events of a node": lambda result: result.filter_events(lambda event: event.step_key == "drink[a]"),
}


@every_way
@pytest.mark.parametrize("events_of", EVENTS.values(), ids=EVENTS)
def test_events(events_of: Callable[[Any], Any], way: Callable[[Any], Any]) -> None:
    """A copy of a list of events is equal to it, and the causes of its events are known."""
    events = events_of(run_of_cafe())
    copied = way(events)

    assert events
    assert copied == events
    assert type(copied) is type(events)
    assert copied.plans.keys() == events.plans.keys()
    assert canonical_events(copied) == canonical_events(events)


@every_way
def test_events_of_local_definitions(way: Callable[[Any], Any]) -> None:
    """Events can be pickled even if their job cannot; then they are a list without plans."""

    @asset
    def local() -> Any:
        raise ValueError("spilt")

    events = materialize_to_memory([local], raise_on_error=False).all_events

    assert way(events) == events


@every_way
def test_a_result_of_a_stored_run(way: Callable[[Any], Any], tmp_path: Path) -> None:
    """A copy of the result of `execute_job` loads the outputs from the instance, in a with block."""
    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        result = execute_job(
            reconstructable(cafe),
            instance,
            run_config={**CONFIG, "execution": {"config": {"in_process": {}}}},
        )
        with way(result) as copied:
            assert copied.output_for_node("make") == 324
            assert copied.all_events == result.all_events
        assert way(instance).get_run_by_id(result.run_id).is_success


CONTEXTS: list[Callable[[], Any]] = [
    *(build_op_context, build_asset_context, build_hook_context, build_init_resource_context),
    *(build_output_context, build_input_context, build_init_logger_context),
    lambda: build_op_context(resources={"mill": mill}, config={"grams": 3}),
]


@every_way
@pytest.mark.parametrize("build", CONTEXTS)
def test_a_context_of_a_direct_call(build: Callable[[], Any], way: Callable[[Any], Any]) -> None:
    """A built context can be copied and pickled."""
    assert type(way(build())) is type(build())


def test_the_resources_of_a_context_are_copied() -> None:
    """A context out of a pickle has the config and the resources of the original."""
    context = pickle.loads(pickle.dumps(build_op_context(resources={"mill": mill}, config={"grams": 3})))

    assert (context.resources.mill, context.op_config) == ("mill", {"grams": 3})


def test_a_context_of_a_run(tmp_path: Path) -> None:
    """A context of a run can be copied, and pickled if another process can open the instance of the run."""
    copied: list[Any] = []
    dumped: list[bytes] = []

    @asset
    def here(context: Any) -> int:
        context.log.info("copied")
        copied.extend([copy.copy(context), copy.deepcopy(context)])
        assert copied[-1].run_id == context.run_id
        assert copied[-1].log is context.log
        if context.instance.is_persistent:
            dumped.append(pickle.dumps(context.run))
        else:
            with pytest.raises(DagflowInvariantViolationError, match="in the memory of one process"):
                pickle.dumps(context.instance)
        return 1

    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        assert materialize([here], instance=instance).success
    assert materialize_to_memory([here]).success
    assert len(copied) == 4
    assert pickle.loads(dumped[0]).job_name


def test_a_pickle_is_read_in_another_process(tmp_path: Path) -> None:
    """Another process imports the module of the definitions in a pickle, and runs the job."""
    (tmp_path / "shop.py").write_text(
        textwrap.dedent(
            """
            from dagflow import asset, Definitions, define_asset_job, op, graph

            @op
            def one():
                return 1

            @graph
            def both():
                return one()

            @asset
            def water():
                return 2

            def made():
                definitions = Definitions(assets=[water], jobs=[define_asset_job("waters")])
                return definitions.get_job_def("waters"), both.to_job(name="j").execute_in_process()
            """
        )
    )
    write = "import pickle, shop, sys; sys.stdout.buffer.write(pickle.dumps(shop.made()))"
    read = (
        "import pickle, sys; job, result = pickle.load(sys.stdin.buffer); "
        "print(job.execute_in_process().output_for_node('water'), result.output_for_node('one'))"
    )
    written = subprocess.run([sys.executable, "-c", write], cwd=tmp_path, capture_output=True, check=True)
    printed = subprocess.run(
        [sys.executable, "-c", read], cwd=tmp_path, input=written.stdout, capture_output=True, check=True
    )

    assert printed.stdout.split() == [b"2", b"1"]


def test_the_op_of_an_asset_is_found_through_the_asset() -> None:
    """An op whose name in its module belongs to its asset is still the same op after pickling."""
    assert isinstance(water, AssetsDefinition)
    assert pickle.loads(pickle.dumps(water.node_def)) is water.node_def


CONSTANTS = [
    AssetIn("key", metadata={"rows": 1}, input_manager_key="shelf"),
    AssetIn(key_prefix="prefix"),
    RetryPolicy(3, 0.5, dagflow.Backoff.LINEAR, dagflow.Jitter.FULL),
    dagflow.TypeCheck(False, "too cold", {"degrees": 41}),
    dagflow.MetadataValue.path("a"),
    dagflow.MetadataValue.float(1.5),
    dagflow.MetadataValue.table([dagflow.TableRecord({"a": 1})]),
    dagflow.TableColumn("a", "int", "what", tags={"k": "v"}),
    dagflow.DailyPartitionsDefinition("2024-01-01", timezone="Europe/Berlin", hour_offset=3, end_offset=1),
    dagflow.TimeWindowPartitionMapping(start_offset=-1),
    dagflow.AssetKey(["a", "b"]),
    dagflow.Output(3, "name", {"rows": 1}),
    DynamicOutput(3, "key", "name", {"rows": 1}),
    dagflow.MaterializeResult("a", {"rows": 1}, value=3, tags={"k": "v"}),
    dagflow.AssetMaterialization("a", "what", {"rows": 1}, "2024", {"k": "v"}),
    dagflow.ExpectationResult(True, "label", "what", {"rows": 1}),
]


@every_way
@pytest.mark.parametrize("constant", CONSTANTS, ids=lambda constant: type(constant).__name__)
def test_values_keep_their_fields(constant: Any, way: Callable[[Any], Any]) -> None:
    """Each field of a copy has the value that it has in the original, whatever the constructor does."""
    copied = way(constant)

    assert copied == constant
    assert repr(copied) == repr(constant)
