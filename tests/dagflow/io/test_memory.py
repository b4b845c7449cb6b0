"""The values in memory: stored by reference, as long as the I/O manager lives."""

from __future__ import annotations

import pytest

from dagflow import (
    DagflowInvariantViolationError,
    DailyPartitionsDefinition,
    SourceAsset,
    asset,
    job,
    materialize,
    materialize_to_memory,
    mem_io_manager,
    op,
)
from dagflow.io.memory import InMemoryIOManager

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-04")


@asset
def water():
    return [1]


@asset
def tea(water):
    water.append(2)
    return water


@asset(partitions_def=DAYS)
def daily(context):
    return context.partition_key


@asset
def week(daily):
    return daily


MANAGERS = {"default": None, "mem_io_manager": mem_io_manager, "object": InMemoryIOManager()}


@pytest.mark.parametrize("manager", MANAGERS)
def test_values_are_passed_by_reference(manager):
    """A step that mutates its input changes the value for other readers."""
    resources = None if MANAGERS[manager] is None else {"io_manager": MANAGERS[manager]}

    result = materialize_to_memory([water, tea], resources=resources)

    assert result.asset_value("water") is result.asset_value("tea")
    assert result.asset_value("water") == [1, 2]


def test_ops_pass_values_by_reference():
    """Ops of a job pass values by reference."""

    @op
    def one():
        return []

    @op
    def two(given):
        given.append(1)
        return given

    @job
    def j():
        two(one())

    result = j.execute_in_process()
    assert result.output_for_node("one") is result.output_for_node("two")


def test_one_object_serves_several_runs():
    """A later run with the same object loads the value of an earlier run."""
    manager = InMemoryIOManager()
    materialize([water], resources={"io_manager": manager})
    result = materialize([water, tea], resources={"io_manager": manager}, selection=["tea"])

    assert result.asset_value("tea") == [1, 2]


def test_partitions_are_kept_apart():
    """Partitions are stored separately, and an input of several ones is a dict."""
    manager = InMemoryIOManager()
    for key in DAYS.get_partition_keys():
        materialize([daily], resources={"io_manager": manager}, partition_key=key)

    source = SourceAsset("daily", partitions_def=DAYS)
    result = materialize([source, week], resources={"io_manager": manager})
    assert result.asset_value("week") == {key: key for key in DAYS.get_partition_keys()}


def test_one_partition_is_its_value():
    """An input of one partition is the value itself."""

    @asset(partitions_def=DAYS)
    def copy(daily):
        return daily

    manager = InMemoryIOManager()
    materialize([daily], resources={"io_manager": manager}, partition_key="2024-01-02")
    source = SourceAsset("daily", partitions_def=DAYS)
    result = materialize([source, copy], resources={"io_manager": manager}, partition_key="2024-01-02")

    assert result.asset_value("copy") == "2024-01-02"


def test_an_asset_that_nobody_made():
    """The error about a missing asset names it and the remedy."""
    with pytest.raises(DagflowInvariantViolationError, match=r"'water'.*Run it in the same call"):
        materialize_to_memory([water, tea], selection=["tea"])


def test_a_partition_that_nobody_made():
    """The error about a missing partition names asset and partition."""
    manager = InMemoryIOManager()
    materialize([daily], resources={"io_manager": manager}, partition_key="2024-01-02")

    source = SourceAsset("daily", partitions_def=DAYS)
    with pytest.raises(DagflowInvariantViolationError, match=r"'daily', partition '2024-01-01'"):
        materialize([source, week], resources={"io_manager": manager})


def test_an_input_that_reads_nothing():
    """An input without an output or an asset raises an error."""
    from dagflow import build_input_context, build_output_context

    upstream = build_output_context("brew", "result", run_id="r")
    with pytest.raises(DagflowInvariantViolationError, match="'n'"):
        InMemoryIOManager().load_input(build_input_context(name="n", upstream_output=upstream))
