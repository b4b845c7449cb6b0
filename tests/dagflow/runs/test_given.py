"""Tests of the given values of a run: their outputs, stored assets, types and partitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dagflow import (
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetSpec,
    DynamicOut,
    DynamicOutput,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    execute_job,
    instance_for_test,
    job,
    materialize,
    materialize_to_memory,
    op,
    reconstructable,
    resource,
)
from dagflow.errors import CheckError, DagflowTypeCheckDidNotPass
from dagflow.testing import ValueByPartition, run_options

DAYS = StaticPartitionsDefinition(["x", "y"])


@resource
def closed(context: Any) -> Any:
    """Fail, as a database that no test may use."""
    raise OSError("closed")


@asset(key_prefix="raw", required_resource_keys={"db"}, resource_defs={"db": closed})
def beans() -> int:
    """Return a number of the database."""
    return 1


@asset(ins={"beans": AssetIn(key=AssetKey(["raw", "beans"]))})
def cups(beans: int) -> int:
    """Return a number made of the beans."""
    return beans * 2


def test_a_resource_of_given_steps_does_not_start() -> None:
    """Nothing else needs it, so the run needs no database."""
    with run_options(given={"raw/beans": 4}):
        assert materialize_to_memory([beans, cups]).asset_value("cups") == 8


@pytest.mark.parametrize("source", [AssetSpec(["raw", "beans"]), SourceAsset(["raw", "beans"])])
@pytest.mark.parametrize("key", ["raw/beans", AssetKey(["raw", "beans"])])
def test_an_asset_that_the_run_would_load(source: Any, key: Any) -> None:
    """Its I/O manager is not asked, and the key counts as used."""
    with run_options(given={key: 4}) as options:
        result = materialize([source, cups])

    assert result.asset_value("cups") == 8
    assert options.used == {key}


def test_an_asset_that_a_step_asks_for() -> None:
    """`context.load_asset_value` gets the given value too."""

    @asset(deps=[AssetSpec("stock")])
    def report(context: AssetExecutionContext, stock: int) -> Any:
        return context.load_asset_value("stock"), stock

    with run_options(given={"stock": 3}):
        assert materialize([AssetSpec("stock"), report]).asset_value("report") == (3, 3)


def test_a_value_of_a_wrong_type_is_refused_before_the_run() -> None:
    """The error names the output, and the instance has no run."""
    with (
        run_options(given={"raw/beans": "many"}),
        pytest.raises(DagflowTypeCheckDidNotPass, match="given value of output 'result' of step"),
    ):
        materialize_to_memory([beans, cups], raise_on_error=False)


def test_a_value_by_partition() -> None:
    """A run of another partition computes the value."""

    @asset(partitions_def=DAYS)
    def daily() -> int:
        return 1

    @asset(partitions_def=DAYS)
    def total(daily: int) -> int:
        return daily + 1

    value = ValueByPartition({"x": 10})
    with run_options(given={"daily": value}):
        results = [materialize_to_memory([daily, total], partition_key=key) for key in "xy"]

    assert [result.asset_value("total") for result in results] == [11, 2]
    assert value.used == {"x"}


def test_a_dynamic_output_cannot_be_given() -> None:
    """The number of its values is not known."""

    @op(out=DynamicOut())
    def pieces() -> Iterator[DynamicOutput[int]]:
        yield DynamicOutput(1, "a")

    @op
    def eat(piece: int) -> int:
        return piece

    @job
    def cake() -> None:
        pieces().map(eat)

    with run_options(given={"pieces": 1}), pytest.raises(CheckError, match="dynamic output decides"):
        cake.execute_in_process()


@op
def one() -> int:
    """Return a number."""
    return 1


@op
def double(n: int) -> int:
    """Return twice the number."""
    return 2 * n


@job
def kitchen() -> None:
    """Double a number."""
    double(one())


def test_a_given_value_reaches_a_process() -> None:
    """The value is sent to the step that reads it."""
    with (
        instance_for_test() as instance,
        run_options(given={"one": 21}),
        execute_job(reconstructable(kitchen), instance) as result,
    ):
        assert result.output_for_node("double") == 42
