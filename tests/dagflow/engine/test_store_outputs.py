"""The contexts that I/O managers get for the outputs of assets."""

from __future__ import annotations

from dagflow import (
    AssetOut,
    AssetsDefinition,
    IOManager,
    Out,
    SourceAsset,
    asset,
    graph,
    graph_asset,
    graph_multi_asset,
    io_manager,
    materialize,
    op,
)


class Reader(IOManager):
    """An I/O manager that keeps the facts of its contexts."""

    def __init__(self):
        self.stored, self.read = [], []

    def handle_output(self, context, obj):
        self.stored.append((context.asset_key.to_user_string(), dict(context.definition_metadata)))

    def load_input(self, context):
        upstream = context.upstream_output
        upstream.log.info("read")
        self.read.append((upstream.resource_config, dict(upstream.definition_metadata)))
        return 1


def test_the_output_of_a_graph_has_the_metadata_of_its_asset():
    """An I/O manager finds the metadata of the op's output and of the asset, which wins."""

    @op(out=Out(metadata={"a": 1, "b": 1}))
    def pour():
        return 1

    @graph_asset(metadata={"b": 2})
    def cup():
        return pour()

    @graph_multi_asset(outs={"pot": AssetOut(metadata={"c": 3})})
    def pots():
        return pour()

    @graph
    def mug():
        return pour()

    made = AssetsDefinition.from_graph(mug, metadata_by_output_name={"result": {"d": 4}})
    manager = Reader()
    materialize([cup, pots, made], resources={"io_manager": manager})

    assert dict(manager.stored) == {
        "cup": {"a": 1, "b": 2},
        "pot": {"a": 1, "b": 1, "c": 3},
        "mug": {"a": 1, "b": 1, "d": 4},
    }


def test_an_external_asset_has_the_config_of_its_manager():
    """The context of the output that another run has stored has the config of the I/O manager, and a log."""
    manager = Reader()
    configured = io_manager(config_schema={"a": int})(lambda context: manager).configured({"a": 7})

    @asset
    def tea(water):
        return water

    water = SourceAsset("water", metadata={"m": 1})
    materialize([tea, water], resources={"io_manager": configured})
    materialize([tea, water], resources={"io_manager": manager})

    assert [config for config, _ in manager.read] == [{"a": 7}, {}]
    assert set(manager.read[0][1]) == {"m"}
