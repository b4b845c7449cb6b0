"""The tick of a sensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dagflow._util import nearest
from dagflow.automation.asset_tick import asset_results
from dagflow.automation.call import listed, resources_of
from dagflow.automation.condition_tick import condition_results
from dagflow.automation.multi_asset_tick import multi_asset_results
from dagflow.automation.requests import with_partition
from dagflow.automation.run_status_tick import run_status_results
from dagflow.automation.selected_assets import with_selected_assets
from dagflow.automation.sensor_context import SensorEvaluationContext
from dagflow.automation.sensor_data import SensorExecutionData
from dagflow.defs.automation.asset_sensor import AssetSensorDefinition
from dagflow.defs.automation.condition_sensor import AutomationConditionSensorDefinition
from dagflow.defs.automation.multi_asset_sensor import MultiAssetSensorDefinition
from dagflow.defs.automation.results import AssetEvent, SensorResult, SkipReason
from dagflow.defs.automation.run_status_sensor import RunStatusSensorDefinition
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.jobs.request_partition import PartitionsRequest, PlannedKeys
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.errors import CheckError, DagflowInvariantViolationError, check_type, repr_of
from dagflow.observers import report_tick
from dagflow.tags import system_tag

EMPTY = "Sensor function returned an empty result"


def evaluate_sensor(sensor: SensorDefinition, context: SensorEvaluationContext) -> SensorExecutionData:
    """Return the requests of a tick of a sensor; see `SensorDefinition.evaluate_tick`."""
    place = f"sensor '{sensor.name}'"
    check_type(context, SensorEvaluationContext, "context", f"evaluate_tick of {place}")
    report_tick(sensor)
    if isinstance(sensor, RunStatusSensorDefinition):
        results, reactions = run_status_results(sensor, context)
        found = result_of(results, sensor, context)
        if not reactions:
            return found
        reason = None if found.skip_message == EMPTY else found.skip_message
        return found._replace(dagflow_run_reactions=reactions, skip_message=reason)
    if isinstance(sensor, AutomationConditionSensorDefinition):
        only, evaluations = condition_results(sensor, context)
        return result_of([only], sensor, context)._replace(automation_condition_evaluations=evaluations)
    if isinstance(sensor, MultiAssetSensorDefinition):
        results, context = multi_asset_results(sensor, context)
    elif isinstance(sensor, AssetSensorDefinition):
        results = asset_results(sensor, context)
    else:
        resources = resources_of(sensor.function, context)
        results = listed(sensor.function.call((context,), resources), place)
    return result_of(results, sensor, context)


def result_of(
    results: list[Any], sensor: SensorDefinition, context: SensorEvaluationContext
) -> SensorExecutionData:
    """Return the result of a tick from the results of the function of a sensor."""
    place = f"sensor '{sensor.name}'"
    _check_results(results, sensor.name)
    cursor = context.cursor
    partitions: Sequence[PartitionsRequest] = ()
    events: Sequence[AssetEvent] = ()
    reasons = [one for one in results if isinstance(one, SkipReason)]
    requests = [one for one in results if isinstance(one, RunRequest)]
    if results and isinstance(results[0], SensorResult):
        only = results[0]
        if only.cursor is not None:
            if context.cursor_updated:
                raise DagflowInvariantViolationError(
                    "SensorResult.cursor cannot be set if context.update_cursor() was called: remove one of "
                    f"them in the function of {place}"
                )
            cursor = only.cursor
        requests = list(only.run_requests or ())
        reasons = [] if only.skip_reason is None else [only.skip_reason]
        partitions, events = only.dynamic_partitions_requests, only.asset_events
    reason = reasons[0].skip_message if reasons else None
    if not requests and not reasons:
        reason = EMPTY
    completed = _completed(requests, sensor, context, partitions)
    return SensorExecutionData(completed, reason, cursor, [], context.log_key, list(partitions), list(events))


def _check_results(results: list[Any], name: str) -> None:
    """Raise unless the objects of a function can be together."""
    classes = (RunRequest, SkipReason, SensorResult)
    for one in results:
        if isinstance(one, classes):
            continue
        raise CheckError(
            f"Error in sensor {name}: Sensor unexpectedly returned output {repr_of(one)} of type "
            f"{type(one)}. Should only return SkipReason, RunRequest or SensorResult objects."
        )
    if len(results) > 1 and any(isinstance(one, SensorResult) for one in results):
        raise CheckError(
            "When a SensorResult is returned from a sensor, it must be the only object returned. The "
            f"function of sensor '{name}' returned {len(results)} objects."
        )
    reasons = [one for one in results if isinstance(one, SkipReason)]
    if reasons and any(isinstance(one, RunRequest) for one in results):
        raise CheckError(
            "Expected a single SkipReason or one or more RunRequests: received both RunRequest and "
            f"SkipReason from the function of sensor '{name}'"
        )
    if len(reasons) > 1:
        raise CheckError(
            "Expected a single SkipReason: received multiple SkipReasons from the function of sensor "
            f"'{name}'"
        )


def _completed(
    requests: list[RunRequest],
    sensor: SensorDefinition,
    context: SensorEvaluationContext,
    partitions: Sequence[PartitionsRequest],
) -> list[RunRequest]:
    """Return the requests with their assets, the tags of their partition and the tag of the sensor."""
    place = f"sensor '{sensor.name}'"
    store = PlannedKeys(context.instance if context.has_instance else None, partitions)
    own_tag = {system_tag("sensor_name"): sensor.name}
    completed = []
    for request in requests:
        if sensor.asset_selection is not None:
            request = with_selected_assets(request, sensor.asset_selection, place, context)
            job_name = str(request.job_name)
        else:
            job_name = _job_name(request, sensor)
        resolved = with_partition(request, job_name, place, context, store)
        completed.append(resolved.with_replaced_attrs(tags={**resolved.tags, **own_tag}))
    return completed


def _job_name(request: RunRequest, sensor: SensorDefinition) -> str:
    """Return the name of the job of a request."""
    names = list(dict.fromkeys(target.job_name for target in sensor.targets))
    if not names:
        raise DagflowInvariantViolationError(
            f"Error in sensor {sensor.name}: Sensor evaluation function returned a RunRequest for a sensor "
            "lacking a specified target (job_name, job, or jobs). Targets can be specified by providing job, "
            "jobs, or job_name to the @sensor decorator."
        )
    if request.job_name is None and len(names) == 1:
        return names[0]
    if request.job_name not in names:
        given = (
            "that did not specify job_name for the requested run"
            if request.job_name is None
            else f"with job_name {request.job_name}"
        )
        raise DagflowInvariantViolationError(
            f"Error in sensor {sensor.name}: Sensor returned a RunRequest {given}. Expected one of: "
            f"{names}.{'' if request.job_name is None else nearest(request.job_name, names)}"
        )
    return request.job_name
