"""The results and yields of an op in a run, row by row of the table, and its errors."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import Tuple  # noqa: UP035 - users of older Pythons write it so

import pytest

from dagflow import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    DagflowInvariantViolationError,
    DagflowMaxRetriesExceededError,
    DagflowStepOutputNotFoundError,
    DynamicOut,
    DynamicOutput,
    ExpectationResult,
    Failure,
    MaterializeResult,
    Nothing,
    ObserveResult,
    Out,
    Output,
    RetryPolicy,
    RetryRequested,
    asset,
    job,
    materialize_to_memory,
    op,
)


def run(fn, raise_on_error=True, **options):
    """Run a function as the only op of a job."""
    definition = op(**options)(fn) if options else op(fn)

    @job
    def only():
        definition()

    return only.execute_in_process(raise_on_error=raise_on_error)


def returns(value):
    """Build an op body that returns a value."""

    def brew():
        return value

    return brew


def yields(*items):
    """Build an op body that yields values."""

    def brew():
        yield from items

    return brew


TWO = {"hot": Out(), "cold": Out()}


@pytest.mark.parametrize("value", [1, None, [1, 2], (1, 2), {"a": 1}, ValueError, Failure("as a value")])
def test_a_value_is_the_one_output(value):
    """A returned value of any type is the output."""
    assert run(returns(value)).output_for_node("brew") is value


def test_an_output_object_is_unpacked():
    """The value of an Output is the output, and its metadata is on the event."""
    result = run(returns(Output(4, metadata={"rows": 3})))

    (event,) = [event for event in result.all_events if event.is_successful_output]
    assert result.output_for_node("brew") == 4
    assert event.step_output_data.metadata["rows"].value == 3


def test_a_tuple_is_several_outputs_by_position():
    """A tuple may mix bare values and Output objects."""
    result = run(returns((1, Output(2, metadata={"n": 1}))), out=TWO)

    assert [result.output_for_node("brew", name) for name in TWO] == [1, 2]


def test_outputs_in_a_tuple_may_be_named():
    """An Output in a tuple may have the name of its position."""
    result = run(returns((Output(1, "hot"), Output(2, "cold"))), out=TWO)

    assert [result.output_for_node("brew", name) for name in TWO] == [1, 2]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ((1, 2, 3), "tuple of 3"),
        ((1,), "tuple of 1"),
        ([1, 2], "'list'"),
        (5, "'int'"),
        (None, "'NoneType'"),
        (Output(1, "hot"), "'Output'"),
        ((Output(1, "cold"), Output(2, "hot")), "named 'cold', .* position 0: 'hot'"),
    ],
)
def test_what_several_outputs_are_not(value, says):
    """The error about a wrong count, a non-tuple or wrong names has the op and the result."""
    with pytest.raises(DagflowInvariantViolationError, match=says) as caught:
        run(returns(value), out=TWO)

    assert "op 'brew'" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (AssetMaterialization("a"), "AssetMaterialization"),
        (AssetObservation("a"), "AssetObservation"),
        (ExpectationResult(True), "ExpectationResult"),
        (Output(1, "tea"), "named 'tea', .* position 0: 'result'"),
        (DynamicOutput(1, "a"), "not dynamic"),
    ],
)
def test_what_is_no_return_value(value, says):
    """A returned event is an error, and so is an Output with another name."""
    with pytest.raises(DagflowInvariantViolationError, match=says) as caught:
        run(returns(value))

    assert "op 'brew'" in str(caught.value)


def test_none_is_a_value_also_of_an_optional_output():
    """A returned None is emitted. Only a generator can omit an output."""
    result = run(returns(None), out=Out(is_required=False))

    assert result.output_for_node("brew") is None


def test_a_list_of_dynamic_outputs():
    """A dynamic output may be returned as a list."""
    result = run(returns([DynamicOutput(1, "a"), DynamicOutput(2, "b")]), out=DynamicOut())

    assert result.output_for_node("brew") == {"a": 1, "b": 2}


def test_nothing_returned_for_a_dynamic_output():
    """The error about a result that is not a list has its type."""
    expected = r"'result' expected a list of DynamicOutput objects, but instead .* <class 'NoneType'>\."
    with pytest.raises(DagflowInvariantViolationError, match=expected):
        run(returns(None), out=DynamicOut())


@pytest.mark.parametrize("value", [5, [5], DynamicOutput(1, "a"), [DynamicOutput(1, "a", "tea")]])
def test_what_is_no_dynamic_output(value):
    """A dynamic output must be a list of DynamicOutput objects."""
    with pytest.raises(DagflowInvariantViolationError, match=r"op .brew..*'result'"):
        run(returns(value), out=DynamicOut())


def test_a_dynamic_output_among_others():
    """In a tuple, a dynamic output is a list at its position."""
    result = run(returns(([DynamicOutput(1, "a")], 2)), out={"many": DynamicOut(), "one": Out()})

    assert result.output_for_node("brew", "many") == {"a": 1}
    assert result.output_for_node("brew", "one") == 2


def test_all_that_a_generator_may_yield():
    """A generator may yield outputs and user events in any order."""
    events = [AssetObservation("a"), AssetMaterialization("b"), ExpectationResult(True)]

    assert run(yields(events[0], Output(1), *events[1:])).output_for_node("brew") == 1


@pytest.mark.parametrize(
    "item", [5, None, "text", Failure("no"), RetryRequested(), ValueError(), DynamicOutput(1, "a")]
)
def test_what_a_generator_may_not_yield(item):
    """Other yielded objects are an error with op and type. For an exception it has a hint to raise it."""
    with pytest.raises(DagflowInvariantViolationError, match=type(item).__name__) as caught:
        run(yields(item))

    assert "op 'brew'" in str(caught.value)
    assert ("Raise it" in str(caught.value)) == isinstance(item, BaseException)


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([Output(1), Output(2)], 'output "result" multiple times'),
        ([Output(1, "tea")], "'tea'"),
    ],
)
def test_outputs_that_cannot_be(items, says):
    """A repeated or unknown output is an error."""
    with pytest.raises(DagflowInvariantViolationError, match=says) as caught:
        run(yields(*items))

    assert "op 'brew'" in str(caught.value)


def test_a_plain_output_for_a_dynamic_one():
    """A dynamic output needs unique mapping keys."""
    with pytest.raises(DagflowInvariantViolationError, match="must yield DynamicOutput for output 'result'"):
        run(yields(Output(1)), out=DynamicOut())
    with pytest.raises(DagflowInvariantViolationError, match='key "a" multiple times'):
        run(yields(DynamicOutput(1, "a"), DynamicOutput(2, "a")), out=DynamicOut())


def test_a_materialize_result_does_not_say_which_of_several_outputs_it_is():
    """A MaterializeResult is an error if the op has without an asset_key."""
    with pytest.raises(DagflowInvariantViolationError, match="without an asset_key"):
        run(yields(MaterializeResult()), out=TWO)


@pytest.mark.parametrize("items", [[], [AssetMaterialization("a")], [Output(1, "hot")]])
def test_a_required_output_that_never_comes(items):
    """A missing output fails the step after its other outputs were handled. The error has step and output."""
    outs = TWO if items and isinstance(items[0], Output) else None
    options = {"out": outs} if outs else {}

    with pytest.raises(DagflowStepOutputNotFoundError) as caught:
        run(yields(*items), **options)

    missing = "cold" if outs else "result"
    assert (caught.value.step_key, caught.value.output_name) == ("brew", missing)
    assert f'"{missing}"' in str(caught.value)
    result = run(yields(*items), raise_on_error=False, **options)
    handled = [
        event.handled_output_data.output_name for event in result.all_events if event.is_handled_output
    ]
    assert handled == (["hot"] if outs else [])


def test_an_optional_output_that_never_comes():
    """The step succeeds without an optional output."""
    result = run(yields(Output(1, "hot")), out={"hot": Out(), "cold": Out(is_required=False)})

    assert result.success
    with pytest.raises(DagflowInvariantViolationError, match=r"'cold'.*'brew'"):
        result.output_for_node("brew", "cold")


def test_an_output_of_type_nothing_comes_by_itself():
    """A generator may omit an output of type Nothing. An op with only such outputs may return None."""
    assert run(yields(AssetMaterialization("a")), out=Out(Nothing)).output_for_node("brew") is None
    both = {"a": Out(Nothing), "b": Out(Nothing)}
    assert run(returns(None), out=both).output_for_node("brew", "b") is None


def test_a_generator_that_a_plain_function_returns():
    """A function that returns a generator is treated as a generator."""

    def inner():
        yield Output(1, "hot")
        yield Output(2, "cold")

    result = run(returns(inner()), out=TWO)

    assert [result.output_for_node("brew", name) for name in TWO] == [1, 2]


def test_a_value_that_a_generator_returns():
    """A value that a generator returns after its last yield would be lost, so it is refused."""

    def ends():
        yield Output(1)
        return 5

    with pytest.raises(DagflowInvariantViolationError, match=r"'ends' .*is a generator and returned 5"):
        run(ends)


def test_an_op_without_outputs():
    """An op without outputs returns nothing."""
    assert run(returns(None), out={}).success
    with pytest.raises(DagflowInvariantViolationError, match=r"op 'brew' .*has no outputs, but returned 3"):
        run(returns(3), out={})


def test_what_the_annotation_says_of_a_wrapper():
    """An output annotated with `Output` must be wrapped in one, and any other must not."""

    def wrapped() -> Output[int]:
        return 42  # type: ignore[return-value]

    def bare() -> int:
        return Output(42)  # type: ignore[return-value]

    with pytest.raises(
        DagflowInvariantViolationError, match=r"'result' has generic output annotation.*<class 'int'>"
    ):
        run(wrapped)
    with pytest.raises(
        DagflowInvariantViolationError, match="received Output object for output 'result' which"
    ):
        run(bare)


def test_annotations_of_several_outputs():
    """A Tuple annotation has the type of each output by position."""

    def brew() -> Tuple[int, str]:  # noqa: UP006
        return 1, 2  # type: ignore[return-value]

    result = run(brew, raise_on_error=False, out=TWO)

    checks = [
        (event.step_output_data.output_name, event.step_output_data.type_check_data.success)
        for event in result.all_events
        if event.is_successful_output
    ]
    assert checks == [("hot", True), ("cold", False)]


@pytest.mark.parametrize("way", ["plain", "generator", "async", "async_generator"])
def test_the_error_of_a_body(way):
    """The caller gets the original error, the event a wrapper with step and op in its message."""
    error = KeyError("spilt")

    def plain():
        raise error

    def generator():
        yield AssetMaterialization("a")
        raise error

    async def asynchronous():
        await asyncio.sleep(0)
        raise error

    async def async_generator():
        yield AssetMaterialization("a")
        raise error

    body = {"plain": plain, "generator": generator, "async": asynchronous, "async_generator": async_generator}
    with pytest.raises(KeyError) as caught:
        run(body[way], name="brew")
    assert caught.value is error

    recorded = run(body[way], name="brew", raise_on_error=False).failure_data_for_node("brew").error
    assert recorded.cls_name == "DagflowExecutionStepExecutionError"
    assert "'brew'" in recorded.message
    assert recorded.cause.cls_name == "KeyError"
    assert "spilt" in recorded.cause.message


@pytest.mark.parametrize("error", [DagflowInvariantViolationError("so"), Failure("so"), RetryRequested(0)])
@pytest.mark.parametrize("way", ["plain", "generator", "async"])
def test_errors_that_are_never_wrapped(error, way):
    """Errors of dagflow and those that users raise on purpose are recorded unwrapped."""

    def plain():
        raise error

    def generator():
        raise error
        yield

    async def asynchronous():
        raise error

    body = {"plain": plain, "generator": generator, "async": asynchronous}[way]
    recorded = run(body, name="brew", raise_on_error=False).failure_data_for_node("brew").error

    assert recorded.cls_name == type(error).__name__


def test_a_generator_is_closed_when_an_output_cannot_be_taken():
    """A generator is closed at once, even if the run fails outside of it."""
    closed = []

    def brew():
        try:
            yield 5
        finally:
            closed.append(True)

    with pytest.raises(DagflowInvariantViolationError):
        run(brew)

    assert closed == [True]


def test_an_async_op():
    """The engine awaits an async op."""

    async def brew():
        await asyncio.sleep(0)
        return 1, 2

    result = run(brew, out=TWO)

    assert [result.output_for_node("brew", name) for name in TWO] == [1, 2]


def test_an_async_generator():
    """The engine iterates and closes an async generator."""
    closed = []

    async def brew():
        try:
            yield Output(1, "hot")
            await asyncio.sleep(0)
            yield Output(2, "cold")
        finally:
            closed.append(True)

    result = run(brew, out=TWO)

    assert [result.output_for_node("brew", name) for name in TWO] == [1, 2]
    assert closed == [True]


def test_an_async_generator_that_yields_no_output_is_closed():
    """An async generator is also closed after an invalid yield."""
    closed = []

    async def brew():
        try:
            yield 5
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    with pytest.raises(DagflowInvariantViolationError, match="'int'"):
        run(brew)
    assert closed == [True]


@pytest.mark.not_in_wasm("no event loop can run inside another one")
def test_an_async_op_inside_of_an_event_loop():
    """A run may start inside a running event loop, as in an async test."""

    async def brew():
        await asyncio.sleep(0)
        return 1

    async def test():
        return run(brew).output_for_node("brew")

    assert asyncio.run(test()) == 1


def test_tasks_that_an_async_op_leaves_behind_are_cancelled():
    """Remaining tasks of an async op are cancelled after its step."""
    seen = []

    async def forever():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def brew():
        seen.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)
        return 1

    assert run(brew).output_for_node("brew") == 1
    assert seen[1:] == ["cancelled"]


def test_a_materialize_result_of_another_asset():
    """A MaterializeResult with another asset key is an error."""

    @asset
    def water():
        return MaterializeResult("tea")

    with pytest.raises(DagflowInvariantViolationError, match=r"'tea'.*'water'"):
        materialize_to_memory([water])


def test_a_materialize_result_with_a_value():
    """The value is stored and can be read, and the metadata is on the materialization."""

    @asset
    def water():
        return MaterializeResult("water", {"litres": 2}, value=5)

    @asset
    def tea(water):
        return water + 1

    result = materialize_to_memory([water, tea])

    assert result.asset_value("tea") == 6
    assert result.asset_materializations_for_node("water")[0].metadata["litres"].value == 2


def test_reading_an_asset_without_a_value():
    """The error about reading an asset of this run without a value has a remedy."""

    @asset
    def water():
        return MaterializeResult()

    @asset
    def tea(water):
        return water

    with pytest.raises(DagflowInvariantViolationError, match=r"'water'.*without a value"):
        materialize_to_memory([water, tea])


async def _fetch():
    await asyncio.sleep(0)
    return 3


def _plain_around(fn):
    @functools.wraps(fn)
    def blocking(*args, **kwargs):
        return asyncio.run(fn(*args, **kwargs))

    return blocking


def _async_around(fn):
    @functools.wraps(fn)
    async def later(*args, **kwargs):
        return fn(*args, **kwargs)

    return later


def _yields():
    yield Output(3)


@pytest.mark.parametrize(
    "fn",
    [
        pytest.param(
            _plain_around(_fetch),
            marks=pytest.mark.not_in_wasm("no event loop can run inside another one"),
        ),
        _async_around(lambda: 3),
        functools.wraps(_fetch)(lambda: _fetch()),
        lambda: _fetch(),
        functools.wraps(_yields)(lambda: 3),
        functools.wraps(_yields)(lambda: _yields()),
    ],
    ids=["waits", "is awaited", "passes on", "without wraps", "drained", "passes on a generator"],
)
def test_a_function_around_another(fn):
    """The result of a function decides whether it is awaited or iterated, not the function inside."""
    definition = op(name="brew")(fn)
    result = run_op(definition)

    direct = definition()
    if hasattr(direct, "__await__"):
        direct = asyncio.run(_awaited(direct))
    elif hasattr(direct, "__next__"):
        direct = next(direct).value

    assert result.output_for_node("brew") == 3
    assert direct == 3


async def _awaited(value):
    return await value


def run_op(definition):
    """Run an op as the only one of a job."""

    @job
    def only():
        definition()

    return only.execute_in_process()


def test_a_decorator_that_raises():
    """An error of a decorator around an async function is an error of the op, so its retry policy applies."""
    calls = []

    @functools.wraps(_fetch)
    def refuses():
        calls.append(1)
        raise LookupError("closed")

    with pytest.raises(DagflowMaxRetriesExceededError, match="LookupError: closed"):
        run_op(op(name="brew", retry_policy=RetryPolicy(max_retries=1))(refuses))
    assert len(calls) == 2


WET = AssetCheckResult(passed=False, check_name="wet")


def in_a_run_of_an_asset(fn):
    """Run a function as an asset."""
    materialize_to_memory([asset(fn)])


def _finished(coroutine):
    """Run a coroutine that waits for nothing, without an event loop."""
    with pytest.raises(StopIteration):
        coroutine.send(None)


def in_a_direct_call(fn):
    """Call an asset without a run, and read all that it gives."""
    given = asset(fn)()
    if hasattr(given, "__aiter__"):

        async def read():
            return [item async for item in given]

        _finished(read())
    elif inspect.iscoroutine(given):
        _finished(given)
    elif hasattr(given, "__next__"):
        list(given)


async def awaited():
    """Return a materialization with the result of a check."""
    return MaterializeResult(check_results=[WET])


async def awaited_generator():
    """Yield an output and the result of a check."""
    yield Output(1)
    yield WET


@pytest.mark.parametrize("enter", [run, in_a_run_of_an_asset, in_a_direct_call])
@pytest.mark.parametrize(
    "body",
    [
        returns(MaterializeResult(check_results=[WET])),
        returns(WET),
        returns((1, WET)),
        yields(MaterializeResult(check_results=[WET])),
        yields(Output(1), WET),
        yields(WET),
        awaited,
        awaited_generator,
    ],
)
def test_the_result_of_an_undeclared_check_is_refused(body, enter):
    """The result of a check that no definition declares is never dropped in silence."""
    with pytest.raises(DagflowInvariantViolationError, match=r"(?s)the asset check 'wet'.*'check_specs'"):
        enter(body)


@pytest.mark.parametrize("enter", [run, in_a_run_of_an_asset, in_a_direct_call])
def test_an_evaluation_is_logged_and_not_returned(enter):
    """An evaluation that is returned would be lost, so it is refused; one that is yielded is recorded."""
    evaluation = AssetCheckEvaluation(AssetKey("brew"), "wet", False)

    with pytest.raises(DagflowInvariantViolationError, match="returned an AssetCheckEvaluation"):
        enter(returns(evaluation))

    assert run(yields(evaluation, Output(1))).get_asset_check_evaluations() == [evaluation]


def test_a_subclass_of_output_is_an_output():
    """An instance of a user's subclass of Output is unwrapped as an Output is."""

    class Cup(Output):
        pass

    assert run(returns(Cup(5))).output_for_node("brew") == 5


@pytest.mark.parametrize("given", [MaterializeResult(), ObserveResult()])
@pytest.mark.parametrize("make", [returns, yields])
def test_the_result_of_an_asset_in_an_op(make, given):
    """A MaterializeResult or ObserveResult is refused in an op that belongs to no asset."""
    with pytest.raises(DagflowInvariantViolationError, match=f"{type(given).__name__}, but it is not"):
        run(make(given))


def test_an_observe_result_of_an_asset():
    """An ObserveResult in an @asset is a materialization with the value None, if the output has values."""

    @asset
    def water():
        return ObserveResult(metadata={"litres": 2}, tags={"by": "hand"})

    @asset
    def tea() -> ObserveResult:
        return ObserveResult()

    result = materialize_to_memory([water, tea])

    (written,) = result.asset_materializations_for_node("water")
    handled = [event.step_key for event in result.all_events if event.event_type_value == "HANDLED_OUTPUT"]
    assert (written.metadata["litres"].value, written.tags["by"]) == (2, "hand")
    assert len(result.asset_materializations_for_node("tea")) == 1
    assert handled == ["water"]


def test_a_repeated_materialize_result():
    """Two results for one asset are an error."""

    @asset
    def water():
        yield MaterializeResult()
        yield MaterializeResult()

    with pytest.raises(DagflowInvariantViolationError, match='output "result" multiple times'):
        materialize_to_memory([water])
