"""Mutations of live definitions: their effect in runs and direct calls, and that they are taken back."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest

from dagflow import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetSpec,
    Config,
    DagflowInstance,
    DailyPartitionsDefinition,
    In,
    MaterializeResult,
    Nothing,
    OpExecutionContext,
    Out,
    Output,
    ParameterCheckError,
    RetryPolicy,
    asset,
    asset_check,
    execute_job,
    job,
    materialize,
    materialize_to_memory,
    multi_asset,
    multi_asset_check,
    multiprocess_executor,
    op,
    reconstructable,
)
from dagflow.testing import graph_of, mutated, mutations_of

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05")
ran: list[str] = []


class Recipe(Config):
    cups: int = 2


@op
def minus(one: int, two: int = 5) -> int:
    return one - two


@op
async def wait(one: int, two: int) -> int:
    return one - two


@multi_asset(specs=[AssetSpec("hot", skippable=True), AssetSpec("cold", skippable=True)])
def tanks() -> Any:
    yield MaterializeResult(asset_key="hot")
    yield MaterializeResult(asset_key="cold")


@op(out={"good": Out(is_required=False), "bad": Out(is_required=False)})
def sort(n: Any) -> Any:
    yield Output(n, "good")
    yield Output(n, "bad")


@op(out={"good": Out(is_required=False)})
async def stream(n: Any) -> Any:
    yield Output(n, "good")


@op
def first() -> int:
    ran.append("first")
    return 7


@op(ins={"start": In(Nothing)})
def second() -> None:
    ran.append("second")


@op(retry_policy=RetryPolicy(max_retries=1))
def flaky(context: OpExecutionContext) -> None:
    if context.retry_number == 0:
        raise ValueError


@job(executor_def=multiprocess_executor.configured({"max_concurrent": 1}))
def cafe() -> None:
    second(first())
    minus(first())


@asset
def water() -> int:
    return 1


@asset_check(asset=water, blocking=True)
def is_hot(water: int) -> AssetCheckResult:
    return AssetCheckResult(passed=water > 90, metadata={"degrees": water})


@asset
def tea(water: int, config: Recipe) -> int:
    return config.cups


@asset(config_schema={"cups": int, "sugar": bool})
def plain(context: AssetExecutionContext) -> Any:
    return context.op_config


def mutation(kind: str, *definitions: Any, **fields: Any) -> Any:
    """Return the block of the first mutation of a kind."""
    graph = graph_of(*definitions)
    found = next(
        one
        for one in mutations_of(graph).found
        if one.kind == kind and all(getattr(one, name) == value for name, value in fields.items())
    )
    return mutated(pickle.loads(pickle.dumps(found)), graph)


def test_swapped_inputs_also_have_their_defaults() -> None:
    """A direct call without the second argument swaps its default."""
    with mutation("swap-inputs", minus):
        assert minus(1) == 4

    assert minus(1) == -4


@pytest.mark.not_in_wasm("it waits for coroutines")
def test_an_awaited_function_is_still_awaited() -> None:
    """The code of a coroutine function is that of another one."""
    with mutation("swap-inputs", wait):
        assert asyncio.run(wait(1, 5)) == 4


def test_the_input_is_returned() -> None:
    """The body does not run."""
    with mutation("return-input", minus):
        assert minus(1, 2) == 1


def test_an_optional_output_is_dropped() -> None:
    """The other output of the generator remains."""
    with mutation("drop-output", sort, target="good"):
        assert [output.output_name for output in sort(1)] == ["bad"]


def test_an_optional_asset_is_dropped() -> None:
    """A MaterializeResult names the asset and not the output."""
    with mutation("drop-output", tanks, target="hot"):
        result = materialize_to_memory([tanks])

    (event,) = result.get_asset_materialization_events()
    assert event.asset_key == AssetKey("cold")


@pytest.mark.not_in_wasm("it waits for coroutines")
def test_an_output_of_an_async_generator_is_dropped() -> None:
    """Async generators are filtered, too."""

    async def outputs() -> list[Any]:
        return [output async for output in stream(1)]

    with mutation("drop-output", stream):
        assert asyncio.run(outputs()) == []


def test_a_check_always_passes() -> None:
    """Its other facts remain, and what it blocks runs."""
    with mutation("skip-check", water, is_hot):
        result = materialize_to_memory([water, is_hot, tea])

    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.passed, evaluation.metadata["degrees"].value) == (True, 1)
    assert not is_hot(1).passed


def test_one_of_several_checks_passes() -> None:
    """Checks of one function keep their own results."""
    specs = [AssetCheckSpec(name, asset="water") for name in ("one", "two")]

    @multi_asset_check(specs=specs)
    def both() -> Any:
        yield AssetCheckResult(passed=False, check_name="one")
        yield AssetCheckResult(passed=False, check_name="two")

    with mutation("skip-check", water, both, target="water:two"):
        result = materialize_to_memory([water, both])

    assert {one.check_name: one.passed for one in result.get_asset_check_evaluations()} == {
        "one": False,
        "two": True,
    }


def test_a_check_inside_of_an_asset_passes() -> None:
    """The result of the asset has a changed copy of the result of the check."""

    @asset(check_specs=[AssetCheckSpec("own", asset="milk")])
    def milk() -> Any:
        return MaterializeResult(check_results=[AssetCheckResult(passed=False)])

    with mutation("skip-check", milk):
        assert milk().check_results[0].passed
    assert not milk().check_results[0].passed


def test_a_gate_is_dropped() -> None:
    """A step no longer waits for the blocking check of its input."""
    with mutation("drop-gate", water, is_hot):
        result = materialize_to_memory([water, is_hot, tea], raise_on_error=False)

    assert result.asset_value("tea") == 2
    assert not result.get_asset_check_evaluations()[0].passed


def test_config_has_its_default() -> None:
    """In runs and in direct calls."""
    config = {"ops": {"tea": {"config": {"cups": 9}}}}
    with mutation("default-config", water, tea):
        assert materialize_to_memory([water, tea], run_config=config).asset_value("tea") == 2
        assert tea(1, Recipe(cups=9)) == 2

    assert tea(1, Recipe(cups=9)) == 9


def test_required_config_has_no_default() -> None:
    """Fields without a default have no mutation."""
    assert [one for one in mutations_of(graph_of(plain)).found if one.kind == "default-config"] == []


def test_a_dropped_edge_lets_the_step_run_first() -> None:
    """The order of the other steps stays, and a plan that was compiled before is not changed."""
    cafe.execute_in_process()
    with mutation("drop-edge", cafe, step="second"):
        ran.clear()
        cafe.execute_in_process()
        assert ran[0] == "second"
    ran.clear()
    cafe.execute_in_process()

    assert ran[0] == "first"


def test_a_dropped_edge_leaves_the_default() -> None:
    """The input has the default of its parameter."""

    @job
    def bar() -> None:
        minus(first(), first())

    with mutation("drop-edge", bar, target="two"):
        assert bar.execute_in_process().output_for_node("minus") == 2


def test_a_retry_policy_is_ignored() -> None:
    """The step fails at its first attempt."""

    @job
    def bar() -> None:
        flaky()

    with mutation("ignore-retry", bar):
        assert not bar.execute_in_process(raise_on_error=False).success
    assert bar.execute_in_process().success


def test_partitions_are_shifted() -> None:
    """An input reads the day before; the first day reads the second."""

    @asset(partitions_def=DAYS)
    def raw(context: AssetExecutionContext) -> str:
        return context.partition_key

    @asset(partitions_def=DAYS)
    def clean(raw: str) -> str:
        return raw

    def cleaned(day: str) -> object:
        return materialize([raw, clean], selection=[clean], partition_key=day, instance=instance).asset_value(
            "clean"
        )

    with DagflowInstance.local_temp() as instance:
        for day in DAYS.get_partition_keys():
            materialize([raw], partition_key=day, instance=instance)
        with mutation("shift-partitions", raw, clean):
            shifted = [cleaned("2024-01-03"), cleaned("2024-01-01")]
        assert shifted == ["2024-01-02", "2024-01-02"]
        assert cleaned("2024-01-03") == "2024-01-03"


def test_steps_in_other_processes_have_the_mutation() -> None:
    """A worker imports the function anew, and changes it before its first task."""
    with (
        DagflowInstance.local_temp() as instance,
        mutation("swap-inputs", cafe),
        execute_job(reconstructable(cafe), instance) as result,
    ):
        swapped = result.output_for_node("minus")

    assert swapped == -2


def test_an_error_takes_the_mutation_back() -> None:
    """Nothing stays changed after an interrupt."""
    with pytest.raises(KeyboardInterrupt), mutation("return-input", minus):
        raise KeyboardInterrupt

    assert minus(3, 1) == 2


def test_another_graph_is_refused() -> None:
    """The error names the mutation and its place."""
    found = mutations_of(graph_of(minus)).found[0]

    with (
        pytest.raises(ParameterCheckError, match=r"no node 'op:minus'.*test_applied\.py.*listed for"),
        mutated(found, graph_of(water)),
    ):
        raise AssertionError
