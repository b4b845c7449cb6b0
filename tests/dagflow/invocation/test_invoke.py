"""Definitions called like functions: every row of the table of direct calls."""

from __future__ import annotations

import asyncio

import pytest

from dagflow import (
    AssetMaterialization,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidPropertyError,
    DagflowInvariantViolationError,
    DagflowTypeCheckDidNotPass,
    DailyPartitionsDefinition,
    DynamicOut,
    DynamicOutput,
    Failure,
    Field,
    MaterializeResult,
    Out,
    Output,
    RetryPolicy,
    asset,
    build_asset_context,
    build_op_context,
    job,
    op,
)

TWO = {"hot": Out(), "cold": Out()}


@op
def pour(n, z=2):
    return n, z


@op
def ask(context, n=1):
    return context, n


@op(config_schema={"n": int, "z": Field(int, default_value=7)})
def configured(context):
    return context.op_config


def call_of(fn, *args, **options):
    """Return the result of calling an op with this function."""
    return (op(**options)(fn) if options else op(fn))(*args)


# arguments


def test_arguments_by_place_and_name():
    """Arguments are bound as in Python, with the defaults of the signature."""
    assert pour(1) == pour(n=1) == (1, 2)
    assert pour(1, z=3) == pour(z=3, n=1) == pour(1, 3) == (1, 3)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: pour(1, 2, 3), r"'pour'.*3 positional"),
        (lambda: pour(), r"\"n\".*'pour'"),
        (lambda: pour(1, zz=3), r"op 'pour' .*has no input 'zz'.* 'z'"),
        (lambda: pour(1, n=2), r"op pour got multiple values for argument 'n'"),
        (lambda: ask(), r"'ask' has context argument, but no"),
        (lambda: ask(5), r"'ask'.*5 of type 'int'"),
        (lambda: ask(n=5), r"'ask' has context argument, but no"),
    ],
)
def test_arguments_that_cannot_be_bound(call, says):
    """The error names the op and the missing, repeated or extra argument."""
    with pytest.raises(DagflowInvalidInvocationError, match=says):
        call()


def test_the_context_may_come_by_name():
    """The keyword is the parameter name of the function."""

    @op
    def other(_context, n):
        return _context.run_id, n

    context = build_op_context()
    assert ask(context=context)[0] is context
    assert other(_context=context, n=3) == ("EPHEMERAL", 3)


def test_none_is_a_context_where_nothing_is_needed():
    """None is a valid context if neither config nor resources are required."""
    context, n = ask(None, 3)

    assert (context.run_id, context.op_config, n) == ("EPHEMERAL", None, 3)
    with pytest.raises(DagflowInvalidConfigError):
        configured(None)


def test_a_context_that_the_function_does_not_take_is_dropped():
    """The context is accepted, and used for resources and config."""
    assert pour(build_op_context(), 1) == (1, 2)


def test_the_context_of_a_run_is_no_context_for_a_call():
    """The error about an op that calls another op in a run has a remedy."""

    @op
    def outer(context):
        return ask(context)

    @job
    def j():
        outer()

    with pytest.raises(DagflowInvalidInvocationError, match="inside a run"):
        j.execute_in_process()


def test_keyword_arguments_of_the_function():
    """A function with **kwargs gets every keyword. A missing input is not checked."""
    from dagflow import In

    @op(ins={"a": In(), "b": In()})
    def free(**kwargs):
        return kwargs["a"]

    assert free(a=1, c=2) == free(b=2, a=1) == 1
    with pytest.raises(KeyError):
        free(c=1)
    with pytest.raises(DagflowInvalidInvocationError, match="0 positional inputs, but 1 positional"):
        free(1)
    with pytest.raises(DagflowInvalidInvocationError, match="Too many input arguments"):
        free(a=1, b=2, c=3)


def test_nothing_cannot_be_given():
    """An input of type Nothing accepts no argument, neither by name nor by position."""
    from dagflow import In, Nothing

    @op(ins={"start": In(Nothing), "n": In()})
    def after(n):
        return n

    assert after(1) == 1
    with pytest.raises(DagflowInvalidInvocationError, match="nothing input 'start'"):
        after(1, start=2)
    with pytest.raises(DagflowInvalidInvocationError, match=r"Too many .*'after'.*Nothing dependencies"):
        after(1, 2)


def test_resources_that_nothing_can_read():
    """An op without a context runs without its required resources."""
    assert call_of(lambda: 1, name="blind", required_resource_keys={"beans"}) == 1


# config and resources


def test_config_is_checked_and_completed():
    """Defaults are added; an error names the path from `root:config` on."""
    assert configured(build_op_context(op_config={"n": 1})) == {"n": 1, "z": 7}
    with pytest.raises(DagflowInvalidConfigError, match="root:config") as caught:
        configured(build_op_context(op_config={"n": "x"}))
    assert "n" in str(caught.value.errors[0].message)


@pytest.mark.parametrize("given", [None, {}, {"z": 1}])
def test_config_that_is_missing(given):
    """The error names the missing required entry."""
    with pytest.raises(DagflowInvalidConfigError, match="n"):
        configured(build_op_context(op_config=given))


def test_config_without_a_schema_passes():
    """Without a schema any config is valid."""

    @op
    def free(context):
        return context.op_config

    assert free(build_op_context(op_config={"x": [1]})) == {"x": [1]}
    assert free(build_op_context()) is None


def test_config_as_a_parameter():
    """The parameter `config` comes from the context or from the call, not from both."""

    @op
    def sized(config: int):
        return config

    @op
    def with_context(context, config: dict):
        return config

    assert sized(config=3) == sized(3) == sized(build_op_context(op_config=3)) == 3
    assert with_context(build_op_context(op_config={"a": 1})) == {"a": 1}
    assert with_context(build_op_context(), {"a": 1}) == {"a": 1}
    with pytest.raises(DagflowInvalidInvocationError, match="both"):
        with_context(build_op_context(op_config={"a": 1}), {"a": 2})
    with pytest.raises(DagflowInvalidConfigError):
        sized()
    with pytest.raises(DagflowInvalidConfigError):
        sized(config="x")


def test_resources():
    """They are read from the context; the error about a missing one names the op."""

    @op(required_resource_keys={"beans"})
    def needs(context):
        return context.resources.beans

    assert needs(build_op_context({"beans": 3})) == 3
    for context in (build_op_context(), None, build_op_context({"bean": 3})):
        with pytest.raises(DagflowInvalidDefinitionError, match=r"'beans'.*'needs'"):
            needs(context)


# types and outputs


def test_types_of_inputs():
    """The error about a value of the wrong type names input, op and type."""

    @op
    def typed(n: int):
        return n

    assert typed(1) == 1
    with pytest.raises(DagflowTypeCheckDidNotPass, match='op "typed" input "n" - expected type "Int"'):
        typed("x")


def test_types_of_outputs():
    """The value inside of an Output object is checked too."""

    def bare() -> int:
        return "x"  # type: ignore[return-value]

    def wrapped() -> Output[int]:
        return Output("x")  # type: ignore[arg-type]

    for fn in (bare, wrapped):
        with pytest.raises(DagflowTypeCheckDidNotPass, match='output "result" - expected type "Int"'):
            call_of(fn)


@pytest.mark.parametrize(
    "value", [4, None, [1], Output(4, metadata={"a": 1}), MaterializeResult(metadata={"a": 1})]
)
def test_what_is_returned_is_handed_on_as_it_is(value):
    """Output objects are returned unchanged."""
    assert call_of(lambda: value, name="brew") is value


def test_tuples():
    """Several outputs are the returned tuple; its length is checked."""
    value = (1, Output(2, "cold"))

    assert call_of(lambda: value, name="brew", out=TWO) is value
    for wrong in ((1, 2, 3), [1, 2], 5):
        with pytest.raises(DagflowInvariantViolationError, match="'brew'"):
            call_of(lambda wrong=wrong: wrong, name="brew", out=TWO)


def test_a_generator_is_lazy():
    """The call returns a generator of all yielded objects; nothing runs before it is read."""
    seen = []

    @op
    def brew():
        seen.append("began")
        yield AssetMaterialization("a")
        yield Output(1)

    items = brew()
    assert seen == []
    assert list(items) == [AssetMaterialization("a"), Output(1)]


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([Output(1), Output(2)], "Invocation of op 'brew' yielded an output 'result' multiple times"),
        ([Output(1, "tea")], "'tea'"),
        ([5], "'int'"),
        ([], 'non-optional output "result"'),
        ([Failure("no")], "Raise it"),
    ],
)
def test_what_a_generator_may_not_yield(items, says):
    """Errors are raised during the iteration, and close the function at once."""
    closed = []

    @op
    def brew():
        try:
            yield from items
        finally:
            closed.append(True)

    with pytest.raises(DagflowInvariantViolationError, match=says) as caught:
        list(brew())
    assert closed == [True]
    assert "'brew'" in str(caught.value)


def test_types_in_a_generator():
    """Each output is checked when it is yielded."""

    @op(out=Out(int))
    def brew():
        yield Output("x")

    with pytest.raises(DagflowTypeCheckDidNotPass, match='"result"'):
        next(brew())


def test_optional_outputs():
    """Optional outputs can be missing."""

    @op(out={"hot": Out(), "cold": Out(is_required=False)})
    def pick():
        yield Output(1, "hot")

    assert list(pick()) == [Output(1, "hot")]


def test_dynamic_outputs():
    """DynamicOutput objects are returned unchanged, yielded or in a list."""
    outputs = [DynamicOutput(1, "a"), DynamicOutput(2, "b")]

    @op(out=DynamicOut())
    def cups():
        yield from outputs

    assert list(cups()) == outputs
    assert call_of(lambda: outputs, name="cups", out=DynamicOut()) == outputs


@pytest.mark.not_in_wasm("no event loop can run inside another one")
def test_async():
    """The call returns a coroutine or an async generator."""

    @op
    async def slow(context):
        await asyncio.sleep(0)
        return context.op_def.name

    @op
    async def drops():
        yield Output(1)

    @op(out=Out(int))
    async def wrong():
        yield Output("x")

    @op
    async def nothing():
        if False:
            yield

    async def everything():
        return await slow(build_op_context()), [item async for item in drops()]

    async def failing(made):
        return [item async for item in made()]

    assert asyncio.run(everything()) == ("slow", [Output(1)])
    with pytest.raises(DagflowTypeCheckDidNotPass):
        asyncio.run(failing(wrong))
    with pytest.raises(DagflowInvariantViolationError, match=r"op 'nothing' did not .* output 'result'"):
        asyncio.run(failing(nothing))


def test_errors_pass_unchanged():
    """The caller gets the exception of the function; nothing is retried."""
    calls, error = [], ValueError("spilt")

    @op(retry_policy=RetryPolicy(max_retries=3))
    def spill():
        calls.append(1)
        raise error

    with pytest.raises(ValueError, match="spilt") as caught:
        spill()
    assert caught.value is error
    assert calls == [1]


# contexts while they are bound


def test_a_context_is_bound_while_it_is_used():
    """The context has the op during the call only."""

    @op(config_schema={"n": Field(int, default_value=1)})
    def brew(context):
        return context.op_def.name, context.alias, context.op_config, context.describe_op()

    context = build_op_context()
    assert brew(context) == ("brew", "brew", {"n": 1}, 'op "brew"')
    assert context.op_config is None
    with pytest.raises(DagflowInvalidPropertyError, match="'op_def'"):
        context.op_def  # noqa: B018


def test_a_context_of_an_asset_knows_the_asset():
    """The context has the key, the definition and the time window of the partition."""
    days = DailyPartitionsDefinition("2024-01-01")

    @asset(partitions_def=days, key_prefix="shop")
    def water(context):
        return context.asset_key.path, context.assets_def, context.partition_time_window.start.day

    context = build_asset_context(partition_key="2024-01-05")
    path, definition, day = water(context)
    assert (path, definition, day) == (["shop", "water"], water, 5)
    assert context.has_assets_def is False


def test_a_context_is_used_again_and_again():
    """The recorded events and metadata are those of the last call."""

    @op
    def brew(context, n):
        context.log_event(AssetMaterialization(f"a{n}"))
        context.add_output_metadata({"n": n})
        return n

    context = build_op_context()
    for n in (1, 2):
        assert brew(context, n) == n
        assert list(context.get_events()) == [AssetMaterialization(f"a{n}")]
        assert context.get_output_metadata("result") == {"n": n}
    assert list(context.consume_events()) == [AssetMaterialization("a2")]
    assert list(context.consume_events()) == list(context.get_events()) == []


def test_a_context_is_used_by_one_at_a_time():
    """A nested call needs its own context; the error names the outer definition."""

    @op
    def outer(context):
        return ask(context)

    context = build_op_context()
    with pytest.raises(DagflowInvalidInvocationError, match="being used to execute 'outer'"):
        outer(context)
    assert ask(context)[1] == 1


def test_a_generator_uses_its_context_until_its_end():
    """The context is released even if the generator is closed early."""

    @op
    def drops(context):
        yield Output(1)

    context = build_op_context()
    items = drops(context)
    next(items)
    with pytest.raises(DagflowInvalidInvocationError, match="being used to execute 'drops'"):
        ask(context)
    items.close()
    assert ask(context)[1] == 1


def test_metadata_of_outputs():
    """Metadata is added once for each output, before it is yielded, and never ambiguously."""

    def twice(context):
        context.add_output_metadata({"a": 1})
        context.add_output_metadata({"b": 1})

    def late(context):
        yield Output(1)
        context.add_output_metadata({"a": 1})

    def which(context):
        context.add_output_metadata({"a": 1})

    def unknown(context):
        context.add_output_metadata({"a": 1}, "tea")

    with pytest.raises(DagflowInvariantViolationError, match="more than once"):
        call_of(twice, build_op_context())
    with pytest.raises(DagflowInvariantViolationError, match="has already been yielded"):
        list(call_of(late, build_op_context()))
    with pytest.raises(DagflowInvariantViolationError, match="ambiguous"):
        call_of(which, build_op_context(), out=TWO)
    with pytest.raises(DagflowInvariantViolationError, match="'tea'"):
        call_of(unknown, build_op_context())


# assets and nodes


def test_assets_are_called_like_functions():
    """Assets take their inputs, and the context if they have the parameter."""

    @asset
    def water():
        return 1

    @asset
    def tea(context, water):
        return context.asset_key.to_user_string(), water

    assert water() == 1
    assert tea(build_asset_context(), 5) == tea(build_asset_context(), water=5) == ("tea", 5)


def test_inside_a_graph_a_call_makes_a_node():
    """In the body of a graph or job a call runs nothing."""

    @job
    def j():
        pour.alias("p")(ask.alias("a")())

    assert sorted(j.graph.node_dict) == ["a", "p"]


def test_an_alias_that_is_called():
    """The context and errors have the alias; the op keeps its name."""

    @op
    def brew(context, cups):
        return context.alias, cups

    mocha = brew.alias("mocha")

    assert mocha(build_op_context(), 2) == ("mocha", 2)
    with pytest.raises(DagflowInvalidInvocationError, match="for op 'mocha'"):
        mocha(build_op_context(), 1, 2)
    assert brew.name == "brew"


def test_a_result_for_another_asset() -> None:
    """A direct call refuses the key of another asset in a result, as a run does."""
    wrong, right = MaterializeResult(asset_key="milk", value=1), MaterializeResult(asset_key="tea", value=1)

    @asset(name="tea")
    def returned(result):
        return result

    @asset(name="tea")
    def yielded(result):
        yield result

    @asset(name="tea")
    async def awaited(result):
        return result

    def finished(coroutine):
        with pytest.raises(StopIteration):
            coroutine.send(None)

    calls = [returned, lambda result: list(yielded(result)), lambda result: finished(awaited(result))]
    for call in calls:
        call(right)
        with pytest.raises(DagflowInvariantViolationError, match=r"asset 'milk', which .* it makes 'tea'"):
            call(wrong)


def test_a_result_for_an_asset_from_an_op() -> None:
    """An op makes no asset, so its result may not name one."""

    @op
    def brew():
        return MaterializeResult(asset_key="milk", value=1)

    @job
    def bar():
        brew()

    for call in (brew, bar.execute_in_process):
        with pytest.raises(DagflowInvariantViolationError, match="it makes no asset"):
            call()
