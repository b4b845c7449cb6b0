"""Definitions as a graph of names."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckResult,
    AssetSelection,
    AssetSpec,
    AutomationCondition,
    AutomationConditionSensorDefinition,
    DailyPartitionsDefinition,
    Definitions,
    In,
    Out,
    ScheduleDefinition,
    SensorDefinition,
    SourceAsset,
    asset,
    asset_check,
    build_schedule_from_partitioned_job,
    define_asset_job,
    graph,
    job,
    op,
    repository,
)
from dagflow.defs.jobs.asset_job import build_asset_job
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError
from dagflow.testing import Graph, graph_of, parse_selection, resolve


@op(tags={"kind": "slow"}, required_resource_keys={"db"})
def beans() -> Any: ...


@op
def brew(n: Any, m: Any = None) -> Any: ...


@graph(tags={"team": "bar"})
def machine(n: Any) -> Any:
    return brew.alias("pour")(brew(n))


@job
def cafe() -> None:
    brew.alias("last")([machine(beans()), beans.tag({"kind": "fast"})()])


@asset(
    group_name="g",
    tags={"t": "1"},
    kinds={"sql"},
    owners=["team:me"],
    required_resource_keys={"db"},
    op_tags={"o": "1"},
)
def water() -> Any: ...


@asset(key_prefix="hot", deps=["outside"])
def tea(water: Any) -> Any: ...


def _names(found: Graph) -> list[tuple[str, ...]]:
    return [node.names for node in found.nodes]


def _edges(found: Graph) -> list[tuple[str, str]]:
    return sorted(found.edges)


def test_a_job() -> None:
    """The graph has a node for each op and graph, also inside graphs, and edges on each level."""
    found = graph_of(cafe)

    assert _names(found) == [
        ("beans",), ("machine",), ("machine.brew", "brew"), ("machine.pour", "pour"), ("beans_2",), ("last",),
    ]  # fmt: skip
    assert _edges(found) == [
        ("cafe:beans", "cafe:machine"),
        ("cafe:beans_2", "cafe:last"),
        ("cafe:machine", "cafe:last"),
        ("cafe:machine.brew", "cafe:machine.pour"),
    ]
    assert found.node("cafe:machine.pour").definition is brew
    assert list(found.inner("cafe:machine")) == ["cafe:machine.brew", "cafe:machine.pour"]


def test_attributes_of_nodes() -> None:
    """Nodes have op, job, graph, tags and resources as attributes."""
    nodes = {node.id: node.attributes for node in graph_of(cafe).nodes}

    assert nodes["cafe:beans_2"]["op"] == {"beans", "beans_2"}
    assert nodes["cafe:beans_2"]["tag"] == {"kind=fast"}
    assert nodes["cafe:beans"]["tag"] == {"kind=slow"}
    assert nodes["cafe:beans"]["resource"] == {"db"}
    assert nodes["cafe:machine"]["graph"] == {"machine"}
    assert nodes["cafe:machine"]["tag"] == {"team=bar"}
    assert nodes["cafe:machine.brew"]["graph"] == {"machine"}
    assert {frozenset(own["job"]) for own in nodes.values()} == {frozenset({"cafe"})}


def test_assets() -> None:
    """The graph has a node for each asset key, and edges by key, except for unknown keys."""
    found = graph_of(tea, water)

    assert sorted(_names(found)) == [("hot/tea", "hot__tea"), ("water",)]
    assert _edges(found) == [("asset:water", "asset:hot/tea")]
    assert found.node("asset:water").attributes == {
        "key": {"water"},
        "asset": {"water"},
        "group": {"g"},
        "tag": {"t=1", "o=1", "dagflow/kind/sql"},
        "kind": {"sql"},
        "owner": {"team:me"},
        "partitions": {"none"},
        "is": {"materializable"},
        "op": {"water"},
        "resource": {"db"},
    }


def test_assets_that_are_only_known() -> None:
    """SourceAssets and AssetSpecs are nodes; the deps of a spec are edges."""
    found = graph_of(SourceAsset("outside", group_name="o"), AssetSpec("report", deps=[tea]), tea)

    assert _edges(found) == [("asset:hot/tea", "asset:report"), ("asset:outside", "asset:hot/tea")]
    assert found.node("asset:outside").attributes["group"] == {"o"}


def test_an_asset_in_jobs_is_one_node() -> None:
    """An asset in several jobs is one node with the jobs as an attribute."""
    one, two = build_asset_job([water], name="one"), build_asset_job([water, tea], name="two")
    found = graph_of(one, two, water)

    assert sorted(node.id for node in found.nodes) == ["asset:hot/tea", "asset:water"]
    assert found.node("asset:water").attributes["job"] == {"one", "two"}
    assert found.node("asset:water").part_of == (one, two)


def test_two_of_one_name() -> None:
    """Jobs, ops and assets with the same name get different ids."""
    other = job(name="cafe")(lambda: (beans(), None)[1])
    twin = asset(name="water")(lambda: 1)

    found = graph_of(cafe, other, beans, op(name="beans")(lambda: 2), water, twin)

    ids = [node.id for node in found.nodes]
    assert "cafe#2:beans" in ids
    assert [node_id for node_id in ids if node_id.startswith(("op:", "asset:"))] == [
        "op:beans", "op:beans#2", "asset:water", "asset:water#2",
    ]  # fmt: skip


def test_the_nearest_asset_of_a_key_is_read() -> None:
    """An edge leads from the asset in the module of the reader, or else from all with the key."""
    twin = asset(name="water")(lambda: 1)
    twin.__wrapped__.__module__ = "elsewhere"
    stranger = asset(name="stranger")(lambda water: 1)
    stranger.__wrapped__.__module__ = "a.third"

    found = graph_of(water, twin, tea, stranger)

    assert _edges(found) == [
        ("asset:water", "asset:hot/tea"),
        ("asset:water", "asset:stranger"),
        ("asset:water#2", "asset:stranger"),
    ]


def test_a_graph_and_selections() -> None:
    """A selection is resolved against the nodes of the graph."""
    found = graph_of(machine, cafe)

    assert resolve(parse_selection("graph:machine"), found) >= {"machine:brew", "cafe:machine.brew"}
    assert resolve(parse_selection("job:cafe and op:beans"), found) == {"cafe:beans", "cafe:beans_2"}


@pytest.mark.parametrize("thing", [7, None, "cafe", object()])
def test_what_is_no_definition(thing: Any) -> None:
    """The error names the value and its type."""
    with pytest.raises(ParameterCheckError, match=r"graph_of takes jobs, graphs, ops, assets, .*not"):
        graph_of(thing)


def test_nothing_is_an_empty_graph() -> None:
    """Without definitions the graph is empty; a repeated definition is one node."""
    assert len(list(graph_of().nodes)) == 0
    assert len(list(graph_of(beans, beans).nodes)) == 1


def test_a_project_counts_as_all_that_it_holds() -> None:
    """Definitions and repositories have the nodes of their assets and jobs, each once."""
    boil = define_asset_job("boil", "water")
    project = Definitions([water, tea], jobs=[cafe, boil], resources={"db": 1})

    @asset
    def ice() -> Any: ...

    @repository
    def kitchen() -> Any:
        return [ice, define_asset_job("freeze", "ice")]

    found, whole = graph_of(cafe, project, water, boil, project.get_job_def("cafe")), graph_of(project)

    assert _names(found) == _names(whole)
    assert resolve(parse_selection("job:boil"), whole) == {"asset:water"}
    assert resolve(parse_selection("job:cafe and op:beans"), whole) == {"cafe:beans", "cafe:beans_2"}
    assert {cafe, project.get_job_def("cafe")} == set(whole.node("cafe:beans").part_of)
    assert resolve(parse_selection("job:freeze"), graph_of(kitchen)) == {"asset:ice"}


def test_an_asset_job_selects_from_the_assets_beside_it() -> None:
    """A list of assets and jobs is a project, as in Definitions."""
    boil = define_asset_job("boil", "water")

    assert resolve(parse_selection("job:boil"), graph_of(boil, water, tea)) == {"asset:water"}
    with pytest.raises(DagflowInvalidDefinitionError, match="asset job 'boil'"):
        graph_of(boil, tea)


def test_schedules_and_sensors_count_as_what_they_start() -> None:
    """The nodes of a target have the name of the schedule or sensor, with a project and without one."""
    boil = define_asset_job("boil", "water")
    nightly = ScheduleDefinition(name="nightly", job=boil, cron_schedule="@daily")
    by_name = ScheduleDefinition(name="by_name", job_name="cafe", cron_schedule="@daily")
    hot = ScheduleDefinition(name="hot", target=[water, tea], cron_schedule="@daily")
    guests = SensorDefinition(name="guests", jobs=[cafe, boil], evaluation_fn=lambda context: None)
    automations = [nightly, by_name, hot, guests]

    project = Definitions(
        [water, tea],
        jobs=[cafe],
        schedules=[nightly, by_name, hot],
        sensors=[guests],
        resources={"db": 1, "x": 2},
    )
    for found in (
        graph_of(project),
        graph_of(project.get_repository_def()),
        graph_of(cafe, tea, *automations),
    ):
        of_cafe = {node.id for node in found.nodes if node.id.startswith("cafe:")}
        assert set(found.values("schedule")["nightly"]) == {"asset:water"}
        assert set(found.values("schedule")["hot"]) == {"asset:water", "asset:hot/tea"}
        assert set(found.values("schedule")["by_name"]) == of_cafe
        assert set(found.values("sensor")["guests"]) == {"asset:water", *of_cafe}
        assert set(found.values("job")) == {"cafe", "boil"}
        assert nightly in found.node("asset:water").part_of
    assert graph_of(project).values("resource")["x"] == []
    assert graph_of(by_name).values("schedule") == {"by_name": []}
    unknown = Definitions([water], schedules=[by_name], resources={"db": 1})  # it does not load as a whole
    assert graph_of(unknown).values("schedule") == {"by_name": []}


def test_sensors_that_select_assets_count_as_their_assets() -> None:
    """So does the sensor that dagflow adds for automation conditions, with a project and without one."""
    ice = asset(name="ice", automation_condition=AutomationCondition.eager())(lambda: 1)
    cold = asset_check(asset=ice, name="cold")(lambda: AssetCheckResult(passed=True))
    selecting = SensorDefinition(
        name="selecting", asset_selection="water", evaluation_fn=lambda context: None
    )
    unknown = SensorDefinition(name="unknown", asset_selection="wine", evaluation_fn=lambda context: None)
    of_checks = AutomationConditionSensorDefinition("of_checks", target=AssetSelection.checks(cold))
    sensors = [selecting, of_checks]
    project = Definitions([water, ice], asset_checks=[cold], sensors=sensors, resources={"db": 1})

    for found in (graph_of(project), graph_of(project.get_repository_def())):
        values = {name: sorted(ids) for name, ids in found.values("sensor").items()}
        assert values == {
            "selecting": ["asset:water"],
            "of_checks": ["check:ice:cold"],
            "default_automation_condition_sensor": ["asset:ice", "asset:water"],
        }
        assert selecting in found.node("asset:water").part_of
    alone = graph_of(water, ice, cold, AssetSpec("sea"), selecting, of_checks, unknown).values("sensor")
    assert alone == {"selecting": ["asset:water"], "of_checks": ["check:ice:cold"], "unknown": []}


def test_a_partitioned_schedule_counts_too() -> None:
    """The schedule of a partitioned job of assets starts its assets."""
    ice = asset(name="ice", partitions_def=DailyPartitionsDefinition("2024-01-01"))(lambda: 1)
    freeze = define_asset_job("freeze", [ice])
    daily = build_schedule_from_partitioned_job(freeze)

    assert graph_of(ice, daily).values("schedule") == {daily.name: ["asset:ice"]}
    assert graph_of(Definitions([ice], schedules=[daily])).values("schedule") == {daily.name: ["asset:ice"]}


def test_the_name_of_a_node_is_that_of_the_top_level() -> None:
    """A job with a node of this name on its top level has no inner node of this name."""

    @job
    def bar() -> None:
        brew(machine(beans()))

    @job
    def pub() -> None:
        machine(beans())

    found = graph_of(bar, pub)

    assert resolve(parse_selection("brew"), found) == {"bar:brew", "pub:machine.brew"}
    assert resolve(parse_selection("op:brew and job:bar"), found) >= {"bar:brew", "bar:machine.brew"}


def test_io_managers_are_resources() -> None:
    """A node has its I/O managers as resources, except the default one."""
    stored = asset(name="stored", io_manager_key="lake")(lambda: 1)
    loads = op(name="loads", ins={"n": In(input_manager_key="feed")}, out=Out(io_manager_key="lake"))(
        lambda n: n
    )

    assert graph_of(stored, loads, brew).values("resource") == {
        "lake": ["asset:stored", "op:loads"],
        "feed": ["op:loads"],
    }


def test_a_graph_without_faults():
    """Without strict, a job that cannot be resolved is left out, and a project with a fault is its parts."""
    one, other = asset(name="beans")(lambda: 1), asset(name="beans")(lambda: 2)
    job_of_all = define_asset_job("all")
    lost = define_asset_job("lost", selection=["nothing"])
    project = Definitions([asset(name="cup")(lambda: 1)], jobs=[lost])

    with pytest.raises(DagflowInvalidDefinitionError, match="Duplicate asset key"):
        graph_of(one, other, job_of_all)
    graph = graph_of(one, other, job_of_all, project, strict=False)

    assert sorted(node.names[0] for node in graph.nodes) == ["beans", "beans", "cup"]
