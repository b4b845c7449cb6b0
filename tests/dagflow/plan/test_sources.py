"""The sources of the inputs of steps."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetIn,
    AssetKey,
    GraphDefinition,
    In,
    InMemoryIOManager,
    Nothing,
    Out,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    graph,
    job,
    op,
)
from dagflow.defs.jobs.asset_job import build_asset_job
from dagflow.errors import (
    CheckError,
    DagflowInvariantViolationError,
)
from dagflow.plan.compile import compile_plan
from dagflow.plan.plan import Plan
from dagflow.plan.step import (
    FROM_CONFIG,
    FROM_STORAGE,
    NO_VALUE,
    OutputRef,
)
from dagflow.plan.surroundings import Surroundings

NOON = Surroundings({}, 1_704_283_200.0)  # 2024-01-03T12:00Z


@op
def one() -> Any:
    """Return a value."""
    return 1


@op
def same(n: Any) -> Any:
    """Return the input."""
    return n


@op(config_schema={"n": int})
def count(context: Any, n: Any = 7) -> Any:
    """Return the input, which has a default and config."""


CONFIG = {"ops": {"count": {"config": {"n": 1}}}}


def _plan(made: Any, config: Any, partition_key: str | None = None) -> Plan:
    if isinstance(made, GraphDefinition):
        made = made.to_job()
    return compile_plan(made, config, NOON, partition_key=partition_key)


def test_partitions_that_an_input_reads() -> None:
    """The default mapping reads the same key; an unpartitioned upstream or a run without a key has none."""
    parts = StaticPartitionsDefinition(["a", "b"])
    up = asset(name="up", partitions_def=parts)(lambda: 1)
    plain = asset(name="plain")(lambda: 1)
    down = asset(name="down", partitions_def=parts)(lambda up, plain: 1)
    made = build_asset_job([up, plain, down])

    def keys(partition_key: str | None) -> dict[str, Any]:
        step = _plan(made, {}, partition_key=partition_key).step_by_key("down")
        return {item.name: item.partition_keys for item in step.inputs}

    assert keys("b") == {"up": ("b",), "plain": None}
    assert keys(None) == {"up": None, "plain": None}


def test_assets_that_the_run_does_not_make_are_loaded() -> None:
    """They are loaded by their own I/O manager, or by that of the input."""
    source = SourceAsset("s", io_manager_key="k")
    down = asset(name="down", ins={"t": AssetIn(input_manager_key="im")})(lambda s, t: 1)
    t = asset(name="t")(lambda: 1)
    shelf = InMemoryIOManager()
    made = build_asset_job([source, down, t], selection=["down"], resources={"k": shelf, "im": shelf})
    step = _plan(made, {}).steps[0]

    found = {
        item.name: (item.source.source_type, item.source.manager_key, item.source.asset_key)
        for item in step.inputs
    }
    assert found == {"s": (FROM_STORAGE, "k", AssetKey("s")), "t": (FROM_STORAGE, "im", AssetKey("t"))}


def test_an_asset_without_a_value_is_loaded_from_storage() -> None:
    """Its step stores the value itself, so its output only orders."""

    @asset
    def table() -> None: ...

    @asset
    def report(table: Any) -> Any: ...

    (item,) = _plan(build_asset_job([table, report]), {}).step_by_key("report").inputs
    assert (item.source.source_type, item.source.ref) == (FROM_STORAGE, OutputRef("table", "result"))


def test_the_value_of_an_op_without_one_is_looked_for_in_storage() -> None:
    """The I/O manager of an output without a value is called, because it may be stored elsewhere."""
    quiet = op(name="quiet", out=Out(Nothing))(lambda: None)
    made = job(name="j")(lambda: (same(quiet()), None)[1])
    (item,) = _plan(made, {}).step_by_key("same").inputs

    assert (item.source.source_type, item.source.manager_key) == (FROM_STORAGE, "io_manager")


def test_an_input_manager_feeds_an_input_that_nothing_else_does() -> None:
    """An unconnected input with an input manager needs no config."""
    loaded = op(name="loaded", ins={"x": In(input_manager_key="im")})(lambda x: x)
    (item,) = (
        _plan(job(name="j", resource_defs={"im": InMemoryIOManager()})(lambda: (loaded(), None)[1]), {})
        .steps[0]
        .inputs
    )

    assert (item.source.source_type, item.source.manager_key) == (FROM_STORAGE, "im")


def test_an_output_deep_inside() -> None:
    """The output of a graph in a graph is the output of its op."""
    pair = op(name="pair", out={"p": Out(), "q": Out(io_manager_key="io_manager")})(lambda: (1, 2))
    low = GraphDefinition("low", node_defs=[pair])
    del low

    @graph
    def middle() -> Any:
        return pair().q

    @graph
    def upper() -> Any:
        return middle()

    plan = _plan(job(name="j")(lambda: (same(upper()), None)[1]), {})
    assert plan.step_by_key("same").inputs[0].source.ref == OutputRef("upper.middle.pair", "q")
    assert plan.step_by_key("same").upstream == ("upper.middle.pair",)


def test_orders_that_nothing_gives() -> None:
    """A Nothing input of an op, of the graph of the job or for an external asset can be unconnected."""
    quiet = op(name="quiet", ins={"after": In(Nothing)})(lambda: 1)
    top = graph(name="g")(lambda start: quiet(start))
    dependent = asset(name="dependent", deps=["elsewhere"])(lambda: 1)

    for made in (job(name="j")(lambda: (quiet(), None)[1]), top.to_job(), build_asset_job([dependent])):
        (item,) = _plan(made, {}).steps[0].inputs
        assert (item.source.source_type, item.source.ref) == (NO_VALUE, None)


def test_a_default_of_one_reader_is_none_of_another() -> None:
    """An input of the job's graph needs a value if one of its readers has no default."""
    both = graph(name="g")(lambda n: (count(n=n), same(n))[1])

    with pytest.raises(DagflowInvariantViolationError, match="input 'n' of graph 'g' is fed by nothing"):
        _plan(both, CONFIG)
    plan = _plan(both, {**CONFIG, "inputs": {"n": {"value": 1}}})
    assert [step.inputs[0].source.source_type for step in plan.steps] == [FROM_CONFIG, FROM_CONFIG]


def test_a_list_in_a_list() -> None:
    """A graph input that gets a list cannot be an element of a list inside the graph."""

    @op
    def one():
        return 1

    @op
    def take(items):
        return items

    @graph
    def inner(x):
        take([x, one()])

    @job
    def outer():
        inner([one()])

    with pytest.raises(CheckError, match="an element of the list for input 'items' of node 'take'"):
        compile_plan(outer, {}, Surroundings({}, 0.0))
