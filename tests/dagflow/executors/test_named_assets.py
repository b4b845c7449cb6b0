"""Tests of `reconstructable_assets`: assets that another process finds as attributes of a module."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from dagflow import (
    AssetSpec,
    asset,
    execute_job,
    in_process_executor,
    instance_for_test,
    multiprocess_executor,
)
from dagflow.errors import DagflowInvariantViolationError
from dagflow.testing import reconstructable_assets, run_options

THIS = sys.modules[__name__]
external = AssetSpec("external")


@asset
def process() -> int:
    """Return the id of the process."""
    return os.getpid()


@asset
def doubled(process: int) -> int:
    """Return twice the id."""
    return 2 * process


@pytest.mark.parametrize("executor", [in_process_executor, multiprocess_executor])
def test_the_executor_of_the_run_options_runs_assets(executor: Any) -> None:
    """The job of assets has no executor of its own, and the options decide."""
    pointer = reconstructable_assets([process, doubled, external], [THIS], ["process"])
    with (
        instance_for_test() as instance,
        run_options(executor=executor),
        execute_job(pointer, instance) as result,
    ):
        pid = result.asset_value("process")

    assert (pid == os.getpid()) is (executor is in_process_executor)
    assert result.is_node_untouched("doubled")


def test_an_asset_in_a_function_is_refused() -> None:
    """Another process would not find it."""

    @asset
    def hidden() -> int:
        return 1

    with pytest.raises(DagflowInvariantViolationError, match=r"'hidden'.*not defined at the top of a module"):
        reconstructable_assets([hidden], [THIS])


def test_a_selection_of_definitions_is_refused() -> None:
    """Only strings are sent to another process."""
    with pytest.raises(DagflowInvariantViolationError, match="Use a string or a list of strings"):
        reconstructable_assets([process], [THIS], [process])  # type: ignore[list-item]
