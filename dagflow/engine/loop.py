"""`run_plan`: a run from RUN_START to its last event.

`Schedule` decides the order of the steps, `submit` runs them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dagflow.context.current import current_context, current_log
from dagflow.engine.outcome import INTERRUPTS, Failed, Outcome, is_exit
from dagflow.engine.resources import error_info, start_resources, stop_resources
from dagflow.engine.run_state import RunState
from dagflow.engine.scheduler import Scheduler
from dagflow.errors import DagflowError
from dagflow.events.types import CODE, DagflowEventType
from dagflow.plan.step import Step

_T = DagflowEventType
_RUN_START, _RUN_SUCCESS = CODE[_T.RUN_START], CODE[_T.RUN_SUCCESS]
_ENGINE_EVENT, _LOGS_CAPTURED = CODE[_T.ENGINE_EVENT], CODE[_T.LOGS_CAPTURED]

Submit = Callable[[RunState, Step, int], Outcome | None]


def run_plan(state: RunState, submit: Submit) -> bool:
    """Run all steps of a plan.

    Args:
        state: The run.
        submit: Runs one attempt of one step.

    Returns:
        Whether the run succeeded.

    Raises:
        BaseException: The first failure or an interrupt, if `state.raise_on_error` is set. Always an
            exception of an observer, and a BaseException such as the outcome of a test (`pytest.fail`).
    """
    log = state.log
    token, context_token = current_log.set(state.current_log), current_context.set(state.current_context)
    started = state.options.clock.now()
    scheduler = None
    try:
        log.append(_RUN_START)
        log.append(_ENGINE_EVENT)
        try:
            if start_resources(state):
                log.append(_LOGS_CAPTURED)
                scheduler = Scheduler(state)
                finish: Callable[[int], None] = scheduler.schedule.finish
                settle: Callable[[Step, Outcome], None] = scheduler.settle
                if state.plan.has_hooks:
                    from dagflow.engine.hooks import (
                        with_hooks,
                    )  # imported lazily: only plans with hooks use it

                    finish, settle = with_hooks(scheduler)
                attempts = scheduler.attempts
                flush = state.flush
                while True:
                    step = scheduler.take_next()
                    if step is None:
                        break
                    outcome = submit(state, step, attempts.get(step.index, 0) + 1)
                    if outcome is None:
                        finish(step.index)
                    else:
                        settle(step, outcome)
                    if flush is not None:
                        flush()
        finally:
            stop_resources(state)
        if scheduler is not None and not scheduler.is_cut_short:
            log.append(_ENGINE_EVENT, payload=state.options.clock.now() - started)
    except BaseException as unexpected:
        is_interrupt = isinstance(unexpected, INTERRUPTS)
        reason = "UNEXPECTED_TERMINATION" if is_interrupt else "RUN_EXCEPTION"
        state.write_failure(error_info(unexpected), reason)
        if state.raise_on_error or log.observer_raised or not (is_interrupt or is_exit(unexpected)):
            raise
        return False
    finally:
        current_log.reset(token)
        current_context.reset(context_token)
    failures = [] if scheduler is None else scheduler.failures
    if state.error is None and not failures:
        log.append(_RUN_SUCCESS)
        return True
    state.write_failure(*_why(state.error, failures))
    if state.raise_on_error or not isinstance(state.error, (*INTERRUPTS, DagflowError)):
        _raise(state)
    state.error = None
    return False


def _why(error: BaseException | None, failures: list[tuple[Step, Failed]]) -> tuple[Any, str, list[str]]:
    """Return the recorded error of a failed run, the name of the reason and the keys of the failed steps."""
    if failures and isinstance(error, INTERRUPTS):
        return failures[-1][1].info, "UNEXPECTED_TERMINATION", []
    if error is not None:  # the exception for the caller, which is not the failure of a step
        return error_info(error), "RUN_EXCEPTION", []
    return failures[0][1].info, "STEP_FAILURE", [step.key for step, _ in failures]


def _raise(state: RunState) -> None:
    """Raise the exception that ended the run, if there is one."""
    error, state.error = state.error, None
    try:
        if error is not None:
            raise error
    finally:
        del (
            error
        )  # else the error and its traceback would form a cycle that keeps all objects of the run alive
