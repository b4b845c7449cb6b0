"""The attributes and methods of AssetsDefinition that read its facts."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckKey,
    AssetCheckSpec,
    AssetIn,
    AssetKey,
    AssetOut,
    AssetsDefinition,
    AssetSpec,
    AutoMaterializePolicy,
    AutomationCondition,
    IdentityPartitionMapping,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    graph_asset,
    mem_io_manager,
    multi_asset,
    op,
)
from dagflow.errors import CheckError, DagflowInvariantViolationError

PARTS = StaticPartitionsDefinition(["mon", "tue"])
A, B = AssetKey(["bar", "a"]), AssetKey("b")


@multi_asset(
    outs={
        "a": AssetOut(key_prefix="bar", io_manager_key="cellar", description="An a.", group_name="g"),
        "b": AssetOut(is_required=False, automation_condition=AutomationCondition.eager()),
    },
    ins={"x": AssetIn(partition_mapping=IdentityPartitionMapping()), "y": AssetIn(key=["deep", "y"])},
    internal_asset_deps={"a": {AssetKey("x"), AssetKey(["deep", "y"])}, "b": {A}},
    partitions_def=PARTS,
    required_resource_keys={"stove"},
    check_specs=[AssetCheckSpec("ok", asset=A)],
)
def kitchen(context: Any, x: Any, y: Any) -> Any:
    """Make two assets."""
    return x, y


external = AssetsDefinition(specs=[AssetSpec("a", deps=["b"])])


@graph_asset
def cooled() -> Any:
    return op(name="boil")(lambda: 100)()


def test_facts_by_key() -> None:
    """Each dict has the facts of all assets; one of optional facts has only those that exist."""
    assert kitchen.descriptions_by_key == {A: "An a."}
    assert kitchen.owners_by_key == {A: [], B: []}
    assert kitchen.code_versions_by_key == {A: None, B: None}
    assert kitchen.automation_conditions_by_key == {B: AutomationCondition.eager()}
    assert isinstance(kitchen.auto_materialize_policies_by_key[B], AutoMaterializePolicy)
    assert kitchen.legacy_freshness_policies_by_key == {}


def test_dependencies_and_inputs() -> None:
    """`dependency_keys` includes dependencies between its own assets, `input_names` does not."""
    assert kitchen.dependency_keys == {AssetKey("x"), AssetKey(["deep", "y"]), A}
    assert list(kitchen.input_names) == ["x", "y"]
    assert external.dependency_keys == {B}
    assert list(external.input_names) == []


def test_outputs_by_key() -> None:
    """The output and the I/O manager of each asset, and the output of each check."""
    assert kitchen.get_output_name_for_asset_key(A) == "a"
    assert kitchen.get_output_name_for_asset_check_key(AssetCheckKey(A, "ok")) == "bar__a_ok"
    assert kitchen.get_io_manager_key_for_asset_key(A) == "cellar"
    assert cooled.get_io_manager_key_for_asset_key(cooled.key) == "io_manager"
    assert external.get_io_manager_key_for_asset_key(AssetKey("a")) == "io_manager"
    for unknown in (
        lambda: kitchen.get_output_name_for_asset_key(AssetKey("x")),
        lambda: kitchen.get_output_name_for_asset_check_key(AssetCheckKey(A, "no")),
        lambda: kitchen.get_io_manager_key_for_asset_key(AssetKey("x")),
    ):
        with pytest.raises(DagflowInvariantViolationError, match="does not"):
            unknown()


def test_partition_mappings() -> None:
    """The mapping of a dependency, None without one."""
    assert kitchen.get_partition_mapping(AssetKey("x")) == IdentityPartitionMapping()
    assert kitchen.get_partition_mapping(AssetKey(["deep", "y"])) is None


def test_resources_and_identity() -> None:
    """The required resources include I/O managers; the id depends on the keys only."""
    same = asset(name="kitchen2")(lambda: 1).with_attributes(asset_key_replacements={AssetKey("kitchen2"): B})

    assert kitchen.required_resource_keys == {"stove", "cellar", "io_manager"}
    assert cooled.required_resource_keys == external.required_resource_keys == {"io_manager"}
    assert len(kitchen.unique_id) == len(int(kitchen.unique_id, 16).to_bytes(4, "big")) * 2 == 8
    assert same.unique_id == asset(name="b")(lambda: 2).unique_id != kitchen.unique_id


def test_nodes() -> None:
    """Only a definition that an op computes has an op, and one that only declares has no node."""
    assert kitchen.op is kitchen.node_def
    assert cooled.node_def.name == "cooled"
    with pytest.raises(CheckError, match="computed by a graph"):
        _ = cooled.op
    with pytest.raises(CheckError, match="has no 'node_def'"):
        _ = external.op


def test_source_assets() -> None:
    """Each asset as an asset that is only read, with its I/O manager and facts."""
    sources = {source.key: source for source in kitchen.to_source_assets()}
    a = sources[A]
    bound = asset(name="c", io_manager_def=mem_io_manager)(lambda: 1).to_source_asset()

    assert sources.keys() == {A, B}
    assert (a.io_manager_key, a.group_name, a.description) == ("cellar", "g", "An a.")
    assert a.partitions_def == PARTS
    assert kitchen.to_source_asset("b") == SourceAsset("b", partitions_def=PARTS)
    assert bound.io_manager_def is mem_io_manager
    with pytest.raises(CheckError, match="has 2 assets, so 'key' must be given"):
        kitchen.to_source_asset()
    with pytest.raises(CheckError, match="has no asset 'x'"):
        kitchen.to_source_asset("x")
