"""The short lines of the canonical events."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetCheckResult,
    DynamicOut,
    DynamicOutput,
    ParameterCheckError,
    RetryPolicy,
    asset,
    asset_check,
    execute_job,
    fs_io_manager,
    job,
    materialize_to_memory,
    op,
    reconstructable,
)
from dagflow.testing import canonical_events, in_order, instance_for_test, run_options


@op(out=DynamicOut())
def cups():
    """Yield two values."""
    yield DynamicOutput(1, "a")
    yield DynamicOutput(2, "b")


@op(retry_policy=RetryPolicy())
def fill(context, cup: int):
    """Fail once for each value."""
    if not context.retry_number:
        raise ValueError("spilt")
    return cup


@op
def serve(cups):
    """Return the values."""
    return cups


@job(resource_defs={"io_manager": fs_io_manager})
def cafe():
    """Run a step for each of two values."""
    serve(cups().map(fill).collect())


LINES = [
    "STEP_START cups",
    "STEP_OUTPUT cups mapping_key=a",
    "HANDLED_OUTPUT cups",
    "STEP_OUTPUT cups mapping_key=b",
    "HANDLED_OUTPUT cups",
    "STEP_SUCCESS cups",
    *(
        line
        for key in "ab"
        for line in (
            f"STEP_START fill[{key}]",
            f"LOADED_INPUT fill[{key}] input=cup upstream_step=cups",
            f"STEP_INPUT fill[{key}] input=cup",
            f"STEP_UP_FOR_RETRY fill[{key}] error=ValueError",
            f"STEP_RESTARTED fill[{key}] attempt=2",
            f"LOADED_INPUT fill[{key}] attempt=2 input=cup upstream_step=cups",
            f"STEP_INPUT fill[{key}] attempt=2 input=cup",
            f"STEP_OUTPUT fill[{key}] attempt=2",
            f"HANDLED_OUTPUT fill[{key}] attempt=2",
            f"STEP_SUCCESS fill[{key}] attempt=2",
        )
    ),
    "STEP_START serve",
    "LOADED_INPUT serve input=cups upstream_step=fill[a]",
    "LOADED_INPUT serve input=cups upstream_step=fill[b]",
    "STEP_INPUT serve input=cups",
    "STEP_OUTPUT serve",
    "HANDLED_OUTPUT serve",
    "STEP_SUCCESS serve",
]


def test_one_short_line_for_each_event():
    """Usual values are left out: first attempts, the output "result", passed type checks."""
    assert canonical_events(cafe.execute_in_process(), form="lines") == LINES


def test_the_lines_are_stable_over_orders():
    """Another order of the steps does not change the lines."""
    with run_options(pick=in_order(["cups", "fill[b]"])):
        result = cafe.execute_in_process()

    assert canonical_events(result, form="lines") == LINES


@pytest.mark.not_in_wasm("it has no processes")
def test_the_lines_are_stable_over_executors():
    """A run in processes has the same lines."""
    config = {"execution": {"config": {"multiprocess": {}}}}
    with instance_for_test() as instance:
        result = execute_job(reconstructable(cafe), instance, run_config=config)

    assert canonical_events(result.all_events, form="lines") == LINES


def test_the_result_of_a_check_is_never_usual():
    """A check that passed says so."""

    @asset
    def water():
        return 1

    @asset_check(asset=water)
    def wet(water):
        return AssetCheckResult(passed=True)

    lines = canonical_events(materialize_to_memory([water, wet]), form="lines")

    assert [line for line in lines if line.startswith("ASSET_CHECK_EVALUATION ")] == [
        "ASSET_CHECK_EVALUATION water_wet asset=water check=wet passed=true severity=ERROR"
    ]


def test_an_unknown_form():
    """The error names the forms."""
    with pytest.raises(ParameterCheckError, match="'form' must be 'facts' or 'lines', not 'line'"):
        canonical_events(cafe.execute_in_process(), form="line")
