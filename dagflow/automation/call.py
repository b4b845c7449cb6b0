"""The calls of the functions of schedules and sensors: by a tick, and directly by a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from dagflow._util import nearest
from dagflow.automation.context import EvaluationContext
from dagflow.automation.schedule_context import ScheduleEvaluationContext, build_schedule_context
from dagflow.automation.sensor_context import SensorEvaluationContext, build_sensor_context
from dagflow.defs.automation.function import EvaluationFunction
from dagflow.defs.automation.schedule import ScheduleDefinition
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.resources.requirements import lack
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, DagflowInvalidInvocationError, repr_of


def call_function(function: EvaluationFunction, context: EvaluationContext, *values: Any) -> Any:
    """Call a function with its context, as a tick does. Exceptions of the function pass through.

    Args:
        function: The function.
        context: The context, which also has the resources.
        values: The values of the first parameters; default: the context.

    Raises:
        DagflowInvalidDefinitionError: The context lacks a resource of a parameter.
    """
    resources = resources_of(function, context) if function.resources else {}
    return function.call(values or (context,), resources)


def resources_of(function: EvaluationFunction, context: EvaluationContext) -> dict[str, Any]:
    """Return the resources of the parameters of a function.

    Raises:
        DagflowInvalidDefinitionError: The context lacks one of them.
    """
    given = context.resources
    found: dict[str, Any] = {}
    for key in function.resources:
        if key in given:
            found[key] = getattr(given, key)
        elif key not in function.optional_resources:
            raise DagflowInvalidDefinitionError(
                f"Resource with key '{key}' required by {function.place} was not provided."
                + lack(key, given, f"Use {context.builder}(resources={{'{key}': ...}}).")
            )
    return found


def listed(found: Any, place: str) -> list[Any]:
    """Return the result of a function as a list. A generator is run to its end.

    Raises:
        CheckError: The function is async.
    """
    if isinstance(found, GeneratorType):
        return _all_of(found)
    if isinstance(found, (CoroutineType, AsyncGeneratorType)):
        if isinstance(found, CoroutineType):
            found.close()
        raise CheckError(f"the function of {place} is async, but a tick does not wait for it: remove 'async'")
    return list(found) if isinstance(found, (list, tuple)) else [] if found is None else [found]


def _all_of(generator: GeneratorType[Any, Any, Any]) -> list[Any]:
    """Return all that a generator yields, and after it the value that it returns, unless that is None."""
    found: list[Any] = []
    try:
        while True:
            found.append(next(generator))
    except StopIteration as end:
        return found if end.value is None else [*found, end.value]


def invoke_schedule(schedule: ScheduleDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the decorated function of a schedule.

    Raises:
        DagflowInvalidInvocationError: The schedule has no decorated function, or an argument is missing or
            unknown.
        CheckError: The first argument is not the context of a schedule.
        DagflowInvalidDefinitionError: A resource is missing.
    """
    if schedule.function is None or not schedule.is_decorated:
        raise DagflowInvalidInvocationError(
            "Schedule invocation is only supported for schedules created via the schedule decorators. Use "
            f"evaluate_tick of schedule '{schedule.name}'."
        )
    return invoke(
        schedule.function, "Schedule", ScheduleEvaluationContext, build_schedule_context, args, kwargs
    )


def invoke_sensor(sensor: SensorDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function of a sensor. Errors as in `invoke_schedule`."""
    return invoke(sensor.function, "Sensor", SensorEvaluationContext, build_sensor_context, args, kwargs)


def invoke(
    function: EvaluationFunction,
    what: str,
    context_type: type[EvaluationContext],
    build: Callable[[], EvaluationContext] | None,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> Any:
    """Call a function directly, with a context and with resources by keyword. Exceptions pass through.

    Arguments as in `bound_context`.
    """
    bound = bound_context(function, function.parameters, what, context_type, build, args, kwargs)
    return call_function(function, bound)


def bound_context(
    function: EvaluationFunction,
    parameters: Sequence[str],
    what: str,
    context_type: type[EvaluationContext],
    build: Callable[[], EvaluationContext] | None,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> EvaluationContext:
    """Return the context of a direct call, with the resources that are given by keyword.

    Args:
        function: The function.
        parameters: The names of its parameters that take no resource: the context, or none.
        what: "Schedule" or "Sensor", for messages.
        context_type: The class of the context.
        build: Builds the context for None, and for a function that takes none; None if a context is needed.
        args: The positional arguments of the call.
        kwargs: The keyword arguments of the call.

    Raises:
        DagflowInvalidInvocationError: An argument is missing or unknown.
        CheckError: The context is another object.
    """
    resources = {name: value for name, value in kwargs.items() if name in function.resources}
    others = {name: value for name, value in kwargs.items() if name not in resources}
    context = _context(function, parameters, what, args, others, has_resources=bool(resources))
    bound: EvaluationContext
    if isinstance(context, context_type):
        bound = context
    elif context is None and build is not None:
        bound = build()
    else:
        raise CheckError(
            f"Object {repr_of(context)} is not a {context_type.__name__}. {what} invocation of "
            f"{function.place} needs the context of a {context_type.builder}()."
        )
    return bound.merge_resources(resources) if resources else bound


def _context(
    function: EvaluationFunction,
    parameters: Sequence[str],
    what: str,
    args: Sequence[Any],
    others: Mapping[str, Any],
    *,
    has_resources: bool,
) -> Any:
    """Return the context among the arguments that are no resources; None if the function takes none."""
    place = function.place
    if len(args) + len(others) > 1:
        raise DagflowInvalidInvocationError(
            f"{what} invocation received multiple non-resource arguments. Only a first positional context "
            f"parameter should be provided when invoking {place}. Give resources by keyword."
        )
    if args:
        is_context = args[0] is None or isinstance(args[0], EvaluationContext)
        if not parameters and function.resources and not is_context:
            raise DagflowInvalidInvocationError(
                f"If directly invoking a {what.lower()}, you may not provide resources as positional "
                f"arguments, only as keyword arguments: call {place} with {function.resources[0]}=..."
            )
        return args[0]
    name = parameters[0] if parameters else "context"
    if name in others:
        return others[name]
    if others:
        given = next(iter(others))
        raise DagflowInvalidInvocationError(
            f"{what} invocation expected argument '{name}', but got '{given}' for {place}."
            f"{nearest(given, [name, *function.resources])}"
        )
    if parameters and has_resources:
        raise DagflowInvalidInvocationError(
            f"{what} invocation expected argument '{name}': give {place} a context too."
        )
    if parameters:
        raise DagflowInvalidInvocationError(
            f"{what} evaluation function expected context argument, but no context argument was provided "
            f"when invoking {place}."
        )
    return None
