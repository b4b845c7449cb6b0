"""Upstream assets that are named by the last part of their key."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetDep,
    AssetIn,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    DailyPartitionsDefinition,
    Definitions,
    InMemoryIOManager,
    IOManager,
    Out,
    SourceAsset,
    TimeWindowPartitionMapping,
    asset,
    define_asset_job,
    materialize,
    materialize_to_memory,
    op,
)
from dagflow.analysis.graphs import graph_of
from dagflow.defs.assets.short_names import ShortNames
from dagflow.errors import DagflowInvalidDefinitionError


@asset(key_prefix="raw", group_name="shop")
def orders() -> int:
    """The orders of a shop."""
    return 2


@asset(group_name="shop")
def total(context: Any, orders: int) -> int:
    """A reader that names its upstream by the last part of the key."""
    context.log.info(context.asset_key_for_input("orders").to_user_string())
    return orders + 1


def _steps(result: Any) -> list[str]:
    return [event.step_key for event in result.get_step_success_events()]


def test_a_parameter_reads_the_asset_of_the_same_group() -> None:
    """A parameter reads the only asset of its group whose key ends with its name, whatever the prefix."""
    result = materialize_to_memory([total, orders])

    assert result.asset_value("total") == 3
    assert _steps(result) == ["raw__orders", "total"]


def test_a_dep_waits_for_the_asset_of_the_same_group() -> None:
    """A short name in `deps` orders the two assets."""

    @asset(group_name="shop", deps=["orders"])
    def before() -> None: ...

    assert _steps(materialize_to_memory([before, orders])) == ["raw__orders", "before"]


def test_an_asset_in_and_the_same_prefix() -> None:
    """A short key of an AssetIn, and a reader with the same prefix, read the asset too."""

    @asset(key_prefix="raw", group_name="shop", ins={"x": AssetIn("orders")})
    def doubled(x: int) -> int:
        return x * 2

    assert materialize_to_memory([orders, doubled]).asset_value(["raw", "doubled"]) == 4


def test_an_exact_key_wins() -> None:
    """An asset with the short name as its whole key is read, even from another group."""

    @asset(name="orders", group_name="other")
    def exact() -> int:
        return 10

    assert materialize_to_memory([orders, exact, total]).asset_value("total") == 11


def test_an_asset_is_not_its_own_upstream() -> None:
    """An asset with the name of its upstream reads the other asset, not itself."""

    @asset(key_prefix="clean", name="orders", group_name="shop")
    def clean(orders: int) -> int:
        return orders

    assert materialize_to_memory([clean, orders]).asset_value(["clean", "orders"]) == 2


@pytest.mark.parametrize("source", [SourceAsset, AssetSpec])
def test_an_asset_that_is_only_read(source: Any) -> None:
    """A short name stands for a SourceAsset or AssetSpec of the same group too."""
    manager = InMemoryIOManager()
    manager.assets[AssetKey(["raw", "orders"]), None] = 7
    given = source(["raw", "orders"], group_name="shop")

    assert materialize([given, total], resources={"io_manager": manager}).asset_value("total") == 8


def test_selections_and_loads_use_the_whole_key() -> None:
    """A selection walks to the upstream of a short name, and a run of the reader alone loads it."""
    jobs = [define_asset_job("both", selection="+total"), define_asset_job("one", selection="total")]
    manager = InMemoryIOManager()
    project = Definitions([orders, total], jobs=jobs, resources={"io_manager": manager})

    assert _steps(project.get_job_def("both").execute_in_process()) == ["raw__orders", "total"]
    assert _steps(project.get_job_def("one").execute_in_process()) == ["total"]
    assert list(graph_of(orders, total).edges) == [("asset:raw/orders", "asset:total")]


def test_the_io_manager_of_the_upstream_loads_it() -> None:
    """The I/O manager of the asset that a short name stands for is required, and loads it."""
    spec = AssetSpec(["raw", "orders"], group_name="shop").with_io_manager_key("cellar")

    class Cellar(IOManager):
        def handle_output(self, context: Any, obj: Any) -> None: ...

        def load_input(self, context: Any) -> int:
            assert context.asset_key == context.upstream_output.asset_key == AssetKey(["raw", "orders"])
            return 4

    assert materialize_to_memory([spec, total], resources={"cellar": Cellar()}).asset_value("total") == 5
    with pytest.raises(DagflowInvalidDefinitionError, match="'cellar'"):
        materialize([spec, total])


def test_a_partition_mapping_holds_for_a_short_name() -> None:
    """The partitions that a mapped short name reads are those of the asset that it stands for."""
    days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-10")

    @asset(key_prefix="raw", partitions_def=days)
    def sales(context: Any) -> str:
        return str(context.partition_key)

    @asset(partitions_def=days, ins={"sales": AssetIn(partition_mapping=TimeWindowPartitionMapping(-1, -1))})
    def report(context: Any, sales: str) -> list[str]:
        return [sales, *context.asset_partition_keys_for_input("sales")]

    resources = {"io_manager": InMemoryIOManager()}
    materialize([sales], partition_key="2024-01-04", resources=resources)
    result = materialize([sales, report], selection=[report], partition_key="2024-01-05", resources=resources)

    assert result.asset_value("report") == ["2024-01-04", "2024-01-04"]


def test_an_ambiguous_name_is_refused() -> None:
    """The error about a name that fits several assets of the group names all of them."""

    @asset(key=["web", "orders"], group_name="shop")
    def more() -> int:
        return 1

    with pytest.raises(DagflowInvalidDefinitionError, match=r"'raw/orders' and 'web/orders' end with"):
        materialize_to_memory([orders, more, total])


def test_another_group_needs_the_whole_key() -> None:
    """The error about a short name of an asset in another group names its whole key."""

    @asset
    def elsewhere(orders: int) -> int:
        return orders

    with pytest.raises(DagflowInvalidDefinitionError, match=r"Did you mean 'raw/orders'\?.*AssetIn\(key="):
        materialize_to_memory([orders, elsewhere])


def test_a_dep_names_a_table() -> None:
    """An AssetDep with the table name of an asset waits for that asset, whatever its own key is."""
    table = {"dagflow/table_name": "db.orders"}

    @asset(key_prefix="z", metadata=table)
    def stored() -> int:
        return 1

    @asset(key_prefix="y", metadata=table)
    def other() -> int:
        return 1

    @asset(deps=[AssetDep("unknown", metadata=table)])
    def first() -> None: ...

    assert _steps(materialize_to_memory([first, stored])) == ["z__stored", "first"]
    assert _steps(materialize_to_memory([first])) == ["first"]
    with pytest.raises(DagflowInvalidDefinitionError, match=r"table 'db.orders', which '[yz]/.*' and"):
        materialize_to_memory([first, stored, other])


def test_a_definition_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The specs of a definition with many unknown dependencies are not read again for each of them."""
    specs = [AssetSpec(f"s{number}", deps=[f"u{number}"]) for number in range(50)]
    outs = {f"s{number}": Out() for number in range(50)}
    many = AssetsDefinition(
        node_def=op(name="many", out=outs)(lambda: None),
        keys_by_output_name={spec.key.path[0]: spec.key for spec in specs},
        specs=specs,
    )
    names = ShortNames(dict.fromkeys(many.keys, many))
    reads: list[Any] = []
    monkeypatch.setattr(AssetsDefinition, "specs", property(lambda self: reads.append(self) or specs))

    for spec in specs:
        names.resolve(spec.deps[0].asset_key, many)

    assert len(reads) <= 2
