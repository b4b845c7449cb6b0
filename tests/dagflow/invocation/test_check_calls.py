"""Direct calls of checks: the arguments, the contexts, and the results."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager

import pytest

from dagflow import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    Config,
    ConfigurableResource,
    DagflowInstance,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidPropertyError,
    DagflowInvariantViolationError,
    MaterializeResult,
    OpExecutionContext,
    Output,
    ParameterCheckError,
    asset,
    asset_check,
    build_asset_check_context,
    build_asset_context,
    build_op_context,
    multi_asset_check,
    resource,
)

PASSED = AssetCheckResult(passed=True)


def check_of(body, **arguments):
    """Return a check with this function."""
    return asset_check(asset="beans", name="fresh", **arguments)(body)


@pytest.mark.parametrize("value", [PASSED, 5, None, [PASSED], (PASSED,)])
def test_the_result_is_returned_as_it_is(value):
    """A call returns the object that the function returned, also one that a run refuses."""
    assert check_of(lambda: value)() is value


def test_a_foreign_result_is_not_checked():
    """The names in a returned result are not compared with those of the check."""
    foreign = AssetCheckResult(passed=True, asset_key="tea", check_name="hot")

    assert check_of(lambda: foreign)() is foreign


def test_the_value_of_the_asset():
    """The value is given by position or by name, after the context."""

    def fresh(context, beans):
        return beans + len(context.check_specs)

    check = check_of(fresh)
    context = build_asset_check_context()

    assert check_of(lambda beans: beans)(3) == 3
    assert check_of(lambda beans: beans)(context, beans=3) == 3
    assert check(context, 3) == check(context, beans=3) == check(context=context, beans=3) == 4
    assert check(None, 3) == 4
    with pytest.raises(DagflowInvalidInvocationError, match="beans"):
        check(context)
    with pytest.raises(DagflowInvalidInvocationError, match="build_asset_check_context"):
        check(beans=3)


def test_the_class_of_the_context():
    """A bare context is the given one; an annotation decides between that of the check and of the op."""
    bare = check_of(lambda context: type(context).__mro__)

    def of_check(context: AssetCheckExecutionContext):
        return type(context).__mro__

    def of_op(context: OpExecutionContext):
        return type(context).__mro__

    contexts = build_asset_check_context(), build_op_context(), build_asset_context()
    for context, cls in zip(
        contexts, (AssetCheckExecutionContext, OpExecutionContext, AssetExecutionContext), strict=True
    ):
        assert cls in bare(context)
        assert AssetCheckExecutionContext in check_of(of_check)(context)
    assert OpExecutionContext in check_of(of_op)(contexts[0])


def test_a_context_of_a_check_for_an_asset():
    """An asset takes the context of a check as the context of its op."""

    @asset
    def beans(context):
        return context.run_id

    assert beans(build_asset_check_context()) == "EPHEMERAL"


def test_what_the_context_reads_while_it_is_bound():
    """During the call the context has the checks and the op; before and after it has not."""

    @multi_asset_check(
        specs=[AssetCheckSpec(name, asset="beans") for name in ("fresh", "dry")], can_subset=True
    )
    def both(context):
        names = sorted(key.name for key in context.selected_asset_check_keys)
        facts = f"{names} {context.is_subset} {context.op_def.name} {context.retry_number}"
        yield AssetCheckResult(passed=True, check_name="dry", description=facts)
        yield AssetCheckResult(passed=True, check_name="fresh", description=context.describe_op())

    context = build_asset_check_context()
    found = [result.description for result in both(context)]

    assert found == ["['dry', 'fresh'] False both 0", 'op "both"']
    for name in ("check_specs", "selected_asset_check_keys", "is_subset", "op_def", "run", "job_def"):
        with pytest.raises(DagflowInvalidPropertyError, match=name):
            getattr(context, name)
    with pytest.raises(DagflowInvalidPropertyError, match="describe_op"):
        context.describe_op()
    assert (context.has_partition_key, context.retry_number) == (False, 0)
    with pytest.raises(AttributeError, match=r"op_execution_context\.run_id"):
        context.run_id  # noqa: B018


def test_the_instance_of_the_context():
    """The context has the given instance, or else an ephemeral one."""
    with DagflowInstance.ephemeral() as instance:
        assert build_asset_check_context(instance=instance).instance is instance
    assert build_asset_check_context().instance.is_ephemeral


class Limit(ConfigurableResource):
    """A resource with a value."""

    most: int = 1


def test_resources():
    """Resources come from the context, or by name if they are parameters; a missing one is an error."""
    check = check_of(lambda context: context.resources.limit, required_resource_keys={"limit"})

    def by_name(limit: Limit):
        return limit.most

    assert check(build_asset_check_context(resources={"limit": 5})) == 5
    assert check_of(by_name)(Limit(most=3)) == check_of(by_name)(limit=Limit(most=3)) == 3
    assert check_of(by_name)(build_asset_check_context(resources={"limit": Limit(most=4)})) == 4
    with pytest.raises(DagflowInvalidDefinitionError, match="limit"):
        check(build_asset_check_context())
    with pytest.raises(KeyError, match="limit"):
        check_of(by_name)()


def test_a_resource_that_is_closed():
    """A `with` block opens and closes the resources of the context."""
    closed = []

    @resource
    @contextmanager
    def file():
        yield 5
        closed.append(1)

    with build_asset_check_context(resources={"file": file}) as context:
        assert context.resources.file == 5
        assert not closed
    assert closed
    with pytest.raises(DagflowInvariantViolationError):
        build_asset_check_context(resources={"file": file}).resources.file  # noqa: B018


class Limits(Config):
    """Config with a value."""

    most: int = 1


def test_config():
    """The config comes from the context, or as an argument, and is checked."""

    def fresh(config: Limits):
        return config.most

    check = check_of(fresh)
    schema = check_of(lambda context: context.op_execution_context.op_config, config_schema={"n": int})

    assert [check(), check(Limits(most=3)), check(config=Limits(most=4))] == [1, 3, 4]
    assert check(build_asset_check_context(asset_config={"most": 7})) == 7
    assert schema(build_asset_check_context(asset_config={"n": 7})) == {"n": 7}
    with pytest.raises(DagflowInvalidConfigError):
        schema(build_asset_check_context())


def test_invalid_arguments_of_the_builder():
    """The arguments of the builder are checked."""
    with pytest.raises(ParameterCheckError, match="resources"):
        build_asset_check_context(resources=3)
    with pytest.raises(ParameterCheckError, match="instance"):
        build_asset_check_context(instance=3)
    with pytest.raises(DagflowInvalidConfigError, match="limit"):
        build_asset_check_context(resources_config={"limit": {}})


def test_generators():
    """A generator yields its results, which are checked against the declarations."""

    def call(*values):
        def fresh():
            yield from values

        return list(check_of(fresh)())

    assert call(PASSED) == [PASSED]
    for bad in ([], [PASSED, PASSED], [3], [AssetCheckResult(passed=True, check_name="hot")]):
        with pytest.raises(DagflowInvariantViolationError):
            call(*bad)


@pytest.mark.not_in_wasm("no event loop can run inside another one")
def test_async_functions():
    """An async function is awaited, and an async generator is drained by the caller."""

    async def fresh():
        return PASSED

    async def drained():
        yield PASSED

    async def drain():
        return [item async for item in check_of(drained)()]

    assert asyncio.run(check_of(fresh)()) == PASSED
    assert asyncio.run(drain()) == [PASSED]


def test_an_error_is_raised_as_it_is():
    """The error of the function is not wrapped."""
    with pytest.raises(ZeroDivisionError):
        check_of(lambda: 1 / 0)()


@pytest.mark.parametrize(
    ("value", "is_valid"),
    [
        (MaterializeResult(check_results=[PASSED]), True),
        ((1, PASSED), True),
        (MaterializeResult(), False),
        (MaterializeResult(check_results=[AssetCheckResult(passed=True, check_name="hot")]), False),
        (1, False),
    ],
)
def test_an_asset_with_checks(value, is_valid):
    """The result of an asset with checks is checked against the declarations, and returned as it is."""
    cup = asset(name="cup", check_specs=[AssetCheckSpec("new", asset="cup")])(lambda: value)

    if is_valid:
        assert cup() is value
    else:
        with pytest.raises(DagflowInvariantViolationError):
            cup()


def test_a_generator_of_an_asset_with_checks():
    """The generator of an asset with checks yields its output and its results, and must yield all."""

    @asset(check_specs=[AssetCheckSpec("new", asset="cup")])
    def cup():
        yield Output(1)
        yield PASSED

    @asset(check_specs=[AssetCheckSpec("new", asset="mug")])
    def mug():
        yield Output(1)

    assert list(cup()) == [Output(1), PASSED]
    with pytest.raises(DagflowInvariantViolationError, match="mug_new"):
        list(mug())
