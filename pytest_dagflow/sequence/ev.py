"""One function for each event type, and short forms: `ev.step_success("brew")` makes a pattern.

Only the given arguments are compared. An argument is a plain value or a matcher, an object with its own `==`.
The common arguments:

- `step`: the step key (`machine.brew`, `brew[a]`), or the AssetKey of the asset that the step materializes.
- `attempt`: 1 for the first attempt of the step, 2 for the first retry.
- `key`, `asset`: an asset key, as string (`"shop/cup"`), list or AssetKey; a matcher gets the string.
- `metadata`: a mapping of entries that the metadata of the event must contain, as plain values.
- `error`: an exception class (or subclass), a tuple of classes, or a class name; a matcher gets the record.
- `match`: a regular expression that is searched in the message of the error, or of an event without error.
- `times`: the exact number of such events among the compared events; by default at least one.

Each function raises DagflowError for an argument that can never match.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagflow import DagflowError, DagflowEventType
from pytest_dagflow.sequence.matchers import (
    ANYTHING,
    Match,
    as_error,
    as_flag,
    as_key,
    as_message,
    as_metadata,
    as_number,
    as_step,
    as_text,
    suggest,
)
from pytest_dagflow.sequence.patterns import EventPattern

# the steps


def step_start(step: object = ANYTHING, *, times: int | None = None) -> EventPattern:
    """A step began its first attempt."""
    return _pattern("STEP_START", times, step=as_step(step))


def step_restarted(
    step: object = ANYTHING, *, attempt: object = ANYTHING, times: int | None = None
) -> EventPattern:
    """A step began a further attempt."""
    return _pattern("STEP_RESTARTED", times, step=as_step(step), attempt=as_number("attempt", attempt))


def step_success(
    step: object = ANYTHING, *, attempt: object = ANYTHING, times: int | None = None
) -> EventPattern:
    """A step ended well."""
    return _pattern("STEP_SUCCESS", times, step=as_step(step), attempt=as_number("attempt", attempt))


def step_failure(
    step: object = ANYTHING,
    *,
    error: object = None,
    match: Match = None,
    attempt: object = ANYTHING,
    times: int | None = None,
) -> EventPattern:
    """A step failed for good."""
    return _pattern(
        "STEP_FAILURE",
        times,
        step=as_step(step),
        error=as_error(error, match),
        attempt=as_number("attempt", attempt),
    )


failure = step_failure
"""Short for `step_failure`."""


def step_up_for_retry(
    step: object = ANYTHING,
    *,
    error: object = None,
    match: Match = None,
    seconds_to_wait: object = ANYTHING,
    attempt: object = ANYTHING,
    times: int | None = None,
) -> EventPattern:
    """A step failed and will be tried again, after `seconds_to_wait`."""
    return _pattern(
        "STEP_UP_FOR_RETRY",
        times,
        step=as_step(step),
        error=as_error(error, match),
        seconds_to_wait=as_number("seconds_to_wait", seconds_to_wait),
        attempt=as_number("attempt", attempt),
    )


def step_skipped(step: object = ANYTHING, *, times: int | None = None) -> EventPattern:
    """A step was skipped, because an input of it never came."""
    return _pattern("STEP_SKIPPED", times, step=as_step(step))


def step_input(
    step: object = ANYTHING,
    name: object = ANYTHING,
    *,
    passed: object = ANYTHING,
    attempt: object = ANYTHING,
    times: int | None = None,
) -> EventPattern:
    """An input of a step was checked; `passed` tells how."""
    return _pattern(
        "STEP_INPUT",
        times,
        step=as_step(step),
        name=as_text("name", name),
        passed=as_flag("passed", passed),
        attempt=as_number("attempt", attempt),
    )


def step_output(
    step: object = ANYTHING,
    name: object = ANYTHING,
    *,
    mapping_key: object = ANYTHING,
    passed: object = ANYTHING,
    metadata: object = ANYTHING,
    attempt: object = ANYTHING,
    times: int | None = None,
) -> EventPattern:
    """A step gave an output; `passed` tells whether its type is right."""
    return _pattern(
        "STEP_OUTPUT",
        times,
        step=as_step(step),
        name=as_text("name", name),
        mapping_key=as_text("mapping_key", mapping_key, or_none=True),
        passed=as_flag("passed", passed),
        metadata=as_metadata(metadata),
        attempt=as_number("attempt", attempt),
    )


output = step_output
"""Short for `step_output`."""


def loaded_input(
    step: object = ANYTHING,
    name: object = ANYTHING,
    *,
    manager_key: object = ANYTHING,
    upstream_step: object = ANYTHING,
    upstream_output: object = ANYTHING,
    metadata: object = ANYTHING,
    attempt: object = ANYTHING,
    times: int | None = None,
) -> EventPattern:
    """An I/O manager gave the value of an input."""
    return _pattern(
        "LOADED_INPUT",
        times,
        step=as_step(step),
        name=as_text("name", name),
        manager_key=as_text("manager_key", manager_key),
        upstream_step=as_text("upstream_step", upstream_step, or_none=True),
        upstream_output=as_text("upstream_output", upstream_output, or_none=True),
        metadata=as_metadata(metadata),
        attempt=as_number("attempt", attempt),
    )


def handled_output(
    step: object = ANYTHING,
    name: object = ANYTHING,
    *,
    manager_key: object = ANYTHING,
    metadata: object = ANYTHING,
    attempt: object = ANYTHING,
    times: int | None = None,
) -> EventPattern:
    """An I/O manager took the value of an output."""
    return _pattern(
        "HANDLED_OUTPUT",
        times,
        step=as_step(step),
        name=as_text("name", name),
        manager_key=as_text("manager_key", manager_key),
        metadata=as_metadata(metadata),
        attempt=as_number("attempt", attempt),
    )


def step_expectation_result(
    step: object = ANYTHING,
    *,
    label: object = ANYTHING,
    success: object = ANYTHING,
    metadata: object = ANYTHING,
    description: object = ANYTHING,
    times: int | None = None,
) -> EventPattern:
    """A step reported an expectation."""
    return _pattern(
        "STEP_EXPECTATION_RESULT",
        times,
        step=as_step(step),
        label=as_text("label", label, or_none=True),
        success=as_flag("success", success),
        metadata=as_metadata(metadata),
        description=as_text("description", description, or_none=True),
    )


def object_store_operation(step: object = ANYTHING, *, times: int | None = None) -> EventPattern:
    """Something was put into or taken from an object store."""
    return _pattern("OBJECT_STORE_OPERATION", times, step=as_step(step))


def asset_store_operation(step: object = ANYTHING, *, times: int | None = None) -> EventPattern:
    """Something was put into or taken from an asset store."""
    return _pattern("ASSET_STORE_OPERATION", times, step=as_step(step))


def step_worker_starting(
    step: object = ANYTHING, *, match: Match = None, times: int | None = None
) -> EventPattern:
    """A process for a step is about to start."""
    return _pattern("STEP_WORKER_STARTING", times, step=as_step(step), message=as_message(match))


def step_worker_started(
    step: object = ANYTHING, *, match: Match = None, times: int | None = None
) -> EventPattern:
    """The process of a step has started."""
    return _pattern("STEP_WORKER_STARTED", times, step=as_step(step), message=as_message(match))


# the assets


def asset_materialization(
    step: object = ANYTHING,
    *,
    key: object = ANYTHING,
    partition: object = ANYTHING,
    metadata: object = ANYTHING,
    description: object = ANYTHING,
    times: int | None = None,
) -> EventPattern:
    """A step wrote an asset."""
    return _pattern(
        "ASSET_MATERIALIZATION",
        times,
        step=as_step(step),
        key=as_key("key", key),
        partition=as_text("partition", partition, or_none=True),
        metadata=as_metadata(metadata),
        description=as_text("description", description, or_none=True),
    )


def materialization(
    key: object = ANYTHING,
    *,
    partition: object = ANYTHING,
    metadata: object = ANYTHING,
    times: int | None = None,
) -> EventPattern:
    """An asset was written: `asset_materialization`, whatever the step."""
    return _pattern(
        "ASSET_MATERIALIZATION",
        times,
        key=as_key("key", key),
        partition=as_text("partition", partition, or_none=True),
        metadata=as_metadata(metadata),
    )


def asset_observation(
    step: object = ANYTHING,
    *,
    key: object = ANYTHING,
    partition: object = ANYTHING,
    metadata: object = ANYTHING,
    description: object = ANYTHING,
    times: int | None = None,
) -> EventPattern:
    """A step observed an asset."""
    return _pattern(
        "ASSET_OBSERVATION",
        times,
        step=as_step(step),
        key=as_key("key", key),
        partition=as_text("partition", partition, or_none=True),
        metadata=as_metadata(metadata),
        description=as_text("description", description, or_none=True),
    )


def asset_check_evaluation(
    step: object = ANYTHING,
    *,
    asset: object = ANYTHING,
    name: object = ANYTHING,
    passed: object = ANYTHING,
    severity: object = ANYTHING,
    partition: object = ANYTHING,
    metadata: object = ANYTHING,
    description: object = ANYTHING,
    times: int | None = None,
) -> EventPattern:
    """A step checked an asset; `severity` is "WARN" or "ERROR"."""
    return _pattern(
        "ASSET_CHECK_EVALUATION",
        times,
        step=as_step(step),
        asset=as_key("asset", asset),
        name=as_text("name", name),
        passed=as_flag("passed", passed),
        severity=as_text("severity", severity),
        partition=as_text("partition", partition, or_none=True),
        metadata=as_metadata(metadata),
        description=as_text("description", description, or_none=True),
    )


def check(
    asset: object = ANYTHING,
    name: object = ANYTHING,
    *,
    passed: object = ANYTHING,
    severity: object = ANYTHING,
    partition: object = ANYTHING,
    metadata: object = ANYTHING,
    times: int | None = None,
) -> EventPattern:
    """An asset was checked: `asset_check_evaluation`, whatever the step."""
    return _pattern(
        "ASSET_CHECK_EVALUATION",
        times,
        asset=as_key("asset", asset),
        name=as_text("name", name),
        passed=as_flag("passed", passed),
        severity=as_text("severity", severity),
        partition=as_text("partition", partition, or_none=True),
        metadata=as_metadata(metadata),
    )


def asset_materialization_planned(
    step: object = ANYTHING, *, key: object = ANYTHING, partition: object = ANYTHING, times: int | None = None
) -> EventPattern:
    """A run is going to write an asset (in the instance's log only)."""
    return _pattern(
        "ASSET_MATERIALIZATION_PLANNED",
        times,
        step=as_step(step),
        key=as_key("key", key),
        partition=as_text("partition", partition, or_none=True),
    )


def asset_check_evaluation_planned(
    step: object = ANYTHING, *, asset: object = ANYTHING, name: object = ANYTHING, times: int | None = None
) -> EventPattern:
    """A run is going to check an asset (in the instance's log only)."""
    return _pattern(
        "ASSET_CHECK_EVALUATION_PLANNED",
        times,
        step=as_step(step),
        asset=as_key("asset", asset),
        name=as_text("name", name),
    )


def asset_wiped(*, match: Match = None, times: int | None = None) -> EventPattern:
    """What is known of an asset was deleted."""
    return _pattern("ASSET_WIPED", times, message=as_message(match))


# the hooks and resources


def hook_completed(
    step: object = ANYTHING, *, match: Match = None, attempt: object = ANYTHING, times: int | None = None
) -> EventPattern:
    """A hook of a step ran; `match` looks into the message, which names the hook."""
    return _pattern(
        "HOOK_COMPLETED",
        times,
        step=as_step(step),
        message=as_message(match),
        attempt=as_number("attempt", attempt),
    )


def hook_skipped(
    step: object = ANYTHING, *, match: Match = None, attempt: object = ANYTHING, times: int | None = None
) -> EventPattern:
    """A hook of a step had nothing to do; `match` looks into the message, which names the hook."""
    return _pattern(
        "HOOK_SKIPPED",
        times,
        step=as_step(step),
        message=as_message(match),
        attempt=as_number("attempt", attempt),
    )


def hook_errored(
    step: object = ANYTHING,
    *,
    error: object = None,
    match: Match = None,
    attempt: object = ANYTHING,
    times: int | None = None,
) -> EventPattern:
    """A hook of a step raised."""
    return _pattern(
        "HOOK_ERRORED",
        times,
        step=as_step(step),
        error=as_error(error, match),
        attempt=as_number("attempt", attempt),
    )


def resource_init_started(
    step: object = ANYTHING, *, match: Match = None, times: int | None = None
) -> EventPattern:
    """The resources are about to start; the step is known where the plan has one."""
    return _pattern("RESOURCE_INIT_STARTED", times, step=as_step(step), message=as_message(match))


def resource_init_success(
    step: object = ANYTHING, *, match: Match = None, times: int | None = None
) -> EventPattern:
    """The resources have started; the step is known where the plan has one."""
    return _pattern("RESOURCE_INIT_SUCCESS", times, step=as_step(step), message=as_message(match))


def resource_init_failure(
    step: object = ANYTHING, *, error: object = None, match: Match = None, times: int | None = None
) -> EventPattern:
    """A resource did not start; the step is known where the plan has one."""
    return _pattern("RESOURCE_INIT_FAILURE", times, step=as_step(step), error=as_error(error, match))


# the run


def run_start(*, times: int | None = None) -> EventPattern:
    """The run began."""
    return _pattern("RUN_START", times)


def run_success(*, times: int | None = None) -> EventPattern:
    """The run ended well."""
    return _pattern("RUN_SUCCESS", times)


def run_failure(
    *, error: object = None, match: Match = None, reason: object = ANYTHING, times: int | None = None
) -> EventPattern:
    """The run failed; `reason` is the name of a RunFailureReason."""
    return _pattern("RUN_FAILURE", times, error=as_error(error, match), reason=as_text("reason", reason))


def run_enqueued(*, times: int | None = None) -> EventPattern:
    """The run was put into the queue."""
    return _pattern("RUN_ENQUEUED", times)


def run_dequeued(*, times: int | None = None) -> EventPattern:
    """The run was taken from the queue."""
    return _pattern("RUN_DEQUEUED", times)


def run_starting(*, times: int | None = None) -> EventPattern:
    """The run is about to begin."""
    return _pattern("RUN_STARTING", times)


def run_canceling(*, times: int | None = None) -> EventPattern:
    """The run is being canceled."""
    return _pattern("RUN_CANCELING", times)


def run_canceled(*, error: object = None, match: Match = None, times: int | None = None) -> EventPattern:
    """The run was canceled."""
    return _pattern("RUN_CANCELED", times, error=as_error(error, match))


def engine_event(
    step: object = ANYTHING, *, match: Match = None, error: object = None, times: int | None = None
) -> EventPattern:
    """The executor spoke; the step is known where it speaks of one. `match` looks into the message."""
    return _pattern(
        "ENGINE_EVENT", times, step=as_step(step), message=as_message(match), error=as_error(error, None)
    )


def logs_captured(*, match: Match = None, times: int | None = None) -> EventPattern:
    """The output of a process is being captured."""
    return _pattern("LOGS_CAPTURED", times, message=as_message(match))


def alert_start(*, match: Match = None, times: int | None = None) -> EventPattern:
    """An alert began."""
    return _pattern("ALERT_START", times, message=as_message(match))


def alert_success(*, match: Match = None, times: int | None = None) -> EventPattern:
    """An alert ended well."""
    return _pattern("ALERT_SUCCESS", times, message=as_message(match))


def alert_failure(*, match: Match = None, times: int | None = None) -> EventPattern:
    """An alert failed."""
    return _pattern("ALERT_FAILURE", times, message=as_message(match))


if not TYPE_CHECKING:  # type checkers must report unknown functions

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        known = [other for other, value in globals().items() if getattr(value, "__module__", "") == __name__]
        raise _UnknownEvent(f"'ev.{name}' is not an event.{suggest(name, known)}")


class _UnknownEvent(DagflowError, AttributeError):
    """The access to an unknown function of this module."""


def _pattern(kind: str, times: int | None, /, **fields: object) -> EventPattern:
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 0):
        raise DagflowError(f"times must be an integer of at least 0, not {times!r}")
    return EventPattern(DagflowEventType[kind], fields, times)
