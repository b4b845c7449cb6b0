"""AssetLayer: asset facts by node path and name of an output or input, at any depth."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    DagflowEventType,
    DagflowInstance,
    InMemoryIOManager,
    JobDefinition,
    Out,
    Output,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    graph,
    materialize,
    materialize_to_memory,
    op,
)
from dagflow.defs.assets.layer import AssetLayer
from dagflow.plan.compile import compile_plan
from dagflow.plan.surroundings import Surroundings

PARTS = StaticPartitionsDefinition(["a", "b"])


@asset(
    key_prefix=["shop"], group_name="g", code_version="1", tags={"t": "1"}, kinds={"sql"}, metadata={"m": 1}
)
def cup(water: Any) -> Any:
    """A cup."""
    return water


def test_a_layer_answers_for_each_kind_of_asset() -> None:
    """Lookups work for assets that are stored, read only, or given as a spec."""
    source = SourceAsset("s", io_manager_key="k", partitions_def=PARTS)
    spec = AssetSpec("x")
    layer = AssetLayer({cup.key: cup, source.key: source, spec.key: spec})

    keys = [cup.key, source.key, spec.key, AssetKey("unknown")]
    assert [layer.io_manager_key(key) for key in keys] == ["io_manager", "k", "io_manager", "io_manager"]
    assert [layer.partitions_def(key) for key in keys] == [None, PARTS, None, None]
    assert [layer.spec(key) for key in keys] == [cup.specs_by_key[cup.key], source.spec, spec, None]


@op(out={"p": Out(), "q": Out()})
def pair(context: Any, water: int) -> Any:
    """Two outputs, one of them with metadata."""
    yield Output(water + 1, "p", metadata={"size": 1})
    yield Output((water + 2, context.asset_key_for_output("q").path), "q")


PAIR = AssetsDefinition(
    node_def=pair,
    keys_by_input_name={"water": AssetKey("water")},
    keys_by_output_name={"p": AssetKey(["shop", "p"]), "q": AssetKey("q")},
    specs=[AssetSpec(["shop", "p"], partitions_def=PARTS, code_version="7"), AssetSpec("q")],
)


@asset
def water() -> int:
    """An asset that `pair` reads."""
    return 1


@asset
def total(q: Any) -> Any:
    """A reader of the second output."""
    return q[0] + 1


def test_two_assets_of_one_op() -> None:
    """Each output is its own asset: its key, metadata and partition are in the events."""
    with DagflowInstance.ephemeral() as instance:
        result = materialize_to_memory([water, PAIR, total], partition_key="b", instance=instance)
        planned = instance.all_logs(result.run_id, DagflowEventType.ASSET_MATERIALIZATION_PLANNED)

    made = {event.asset_key: event.materialization for event in result.get_asset_materialization_events()}
    assert [key.to_user_string() for key in made] == ["water", "shop/p", "q", "total"]
    p, q = made[AssetKey(["shop", "p"])], made[AssetKey("q")]
    assert (p.partition, q.partition) == ("b", None)
    assert (p.metadata["size"].value, dict(q.metadata)) == (1, {})
    assert [entry.dagflow_event.asset_key for entry in planned] == list(made)
    assert [entry.dagflow_event.partition for entry in planned] == [None, "b", None, None]
    assert result.asset_value(["shop", "p"]) == 2
    assert result.asset_value("q") == (3, ["q"])
    assert result.asset_value("total") == 4
    assert result.dagflow_run.tags["dagflow/partition"] == "b"


def test_io_managers_see_the_asset_of_each_output() -> None:
    """An I/O manager stores and loads each output under its own key and partition."""
    kept = InMemoryIOManager()
    resources = {"io_manager": kept}

    assert materialize([water, PAIR], resources=resources, partition_key="a").success
    assert set(kept.assets) == {
        (AssetKey("water"), None), (AssetKey(["shop", "p"]), "a"), (AssetKey("q"), None)
    }  # fmt: skip
    assert materialize([PAIR, total], selection=["total"], resources=resources).asset_value("total") == 4


def test_an_input_reads_the_asset_that_its_definition_names() -> None:
    """The key comes from the AssetsDefinition, even if the input of the op has no key."""
    kept = InMemoryIOManager()
    materialize([water], resources={"io_manager": kept})
    source = SourceAsset("water")

    result = materialize([source, PAIR], resources={"io_manager": kept}, partition_key="a")

    assert result.asset_value("q") == (3, ["q"])


@op
def boil(context: Any) -> Any:
    """The op that stores the asset."""
    return context.asset_key.path


@op
def other(context: Any) -> bool:
    """An op that stores no asset."""
    return context.has_assets_def


@graph
def kitchen() -> Any:
    """An op inside a graph, which stores an asset."""
    return boil()


@graph
def house() -> None:
    """Two nodes with the name `boil`, at different depths."""
    kitchen()
    other.alias("boil")()


@pytest.fixture
def nested() -> JobDefinition:
    """A job of which the op inside the graph is an asset."""
    hot = AssetsDefinition(
        node_def=boil,
        keys_by_input_name={},
        keys_by_output_name={"result": AssetKey("hot")},
        specs=[AssetSpec("hot")],
    )
    layer = AssetLayer({hot.key: hot})
    layer.add(("kitchen", "boil"), hot, hot.outputs, hot.inputs)
    return JobDefinition(graph_def=house, asset_layer=layer)


def test_an_asset_inside_a_graph(nested: JobDefinition) -> None:
    """A node path of several names leads to the op; a node of the same name elsewhere stores no asset."""
    result = nested.execute_in_process()

    (event,) = result.get_asset_materialization_events()
    assert (event.step_key, event.asset_key) == ("kitchen.boil", AssetKey("hot"))
    assert result.asset_value("hot") == ["hot"]
    assert result.output_for_node("boil") is False


def test_steps_carry_their_assets(nested: JobDefinition) -> None:
    """The compiler asks the layer by node path and output name."""
    plan = compile_plan(nested, {}, Surroundings({}, 0.0))

    found = {step.key: step.output_by_name["result"].asset_key for step in plan.steps}
    assert found == {"kitchen.boil": AssetKey("hot"), "boil": None}
    assert nested.asset_layer is not None
    assert nested.asset_layer.keys == {AssetKey("hot"): (("kitchen", "boil"), "result")}
