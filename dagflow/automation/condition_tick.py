"""The tick and the direct call of a sensor of automation conditions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from dagflow.automation.call import bound_context
from dagflow.automation.conditions.context import AutomationResult
from dagflow.automation.conditions.cursor import AutomationCursor
from dagflow.automation.conditions.entities import Entity, Slots
from dagflow.automation.conditions.evaluation import Evaluation
from dagflow.automation.conditions.program import program_of
from dagflow.automation.conditions.results import result_of
from dagflow.automation.sensor_context import SensorEvaluationContext, build_sensor_context
from dagflow.defs.automation.condition_sensor import AutomationConditionSensorDefinition
from dagflow.defs.automation.results import SensorResult
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.errors import (
    DagflowError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    invalid_cursor,
)
from dagflow.events.stored import deserialize_value, serialize_value
from dagflow.keys import AssetCheckKey, AssetJobKey, AssetKey
from dagflow.options import current_options
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.loading import partition_loading_context

_LIMIT = 500
"""The most assets and checks with conditions that a sensor of a code server evaluates."""


def condition_results(
    sensor: AutomationConditionSensorDefinition, context: SensorEvaluationContext
) -> tuple[SensorResult, list[AutomationResult]]:
    """Evaluate the conditions of the assets of a sensor.

    Returns:
        The requests and the cursor, and the results of the conditions.

    Raises:
        DagflowInvariantViolationError: The context has no repository.
        DagflowInvalidCursorError: The cursor is not that of an earlier tick.
        DagflowInvalidInvocationError: A sensor of a code server has too many assets and checks.
        DagflowUserCodeExecutionError: A condition could not be evaluated.
    """
    repository, selection = context.given_repository, sensor.asset_selection
    assert selection is not None, "the constructor requires a target"
    if repository is None:
        raise DagflowInvariantViolationError(
            f"sensor '{sensor.name}' evaluates the conditions of assets of a repository: give "
            f"{context.builder} the argument definitions or repository_def"
        )
    program = program_of(repository.asset_graph, ())
    chosen = {*selection.resolve(program.graph), *selection.resolve_checks(program.graph)}
    entities = [one for one in program.ordered if one.key in chosen and _condition(one, sensor) is not None]
    if sensor.use_user_code_server and len(entities) > _LIMIT:
        raise DagflowInvalidInvocationError(
            f'"{sensor.name}" targets {len(entities)} assets or checks, and a sensor with '
            f"use_user_code_server=True evaluates at most {_LIMIT}: divide them among several sensors"
        )
    cursor = None if context.cursor is None else _cursor_of(context.cursor, f"sensor '{sensor.name}'")
    moment = datetime.fromtimestamp(current_options().clock.now(), timezone.utc)
    with partition_loading_context(moment, context.instance):
        evaluation = Evaluation(program, context.instance, moment, cursor)
        for entity in entities:
            evaluation.evaluate(entity, _condition(entity, sensor))
        requests = _requests(evaluation, sensor)
    found = SensorResult(requests, cursor=serialize_value(evaluation.cursor()))
    return found, [result_of(root) for root in evaluation.roots]


def _cursor_of(text: str, place: str) -> AutomationCursor:
    try:
        return deserialize_value(text, AutomationCursor)
    except DagflowError as error:
        raise invalid_cursor(text, place) from error


def invoke_condition_sensor(
    sensor: AutomationConditionSensorDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> SensorResult:
    """Call a sensor with a context, and return the result of its tick. Errors as in `condition_results`."""
    context = bound_context(
        sensor.function, ("context",), "Sensor", SensorEvaluationContext, build_sensor_context, args, kwargs
    )
    assert isinstance(context, SensorEvaluationContext)
    return condition_results(sensor, context)[0]


def _condition(entity: Entity, sensor: AutomationConditionSensorDefinition) -> Any:
    """Return the condition of an asset or check; that of the sensor for an asset without one."""
    is_asset = isinstance(entity.key, AssetKey)
    return entity.condition or (sensor.default_condition if is_asset else None)


def _requests(evaluation: Evaluation, sensor: AutomationConditionSensorDefinition) -> list[RunRequest]:
    """Return a request for all that has no partitions, and one for each requested partition."""
    groups: dict[tuple[PartitionsDefinition | None, str | None], list[AssetKey | AssetCheckKey]] = {}
    for entity, slots in evaluation.requested.items():
        key = entity.key
        assert not isinstance(key, AssetJobKey), "a sensor evaluates no jobs"
        if isinstance(key, AssetKey) and not evaluation.program.graph.get(key).is_executable:
            continue
        for slot in _in_order(entity, slots):
            groups.setdefault((entity.partitions_def, slot), []).append(key)
    return [
        _request([*keys, *_checks_without_condition(evaluation, keys)], *group, sensor)
        for group, keys in groups.items()
    ]


def _checks_without_condition(evaluation: Evaluation, keys: Sequence[Any]) -> list[AssetCheckKey]:
    """Return the checks of requested assets that have no condition, and so run with their asset."""
    checks = [check for key in keys for check in evaluation.program.entities[key].checks.values()]
    return [edge.up.key for edge in checks if edge.up.condition is None]  # type: ignore[misc] # of a check


def _in_order(entity: Entity, slots: Slots) -> Sequence[str | None]:
    if entity.partitions_def is None:
        return list(slots)
    return [key for key in entity.partitions_def.get_partition_keys() if key in slots]


def _request(
    keys: Sequence[Any],
    definition: PartitionsDefinition | None,
    partition_key: str | None,
    sensor: AutomationConditionSensorDefinition,
) -> RunRequest:
    tags = dict(sensor.run_tags)
    if definition is not None and partition_key is not None:
        tags |= definition.get_tags_for_partition_key(partition_key)
    return RunRequest(
        tags=tags,
        asset_selection=[key for key in keys if isinstance(key, AssetKey)],
        asset_check_keys=[key for key in keys if isinstance(key, AssetCheckKey)],
        partition_key=partition_key,
    )
