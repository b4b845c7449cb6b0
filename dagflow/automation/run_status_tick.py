"""The tick and the direct call of a run status sensor."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagflow.automation.call import invoke, listed, resources_of
from dagflow.automation.run_status_context import RunFailureSensorContext, RunStatusSensorContext
from dagflow.automation.sensor_context import SensorEvaluationContext, build_sensor_context
from dagflow.automation.sensor_data import DagflowRunReaction
from dagflow.defs.automation.results import SensorResult, SkipReason
from dagflow.defs.automation.run_status_sensor import (
    EVENT_OF_STATUS,
    CodeLocationSelector,
    JobSelector,
    RepositorySelector,
    RunStatusSensorDefinition,
)
from dagflow.errors import DagflowInvariantViolationError, invalid_cursor
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.events.run import DagflowRun
from dagflow.instance.records import EventLogRecord, EventRecordsFilter

if TYPE_CHECKING:
    from dagflow.defs.project.repository import RepositoryDefinition


def invoke_run_status_sensor(
    sensor: RunStatusSensorDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call the function of a run status sensor. Errors as in `invoke_schedule`."""
    if sensor.is_for_failures:
        args = tuple(_for_failure(value) for value in args)
        kwargs = {name: _for_failure(value) for name, value in kwargs.items()}
    build = None if sensor.function.takes_context else build_sensor_context
    return invoke(sensor.function, "Sensor", RunStatusSensorContext, build, args, kwargs)


def _for_failure(value: Any) -> Any:
    if isinstance(value, RunStatusSensorContext) and not isinstance(value, RunFailureSensorContext):
        return value.for_run_failure()
    return value


def run_status_results(
    sensor: RunStatusSensorDefinition, context: SensorEvaluationContext
) -> tuple[list[Any], list[DagflowRunReaction]]:
    """Call the function for each run that reached the status since the cursor, and move the cursor.

    Returns:
        The results of the last call, and the reactions to the runs before.

    Raises:
        DagflowInvalidCursorError: The cursor is not that of an earlier tick.
        DagflowInvariantViolationError: The function returned a cursor.
    """
    event_type = EVENT_OF_STATUS[sensor.run_status]
    after = _record_id(context.cursor)
    if after is None and context.cursor is not None:
        raise invalid_cursor(context.cursor, f"sensor '{sensor.name}'")
    if after is None:
        newest = context.instance.get_event_records(EventRecordsFilter(event_type), limit=1)
        cursor = _cursor(newest[0].storage_id if newest else 0)
        context.update_cursor(cursor)
        return [SkipReason(f"Initiating {sensor.name}. Set cursor to {cursor}")], []
    is_watched = _watched(sensor, context.repository_def)
    resources = resources_of(sensor.function, context)
    reactions: list[DagflowRunReaction] = []
    wanted = EventRecordsFilter(event_type, after_cursor=after)
    for record in context.instance.get_event_records(wanted, ascending=True):
        context.update_cursor(_cursor(record.storage_id))
        run = context.instance.get_run_by_id(record.run_id)
        if run is None or not is_watched(run.job_name):
            continue
        try:
            results = _call(sensor, context, run, record, resources)
        except Exception as error:  # of user code: it is part of the result, and the other runs go on
            info = SerializableErrorInfo.from_exception(error)
            reactions.append(DagflowRunReaction(run, info, sensor.run_status))
            continue
        if results:
            _check_cursor(sensor, results)
            return results, reactions
        reactions.append(DagflowRunReaction(run, None, sensor.run_status))
    return [], reactions


def _call(
    sensor: RunStatusSensorDefinition,
    context: SensorEvaluationContext,
    run: DagflowRun,
    record: EventLogRecord,
    resources: dict[str, Any],
) -> list[Any]:
    event = record.event_log_entry.get_dagflow_event()
    own = RunStatusSensorContext(sensor.name, run, event, context.instance, context)
    bound = own.for_run_failure() if sensor.is_for_failures else own
    return listed(sensor.function.call((bound,), resources), sensor.function.place)


def _check_cursor(sensor: RunStatusSensorDefinition, results: list[Any]) -> None:
    for one in results:
        if isinstance(one, SensorResult) and one.cursor is not None:
            raise DagflowInvariantViolationError(
                f"Error in run status sensor {sensor.name}: Sensor returned a SensorResult with a cursor "
                "value. The cursor is managed by the sensor and should not be modified by a user: remove it."
            )


def _watched(
    sensor: RunStatusSensorDefinition, repository: RepositoryDefinition | None
) -> Callable[[str], bool]:
    """Return a function that tests whether the runs of a job count."""
    if sensor.monitor_all_code_locations:
        return lambda job_name: True
    is_own = (lambda job_name: True) if repository is None else repository.has_job
    if not sensor.monitored_jobs:
        return is_own
    own_name = None if repository is None else repository.name

    def is_watched(job_name: str) -> bool:
        for one in sensor.monitored_jobs:
            if isinstance(one, CodeLocationSelector):
                return True
            if isinstance(one, RepositorySelector):
                if one.repository_name == own_name and is_own(job_name):
                    return True
            elif isinstance(one, JobSelector):
                is_here = one.repository_name in (None, own_name) and is_own(job_name)
                if is_here and one.job_name in (None, job_name):
                    return True
            elif one.name == job_name:
                return True
        return False

    return is_watched


def _cursor(record_id: int) -> str:
    return json.dumps({"record_id": record_id})


def _record_id(cursor: str | None) -> int | None:
    """Return the storage id in a cursor; None for a cursor of another form."""
    try:
        found = json.loads(cursor or "")
    except ValueError:
        return None
    record_id = found.get("record_id") if isinstance(found, dict) else None
    return record_id if isinstance(record_id, int) else None
