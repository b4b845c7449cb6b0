"""The observers of outputs, in runs and in direct calls."""

from __future__ import annotations

import asyncio

import pytest

from dagflow import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetOut,
    DynamicOut,
    DynamicOutput,
    IOManager,
    MaterializeResult,
    Nothing,
    Out,
    Output,
    RetryPolicy,
    RetryRequested,
    asset,
    asset_check,
    build_op_context,
    graph_asset,
    io_manager,
    job,
    materialize,
    materialize_to_memory,
    multi_asset,
    op,
)
from dagflow.testing import ObservedOutput, observe_outputs, run_options


@asset
def orders():
    """Return a list, which a downstream asset changes."""
    return [1]


@asset
def changed(orders):
    """Change its input in place."""
    orders.append(2)
    return orders


@asset_check(asset=orders)
def positive():
    """Pass."""
    return AssetCheckResult(passed=True)


@multi_asset(outs={"a": AssetOut(), "b": AssetOut()}, check_specs=[AssetCheckSpec("ok", asset="a")])
def both():
    """Give two assets and a check."""
    yield Output(1, "a")
    yield AssetCheckResult(passed=True, check_name="ok", asset_key="a")
    yield Output(2, "b", metadata={"rows": 3})


@op(out=DynamicOut())
def cups():
    """Give two values."""
    yield DynamicOutput(1, "k")
    yield DynamicOutput(2, "m")


@op
def pour(cup):
    """Return the input."""
    return cup


@job
def cafe():
    """Run `pour` for each cup."""
    cups().map(pour)


def _seen(function):
    seen: list[ObservedOutput] = []
    with observe_outputs(seen.append):
        function()
    return seen


def _short(seen):
    return [(one.node, one.output, one.mapping_key, one.value) for one in seen]


def test_a_value_is_observed_before_a_later_step_changes_it():
    """The observer gets the value when it is given, and not after the end of the run."""
    seen = []

    with observe_outputs(lambda one: seen.append((one.node, list(one.value)))):
        materialize_to_memory([orders, changed])

    assert seen == [("asset orders", [1]), ("asset changed", [1, 2])]


def test_outputs_of_a_run_name_their_run_and_step():
    """All outputs of a run have its id, and the key of their step, also of mapped ones."""
    results = []

    seen = _seen(lambda: results.append(cafe.execute_in_process()))

    assert {one.run_id for one in seen} == {results[0].run_id}
    assert {one.call for one in seen} == {0}
    assert [(one.node, one.step_key, one.mapping_key, one.value) for one in seen] == [
        ("op cafe:cups", "cups", "k", 1),
        ("op cafe:cups", "cups", "m", 2),
        ("op cafe:pour", "pour[k]", None, 1),
        ("op cafe:pour", "pour[m]", None, 2),
    ]


def test_each_asset_and_check_of_a_function_has_its_own_label():
    """An output is labelled by its asset or check, in a run and in a direct call."""
    in_run = _seen(lambda: materialize_to_memory([both, orders, positive]))
    in_call = _seen(lambda: list(both()))

    assert {one.node for one in in_run} == {
        "asset a",
        "asset b",
        "check a:ok",
        "asset orders",
        "check orders:positive",
    }
    assert [one.node for one in in_call] == ["asset a", "check a:ok", "asset b"]
    assert len({one.call for one in in_call}) == 1
    assert all(one.value.passed for one in in_run if one.node.startswith("check"))
    assert [one.metadata["rows"].value for one in (*in_run, *in_call) if one.node == "asset b"] == [3, 3]


def test_the_output_of_the_graph_of_an_asset_is_the_asset():
    """The last op of a graph gives the asset, and the others have labels of their own."""

    @op
    def grind():
        return 1

    @graph_asset
    def cup():
        return pour(grind())

    seen = _seen(lambda: materialize_to_memory([cup]))

    assert [one.node for one in seen] == ["op asset:cup:cup.grind", "asset cup"]


def test_an_output_is_observed_before_it_is_stored():
    """The I/O manager is called after the observer, and the output of a failed type check is not observed."""
    order = []

    class Shelf(IOManager):
        def handle_output(self, context, obj):
            order.append("stored")

        def load_input(self, context):
            raise NotImplementedError

    @io_manager
    def shelf():
        return Shelf()

    @op(out=Out(int))
    def wrong():
        return "1"

    @job
    def bad():
        wrong()

    with observe_outputs(lambda one: order.append(one.value)):
        materialize([orders], resources={"io_manager": shelf})
        bad.execute_in_process(raise_on_error=False)

    assert order == [[1], "stored"]


def test_given_values_are_not_outputs():
    """A stubbed asset gives nothing, and its reader does."""
    with run_options(given={"orders": [5]}):
        seen = _seen(lambda: materialize_to_memory([orders, changed]))

    assert [one.node for one in seen] == ["asset changed"]


def test_each_attempt_gives_its_outputs():
    """An output of an attempt that fails later is observed, and that of the next attempt after it."""

    @op(out=Out(int), retry_policy=RetryPolicy(max_retries=1))
    def flaky(context):
        yield Output(context.retry_number)
        if context.retry_number == 0:
            raise RetryRequested(max_retries=1)

    @job
    def retried():
        flaky()

    assert [one.value for one in _seen(retried.execute_in_process)] == [0, 1]


@pytest.mark.not_in_wasm("asyncio.run cannot suspend there")
def test_direct_calls_of_all_kinds_of_functions_are_observed():
    """Plain, async, generator and async generator functions are observed, each call with a number."""

    @op
    def plain():
        return 1

    @op
    async def awaited():
        return 2

    @op(out={"x": Out(), "y": Out(is_required=False)})
    def generated():
        yield Output(3, "x")

    @op
    async def generated_async():
        yield Output(4)

    @asset
    def cup() -> MaterializeResult:
        return MaterializeResult(value=5, metadata={"rows": 1})

    @op
    def pair() -> tuple[int, int]:
        return 6, 7

    async def call_async():
        assert await awaited() == 2
        assert [item.value async for item in generated_async()] == [4]

    def call_all():
        plain()
        list(generated())
        list(cups())
        asyncio.run(call_async())
        cup()
        positive()
        pair()

    seen = _seen(call_all)

    numbers = list(dict.fromkeys(one.call for one in seen))
    assert numbers == list(range(numbers[0], numbers[0] + 8))
    assert _short(one for one in seen if not one.node.startswith("check")) == [
        ("op plain", "result", None, 1),
        ("op generated", "x", None, 3),
        ("op cups", "result", "k", 1),
        ("op cups", "result", "m", 2),
        ("op awaited", "result", None, 2),
        ("op generated_async", "result", None, 4),
        ("asset cup", "result", None, 5),
        ("op pair", "result", None, (6, 7)),
    ]
    assert {(one.run_id, one.step_key) for one in seen} == {("", "")}


def test_metadata_of_the_context_of_a_direct_call_is_observed():
    """Metadata that the function adds to its output belong to the output."""

    @op
    def brew(context):
        context.add_output_metadata({"rows": 3})

    seen = _seen(lambda: brew(build_op_context()))

    assert {name: one.value for name, one in seen[0].metadata.items()} == {"rows": 3}


def test_an_output_without_a_value_is_observed():
    """A MaterializeResult without a value and an output of type Nothing have none; None is a value."""

    @asset
    def written():
        return MaterializeResult(metadata={"rows": 3})

    @op(out=Out(Nothing))
    def waits():
        pass

    @op
    def returns_none():
        pass

    @job
    def ops():
        waits()
        returns_none()

    def run():
        materialize_to_memory([written])
        written()
        ops.execute_in_process()
        waits()
        returns_none()

    found = sorted((one.node, one.has_value) for one in _seen(run))

    assert found == [
        ("asset written", False),
        ("asset written", False),
        ("op ops:returns_none", True),
        ("op ops:waits", False),
        ("op returns_none", True),
        ("op waits", False),
    ]


def test_nothing_is_observed_after_the_block_or_of_a_failed_call():
    """The observer is removed at the end, and a function that raises gives nothing."""

    @op
    def burnt():
        raise ValueError("burnt")

    def fail():
        with pytest.raises(ValueError, match="burnt"):
            burnt()

    seen = _seen(fail)
    pour(1)

    assert seen == []


def test_an_error_of_an_observer_fails_the_step():
    """The error is not swallowed."""

    def refuse(one):
        raise RuntimeError("full")

    with observe_outputs(refuse), pytest.raises(RuntimeError, match="full"):
        materialize_to_memory([orders])
