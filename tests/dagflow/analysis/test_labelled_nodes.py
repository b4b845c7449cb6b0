"""The nodes of a graph under the labels of observed outputs."""

from __future__ import annotations

from dagflow import (
    AssetCheckResult,
    DailyPartitionsDefinition,
    Definitions,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    graph,
    graph_asset,
    job,
    materialize_to_memory,
    op,
)
from dagflow.testing import graph_of, labelled_nodes, nodes_of_run, observe_outputs


@op
def beans():
    """Return a number."""
    return 1


@op
def brew(beans):
    """Return the input."""
    return beans


@graph
def machine(beans):
    """Brew twice."""
    return brew.alias("again")(brew(beans))


@asset
def water():
    """Return a number."""
    return 1


@graph_asset
def cup(water):
    """Brew with water."""
    return brew(water)


@asset
def tea(cup):
    """Return the input."""
    return cup


@asset_check(asset=tea)
def hot():
    """Pass."""
    return AssetCheckResult(passed=True)


@job
def cafe():
    """Brew beans in the machine, and drink."""
    brew.alias("drink")(machine(beans()))


PROJECT = Definitions(assets=[water, cup, tea], asset_checks=[hot], jobs=[cafe])


def test_labels_are_those_of_observed_outputs():
    """Each observed output has a node of its label."""
    seen = []
    with observe_outputs(seen.append):
        cafe.execute_in_process()
        materialize_to_memory([water, cup, tea, hot])

    labels = {node.label for node in labelled_nodes(graph_of(PROJECT))}

    assert labels - {one.node for one in seen} == {"op asset:cup:cup.brew"}  # it gives the asset
    assert {one.node for one in seen} <= labels


def test_direct_calls_have_labels_without_a_job():
    """The direct call of an op is observed under the name of its definition."""
    called = {node.label: node.called for node in labelled_nodes(graph_of(PROJECT))}
    seen = []
    with observe_outputs(seen.append):
        brew(1)
        water()

    assert [one.node for one in seen] == [called["op cafe:drink"], called["asset water"]]


def test_the_steps_of_a_run_have_the_same_labels():
    """Each started step has the label of its op and those of its outputs; others have none."""
    found = nodes_of_run(cafe.execute_in_process())
    assets = nodes_of_run(materialize_to_memory([water, cup], selection=["water"]))
    of_graph = nodes_of_run(materialize_to_memory([water, cup]))

    assert (found.job, found.partition) == ("cafe", "")
    assert found.steps["machine.brew"].label == "op cafe:machine.brew"
    assert (assets.job, set(assets.steps)) == ("assets", {"water"})
    assert of_graph.steps["cup.brew"].label == "op asset:cup:cup.brew"
    assert of_graph.steps["cup.brew"].outputs == {"result": "asset cup"}
    assert of_graph.steps["cup.brew"].given == {"result": []}


def test_graphs_are_resolved_to_their_ops():
    """The first ops of a graph read what it reads, and its readers read from the last ops."""
    parents = {node.label: node.parents for node in labelled_nodes(graph_of(PROJECT))}

    assert parents == {
        "asset water": [],
        "asset cup": ["op asset:cup:cup.brew"],
        "op asset:cup:cup.brew": ["asset water"],
        "asset tea": ["asset cup"],
        "check tea:hot": ["asset tea"],
        "op cafe:beans": [],
        "op cafe:machine.brew": ["op cafe:beans"],
        "op cafe:machine.again": ["op cafe:machine.brew"],
        "op cafe:drink": ["op cafe:machine.again"],
    }


def test_places_are_those_of_the_definitions():
    """The file and the line of `def` of the function."""
    node = next(node for node in labelled_nodes(graph_of(water)) if node.label == "asset water")

    assert node.file == __file__
    with open(node.file, encoding="utf-8") as file:
        assert file.read().splitlines()[node.line - 1] == "def water():"


def test_equal_partitions_have_equal_texts():
    """Each part of the partitions is in the text, and all static keys count."""

    def text(partitions):
        @asset(partitions_def=partitions)
        def one():
            pass

        return labelled_nodes(graph_of(one))[0].partitions

    many = [str(number) for number in range(100)]
    days = DailyPartitionsDefinition("2024-01-01")

    assert text(StaticPartitionsDefinition(["a", "b"])) == "StaticPartitionsDefinition(['a', 'b'])"
    assert text(StaticPartitionsDefinition(many)) != text(
        StaticPartitionsDefinition([*many[:50], "x", *many[51:]])
    )
    assert text(StaticPartitionsDefinition(many)).startswith(
        "StaticPartitionsDefinition(100 keys, '0' to '99'"
    )
    assert text(days) != text(DailyPartitionsDefinition("2024-01-01", timezone="Europe/Berlin"))
    assert text(MultiPartitionsDefinition({"day": days, "town": StaticPartitionsDefinition(["york"])})) == (
        "MultiPartitionsDefinition(day: DailyPartitionsDefinition('2024-01-01', "
        "cron_schedule='0 0 * * *'), town: StaticPartitionsDefinition(['york']))"
    )
