"""AssetGraph: its nodes, the sets of keys, levels, short names and stubs."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckKey,
    AssetCheckSpec,
    AssetDep,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    CheckError,
    DagflowInvalidDefinitionError,
    DailyPartitionsDefinition,
    Definitions,
    Out,
    SourceAsset,
    TimeWindowPartitionMapping,
    asset,
    asset_check,
    op,
    repository,
)
from dagflow.defs.assets.asset_graph import AssetGraph

DAYS = DailyPartitionsDefinition("2024-01-01")


@asset(partitions_def=DAYS, deps=["stub"], description="Water.", code_version="1", owners=["team:x"])
def water(): ...


@asset(group_name="hot", tags={"t": "v"}, kinds={"sql"}, metadata={"n": 1}, io_manager_key="cellar")
def tea(water): ...


def several(specs: list[AssetSpec], *checks: AssetCheckSpec, can_subset: bool = False) -> AssetsDefinition:
    """Define several assets that one op makes."""
    outputs = {spec.key.to_python_identifier(): spec.key for spec in specs}
    check_outputs = {check.get_python_identifier(): check for check in checks}
    out = {name: Out(is_required=not can_subset) for name in (*outputs, *check_outputs)}
    return AssetsDefinition(
        node_def=op(name=f"make_{min(outputs)}", out=out)(lambda: None),
        keys_by_output_name=outputs,
        specs=specs,
        check_specs_by_output_name=check_outputs,
        can_subset=can_subset,
    )


m = several([AssetSpec("m1", deps=[tea]), AssetSpec("m2", deps=["m1"])], AssetCheckSpec("mc", asset="m1"))
s = several([AssetSpec("s1"), AssetSpec("s2")], can_subset=True)


@asset_check(asset=tea, blocking=True, additional_deps=["other"], description="Hot?")
def hot(): ...


SOURCE = SourceAsset("src", io_manager_key="shelf")
REPORT = AssetSpec("report", deps=[tea, "src"])
CHECK = AssetCheckKey(AssetKey("tea"), "hot")


@pytest.fixture(scope="module")
def graph() -> AssetGraph:
    """Return the graph of the definitions above."""
    return Definitions([water, tea, m, s, SOURCE, REPORT], asset_checks=[hot]).resolve_asset_graph()


def named(keys: Any) -> str:
    return " ".join(sorted(key.to_user_string() for key in keys))


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("materializable_asset_keys", "m1 m2 s1 s2 tea water"),
        ("external_asset_keys", "other report src stub"),
        ("observable_asset_keys", ""),
        ("executable_asset_keys", "m1 m2 s1 s2 tea water"),
        ("unexecutable_asset_keys", "other report src stub"),
        ("unpartitioned_asset_keys", "m1 m2 other report s1 s2 src stub tea"),
        ("root_executable_asset_keys", "s1 s2 water"),
        ("root_materializable_asset_keys", "s1 s2 water"),
        ("asset_check_keys", "m1:mc tea:hot"),
    ],
)
def test_sets_of_keys(graph: AssetGraph, attribute: str, expected: str):
    """The sets have the keys of the definitions, of dependencies and of what checks depend on."""
    assert named(getattr(graph, attribute)) == expected
    assert named(graph.get_all_asset_keys()) == "m1 m2 other report s1 s2 src stub tea water"
    assert graph.all_group_names == {"default", "hot"}
    assert graph.asset_keys_for_group("hot") == graph.asset_keys_for_group("hot", True) == {tea.key}
    assert graph.asset_keys_for_group("nope") == set()


def test_the_node_of_an_asset(graph: AssetGraph):
    """A node has the facts of the spec, its neighbours and its checks."""
    node, source = graph.get(tea.key), graph.get(AssetKey("src"))

    assert (named(node.parent_keys), named(node.child_keys)) == ("water", "m1 report")
    assert (named(node.parent_entity_keys), named(node.child_entity_keys)) == ("water", "m1 report tea:hot")
    assert node.check_keys == {CHECK}
    assert (node.group_name, node.tags["t"], node.kinds, node.owners) == ("hot", "v", {"sql"}, [])
    assert (node.metadata["n"], node.io_manager_key, source.io_manager_key) == (1, "cellar", "shelf")
    assert (node.is_materializable, node.is_external, node.is_executable) == (True, False, True)
    assert (source.is_materializable, source.is_external, source.is_executable) == (False, True, False)
    water_node = graph.get(water.key)
    assert (water_node.description, water_node.code_version, water_node.owners) == ("Water.", "1", ["team:x"])
    assert (water_node.partitions_def, water_node.is_partitioned, node.is_partitioned) == (DAYS, True, False)
    assert node.to_asset_spec() is tea.specs_by_key[tea.key]
    assert graph.assets_def_for_key(tea.key) is node.assets_def is tea
    assert repr(node) == "AssetNode<tea>"


def test_the_node_of_a_check(graph: AssetGraph):
    """It has the facts of the check and the keys that it depends on."""
    node = graph.get(CHECK)

    assert (node.blocking, node.description, node.metadata, node.partitions_def) == (True, "Hot?", {}, None)
    assert (named(node.parent_entity_keys), node.child_entity_keys) == ("other tea", set())
    assert graph.get_check_spec(CHECK) is node.spec
    assert graph.assets_def_for_key(CHECK) is hot
    assert graph.get_check_keys_for_assets({tea.key, AssetKey("nope")}) == {CHECK}
    assert node.execution_set_entity_keys == graph.get_execution_set_asset_and_check_keys(CHECK) == {CHECK}
    assert repr(node) == "AssetCheckNode<tea:hot>"


def test_what_runs_together(graph: AssetGraph):
    """A definition that cannot be divided runs with all of its assets and checks."""
    assert named(graph.get(AssetKey("m1")).execution_set_entity_keys) == "m1 m1:mc m2"
    assert named(graph.get(AssetKey("m2")).execution_set_asset_keys) == "m1 m2"
    assert named(graph.get(AssetKey("s1")).execution_set_entity_keys) == "s1"
    assert named(graph.get(AssetKey("src")).execution_set_entity_keys) == "src"


def test_levels_and_ancestors(graph: AssetGraph):
    """Keys are ordered by level, then by key."""
    levels = [named(level) for level in graph.toposorted_asset_keys_by_level]

    assert levels == ["other s1 s2 src stub", "water", "tea", "m1 report", "m2"]
    assert [key.to_user_string() for key in graph.toposorted_asset_keys] == " ".join(levels).split()
    assert named(graph.get_ancestor_asset_keys(tea.key)) == "stub water"
    assert named(graph.get_ancestor_asset_keys(tea.key, include_self=True)) == "stub tea water"
    assert [key.to_user_string() for key in graph.upstream_key_iterator(tea.key)] == ["water", "stub"]
    assert named(graph.get_materializable_roots(AssetKey("m2"))) == "water"
    assert graph.has_materializable_parents(tea.key)
    assert not graph.has_materializable_parents(water.key)


def test_unknown_keys(graph: AssetGraph):
    """`has` is false and `get` raises."""
    assert graph.has(CHECK)
    assert graph.has(tea.key)
    assert not graph.has(AssetKey("nope"))
    assert not graph.has(AssetCheckKey(tea.key, "nope"))
    for unknown in (AssetKey("nope"), AssetCheckKey(tea.key, "nope")):
        with pytest.raises(KeyError):
            graph.get(unknown)


def test_a_dependency_on_itself():
    """An asset that reads its earlier partitions is its own parent, and a root."""
    earlier = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)

    @asset(partitions_def=DAYS, deps=[AssetDep("total", partition_mapping=earlier)])
    def total(): ...

    graph = AssetGraph.from_assets([total])
    node = graph.get(total.key)

    assert node.has_self_dependency
    assert node.parent_keys == node.child_keys == {total.key}
    assert node.partition_mappings == {total.key: earlier}
    assert graph.root_materializable_asset_keys == {total.key}
    assert graph.get_ancestor_asset_keys(total.key) == set()
    assert graph.toposorted_asset_keys == [total.key]


def test_short_names_are_resolved():
    """A dependency on the last part of a key is one on the asset of the same group."""

    @asset(key_prefix="raw")
    def beans(): ...

    @asset
    def coffee(beans): ...

    graph = AssetGraph.from_assets([beans, coffee])

    assert graph.get(coffee.key).parent_keys == {beans.key}
    assert graph.get_all_asset_keys() == {beans.key, coffee.key}


def test_the_graph_of_a_project_and_of_a_repository():
    """Both have one graph, which is built once."""
    project = Definitions([water, s])

    @repository
    def kitchen():
        return [water, s]

    assert project.resolve_asset_graph() is project.resolve_asset_graph()
    assert project.get_repository_def().asset_graph is project.resolve_asset_graph()
    assert kitchen.asset_graph.get_all_asset_keys() == project.resolve_asset_graph().get_all_asset_keys()
    assert set(project.resolve_asset_graph().assets_defs) >= {water, s}
    assert repr(project.resolve_asset_graph()) == "<AssetGraph with 4 assets and 0 checks>"


def test_definitions_that_conflict():
    """Two assets of one key, and other objects, are refused."""
    with pytest.raises(DagflowInvalidDefinitionError, match="Duplicate asset key"):
        AssetGraph.from_assets([water, AssetSpec("water")])
    with pytest.raises(CheckError, match="not an asset"):
        AssetGraph.from_assets([water, "tea"])  # type: ignore[list-item]
