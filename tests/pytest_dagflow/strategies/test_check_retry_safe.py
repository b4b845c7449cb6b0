"""`check_retry_safe` finds nodes whose effects happen twice, if they are tried again."""

from __future__ import annotations

from typing import Any

import pytest

import dagflow as dg
from pytest_dagflow.strategies import check_retry_safe

RETRY = dg.RetryPolicy(max_retries=1, delay=3600)


@dg.op(required_resource_keys={"table"}, retry_policy=RETRY)
def extract(context: dg.OpExecutionContext) -> list[int]:
    context.resources.table["orders"] = [1, 2]
    return [1, 2]


@dg.op(required_resource_keys={"table"}, retry_policy=RETRY)
def load(context: dg.OpExecutionContext, rows: list[int]) -> int:
    context.resources.table.setdefault("loaded", []).extend(rows)
    return len(context.resources.table["loaded"])


@dg.op
def report(number: int) -> int:
    return number


@dg.op(required_resource_keys={"table"}, retry_policy=RETRY)
def log(context: dg.OpExecutionContext) -> None:
    context.resources.table.setdefault("log", []).append("row")


@dg.job
def nightly() -> None:
    report(load(extract()))


@dg.job
def safe() -> None:
    extract()


@dg.job
def without_retries() -> None:
    dg.op(name="two")(lambda: 2)()


@dg.job
def logging() -> None:
    log()


def tables() -> dict[str, Any]:
    """Return new resources."""
    return {"table": {}}


def test_rows_that_are_loaded_twice() -> None:
    """The planted fault is found, and the safe node before it is not named."""
    with pytest.raises(AssertionError) as caught:
        check_retry_safe(nightly, resources=tables)

    assert str(caught.value) == (
        "not safe to retry: after a retry of 'load' the value of 'load' is 4, expected 2\n"
        "a run with this fault: dag_faults.fail_late('load')\n"
        "repeat it with: check_retry_safe(nightly, resources=tables)"
    )


def test_the_state() -> None:
    """A function that reads the state sees what no value shows."""
    check_retry_safe(safe, resources=tables, state=lambda resources: resources["table"])

    check_retry_safe(logging, resources=tables)
    with pytest.raises(AssertionError, match="'log' the state outside of the run is 2, expected 1"):
        check_retry_safe(logging, resources=tables, state=lambda some: len(some["table"]["log"]))


def test_a_retry_that_fails() -> None:
    """A second attempt that cannot succeed is not safe."""

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=1), required_resource_keys={"table"})
    def create(context: dg.AssetExecutionContext) -> None:
        if "t" in context.resources.table:
            raise FileExistsError("t")
        context.resources.table["t"] = []

    with pytest.raises(
        AssertionError, match="the second attempt fails: 'create' failed with FileExistsError: t"
    ):
        check_retry_safe([create], resources=tables)


def test_nothing_to_check() -> None:
    """Without a retry policy the property would hold of nothing, which is an error."""
    with pytest.raises(dg.DagflowError, match="no node of <job 'without_retries'> was tried again"):
        check_retry_safe(without_retries)
