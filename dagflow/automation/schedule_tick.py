"""The tick of a schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from dagflow._util import class_has
from dagflow.automation.call import listed, resources_of
from dagflow.automation.requests import with_partition
from dagflow.automation.schedule_context import ScheduleEvaluationContext
from dagflow.config.plain import run_config_dict
from dagflow.defs.automation.function import EvaluationFunction
from dagflow.defs.automation.results import SkipReason
from dagflow.defs.automation.schedule import ScheduleDefinition
from dagflow.defs.jobs.request_partition import PlannedKeys
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.errors import (
    CheckError,
    ScheduleExecutionError,
    check_type,
    repr_of,
    text_of,
)
from dagflow.observers import report_tick
from dagflow.tags import jsonable_tags, system_tag


class ScheduleExecutionData(NamedTuple):
    """The result of a tick of a schedule.

    Attributes:
        run_requests: The requests for runs; empty if no run starts.
        skip_message: The reason why no run starts, or None.
        log_key: The key of the captured log; None, because no daemon runs the tick.
    """

    run_requests: Sequence[RunRequest]
    skip_message: str | None = None
    log_key: Sequence[str] | None = None


def evaluate_schedule(
    schedule: ScheduleDefinition, context: ScheduleEvaluationContext
) -> ScheduleExecutionData:
    """Return the requests of a tick of a schedule; see `ScheduleDefinition.evaluate_tick`."""
    place = f"schedule '{schedule.name}'"
    check_type(context, ScheduleEvaluationContext, "context", f"evaluate_tick of {place}")
    report_tick(schedule)
    if schedule.should_execute is not None and not _called(
        schedule.should_execute, context, f"the execution of should_execute for schedule {schedule.name}"
    ):
        message = f"should_execute function for {schedule.name} returned false."
        return ScheduleExecutionData([], message, context.log_key)
    if schedule.function is None:
        requests, reason = [_own_request(schedule, context)], None
    else:
        given = _results(schedule.function, context, schedule.name)
        requests, reason = _sorted_results(given, schedule, context, place)
    if reason is not None:
        return ScheduleExecutionData([], reason, context.log_key)
    if len(requests) > 1 and any(request.run_key is None for request in requests):
        raise CheckError(
            f"Schedules that return multiple RunRequests must specify a run_key in each RunRequest: {place} "
            "returned one without it"
        )
    store = PlannedKeys(context.instance if context.has_instance else None, [])
    own_tag = {system_tag("schedule_name"): schedule.name}
    completed = [
        with_partition(request, request.job_name or schedule.job_name, place, context, store)
        for request in requests
    ]
    tagged = [request.with_replaced_attrs(tags={**request.tags, **own_tag}) for request in completed]
    return ScheduleExecutionData(tagged, None, context.log_key)


def _sorted_results(
    given: list[Any], schedule: ScheduleDefinition, context: ScheduleEvaluationContext, place: str
) -> tuple[list[RunRequest], str | None]:
    """Return the requests among the results of the function, or the reason why no run starts."""
    if not given:
        return [], "Schedule function returned an empty result"
    is_config = isinstance(given[0], Mapping) or class_has(given[0], "to_config_dict")
    if schedule.is_decorated and len(given) == 1 and is_config:
        return [RunRequest(run_config=given[0], tags=_tags(schedule, context))], None
    for one in given:
        if not isinstance(one, (RunRequest, SkipReason)):
            raise CheckError(
                f"Object {repr_of(one)} of type '{type(one).__name__}' is not a RunRequest or SkipReason: "
                f"the function of {place} must return RunRequests, one SkipReason, a run config as a dict"
                f"{'' if schedule.is_decorated else ' (with @schedule only)'}, or None."
            )
    reasons = [one for one in given if isinstance(one, SkipReason)]
    if reasons and len(given) > 1:
        raise CheckError(
            f"the function of {place} must return RunRequests or a single SkipReason, but it returned "
            f"{len(reasons)} SkipReason{'s' * (len(reasons) > 1)} among {len(given)} objects: {reasons[0]!r}"
        )
    if reasons:
        return [], reasons[0].skip_message
    return given, None


def _results(function: EvaluationFunction, context: ScheduleEvaluationContext, name: str) -> list[Any]:
    """Call the function and return its results as a list. A generator is run to its end."""
    resources = resources_of(function, context)
    found: list[Any] = _guarded(
        lambda: listed(function.call((context,), resources), function.place),
        f"the evaluation of schedule {name}",
    )
    return found


def _own_request(schedule: ScheduleDefinition, context: ScheduleEvaluationContext) -> RunRequest:
    """Return the request that the arguments of a schedule describe."""
    config: Any = schedule.run_config
    if schedule.run_config_fn is not None:
        what = f"the execution of run_config_fn for schedule {schedule.name}"
        config = run_config_dict(
            _called(schedule.run_config_fn, context, what), f"run_config_fn of schedule '{schedule.name}'"
        )
    return RunRequest(run_config=config, tags=_tags(schedule, context))


def _tags(schedule: ScheduleDefinition, context: ScheduleEvaluationContext) -> Mapping[str, str]:
    if schedule.tags_fn is None:
        return schedule.tags
    tags = _called(schedule.tags_fn, context, f"the execution of tags_fn for schedule {schedule.name}")
    return jsonable_tags(tags, f"tags_fn of schedule '{schedule.name}'")


def _called(function: EvaluationFunction, context: ScheduleEvaluationContext, what: str) -> Any:
    resources = resources_of(function, context)
    return _guarded(lambda: function.call((context,), resources), what)


def _guarded(run: Callable[[], Any], what: str) -> Any:
    """Call a function of user code, and wrap its exception."""
    try:
        return run()
    except Exception as error:
        raise ScheduleExecutionError(
            f"Error occurred during {what}: {text_of(error)}", user_exception=error
        ) from error
