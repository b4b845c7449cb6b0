"""Calls of the hooks of a step, after the outcome of an attempt is decided."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from dagflow.context.current import current_log
from dagflow.context.hook import HookContext
from dagflow.defs.hooks.definition import HookDefinition, HookExecutionResult
from dagflow.engine.watched import watching
from dagflow.errors import CheckError, repr_of
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.events.types import CODE, DagflowEventType

if TYPE_CHECKING:
    from dagflow.engine.outcome import Outcome
    from dagflow.engine.record import Record
    from dagflow.engine.run_state import RunState
    from dagflow.engine.scheduler import Scheduler
    from dagflow.plan.step import Step

_COMPLETED = CODE[DagflowEventType.HOOK_COMPLETED]
_SKIPPED = CODE[DagflowEventType.HOOK_SKIPPED]
_ERRORED = CODE[DagflowEventType.HOOK_ERRORED]
_STEP_OUTPUT = CODE[DagflowEventType.STEP_OUTPUT]

Finish = Callable[[int], None]
Settle = Callable[["Step", "Outcome"], None]


def with_hooks(scheduler: Scheduler) -> tuple[Finish, Settle]:
    """Return the functions that end an attempt, so that each also calls the hooks unless the run is over."""
    state = scheduler.state

    def finish(index: int) -> None:
        number = scheduler.attempts.get(index, 0) + 1
        scheduler.schedule.finish(index)
        call(state.plan.steps[index], number)

    def settle(step: Step, outcome: Outcome) -> None:
        number = scheduler.attempts.get(step.index, 0) + 1
        scheduler.settle(step, outcome)
        call(step, number)

    def call(step: Step, number: int) -> None:
        if step.hooks:
            if not scheduler.is_cut_short:
                scheduler.write_decided()
                try:
                    call_hooks(state, step, number)
                except CheckError as error:
                    state.error, scheduler.is_cut_short = error, True
            state.step_error = None

    return finish, settle


def call_hooks(state: RunState, step: Step, number: int) -> None:
    """Call the hooks of a step after attempt `number`. An exception of a hook is only logged.

    Raises:
        CheckError: A hook returned something else than a HookExecutionResult. This ends the run.
    """
    log = partial(state.log_of, step, number)
    token = current_log.set(log)  # not reset after an interrupt: the end of the run resets it
    records = state.log.records_of(step.index, number)
    values = _values(state, step, records)
    events = [state.log.event_of(record) for record in records]
    for hook in step.hooks:
        context = HookContext(
            partial(_resources, state, hook),
            log,
            {**values, "hook_def": hook},
        )
        error = None
        try:
            with watching(state, step):
                result = hook.hook_fn(context, list(events))
        except Exception as raised:
            code, error = _ERRORED, SerializableErrorInfo.from_exception(raised)
        else:
            code = _SKIPPED if _checked(hook, result).is_skipped else _COMPLETED
        state.log.append(code, step.index, number, (hook.name, error))
    current_log.reset(token)


def _resources(state: RunState, hook: HookDefinition) -> dict[str, Any]:
    return {key: state.resources.values[key] for key in hook.required_resource_keys}


def _checked(hook: HookDefinition, result: Any) -> HookExecutionResult:
    if not isinstance(result, HookExecutionResult):
        raise CheckError(
            f"hook '{hook.name}' must return a HookExecutionResult, not {repr_of(result)} of type "
            f"'{type(result).__name__}'"
        )
    return result


def _values(state: RunState, step: Step, records: list[Record]) -> dict[str, Any]:
    """Return the attribute values of the contexts of the hooks, by name."""
    config = step.config
    if isinstance(config, (dict, list)):
        from copy import deepcopy

        config = deepcopy(config)
    values: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for record in records:
        if record[0] == _STEP_OUTPUT:
            payload = record[4]
            position, key, _, output_metadata = (
                (payload, None, None, {}) if isinstance(payload, int) else payload
            )
            name = step.outputs[position].name
            place = (step.key, name, key)
            value = state.values.get(place)
            if key is None:
                values[name], metadata[name] = value, dict(output_metadata)
            else:
                values.setdefault(name, {})[key] = value
                metadata.setdefault(name, {})[key] = dict(output_metadata)
    return {
        "job_name": state.run.job_name,
        "run_id": state.run.run_id,
        "op": step.node,
        "step_key": step.key,
        "op_config": config,
        "op_exception": state.step_error,
        "op_output_values": values,
        "op_output_metadata": metadata,
        "get_instance": state.get_instance,
    }
