"""The tick and the direct call of a sensor of several assets."""

from __future__ import annotations

from collections.abc import Generator
from types import GeneratorType
from typing import Any

from dagflow.automation.call import bound_context, call_function, listed
from dagflow.automation.multi_asset_context import MultiAssetSensorEvaluationContext
from dagflow.automation.sensor_context import SensorEvaluationContext
from dagflow.defs.automation.multi_asset_sensor import MultiAssetSensorDefinition
from dagflow.defs.automation.results import SensorResult
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.errors import DagflowInvalidDefinitionError, DagflowInvariantViolationError


def multi_asset_results(
    sensor: MultiAssetSensorDefinition, context: SensorEvaluationContext
) -> tuple[list[Any], MultiAssetSensorEvaluationContext]:
    """Call the function, and move the cursor.

    Returns:
        The results, and the context with the cursor.

    Raises:
        CheckError: The context has no repository.
        DagflowInvalidDefinitionError: The function returned a request, and did not move the cursor.
        DagflowInvariantViolationError: The function returned a cursor.
    """
    own = context if isinstance(context, MultiAssetSensorEvaluationContext) else _own(sensor, context)
    results = listed(call_function(sensor.function, own), sensor.function.place)
    for one in results:
        if isinstance(one, SensorResult) and one.cursor is not None:
            raise DagflowInvariantViolationError(
                f"Cannot set cursor in a multi_asset_sensor. The cursor of sensor '{sensor.name}' is made of "
                "the cursors of its assets: use context.advance_cursor or context.advance_all_cursors."
            )
    if any(_has_requests(one) for one in results) and not own.has_advanced:
        raise DagflowInvalidDefinitionError(
            f"Asset materializations have been handled in sensor '{sensor.name}', but the cursor was not "
            "updated. This means the same materialization events will be handled in the next sensor tick. "
            "Use context.advance_cursor or context.advance_all_cursors."
        )
    own.update_cursor_after_evaluation()
    return results, own


def invoke_multi_asset_sensor(
    sensor: MultiAssetSensorDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call the function of a sensor of several assets, and move the cursor. Errors as in "
    "`invoke_schedule`."""
    function = sensor.function
    bound = bound_context(
        function, ("context",), "Sensor", MultiAssetSensorEvaluationContext, None, args, kwargs
    )
    assert isinstance(bound, MultiAssetSensorEvaluationContext)
    found = call_function(function, bound)
    if isinstance(found, GeneratorType):
        return _then_moved(found, bound)
    bound.update_cursor_after_evaluation()
    return found


def _then_moved(
    generator: GeneratorType[Any, Any, Any], context: MultiAssetSensorEvaluationContext
) -> Generator[Any, Any, Any]:
    returned = yield from generator
    context.update_cursor_after_evaluation()
    return returned


def _own(
    sensor: MultiAssetSensorDefinition, context: SensorEvaluationContext
) -> MultiAssetSensorEvaluationContext:
    """Return the context for the function from the context of the tick."""
    own = MultiAssetSensorEvaluationContext(
        None,
        sensor.monitored_assets,
        context.last_tick_completion_time,
        context.last_run_key,
        context.cursor,
        context.repository_name,
        context.repository_def,
        context.instance if context.has_instance else None,
        last_sensor_start_time=context.last_sensor_start_time,
        log_key=context.log_key,
        sensor_name=sensor.name,
    )
    own.share_resources(context)
    return own


def _has_requests(result: Any) -> bool:
    return isinstance(result, RunRequest) or (isinstance(result, SensorResult) and bool(result.run_requests))
