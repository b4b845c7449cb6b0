"""`check_idempotent` finds nodes whose second run leaves something else than the first."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given

import dagflow as dg
from pytest_dagflow.strategies import BuiltAssets, BuiltJob, asset_graphs, check_idempotent, jobs


@given(jobs(max_ops=4), asset_graphs(max_assets=3))
def test_drawn_pipelines_are_idempotent(job: BuiltJob, assets: BuiltAssets) -> None:
    """A pipeline without state passes."""
    check_idempotent(job)
    check_idempotent(assets)


class Appending(dg.IOManager):
    """An I/O manager that adds to what it has."""

    def __init__(self) -> None:
        self.rows: dict[Any, list[Any]] = {}

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        self.rows.setdefault(context.asset_key, []).extend(obj)

    def load_input(self, context: dg.InputContext) -> Any:
        return self.rows[context.asset_key]


def test_storage_that_appends() -> None:
    """The value of an asset is what its I/O manager loads, and the first asset is named."""

    @dg.asset
    def orders() -> list[int]:
        return [3]

    @dg.asset
    def total(orders: list[int]) -> list[int]:
        return [sum(orders)]

    with pytest.raises(AssertionError) as caught:
        check_idempotent([total, orders], resources={"io_manager": Appending()})

    lines = str(caught.value).splitlines()
    assert lines[0].startswith("not idempotent: after run 2 the value of 'orders' has 2 elements, expected 1")
    assert lines[-1] == "repeat it with: check_idempotent([total, orders], resources=...)"


def test_state_and_other_runs() -> None:
    """A function that reads the state, the partition and the number of runs are used."""
    table: list[str] = []

    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["york"]))
    def visits(context: dg.AssetExecutionContext) -> None:
        table.append(context.partition_key)

    def count_rows(resources: Any) -> int:
        return len(table)

    with pytest.raises(AssertionError) as caught:
        check_idempotent([visits], partition_key="york", state=count_rows)

    assert str(caught.value) == (
        "not idempotent: after run 2 the state outside of the run is 2, expected 1\n"
        "repeat it with: check_idempotent([visits], partition_key='york', state=count_rows)"
    )


def test_a_run_that_fails() -> None:
    """The first and a later run that fails are told apart."""
    counter = itertools.count(1)

    @dg.op
    def once() -> None:
        if next(counter) == 3:
            raise ValueError("not again")

    @dg.job
    def nightly() -> None:
        once()

    with pytest.raises(AssertionError, match="run 3 fails: 'once' failed with ValueError: not again"):
        check_idempotent(nightly, runs=5)
    counter = itertools.count(3)
    with pytest.raises(AssertionError, match="the first run fails, so no other is compared: 'once' failed"):
        check_idempotent(nightly)


def test_an_output_that_comes_and_goes() -> None:
    """An optional output that only one of the runs gives is a difference."""
    counter = itertools.count()

    @dg.op(out=dg.Out(is_required=False))
    def maybe() -> Any:
        if next(counter) != 1:
            yield dg.Output(1)

    @dg.job
    def nightly() -> None:
        maybe()

    with pytest.raises(AssertionError, match="after run 2 'maybe' gave no value"):
        check_idempotent(nightly)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"job_or_assets": "cafe"}, "must be a job or a list of assets"),
        ({"runs": 1}, "'runs' must be an int from 2"),
        ({"resources": 3}, "must be a dict or a function that makes one"),
        ({"state": 3}, "must be a function of the resources"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    """An invalid argument is an error before the first run."""
    job = dg.asset(name="a")(lambda: 1)

    with pytest.raises(dg.ParameterCheckError, match=message):
        check_idempotent(**{"job_or_assets": [job], **arguments})
