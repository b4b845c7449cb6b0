"""`jobs` and `asset_graphs` draw pipelines that run, print as code and can be pickled."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import find, given, settings

import dagflow as dg
from pytest_dagflow.strategies import BuiltAssets, BuiltJob, asset_graphs, build_assets, build_job, jobs

CODE = {
    "build_job": build_job,
    "build_assets": build_assets,
    "StaticPartitionsDefinition": dg.StaticPartitionsDefinition,
}
TOWNS = dg.StaticPartitionsDefinition(["york", "bath"])


@given(jobs())
def test_each_job_runs(job: BuiltJob) -> None:
    """A drawn job succeeds, and its repr builds the same job."""
    first = job.execute_in_process()

    again = eval(repr(job), CODE)
    assert first.success
    assert again.execute_in_process().all_events[-1].event_type == first.all_events[-1].event_type
    assert repr(pickle.loads(pickle.dumps(job))) == repr(again) == repr(job)


@given(asset_graphs(), asset_graphs(partitions_def=TOWNS))
def test_each_asset_graph_materializes(assets: BuiltAssets, partitioned: BuiltAssets) -> None:
    """Drawn assets materialize, with partitions too, and their repr builds the same assets."""
    assert dg.materialize_to_memory(assets).success
    assert dg.materialize_to_memory(partitioned, partition_key="york").success
    for drawn in (assets, partitioned):
        assert repr(pickle.loads(pickle.dumps(drawn))) == repr(eval(repr(drawn), CODE)) == repr(drawn)


@pytest.mark.parametrize(
    ("has", "smallest"),
    [
        (lambda text: "[" in text, "build_job(['a', 'b'])"),
        (lambda text: "missing" in text, "build_job('a -> missing x')"),
        (lambda text: "each" in text, "build_job('a -> dynamic x 0', 'b(each a.x)')"),
        (lambda text: "collect" in text, "build_job('a -> dynamic x 0', 'b(collect a.x)')"),
    ],
)
def test_jobs_have_all_features_and_shrink(has: Callable[[str], bool], smallest: str) -> None:
    """Graphs, optional and dynamic outputs are drawn, and a job shrinks to the nodes that matter."""
    many = settings(max_examples=1000, derandomize=True, database=None)

    assert len(repr(find(jobs(), lambda job: has(repr(job)), settings=many))) <= len(smallest) + 8


@settings(max_examples=20)
@given(jobs(max_ops=1, dynamic=False, nested=False), asset_graphs(1, nested=False))
def test_limits(job: BuiltJob, assets: BuiltAssets) -> None:
    """The limits hold: one op, no graph, nothing dynamic."""
    assert len(job.graph.node_dict) == len(assets) == 1
    assert "dynamic" not in repr(job)
    assert "[" not in repr(job) + repr(assets)


def test_the_values_say_what_was_read() -> None:
    """The value of a node has the values that it read, so that a wrong edge shows."""
    job = build_job("a", "x -> left, optional right", ["g(a, x.left)", "h(a, x.left)"], "c([a, x.right], g)")

    assert job.execute_in_process().output_for_node("c") == "c([a, x.right], h(a, x.left))"


def test_assets_of_texts() -> None:
    """Assets read each other, depend without reading, and name their partition."""
    assets = build_assets("a", "b(a) after a", "missing c(b)", "d(c)", partitions_def=TOWNS)
    result = dg.materialize_to_memory(assets, partition_key="bath")

    assert result.asset_value("b") == "b@bath(a@bath)"
    assert [event.step_key for event in result.get_step_skipped_events()] == ["d"]
    assert assets[1:] == list(assets)[1:]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: build_job(), "at least one node"),
        (lambda: build_job("a b"), "the text 'a b' is not a node"),
        (lambda: build_job("b(c)"), "node 'b' reads 'c', which no node before it gives"),
        (lambda: build_job("a", "a"), "two nodes are called 'a'"),
        (lambda: build_job("a -> maybe x"), "'maybe x' is not an output"),
        (lambda: build_job("a -> dynamic x 1", "b(each a.x, each a.x)"), "write 'each' once"),
        (lambda: build_job("a(b c)"), "'b c' is not an input"),
        (lambda: build_assets(), "at least one text"),
        (lambda: build_assets(["missing g", "a"]), "is a graph, which has neither"),
    ],
)
def test_bad_texts(call: Any, message: str) -> None:
    """An error about a text shows it, and how to write it."""
    with pytest.raises(dg.DagflowInvalidDefinitionError, match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: jobs(0),
        lambda: jobs(27),
        lambda: jobs(dynamic="yes"),
        lambda: jobs(nested=1),
        lambda: asset_graphs(0),
        lambda: asset_graphs(partitions_def="daily"),
    ],
)
def test_bad_arguments_are_refused_at_the_call(call: Any) -> None:
    """An invalid argument is an error of the call, not of a draw."""
    with pytest.raises(dg.ParameterCheckError, match="must be"):
        call()
