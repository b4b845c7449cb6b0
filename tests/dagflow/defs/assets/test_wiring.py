"""The parts of an asset job: edges, asset facts and common partitions."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetDep,
    AssetIn,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    DagflowInstance,
    DailyPartitionsDefinition,
    Out,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    materialize,
    op,
)
from dagflow.defs.assets.catalog import AssetCatalog
from dagflow.defs.assets.short_names import ShortNames
from dagflow.defs.assets.wiring import common_partitions, wire_assets
from dagflow.defs.graphs.wiring import DependencyDefinition
from dagflow.errors import DagflowInvalidDefinitionError

LETTERS = StaticPartitionsDefinition(["a", "b"])
DIGITS = StaticPartitionsDefinition(["1"])


@op(out={"p": Out(), "q": Out()})
def pair() -> tuple[int, int]:
    """Two assets."""
    return 1, 2


def _pair(p: StaticPartitionsDefinition | None, q: StaticPartitionsDefinition | None) -> AssetsDefinition:
    return AssetsDefinition(
        node_def=pair,
        keys_by_input_name={},
        keys_by_output_name={"p": AssetKey("p"), "q": AssetKey("q")},
        specs=[AssetSpec("p", partitions_def=p), AssetSpec("q", partitions_def=q)],
    )


@asset
def reader(q: int) -> int:
    """A reader of the second output."""
    return q


def test_an_edge_ends_at_the_output_of_the_asset() -> None:
    """A reader depends on the output that stores its asset, and the layer has the facts about both nodes."""
    both = _pair(None, None)
    catalog = AssetCatalog([both, reader])

    wiring, layer = wire_assets([both, reader], catalog, {}, ShortNames(catalog.assets))

    assert wiring.dependencies["reader"] == {"q": DependencyDefinition("pair", "q")}
    assert layer.definitions == {("pair",): both, ("reader",): reader}
    assert layer.outputs["pair",]["q"].key == layer.inputs["reader",]["q"].key == AssetKey("q")
    assert layer.known == catalog.assets


@pytest.mark.parametrize(
    ("p", "q", "common"),
    [(LETTERS, LETTERS, LETTERS), (None, LETTERS, LETTERS), (LETTERS, None, LETTERS), (None, None, None)],
)
def test_common_partitions(
    p: StaticPartitionsDefinition | None,
    q: StaticPartitionsDefinition | None,
    common: StaticPartitionsDefinition | None,
) -> None:
    """Assets without partitions run with every partition."""
    assert common_partitions([_pair(p, q), reader], one_partitioning=True) == common


def test_different_partitions_of_one_op() -> None:
    """Different partitions raise, or give a job without partitions."""
    both = _pair(LETTERS, DIGITS)

    assert common_partitions([both], one_partitioning=False) is None
    with pytest.raises(DagflowInvalidDefinitionError, match="must have the same partitions definitions"):
        common_partitions([both], one_partitioning=True)


@pytest.mark.parametrize("parameter", [True, False])
def test_an_asset_that_depends_on_its_earlier_partitions(parameter: bool) -> None:
    """An asset can read its own earlier partitions, which its I/O manager loads, or only come after them."""
    days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-10")
    earlier = TimeWindowPartitionMapping(-1, -1)
    if parameter:
        total = asset(name="total", partitions_def=days, ins={"total": AssetIn(partition_mapping=earlier)})(
            lambda total: 1 + (total or 0)
        )
    else:
        total = asset(name="total", partitions_def=days, deps=[AssetDep("total", partition_mapping=earlier)])(
            lambda: 1
        )

    assert total.keys_by_input_name == {"total": AssetKey("total")}
    with DagflowInstance.ephemeral() as instance:
        for day, value in (("2024-01-01", 1), ("2024-01-02", 2 if parameter else 1)):
            result = materialize([total], partition_key=day, instance=instance)
            assert result.asset_value("total") == value
