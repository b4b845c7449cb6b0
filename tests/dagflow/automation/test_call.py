"""Tests of direct calls of schedules and sensors."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    CheckError,
    ConfigurableResource,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    RunRequest,
    ScheduleDefinition,
    SensorDefinition,
    build_schedule_context,
    build_sensor_context,
    resource,
    schedule,
    sensor,
)


class Mill(ConfigurableResource):
    size: int = 1


KINDS = [
    pytest.param(schedule("@daily", job_name="brew", name="s"), build_schedule_context, id="schedule"),
    pytest.param(sensor(job_name="brew", name="s"), build_sensor_context, id="sensor"),
]
pytestmark = pytest.mark.parametrize(("decorate", "build"), KINDS)


def test_the_result_is_unchanged(decorate: Any, build: Any) -> None:
    """A direct call returns the value of the function, whatever it is."""
    context = build()
    called = decorate(lambda context: context)

    assert called(context) is context
    assert called(context=context) is context
    assert type(called(None)) is type(context)
    assert decorate(lambda: 5)() == decorate(lambda: 5)(context) == 5
    assert decorate(lambda: {"ops": {}})() == {"ops": {}}


def test_generators_and_errors(decorate: Any, build: Any) -> None:
    """A generator is returned as such, and an exception passes through."""

    def generate(context):
        yield RunRequest("a")

    def spill(context):
        raise ValueError("spilt")

    assert list(decorate(generate)(build())) == [RunRequest("a")]
    with pytest.raises(ValueError, match="spilt"):
        decorate(spill)(build())


def test_the_context_may_have_any_name(decorate: Any, build: Any) -> None:
    """The context is the first parameter that takes no resource, also by keyword only."""

    def function(mill: Mill, *, tick):
        return mill.size, tick

    context = build(resources={"mill": Mill(size=2)})

    assert decorate(function)(context) == decorate(function)(tick=context) == (2, context)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "expected context argument, but no context argument was provided when invoking"),
        ((), {"contxt": 1}, r"expected argument 'context', but got 'contxt' .* Did you mean 'context'"),
        ((None, 1), {}, "multiple non-resource arguments"),
        ((), {"mill": 1}, "expected argument 'context'"),
    ],
)
def test_arguments_that_are_refused(decorate: Any, build: Any, args: Any, kwargs: Any, message: str) -> None:
    """A missing context, an unknown keyword and a second positional argument are refused."""

    def function(context, mill: Mill):
        return mill.size

    with pytest.raises(DagflowInvalidInvocationError, match=message):
        decorate(function)(*args, **kwargs)


def test_another_object_as_context(decorate: Any, build: Any) -> None:
    """Another object is not a context."""
    with pytest.raises(CheckError, match=r"Object 5 is not a .*EvaluationContext"):
        decorate(lambda context: 1)(5)


def test_resources(decorate: Any, build: Any) -> None:
    """Resources come from the context or by keyword, which wins; without a context parameter none is "
    "needed."""

    def function(context, mill: Mill):
        return mill.size, context.resources.mill.size

    def alone(mill: Mill):
        return mill.size

    context = build(resources={"mill": Mill(size=2)})

    assert decorate(function)(context) == (2, 2)
    assert decorate(function)(context, mill=Mill(size=3)) == (3, 3)
    assert decorate(alone)(mill=Mill(size=3)) == 3
    assert decorate(alone)(context) == 2
    with pytest.raises(DagflowInvalidInvocationError, match="only as keyword arguments"):
        decorate(alone)(Mill(size=3))
    with pytest.raises(DagflowInvalidDefinitionError, match="Resource with key 'mill' required by s"):
        decorate(alone)()


def test_required_resource_keys(decorate: Any, build: Any) -> None:
    """A resource without a parameter is read from the context, also in a direct call."""
    kind = schedule if build is build_schedule_context else sensor
    first: Any = ("@daily",) if build is build_schedule_context else ()
    made = kind(*first, job_name="brew", required_resource_keys={"cups"})

    def function(context):
        return context.resources.cups

    assert made(function)(build(resources={"cups": 3})) == 3


def test_generator_resources(decorate: Any, build: Any) -> None:
    """A resource that must be closed needs a with block."""
    closed = []

    @resource
    def cups():
        yield 3
        closed.append(True)

    called = decorate(lambda context: context.resources.cups)

    with pytest.raises(DagflowInvariantViolationError, match="At least one provided resource is a generator"):
        called(build(resources={"cups": cups}))
    closed.clear()
    with build(resources={"cups": cups}) as context:
        assert (called(context), closed) == (3, [])
    assert closed == [True]


def test_definitions_without_a_decorator(decorate: Any, build: Any) -> None:
    """A SensorDefinition can be called; a ScheduleDefinition only has ticks."""
    if build is build_sensor_context:
        assert SensorDefinition("s", evaluation_fn=lambda context: 5)(build()) == 5
        return
    made = ScheduleDefinition(job_name="brew", cron_schedule="@daily")
    with pytest.raises(DagflowInvalidInvocationError, match="only supported for schedules created via"):
        made(build())
