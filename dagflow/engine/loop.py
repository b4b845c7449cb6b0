"""`run_plan`: a run from RUN_START to its last event. Decides nothing about order (`Schedule`) or place
(`submit`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Any

from dagflow.context.init import InitResourceContext
from dagflow.defs.resource import ResourceDefinition
from dagflow.engine.log import CODE, NO_STEP
from dagflow.engine.outcome import Failed, Outcome, Retry
from dagflow.engine.schedule import Schedule
from dagflow.engine.state import RunState
from dagflow.errors import CheckError, DagflowResourceFunctionError
from dagflow.events.record import DagflowEventType
from dagflow.plan.step import Step
from dagflow.resources import Builtins

_T = DagflowEventType
_RUN_START, _RUN_SUCCESS, _RUN_FAILURE = CODE[_T.RUN_START], CODE[_T.RUN_SUCCESS], CODE[_T.RUN_FAILURE]
_ENGINE_EVENT, _LOGS_CAPTURED, _SKIPPED = CODE[_T.ENGINE_EVENT], CODE[_T.LOGS_CAPTURED], CODE[_T.STEP_SKIPPED]
_INIT_STARTED, _INIT_SUCCESS = CODE[_T.RESOURCE_INIT_STARTED], CODE[_T.RESOURCE_INIT_SUCCESS]
_INIT_FAILURE = CODE[_T.RESOURCE_INIT_FAILURE]

Submit = Callable[[RunState, Step, int], Outcome | None]


def run_plan(state: RunState, submit: Submit, builtins: Builtins) -> bool:
    """Run all steps of a plan.

    Args:
        state: The run.
        submit: Runs one attempt of one step.
        builtins: What makes the built-in resources, by kind.

    Returns:
        Whether the run succeeded. If not and the caller wants failures raised, `state.error` is what.
    """
    log = state.log
    started = state.options.clock.now()
    log.append(_RUN_START)
    log.append(_ENGINE_EVENT)
    failures: list[tuple[Step, Failed]] = []
    in_order = True
    try:
        error = _start_resources(state, builtins)
        if error is None:
            log.append(_LOGS_CAPTURED)
            in_order = _run_steps(state, submit, failures)
    except BaseException as unexpected:
        _stop_resources(state)
        log.append(_RUN_FAILURE, payload=(_info(unexpected), "RUN_EXCEPTION", []))
        raise
    _stop_resources(state)
    if error is not None:
        log.append(_RUN_FAILURE, payload=(_info(error), "RUN_EXCEPTION", []))
        state.error = error
        return False
    if in_order:
        log.append(_ENGINE_EVENT, payload=state.options.clock.now() - started)
    if not failures:
        log.append(_RUN_SUCCESS)
        return True
    keys = [step.key for step, _ in failures]
    log.append(_RUN_FAILURE, payload=(failures[0][1].info, "STEP_FAILURE", keys))
    return False


def _run_steps(state: RunState, submit: Submit, failures: list[tuple[Step, Failed]]) -> bool:
    """Run steps until none is left. Returns whether it came to that; an interrupt or a raised failure ends
    it before.
    """
    schedule = Schedule(state.plan)
    take, finish = schedule.take, schedule.finish
    steps = state.plan.steps
    if state.options.pick is not None:
        take = _picked(state, schedule)
    attempts: dict[int, int] = {}  # only of steps that were tried more than once
    waiting: list[tuple[float, int]] = []  # when a retry is due, and of which step
    while True:
        if waiting:
            _wake(state, schedule, waiting)
        index = take()
        if index is None:
            if not waiting:
                return True
            due = waiting[0][0]
            state.options.clock.sleep(max(0.0, due - state.options.clock.now()))
            schedule.retry(heapq.heappop(waiting)[1])
            continue
        step = steps[index]
        outcome = submit(state, step, attempts.get(index, 0) + 1)
        if outcome is None:
            finish(index)
        elif isinstance(outcome, Retry):
            attempts[index] = attempts.get(index, 0) + 1
            heapq.heappush(waiting, (state.options.clock.now() + outcome.seconds, index))
        elif isinstance(outcome, Failed):
            failures.append((step, outcome))
            if state.raise_on_error or outcome.interrupts:
                if state.raise_on_error or not isinstance(outcome.error, (KeyboardInterrupt, SystemExit)):
                    state.error = outcome.error
                return False
            schedule.fail(index)
        else:
            finish(index, outcome.absent)
        if schedule.skips:
            for skipped in schedule.take_skips():
                state.log.append(_SKIPPED, skipped, 1)


def _wake(state: RunState, schedule: Schedule, waiting: list[tuple[float, int]]) -> None:
    now = state.options.clock.now()
    while waiting and waiting[0][0] <= now:
        schedule.retry(heapq.heappop(waiting)[1])


def _picked(state: RunState, schedule: Schedule) -> Callable[[], int | None]:
    """Takes the step that the options pick among those that are ready."""
    pick = state.options.pick
    assert pick is not None
    steps = state.plan.steps

    def take() -> int | None:
        ready = schedule.ready_in_order()
        if not ready:
            return None
        keys = [steps[index].key for index in ready]
        key = pick(keys)
        if key not in keys:
            raise CheckError(f"the pick function returned {key!r}, which is none of the ready steps {keys}")
        index = ready[keys.index(key)]
        schedule.take_this(index)
        return index

    return take


def _start_resources(state: RunState, builtins: Builtins) -> DagflowResourceFunctionError | None:
    keys = state.plan.resource_keys
    if not keys:
        return None
    step = 0 if len(state.plan.steps) == 1 else NO_STEP
    clock = state.options.clock
    state.log.append(_INIT_STARTED, step)
    started = clock.now()

    def context(definition: ResourceDefinition, config: Any, needs: Mapping[str, Any]) -> InitResourceContext:
        return InitResourceContext(config, needs, state.get_instance, definition, state.run)

    try:
        state.resources.start(keys, state.job.resource_defs, context, state.plan.resource_configs, builtins)
    except DagflowResourceFunctionError as error:
        state.log.append(_INIT_FAILURE, step, payload=_info(error.user_exception))
        return error
    classes = {key: type(value) for key, value in state.resources.values.items()}
    state.log.append(_INIT_SUCCESS, step, payload=(classes, clock.now() - started))
    return None


def _stop_resources(state: RunState) -> None:
    step = 0 if len(state.plan.steps) == 1 else NO_STEP
    for key, error in state.resources.stop():
        state.log.append(_ENGINE_EVENT, step, payload=(key, _info(error)))


def _info(error: BaseException) -> Any:
    from dagflow.events.data import SerializableErrorInfo  # only a failure needs it

    return SerializableErrorInfo.from_exception(error)
