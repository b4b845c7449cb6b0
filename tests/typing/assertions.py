"""Code of a plugin user that must type-check: patterns of events and assertions about a run."""

from __future__ import annotations

from typing_extensions import assert_type

from dagflow import AssetKey, DagflowEventType, ExecuteInProcessResult
from pytest_dagflow import (
    assert_before,
    assert_event_sequence,
    assert_failed,
    assert_materialized,
    assert_not_ran,
    assert_output,
    assert_ran,
    assert_retried,
    assert_succeeded,
    chain,
    ev,
    par,
)
from pytest_dagflow.sequence.patterns import EventPattern


def check(result: ExecuteInProcessResult) -> None:
    """Call each assertion with each type of argument that it takes."""
    assert_succeeded(result)
    assert_failed(result, "told", ValueError, "too hot")
    assert_ran(result, "told")
    assert_not_ran(result, "told")
    assert_output(result, "told", 3)
    assert_output(result, AssetKey("tea"), [], name="cup", rel=0.1, abs=1, ignore_order=True, keys=["id"])
    assert_before(result, "bare", "told")
    assert_retried(result, "told", times=2, delays=[1, 2])
    assert_materialized(result, "tea", partition="2024-01-01")
    assert_event_sequence(
        result,
        [
            "RUN_START",
            DagflowEventType.STEP_START,
            par(chain(ev.step_start("bare"), ev.output("bare", "result")), ev.step_start("other")),
            ev.materialization("tea", partition="2024-01-01", metadata={"rows": 3}),
            ev.failure("told", error=ValueError, match="too hot"),
        ],
        mode="subsequence",
        within="told",
        forbid=[ev.step_failure("bare")],
        ignore=["STEP_INPUT"],
    )
    assert_event_sequence(result.all_events, ["STEP_SUCCESS:bare"], mode="exact", ignore=None)


def check_types() -> None:
    """Check that `ev` functions have parameter types, and that a misspelt name is an error."""
    assert_type(ev.step_start("bare"), EventPattern)
    assert_type(ev.output("bare", name="result", times=2), EventPattern)
    ev.step_strat("bare")  # type: ignore[attr-defined]
    ev.step_start("bare", atempt=1)  # type: ignore[call-arg]
    ev.step_start("bare", times="2")  # type: ignore[arg-type]
    ev.failure("bare", match=5)  # type: ignore[arg-type]
    ev.step_success("bare", 1)  # type: ignore[call-arg]
