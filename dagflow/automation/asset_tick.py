"""The tick of a sensor of one asset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagflow.automation.call import bound_context, listed, resources_of
from dagflow.automation.sensor_context import SensorEvaluationContext, build_sensor_context
from dagflow.defs.automation.asset_sensor import AssetSensorDefinition
from dagflow.defs.automation.function import EvaluationFunction
from dagflow.defs.automation.results import SensorResult, SkipReason
from dagflow.errors import DagflowInvariantViolationError
from dagflow.events.record import EventLogEntry
from dagflow.instance.records import AssetRecordsFilter


def asset_results(sensor: AssetSensorDefinition, context: SensorEvaluationContext) -> list[Any]:
    """Call the function with the newest materialization after the cursor, and move the cursor there.

    Returns:
        The results of the function, or the reason why it was not called.

    Raises:
        DagflowInvariantViolationError: The function returned a cursor.
    """
    records = context.instance.fetch_materializations(
        AssetRecordsFilter(sensor.asset_key, after_storage_id=_storage_id(context.cursor)), limit=1
    ).records
    if not records:
        return [SkipReason(f"No new materialization events found for asset key {sensor.asset_key}")]
    resources = resources_of(sensor.function, context)
    values = _values(sensor.function, context, records[0].event_log_entry)
    results = listed(sensor.function.call(values, resources), sensor.function.place)
    for one in results:
        if isinstance(one, SensorResult) and one.cursor is not None:
            raise DagflowInvariantViolationError(
                f"sensor '{sensor.name}' returned a SensorResult with a cursor value. The cursor is managed "
                "by the asset sensor and should not be modified by a user: remove it."
            )
    context.update_cursor(str(records[0].storage_id))
    return results


def invoke_asset_sensor(
    sensor: AssetSensorDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Iterator[Any]:
    """Call a sensor of an asset with a context, and return an iterator of the results of the tick.

    Errors as in `invoke_schedule`.
    """
    context = bound_context(
        sensor.function, ("context",), "Sensor", SensorEvaluationContext, build_sensor_context, args, kwargs
    )
    assert isinstance(context, SensorEvaluationContext)
    return iter(asset_results(sensor, context))


def _values(
    function: EvaluationFunction, context: SensorEvaluationContext, event: EventLogEntry
) -> tuple[Any, ...]:
    """Return the values of the parameters: the context and the event, or one of them."""
    names = function.parameters
    if len(names) == 1 and "event" in names[0]:
        return (event,)
    return context, event


def _storage_id(cursor: str | None) -> int | None:
    """Return the storage id in a cursor; None for a cursor that is not a number."""
    return int(cursor) if cursor is not None and cursor.isascii() and cursor.isdigit() else None
