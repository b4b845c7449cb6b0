"""`selections` draws parts of a job, none of them empty."""

from __future__ import annotations

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import dagflow as dg
from pytest_dagflow.strategies import BuiltJob, asset_graphs, build_assets, build_job, jobs, selections


@settings(max_examples=30)
@given(st.data())
def test_each_selection_selects_a_node(data: st.DataObject) -> None:
    """A run of any drawn job takes each selection."""
    job: BuiltJob = data.draw(jobs())
    clauses = data.draw(selections(job))

    assert job.get_subset(op_selection=clauses).graph.node_dict


@settings(max_examples=30)
@given(st.data())
def test_a_complete_selection_can_run(data: st.DataObject) -> None:
    """With everything upstream, a part of a job or of some assets runs alone."""
    job: BuiltJob = data.draw(jobs())
    assets = data.draw(asset_graphs())

    clauses = data.draw(selections(job, complete=True))
    assert job.execute_in_process(op_selection=clauses).success
    clauses = data.draw(selections(assets, complete=True))
    assert dg.materialize_to_memory(assets, selection=clauses).success


def test_small_examples() -> None:
    """A selection shrinks to one name; assets have their keys as names."""
    prefixed = dg.asset(key_prefix="shop", name="cups")(lambda: 1)

    assert find(selections(build_job("a", "b(a)")), lambda clauses: True) == ["a"]
    assert find(selections(build_assets("a")), lambda clauses: len(clauses) == 2) == ["a", "a+"]
    assert find(selections([prefixed]), lambda clauses: True) == ["shop/cups"]


def test_bad_arguments() -> None:
    """It takes a job or assets."""
    with pytest.raises(dg.ParameterCheckError, match="must be a job or a list of assets"):
        selections("a")
