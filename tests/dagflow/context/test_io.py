"""The contexts of I/O managers in a run: a table of the attributes of outputs, and one of those of inputs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from dagflow import (
    AssetIn,
    AssetKey,
    AssetSpec,
    CheckError,
    ConfigurableIOManager,
    DagflowInstance,
    DagflowInvariantViolationError,
    DailyPartitionsDefinition,
    Definitions,
    InputContext,
    IOManager,
    OutputContext,
    PartitionKeyRange,
    SpecificPartitionsPartitionMapping,
    StaticPartitionsDefinition,
    TimeWindow,
    WeeklyPartitionsDefinition,
    asset,
    build_input_context,
    build_output_context,
    io_manager,
    job,
    materialize,
    op,
)

REGIONS = StaticPartitionsDefinition(["a", "b", "c"])
DAYS = DailyPartitionsDefinition("2024-01-07", end_date="2024-01-21")
WEEKS = WeeklyPartitionsDefinition("2024-01-07", end_date="2024-01-21")


class Recorder(IOManager):
    """An I/O manager that evaluates a function of each context."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self.read = read
        self.outputs: dict[str, Any] = {}
        self.inputs: dict[str, Any] = {}

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        self.outputs[context.step_key] = self.read_or_error(context)

    def load_input(self, context: InputContext) -> int:
        self.inputs[context.name] = self.read_or_error(context)
        return 1

    def read_or_error(self, context: Any) -> Any:
        """Return the result of the function, or the class of its error."""
        try:
            return self.read(context)
        except Exception as error:
            return type(error)


@asset(key_prefix="shop", metadata={"defined": 1}, description="Raw beans")
def beans(context: Any) -> int:
    context.add_output_metadata({"given": 2})
    return 1


@asset(ins={"raw": AssetIn(["shop", "beans"], metadata={"wanted": 3})})
def coffee(raw: int) -> int:
    return raw


@asset(partitions_def=REGIONS)
def shops() -> int:
    return 1


@asset(partitions_def=DAYS)
def daily() -> int:
    return 1


@asset(partitions_def=WEEKS)
def weekly(daily: Any) -> int:
    return 1


@asset
def every(shops: Any) -> int:
    return 1


@asset(ins={"shops": AssetIn(partition_mapping=SpecificPartitionsPartitionMapping(["a", "c"]))})
def gap(shops: Any) -> int:
    return 1


def read_in_run(read: Callable[[Any], Any], *assets: Any, only: Any = None, **options: Any) -> Recorder:
    """Materialize assets, and return the I/O manager with what it has read of its contexts."""
    manager = Recorder(read)
    materialize(assets, resources={"io_manager": manager}, selection=only, **options)
    return manager


OUTPUT: dict[str, tuple[Callable[[OutputContext], Any], Any]] = {
    "name": (lambda context: context.name, "result"),
    "step_key": (lambda context: context.step_key, "shop__beans"),
    "run_id": (lambda context: len(context.run_id), 36),
    "has_asset_key": (lambda context: context.has_asset_key, True),
    "asset_key": (lambda context: context.asset_key, AssetKey(["shop", "beans"])),
    "op_def": (lambda context: context.op_def.name, "shop__beans"),
    "dagflow_type": (lambda context: context.dagflow_type.display_name, "Int"),
    "mapping_key": (lambda context: context.mapping_key, None),
    "definition_metadata": (lambda context: context.definition_metadata, {"defined": 1}),
    "metadata": (lambda context: context.metadata, {"defined": 1}),
    "output_metadata": (lambda context: context.output_metadata["given"].value, 2),
    "asset_spec": (lambda context: context.asset_spec.description, "Raw beans"),
    "get_identifier": (lambda context: context.get_identifier()[1:], ["shop__beans", "result"]),
    "get_asset_identifier": (lambda context: context.get_asset_identifier(), ["shop", "beans"]),
    "has_partition_key": (lambda context: context.has_partition_key, False),
    "partition_key": (lambda context: context.partition_key, CheckError),
    "has_asset_partitions": (lambda context: context.has_asset_partitions, False),
    "asset_partition_key": (lambda context: context.asset_partition_key, CheckError),
    "asset_partition_keys": (lambda context: context.asset_partition_keys, CheckError),
    "asset_partition_key_range": (lambda context: context.asset_partition_key_range, CheckError),
    "asset_partitions_def": (lambda context: context.asset_partitions_def, DagflowInvariantViolationError),
    "asset_partitions_time_window": (lambda context: context.asset_partitions_time_window, CheckError),
    "config": (lambda context: context.config, None),
    "resource_config": (lambda context: context.resource_config, None),
    "version": (lambda context: context.version, None),
}


@pytest.mark.parametrize(("read", "expected"), OUTPUT.values(), ids=OUTPUT)
def test_the_output_of_an_asset(read: Callable[[OutputContext], Any], expected: Any) -> None:
    """Each attribute of the context of an output has its value, or raises."""
    assert read_in_run(read, beans).outputs == {"shop__beans": expected}


def window(first: int, last: int) -> TimeWindow:
    """Return the time between two days."""
    return TimeWindow(*(datetime(2024, 1, day, tzinfo=timezone.utc) for day in (first, last)))


PARTITIONED: dict[str, tuple[Callable[[OutputContext], Any], Any, Any]] = {
    "has_partition_key": (lambda context: context.has_partition_key, True, True),
    "partition_key": (lambda context: context.partition_key, "b", "2024-01-08"),
    "has_asset_partitions": (lambda context: context.has_asset_partitions, True, True),
    "asset_partition_key": (lambda context: context.asset_partition_key, "b", "2024-01-08"),
    "asset_partition_keys": (lambda context: context.asset_partition_keys, ["b"], ["2024-01-08"]),
    "asset_partition_key_range": (
        lambda context: context.asset_partition_key_range,
        PartitionKeyRange("b", "b"),
        PartitionKeyRange("2024-01-08", "2024-01-08"),
    ),
    "asset_partitions_def": (lambda context: context.asset_partitions_def, REGIONS, DAYS),
    "asset_partitions_time_window": (
        lambda context: context.asset_partitions_time_window,
        DagflowInvariantViolationError,
        window(8, 9),
    ),
    "get_asset_identifier": (
        lambda context: context.get_asset_identifier()[1:],
        ["b"],
        ["2024-01-08"],
    ),
}


@pytest.mark.parametrize(("read", "of_static", "of_time"), PARTITIONED.values(), ids=PARTITIONED)
def test_the_output_of_a_partitioned_asset(
    read: Callable[[OutputContext], Any], of_static: Any, of_time: Any
) -> None:
    """Each attribute about partitions has the partition of the run."""
    assert read_in_run(read, shops, partition_key="b").outputs == {"shops": of_static}
    assert read_in_run(read, daily, partition_key="2024-01-08").outputs == {"daily": of_time}


INPUT: dict[str, tuple[Callable[[InputContext], Any], Any]] = {
    "name": (lambda context: context.name, "raw"),
    "has_input_name": (lambda context: context.has_input_name, True),
    "job_name": (lambda context: context.job_name, "__ephemeral_asset_job__"),
    "has_asset_key": (lambda context: context.has_asset_key, True),
    "asset_key": (lambda context: context.asset_key, AssetKey(["shop", "beans"])),
    "op_def": (lambda context: context.op_def.name, "coffee"),
    "dagflow_type": (lambda context: context.dagflow_type.display_name, "Int"),
    "step_key": (lambda context: context.step_key, AttributeError),
    "run_id": (lambda context: context.run_id, AttributeError),
    "version": (lambda context: context.version, AttributeError),
    "definition_metadata": (lambda context: context.definition_metadata, {"wanted": 3}),
    "metadata": (lambda context: context.metadata, {"wanted": 3}),
    "has_partition_key": (lambda context: context.has_partition_key, False),
    "has_asset_partitions": (lambda context: context.has_asset_partitions, False),
    "asset_partition_key": (lambda context: context.asset_partition_key, CheckError),
    "asset_partitions_time_window": (lambda context: context.asset_partitions_time_window, CheckError),
    "config": (lambda context: context.config, None),
    "resource_config": (lambda context: context.resource_config, None),
    "get_asset_identifier": (lambda context: context.get_asset_identifier(), ["shop", "beans"]),
}


@pytest.mark.parametrize("only", [None, [coffee]])
@pytest.mark.parametrize(("read", "expected"), INPUT.values(), ids=INPUT)
def test_the_input_of_an_asset(read: Callable[[InputContext], Any], expected: Any, only: Any) -> None:
    """Each attribute of the context of an input has its value, wherever the upstream is produced."""
    assert read_in_run(read, beans, coffee, only=only).inputs == {"raw": expected}


UPSTREAM: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "name": (lambda upstream: upstream.name, "result", "beans"),
    "step_key": (lambda upstream: upstream.step_key, "shop__beans", "none"),
    "run_id": (lambda upstream: upstream.run_id[:12], None, "__EPHEMERAL_"),
    "asset_key": (lambda upstream: upstream.asset_key, AssetKey(["shop", "beans"]), None),
    "op_def": (lambda upstream: upstream.op_def.name, "shop__beans", DagflowInvariantViolationError),
    "metadata": (
        lambda upstream: upstream.metadata,
        {"defined": 1},
        {"defined": 1, "dagflow/io_manager_key": "io_manager"},
    ),
    "output_metadata": (lambda upstream: upstream.output_metadata, {}, {}),
    "get_identifier": (
        lambda upstream: upstream.get_identifier()[1:],
        ["shop__beans", "result"],
        ["none", "beans"],
    ),
    "asset_partitions_time_window": (
        lambda upstream: upstream.asset_partitions_time_window,
        CheckError,
        CheckError,
    ),
}


@pytest.mark.parametrize(("read", "here", "elsewhere"), UPSTREAM.values(), ids=UPSTREAM)
def test_the_upstream_output(read: Callable[[Any], Any], here: Any, elsewhere: Any) -> None:
    """The upstream output is that of the step in this run, or of an asset that is stored elsewhere."""

    def read_upstream(context: InputContext) -> Any:
        return read(context.upstream_output)

    found = read_in_run(read_upstream, beans, coffee).inputs["raw"]
    assert found == here or here is None
    assert read_in_run(read_upstream, beans, coffee, only=[coffee]).inputs["raw"] == (elsewhere or here)


def test_the_upstream_output_of_an_external_asset() -> None:
    """An external asset has the metadata of its spec, and no op and type."""
    menu = AssetSpec(["old", "menu"], metadata={"defined": 1})

    @asset
    def copy(menu: int) -> int:
        return menu

    def read(context: InputContext) -> Any:
        upstream = context.upstream_output
        assert upstream is not None
        for name in ("op_def", "dagflow_type"):
            with pytest.raises(DagflowInvariantViolationError):
                getattr(upstream, name)
        return upstream.name, upstream.step_key, upstream.metadata

    assert read_in_run(read, menu, copy).inputs == {"menu": ("menu", "none", {"defined": 1})}


def test_the_partitions_of_an_input() -> None:
    """The partitions of an input are the upstream partitions after mapping."""

    def read(context: InputContext) -> Any:
        keys = list(context.asset_partition_keys)
        return context.has_partition_key, len(keys), keys[0], context.asset_partitions_time_window

    week = read_in_run(read, daily, weekly, only=[weekly], partition_key="2024-01-14").inputs["daily"]
    assert week == (True, 7, "2024-01-14", window(14, 21))

    def keys(context: InputContext) -> Any:
        return context.has_partition_key, context.asset_partition_keys, context.asset_partition_key_range

    every_key = read_in_run(keys, shops, every, only=[every]).inputs["shops"]
    assert every_key == (False, ["a", "b", "c"], PartitionKeyRange("a", "c"))
    assert read_in_run(keys, shops, gap, only=[gap]).inputs["shops"] is CheckError


def test_the_config_of_an_io_manager() -> None:
    """The config of an I/O manager is that of its definition, or of the fields of its class."""

    class Fields(ConfigurableIOManager):
        room: str

        def handle_output(self, context: OutputContext, obj: Any) -> None:
            seen.append(context.resource_config)

        def load_input(self, context: InputContext) -> Any:
            seen.append(context.resource_config)

    seen: list[Any] = []
    materialize([beans, coffee], resources={"io_manager": Fields(room="attic")}, raise_on_error=False)
    assert seen[0] == {"room": "attic"}

    recorder = Recorder(lambda context: context.resource_config)
    made = io_manager(config_schema={"room": str})(lambda context: recorder).configured({"room": "cellar"})
    materialize([beans, coffee], resources={"io_manager": made})
    assert recorder.outputs["shop__beans"] == recorder.inputs["raw"] == {"room": "cellar"}


def test_the_contexts_of_ops() -> None:
    """An input of an op reads the output of the step, with both metadata of definitions."""

    @op
    def brew() -> int:
        return 1

    @op
    def drink(cup: int) -> int:
        return cup

    def read(context: Any) -> Any:
        upstream = getattr(context, "upstream_output", context)
        return context.has_asset_key, upstream.step_key, getattr(context, "job_name", None)

    manager = Recorder(read)

    @job(resource_defs={"io_manager": io_manager(lambda: manager)})
    def cafe() -> None:
        drink(brew())

    cafe.execute_in_process()
    assert manager.inputs == {"cup": (False, "brew", "cafe")}
    assert manager.outputs == {"brew": (False, "brew", None), "drink": (False, "drink", None)}


def test_the_context_of_a_value_without_a_run() -> None:
    """A value is loaded without input name and run, with the metadata of the caller and of the asset."""

    def read(context: InputContext) -> Any:
        upstream = context.upstream_output
        assert upstream is not None
        return context.has_input_name, context.metadata, upstream.metadata, context.dagflow_type.display_name

    class Reader(Recorder):
        def load_input(self, context: InputContext) -> Any:
            return self.read_or_error(context)

    defs = Definitions([beans], resources={"io_manager": Reader(read)})
    with DagflowInstance.ephemeral() as instance, defs.get_asset_value_loader(instance) as loader:
        found = loader.load_asset_value(
            AssetKey(["shop", "beans"]), python_type=int, input_definition_metadata={"wanted": 3}
        )
    assert found == (False, {"wanted": 3}, {"defined": 1}, "Int")


def test_contexts_that_are_built_directly() -> None:
    """Attributes that were not given raise, and a context without a run has an empty config."""
    for context in (build_output_context(), build_input_context()):
        assert context.resource_config == {}
        with pytest.raises(CheckError):
            context.asset_partitions_time_window  # noqa: B018
        with pytest.raises(DagflowInvariantViolationError):
            context.asset_partitions_def  # noqa: B018
    with pytest.raises(DagflowInvariantViolationError, match="'job_name'"):
        build_input_context().job_name  # noqa: B018
