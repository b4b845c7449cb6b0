"""`check_failure_contained` finds dependencies that a pipeline does not declare."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

import dagflow as dg
from pytest_dagflow.strategies import BuiltAssets, BuiltJob, asset_graphs, check_failure_contained, jobs


@settings(max_examples=15)
@given(jobs(max_ops=4), asset_graphs(max_assets=3))
def test_failures_in_drawn_pipelines_are_contained(job: BuiltJob, assets: BuiltAssets) -> None:
    """A pipeline without hidden dependencies passes, with dynamic steps, graphs and skipped steps."""
    check_failure_contained(job)
    check_failure_contained(assets)


def shared() -> dict[str, Any]:
    """Return new resources."""
    return {"files": {}}


@dg.asset(required_resource_keys={"files"})
def rates(context: dg.AssetExecutionContext) -> int:
    context.resources.files["rates"] = 2
    return 2


@dg.asset
def invoices(rates: int) -> int:
    return rates


@dg.asset(required_resource_keys={"files"})
def summary(context: dg.AssetExecutionContext) -> int:
    return int(context.resources.files["rates"])


@dg.asset(required_resource_keys={"files"})
def summary_with_default(context: dg.AssetExecutionContext) -> int:
    return int(context.resources.files.get("rates", 1))


def test_a_hidden_dependency_that_fails() -> None:
    """The node that reads the file of a failed node without declaring it is named."""
    with pytest.raises(AssertionError) as caught:
        check_failure_contained([rates, invoices, summary], resources=shared)

    assert str(caught.value) == (
        "not contained: 'rates' fails, and 'summary', which does not depend on it, fails too: "
        "'summary' failed with KeyError: 'rates'\n"
        "a run with this fault: dag_faults.fail('rates', on_attempt=None)\n"
        "repeat it with: check_failure_contained([rates, invoices, summary], nodes=['rates'], "
        "resources=shared)"
    )


def test_a_hidden_dependency_with_another_value() -> None:
    """A node that does not fail but gives another value is found too."""
    with pytest.raises(
        AssertionError, match="fails, and so the value of 'summary_with_default' is 1, expected 2"
    ):
        check_failure_contained([rates, summary_with_default], resources=shared)

    check_failure_contained([rates, summary_with_default], resources=shared, nodes=["summary_with_default"])


def test_an_unknown_node() -> None:
    """The nodes are steps of the run."""
    with pytest.raises(dg.DagflowError, match="'rate' is not a step of the run"):
        check_failure_contained([rates, invoices], nodes=["rate"], resources=shared)
