"""Direct calls of hooks, and the context for them."""

from __future__ import annotations

import pytest

from dagflow import (
    DagflowInstance,
    HookContext,
    HookExecutionResult,
    build_hook_context,
    event_list_hook,
    failure_hook,
    op,
    resource,
    success_hook,
)
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidPropertyError,
    DagflowInvariantViolationError,
    DagflowUnknownResourceError,
    ParameterCheckError,
)


@op
def beans():
    return 1


@success_hook
def tell(context):
    return context


@event_list_hook
def watch(context, event_list):
    return context, event_list


def test_what_it_returns():
    """A direct call returns the result of the function, for any hook."""
    context = build_hook_context()

    assert isinstance(tell(context), HookContext)
    assert isinstance(tell(context=context), HookContext)
    assert isinstance(tell(None), HookContext)
    assert watch(context, [1])[1] == [1]
    assert watch(context, event_list=[2])[1] == [2]
    assert watch(event_list=[3], context=None)[1] == [3]


def test_what_was_given_can_be_read():
    """The context has every argument of its builder, and during the call the hook."""
    error, instance = ValueError("spilt"), DagflowInstance.ephemeral()
    context = tell(
        build_hook_context(
            resources={"cup": "blue"}, op=beans.alias("first"), run_id="r", job_name="cafe",
            op_exception=error, instance=instance,
        )
    )  # fmt: skip

    assert (context.op.name, context.op.definition) == ("first", beans)
    assert (context.run_id, context.job_name) == ("r", "cafe")
    assert context.op_exception is error
    assert context.instance is instance
    assert context.resources.cup == "blue"
    assert context.hook_def is tell
    assert context.required_resource_keys == frozenset()
    assert build_hook_context(op=beans).op.name == "beans"
    assert "run_id" in repr(context)


@pytest.mark.parametrize("name", ["op", "run_id", "job_name"])
def test_what_was_not_given(name):
    """The error names the argument."""
    with pytest.raises(DagflowInvalidPropertyError, match=f"'{name}'.*Give the parameter '{name}'"):
        getattr(build_hook_context(), name)


@pytest.mark.parametrize(
    "name",
    ["step_key", "hook_def", "required_resource_keys", "op_config", "op_output_values", "op_output_metadata"],
)
def test_what_only_a_run_has(name):
    """The error is about an attribute that exists in a run only."""
    with pytest.raises(DagflowInvalidPropertyError, match="It exists in a run"):
        getattr(build_hook_context(), name)


def test_defaults():
    """By default there is a log, but no error, resource or instance."""
    context = build_hook_context()

    assert context.op_exception is None
    with pytest.raises(DagflowUnknownResourceError, match="this hook has the resources"):
        context.resources.cup  # noqa: B018
    with pytest.raises(DagflowInvariantViolationError, match="no instance was provided"):
        context.instance  # noqa: B018


def test_the_log_speaks(caplog):
    """The log writes to Python's logging."""
    build_hook_context(run_id="r", job_name="cafe").log.warning("hot")

    assert [record.getMessage() for record in caplog.records] == ["cafe - r - hot"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: tell(), DagflowInvalidInvocationError, "expects one parameter, context, but 0 were"),
        (lambda: tell(None, 2), DagflowInvalidInvocationError, "but 2 were provided"),
        (lambda: tell(cup=1), DagflowInvalidInvocationError, "Could not find expected argument 'context'"),
        (lambda: tell(1), ParameterCheckError, "'context' of hook 'tell' must be of type 'HookContext'"),
        (lambda: watch(None), DagflowInvalidInvocationError, "parameters, context and event_list, but 1 was"),
        (lambda: watch(None, cups=[]), DagflowInvalidInvocationError, "expected argument 'event_list'"),
        (lambda: build_hook_context(op=5), ParameterCheckError, "'op'"),
    ],
)
def test_wrong_calls(call, error, message):
    """The error names the hook and its parameters."""
    with pytest.raises(error, match=message):
        call()


def test_resources():
    """Resource definitions are started; the error names a missing one."""

    @resource
    def mill(context):
        return "mill"

    @failure_hook(required_resource_keys={"mill", "cup"})
    def grind(context):
        return context.resources._asdict()

    assert grind(build_hook_context({"mill": mill, "cup": 1})) == {"mill": "mill", "cup": 1}
    for context in (None, build_hook_context({"cup": 1})):
        with pytest.raises(DagflowInvalidDefinitionError, match=r"key '(cup|mill)' required by hook 'grind'"):
            grind(context)


def test_resources_that_must_be_closed():
    """They need a block, which closes them at its end."""
    happened = []

    @resource
    def mill(context):
        happened.append("open")
        yield "mill"
        happened.append("closed")

    @event_list_hook(required_resource_keys={"mill"})
    def grind(context, event_list):
        happened.append(context.resources.mill)
        return HookExecutionResult("grind")

    with build_hook_context({"mill": mill}) as context:
        assert not grind(context, []).is_skipped
    assert happened == ["open", "mill", "closed"]

    with pytest.raises(DagflowInvariantViolationError, match="with build_hook_context"):
        grind(build_hook_context({"mill": mill}), [])
