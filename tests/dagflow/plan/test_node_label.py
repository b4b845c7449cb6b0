"""Tests of the labels of the nodes of steps."""

from __future__ import annotations

from dagflow import (
    AssetCheckResult,
    AssetSpec,
    Definitions,
    DynamicOut,
    DynamicOutput,
    MaterializeResult,
    asset,
    asset_check,
    graph,
    graph_asset,
    job,
    materialize_to_memory,
    multi_asset,
    op,
)
from dagflow.plan.node_label import label_of_step
from dagflow.testing import CoverageRecorder, graph_of


def labels_of(result) -> list[str]:
    """Return the label of each step of a run."""
    return [label_of_step(step, result.plan.job_name) for step in result.plan.steps]


@op(out=DynamicOut())
def split():
    yield DynamicOutput(1, "one")


@op
def double(n):
    return n * 2


@op
def total(numbers):
    return sum(numbers)


def test_ops() -> None:
    """An op has its job and its path, the same for all mapping keys, as in the coverage of the graph."""

    @graph
    def inner():
        return total(split().map(double).collect())

    @job
    def outer():
        inner()

    labels = set(labels_of(outer.execute_in_process()))

    assert labels == {"op outer:inner.split", "op outer:inner.double", "op outer:inner.total"}
    nodes = CoverageRecorder(graph_of(Definitions(jobs=[outer]))).coverage.nodes
    assert labels == {node.label for node in nodes.values()}


def test_assets_and_checks() -> None:
    """An asset and a check have their keys, several assets of one op all, even if few are selected."""

    @asset(key_prefix="shop")
    def tea():
        return 1

    @asset_check(asset=tea)
    def hot():
        return AssetCheckResult(passed=True)

    @graph_asset
    def tray():
        return total(split().map(double).collect())

    @multi_asset(specs=[AssetSpec("saucer"), AssetSpec("cup")], can_subset=True)
    def dishes():
        yield MaterializeResult("cup")

    result = materialize_to_memory([tea, hot, tray, dishes], selection=["shop/tea", "tray", "cup"])

    expected = {"asset shop/tea", "asset cup, saucer", "check shop/tea:hot"}
    expected |= {f"op asset:tray:tray.{name}" for name in ("split", "double", "total")}
    assert set(labels_of(result)) == expected
