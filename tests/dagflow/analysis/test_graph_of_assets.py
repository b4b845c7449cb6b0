"""Tests of `graph_of` with multi-assets, graph assets, checks, observables and parts of definitions."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetOut,
    AssetsDefinition,
    AssetSpec,
    DagflowInvalidSubsetError,
    DataVersion,
    Definitions,
    Out,
    Output,
    asset,
    asset_check,
    define_asset_job,
    graph_asset,
    graph_multi_asset,
    multi_asset,
    multi_asset_check,
    observable_source_asset,
    op,
    repository,
)
from dagflow.testing import Graph, graph_of, parse_selection, resolve


@observable_source_asset
def farm() -> Any:
    return DataVersion("1")


@asset(
    deps=[farm],
    group_name="raw",
    owners=["team:farm"],
    kinds={"csv"},
    check_specs=[AssetCheckSpec("own", asset="beans", blocking=True)],
)
def beans() -> Any:
    yield Output(1)
    yield AssetCheckResult(passed=True)


@asset_check(asset=beans, blocking=True)
def fresh(beans: Any) -> Any:
    return AssetCheckResult(passed=True)


@asset_check(asset=beans)
def many(beans: Any) -> Any:
    return AssetCheckResult(passed=True)


@asset
def coffee(beans: Any) -> Any: ...


@multi_asset(
    outs={"hot": AssetOut(is_required=False), "cold": AssetOut(key_prefix="shop", is_required=False)},
    internal_asset_deps={"hot": {AssetKey("coffee")}, "cold": {AssetKey("hot")}},
    can_subset=True,
)
def drinks(coffee: Any) -> Any: ...


@multi_asset_check(
    specs=[AssetCheckSpec("a", asset="hot"), AssetCheckSpec("b", asset=["shop", "cold"])],
    can_subset=True,
)
def each() -> Any: ...


@op
def grind(beans: Any) -> Any: ...


@op(tags={"speed": "slow"})
def espresso(powder: Any) -> Any: ...


@graph_asset(name="espresso", group_name="raw")
def made_of_ops(beans: Any) -> Any:
    return espresso(grind(beans))


outside = AssetsDefinition(specs=[AssetSpec("report", deps=["espresso"]), AssetSpec("poster")])
ASSETS = [farm, beans, coffee, drinks, made_of_ops, outside]
CHECKS = [fresh, many, each]


def _selected(graph: Graph, expression: str) -> set[str]:
    return set(resolve(parse_selection(expression), graph))


@pytest.fixture(scope="module")
def project() -> Graph:
    """Return the graph of a project with every kind of asset and check."""
    return graph_of(Definitions(ASSETS, asset_checks=CHECKS, jobs=[define_asset_job("chill", "hot")]))


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("drinks", "asset:hot asset:shop/cold"),
        ("hot", "asset:hot"),
        ("op:drinks", "asset:hot asset:shop/cold"),
        ("espresso", "asset:espresso asset:espresso:espresso.grind asset:espresso:espresso.espresso"),
        ("espresso.grind", "asset:espresso:espresso.grind"),
        ("grind+", "asset:espresso:espresso.grind asset:espresso:espresso.espresso"),
        ("op:grind", "asset:espresso:espresso.grind"),
        ("tag:speed=slow", "asset:espresso:espresso.espresso"),
        ("farm", "asset:farm"),
        ("op:farm", "asset:farm"),
        ("report, poster", "asset:report asset:poster"),
        ('check:"beans:fresh"', "check:beans:fresh"),
        ("check:fresh", "check:beans:fresh"),
        ('"beans:own"', "check:beans:own"),
        ("each", "check:hot:a check:shop/cold:b"),
        ('check:"shop/cold:b"', "check:shop/cold:b"),
        ('owner:"team:farm"',
         "asset:beans check:beans:own check:beans:fresh check:beans:many"),
        ("kind:csv and check:many", "check:beans:many"),
        ("asset:beans", "asset:beans"),
        ("key:beans+1 and not key:beans",
         "check:beans:own check:beans:fresh check:beans:many asset:coffee asset:espresso "
         "asset:espresso:espresso.grind asset:espresso:espresso.espresso"),
        ("check:own+1",
         "check:beans:own asset:coffee asset:espresso asset:espresso:espresso.grind "
         "asset:espresso:espresso.espresso"),
        ("check:many+", "check:beans:many"),
        ("1+check:fresh", "asset:beans check:beans:fresh"),
        ("1+check:a", "asset:hot check:hot:a"),
        ("job:chill", "asset:hot check:hot:a"),
    ],
)  # fmt: skip
def test_every_kind_of_node_is_selected(project: Graph, expression: str, ids: str) -> None:
    """Assets, the ops in their graphs and checks have names, attributes and edges."""
    assert _selected(project, expression) == set(ids.split())


def test_a_repository_has_the_same_nodes(project: Graph) -> None:
    """Its checks are nodes, as those of Definitions."""

    @repository
    def kitchen() -> Any:
        return [*ASSETS, *CHECKS, define_asset_job("chill", "hot")]

    found = graph_of(kitchen)

    assert {node.id for node in found.nodes} == {node.id for node in project.nodes}
    assert set(found.edges) == set(project.edges)


def test_a_blocking_check_gates_what_reads_its_asset(project: Graph) -> None:
    """Edges lead from it to the readers, not to its own asset nor to other checks."""
    assert set(project.children("check:beans:fresh")) == {"asset:coffee", "asset:espresso"}
    assert project.children("check:beans:many") == []


def test_a_node_has_its_key_and_its_whole_definition(project: Graph) -> None:
    """A job with a part of a definition has the nodes of the definition, not its own."""
    hot, check = project.node("asset:hot"), project.node("check:hot:a")

    assert (hot.key, hot.definition) == (AssetKey("hot"), drinks)
    assert (check.key, check.definition) == (AssetCheckKey(AssetKey("hot"), "a"), each)
    assert [node.id for node in project.nodes if "#" in node.id] == []
    assert project.node("asset:espresso:espresso.grind").definition is grind


def test_a_part_has_only_its_nodes() -> None:
    """The selected part of a multi-asset has the nodes of its assets."""
    part = drinks.subset_for({AssetKey("hot")}, set())

    assert [node.id for node in graph_of(part).nodes] == ["asset:hot"]
    assert [node.definition for node in graph_of(part).nodes] == [drinks]
    assert len(graph_of(part, drinks).nodes) == 2


def test_each_asset_of_a_graph_has_the_ops_inside() -> None:
    """Ops that make several assets are nodes in each of them."""

    @op(out={"one": Out(), "two": Out()})
    def split() -> Any: ...

    @graph_multi_asset(outs={"one": AssetOut(), "two": AssetOut()})
    def both() -> Any:
        one, two = split()
        return {"one": one, "two": two}

    found = graph_of(both)

    assert _selected(found, "both") == {node.id for node in found.nodes}
    assert _selected(found, "one") == {"asset:one", "asset:one:both.split"}
    assert _selected(found, "both.split") == {"asset:one:both.split", "asset:two:both.split"}


def test_two_checks_of_one_name_are_two_nodes() -> None:
    """Checks with one key, from two modules, have different ids."""
    twin = asset_check(asset=beans, name="fresh")(lambda: AssetCheckResult(passed=True))

    ids = [node.id for node in graph_of(fresh, twin).nodes]

    assert ids == ["check:beans:fresh", "check:beans:fresh#2"]


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("beans:fresh", 'check:"beans:fresh"'),
        ("check:beans:fresh", 'check:"beans:fresh"'),
        ("coffee and shop/cold:b", 'check:"shop/cold:b"'),
    ],
)
def test_a_check_without_quotes_is_an_error(expression: str, hint: str) -> None:
    """The error has the right form."""
    with pytest.raises(DagflowInvalidSubsetError, match=f"A check is written {hint}"):
        parse_selection(expression)


def test_a_misspelt_attribute_is_no_check() -> None:
    """The error lists the attributes only."""
    with pytest.raises(DagflowInvalidSubsetError) as caught:
        parse_selection("ownr:me")

    assert "check is written" not in str(caught.value)
