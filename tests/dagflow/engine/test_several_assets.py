"""Runs of definitions with several assets: missing outputs, failures, hooks, retries, planned events."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetKey,
    AssetOut,
    AssetSpec,
    DagflowEventType,
    DagflowInstance,
    MaterializeResult,
    Out,
    Output,
    RetryPolicy,
    asset,
    failure_hook,
    graph_asset,
    graph_multi_asset,
    materialize,
    materialize_to_memory,
    multi_asset,
    op,
    success_hook,
)

PLANNED = DagflowEventType.ASSET_MATERIALIZATION_PLANNED


@asset
def reader(b: int) -> int:
    return b


@asset(deps=["b"])
def follower() -> None:
    """Come after b."""


@asset
def other(a: int) -> int:
    return a


@success_hook
def praise(context: Any) -> None:
    """Do nothing."""


@failure_hook
def console(context: Any) -> None:
    """Do nothing."""


def _steps(result: Any, *names: str) -> list[tuple[str, str]]:
    wanted = {DagflowEventType[name] for name in names}
    return [(e.event_type.name, e.step_key) for e in result.all_events if e.event_type in wanted]


@multi_asset(outs={"a": AssetOut(), "b": AssetOut(is_required=False)})
def of_op() -> Any:
    yield Output(1, "a")


@multi_asset(specs=[AssetSpec("a"), AssetSpec("b", skippable=True)])
def of_specs() -> Any:
    yield MaterializeResult("a")


@op(out={"first": Out(), "last": Out(is_required=False)})
def pour() -> Any:
    yield Output(1, "first")


@graph_multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
def of_graph() -> Any:
    first, last = pour()
    return first, last


@pytest.mark.parametrize("definition", [of_op, of_specs, of_graph], ids=["outs", "specs", "graph"])
def test_what_reads_a_missing_asset_is_skipped(definition: Any) -> None:
    """An asset that is not produced skips its readers and its dependents alike."""
    result = materialize_to_memory([definition, reader, follower])

    assert result.success
    assert _steps(result, "STEP_SKIPPED") == [("STEP_SKIPPED", "follower"), ("STEP_SKIPPED", "reader")]


@multi_asset(outs={"a": AssetOut(), "b": AssetOut()}, hooks={praise, console})
def failing() -> Any:
    yield Output(1, "a")
    raise ValueError("no b")


def test_a_failure_after_an_output() -> None:
    """The output that was produced stays; what depends on the definition does not run."""
    instance = DagflowInstance.ephemeral()
    result = materialize([failing, other, reader], instance=instance, raise_on_error=False)
    kept = "ASSET_MATERIALIZATION", "HANDLED_OUTPUT", "STEP_FAILURE", "STEP_START", "HOOK_COMPLETED"

    assert [name for name, _ in _steps(result, *kept)] == [
        "STEP_START", "ASSET_MATERIALIZATION", "HANDLED_OUTPUT", "STEP_FAILURE", "HOOK_COMPLETED",
    ]  # fmt: skip


def test_each_selected_asset_is_planned() -> None:
    """The run plans every asset with the step that makes it, and its instance knows the keys."""
    instance = DagflowInstance.ephemeral()
    result = materialize([of_graph, reader], instance=instance)
    planned = [
        (event.step_key, event.asset_key)
        for entry in instance.all_logs(result.run_id, of_type=PLANNED)
        if (event := entry.dagflow_event) is not None
    ]

    assert sorted(planned, key=str) == [
        ("of_graph.pour", AssetKey("a")), ("of_graph.pour", AssetKey("b")), ("reader", AssetKey("reader")),
    ]  # fmt: skip
    assert instance.all_asset_keys() == [AssetKey("a"), AssetKey("b"), AssetKey("reader")]


def test_a_retry_gives_all_outputs_again() -> None:
    """The second attempt emits the outputs of the first attempt again, and one hook follows."""
    attempts: list[int] = []

    @multi_asset(
        outs={"a": AssetOut(), "b": AssetOut()},
        retry_policy=RetryPolicy(max_retries=1),
        hooks={praise, console},
    )
    def twice() -> Any:
        yield Output(1, "a")
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError("not yet")
        yield Output(2, "b")

    result = materialize_to_memory([twice])
    made = [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]

    assert made == ["a", "a", "b"]
    assert _steps(result, "HOOK_COMPLETED") == [("HOOK_COMPLETED", "twice")]


def test_hooks_of_a_failing_op_in_a_graph() -> None:
    """The hook of a failure is called for the op that failed."""

    @op
    def boil() -> int:
        return 1

    @op
    def spill(water: int) -> int:
        raise ValueError(water)

    @graph_asset(hooks={praise, console})
    def tea() -> Any:
        return spill(boil())

    result = materialize_to_memory([tea], raise_on_error=False)

    assert _steps(result, "HOOK_COMPLETED") == [
        ("HOOK_COMPLETED", "tea.boil"),
        ("HOOK_COMPLETED", "tea.spill"),
    ]
