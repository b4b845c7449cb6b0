"""Tests of the assertions with multi-assets, graph assets and checks."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetOut,
    DagflowError,
    DagflowInstance,
    ExecuteInProcessResult,
    Output,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    graph_asset,
    materialize,
    multi_asset,
    multi_asset_check,
    op,
)
from dagflow.testing import canonical_events
from pytest_dagflow import (
    assert_before,
    assert_check,
    assert_event_sequence,
    assert_failed,
    assert_materialized,
    assert_not_ran,
    assert_ran,
    assert_skipped,
    ev,
    par,
)

CUPS = StaticPartitionsDefinition(["small", "large"])


@asset
def beans() -> int:
    return 1


@asset_check(asset=beans, blocking=True)
def fresh(beans: int) -> AssetCheckResult:
    return AssetCheckResult(passed=beans > 0, metadata={"beans": beans})


@asset_check(asset=beans)
def brown() -> AssetCheckResult:
    return AssetCheckResult(passed=False)


@multi_asset(
    outs={
        "hot": AssetOut(is_required=False),
        "cold": AssetOut(key_prefix="shop", is_required=False),
    },
    check_specs=[AssetCheckSpec("warm", asset="hot")],
    can_subset=True,
)
def drinks(context: Any, beans: int) -> Any:
    selected = context.op_execution_context.selected_output_names
    if "hot" in selected:
        yield Output(1, "hot", metadata={"cups": 2})
    if "cold" in selected:
        yield Output(2, "cold")
    if context.selected_asset_check_keys:
        yield AssetCheckResult(check_name="warm", asset_key="hot", passed=True)


@multi_asset_check(specs=[AssetCheckSpec("a", asset="hot"), AssetCheckSpec("b", asset=["shop", "cold"])])
def each() -> Any:
    yield AssetCheckResult(check_name="a", asset_key="hot", passed=True)
    yield AssetCheckResult(check_name="b", asset_key=["shop", "cold"], passed=False)


@op
def grind(beans: int) -> int:
    return beans


@graph_asset
def espresso(beans: int) -> int:
    return grind.alias("press")(grind(beans))


ASSETS = [beans, fresh, brown, drinks, each, espresso]


@pytest.fixture(scope="module")
def whole() -> ExecuteInProcessResult:
    """Return a run of all assets and checks."""
    with DagflowInstance.ephemeral() as instance:
        return materialize(ASSETS, instance=instance)


@pytest.fixture(scope="module")
def part() -> ExecuteInProcessResult:
    """Return a run of one asset of the multi-asset."""
    with DagflowInstance.ephemeral() as instance:
        materialize([beans], instance=instance)
        return materialize([beans, drinks], selection='key:"shop/cold"', instance=instance)


@pytest.fixture(scope="module")
def blocked() -> ExecuteInProcessResult:
    """Return a run in which a blocking check does not pass."""

    @asset(name="beans")
    def no_beans() -> int:
        return 0

    with DagflowInstance.ephemeral() as instance:
        assets = [no_beans, fresh, brown, drinks, espresso]
        return materialize(assets, instance=instance, raise_on_error=False)


def _refused(assertion: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        assertion(*args, **kwargs)
    return str(caught.value).partition("\n")[0]


def test_an_asset_of_a_multi_asset_ran(whole: ExecuteInProcessResult) -> None:
    """Keys, checks and the op name the same step; ops in a graph asset have paths."""
    assert_ran(whole, "hot", "shop/cold", AssetKey(["shop", "cold"]), "drinks", "beans")
    assert_ran(whole, "hot:warm", "beans:fresh", "shop/cold:b", AssetCheckKey(AssetKey("hot"), "a"))
    assert_ran(whole, "espresso", "espresso.grind", "espresso.press")
    assert_materialized(whole, "hot", metadata={"cups": 2})
    assert_materialized(whole, ["shop", "cold"], partition=None)
    assert _refused(assert_not_ran, whole, "shop/cold:b") == "'shop/cold:b' of step 'each' ran: it succeeded"
    assert _refused(assert_not_ran, whole, "hot") == "'hot' of step 'drinks' ran: it succeeded"
    assert _refused(assert_materialized, whole, "cold").startswith("asset 'cold' was not materialized.")


def test_what_a_run_does_not_select_did_not_run(part: ExecuteInProcessResult) -> None:
    """The other assets and checks of the same op did not run, although the op did."""
    assert_ran(part, "shop/cold", "drinks")
    assert_not_ran(part, "hot", "hot:warm", AssetCheckKey(AssetKey("hot"), "warm"))
    text = _refused(assert_ran, part, "hot:warm")
    assert text == "'hot:warm' of step 'drinks' did not run: no run selected it"
    assert _refused(assert_skipped, part, "hot").endswith("was not skipped: no run selected it")
    assert _refused(assert_materialized, part, "hot").startswith("asset 'hot' was not materialized")


def test_an_unknown_check_or_asset_is_an_error(whole: ExecuteInProcessResult) -> None:
    """The message has the nearest keys."""
    with pytest.raises(DagflowError, match=r"'beans:frsh' is not in these runs. Did you mean 'beans:fresh'"):
        assert_ran(whole, "beans:frsh")
    with pytest.raises(DagflowError, match=r"'shop__cald' is not in these runs. Did you mean 'shop/cold'"):
        assert_not_ran(whole, "shop/cald")


def test_checks_of_one_function_are_asserted_alone(whole: ExecuteInProcessResult) -> None:
    """Each check of a multi-check has its own result."""
    assert_check(whole, "hot", "a")
    assert_check(whole, ["shop", "cold"], "b", passed=False, partition=None)
    assert_check(whole, "hot", "warm")
    assert _refused(assert_check, whole, "shop/cold", "b") == (
        "check 'b' of asset 'shop/cold' was evaluated, but with other values: "
        "passed: expected True, was False"
    )


def test_a_partition_of_a_check_is_compared() -> None:
    """The partition is that of the run, None for a check without partitions."""

    @asset(partitions_def=CUPS)
    def cups() -> None: ...

    @asset_check(asset=cups, partitions_def=CUPS)
    def full() -> AssetCheckResult:
        return AssetCheckResult(passed=True)

    @multi_asset_check(specs=[AssetCheckSpec("clean", asset="cups")])
    def others() -> Any:
        yield AssetCheckResult(passed=True)

    result = materialize([cups, full, others], partition_key="small")

    evaluated = [event for event in canonical_events(result) if "check" in event]

    assert [event.get("partition") for event in evaluated] == ["small", None]
    assert_check(result, "cups", "full", partition="small")
    assert_check(result, "cups", "clean", partition=None)
    assert_event_sequence(result, [ev.check("cups", "full", passed=True, partition="small")])
    assert _refused(assert_check, result, "cups", "full", partition="large") == (
        "check 'full' of asset 'cups' was evaluated, but with other values: "
        'partition: expected "large", was "small"'
    )


def test_a_blocking_check_causes_what_it_gates(whole: ExecuteInProcessResult) -> None:
    """The readers of an asset wait for its blocking check, not for another check."""
    gate = ev.check("beans", "fresh", passed=True, metadata={"beans": 1})
    readers = par(ev.step_start("drinks"), ev.step_start("espresso.grind"))

    assert_event_sequence(whole, [ev.materialization("beans"), gate, readers])
    assert_before(whole, "beans:fresh", "hot")
    assert_before(whole, gate, "espresso.grind")
    assert "brown" in _refused(assert_before, whole, "beans:brown", "drinks")
    assert _refused(assert_event_sequence, whole, [ev.check("beans", "brown"), ev.step_start("drinks")])


def test_what_a_failed_check_gates_does_not_run(blocked: ExecuteInProcessResult) -> None:
    """The failed check is the failed node; its asset and other checks ran."""
    assert_ran(blocked, "beans", "beans:fresh", "beans:brown")
    assert_not_ran(blocked, "hot", "shop/cold", "hot:warm", "espresso")
    assert_check(blocked, "beans", "fresh", passed=False)
    assert_failed(blocked, "beans:fresh")


def test_canonical_events_name_assets_and_checks(whole: ExecuteInProcessResult) -> None:
    """The events of a multi-check differ by asset, check and result."""
    checks = [event for event in canonical_events(whole) if event["type"] == "ASSET_CHECK_EVALUATION"]

    assert [(one["step"], one["asset"], one["check"], one["passed"]) for one in checks] == [
        ("beans_brown", "beans", "brown", False),
        ("beans_fresh", "beans", "fresh", True),
        ("drinks", "hot", "warm", True),
        ("each", "hot", "a", True),
        ("each", "shop/cold", "b", False),
    ]
