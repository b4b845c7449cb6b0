"""`run_plan`: a run from RUN_START to its last event. Decides nothing about order (`Schedule`) or place
(`submit`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Any

from dagflow.context.current import current_log
from dagflow.context.init import InitResourceContext
from dagflow.defs.resource import ResourceDefinition
from dagflow.engine.log import CODE, NO_STEP
from dagflow.engine.outcome import INTERRUPTS, Failed, Outcome, Retry
from dagflow.engine.schedule import Schedule
from dagflow.engine.state import RunState
from dagflow.errors import CheckError, DagflowError, DagflowResourceFunctionError
from dagflow.events.record import DagflowEventType
from dagflow.plan.step import OutputKey, OutputRef, Step
from dagflow.resources import Builtins

_T = DagflowEventType
_RUN_START, _RUN_SUCCESS, _RUN_FAILURE = CODE[_T.RUN_START], CODE[_T.RUN_SUCCESS], CODE[_T.RUN_FAILURE]
_ENGINE_EVENT, _LOGS_CAPTURED, _SKIPPED = CODE[_T.ENGINE_EVENT], CODE[_T.LOGS_CAPTURED], CODE[_T.STEP_SKIPPED]
_INIT_STARTED, _INIT_SUCCESS = CODE[_T.RESOURCE_INIT_STARTED], CODE[_T.RESOURCE_INIT_SUCCESS]
_INIT_FAILURE = CODE[_T.RESOURCE_INIT_FAILURE]
_ERROR = 40  # the level of that name in Python's logging

Submit = Callable[[RunState, Step, int], Outcome | None]


def run_plan(state: RunState, submit: Submit, builtins: Builtins) -> bool:
    """Run all steps of a plan.

    Args:
        state: The run.
        submit: Runs one attempt of one step.
        builtins: What makes the built-in resources, by kind.

    Returns:
        Whether the run succeeded.

    Raises:
        BaseException: The first failure, if the caller wants failures raised; always what is no error, such
            as the outcome of a test (`pytest.fail`), but an interrupt only on that wish; and what an observer
            raised.
    """
    log = state.log
    token = current_log.set(state.current_log)
    started = state.options.clock.now()
    turns = None
    try:
        log.append(_RUN_START)
        log.append(_ENGINE_EVENT)
        try:
            if _start_resources(state, builtins):
                log.append(_LOGS_CAPTURED)
                turns = Turns(state)
                finish: Callable[[int], None] = turns.schedule.finish
                settle: Callable[[Step, Outcome], None] = turns.settle
                if state.plan.has_hooks:
                    from dagflow.engine.hooks import with_hooks  # only a plan with hooks needs it

                    finish, settle = with_hooks(turns)
                attempts = turns.attempts
                flush = state.flush
                while True:
                    step = turns.next()
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
            _stop_resources(state)
        if turns is not None and not turns.is_cut_short:
            log.append(_ENGINE_EVENT, payload=state.options.clock.now() - started)
    except BaseException as unexpected:
        is_interrupt = isinstance(unexpected, INTERRUPTS)
        reason = "UNEXPECTED_TERMINATION" if is_interrupt else "RUN_EXCEPTION"
        log.append(_RUN_FAILURE, payload=(_info(unexpected), reason, []))
        if state.raise_on_error or not is_interrupt:
            raise
        return False
    finally:
        current_log.reset(token)
    failures = [] if turns is None else turns.failures
    if state.error is None and not failures:
        log.append(_RUN_SUCCESS)
        return True
    log.append(_RUN_FAILURE, payload=_why(state.error, failures))
    if state.raise_on_error or not isinstance(state.error, (*INTERRUPTS, DagflowError)):
        _raise(state)
    state.error = None
    return False


def _why(error: BaseException | None, failures: list[tuple[Step, Failed]]) -> tuple[Any, str, list[str]]:
    """Why a run failed: the recorded error, the name of the reason, the keys of the steps that failed."""
    if failures and isinstance(error, INTERRUPTS):
        return failures[-1][1].info, "UNEXPECTED_TERMINATION", []
    if error is not None:  # what the caller gets, not the failure of a step
        return _info(error), "RUN_EXCEPTION", []
    return failures[0][1].info, "STEP_FAILURE", [step.key for step, _ in failures]


def _raise(state: RunState) -> None:
    """Raise what ended the run, if something did."""
    error, state.error = state.error, None
    try:
        if error is not None:
            raise error
    finally:
        del error  # else error and traceback would hold each other, and with them all that the run held


class Turns:
    """Whose turn it is: steps that are ready, and steps that wait for a retry.

    Attributes:
        schedule: The status of every step.
        attempts: How often a step was tried already; only of steps that are tried more than once.
        waiting: When a retry is due, and of which step. Always: a heap.
        failures: The steps that failed for good.
        is_cut_short: Whether a failure ends the run before its time.
    """

    __slots__ = ("attempts", "failures", "is_cut_short", "schedule", "state", "take", "waiting")

    def __init__(self, state: RunState) -> None:
        self.state = state
        self.schedule = Schedule(state.plan)
        self.take = self.schedule.take if state.options.pick is None else _picked(state, self.schedule)
        self.attempts: dict[int, int] = {}
        self.waiting: list[tuple[float, int]] = []
        self.failures: list[tuple[Step, Failed]] = []
        self.is_cut_short = False

    def next(self) -> Step | None:
        """The next step to run, after waiting where only retries are left; None when the run is over."""
        step = self.ready()
        if step is None and self.waiting and not self.is_cut_short:
            self.sleep()
            step = self.ready()
        return step

    def ready(self) -> Step | None:
        """The next step that can run now, None if there is none."""
        if self.schedule.decided:
            self.write_decided()
        if self.is_cut_short:
            return None
        clock = self.state.options.clock
        while self.waiting and self.waiting[0][0] <= clock.now():
            self.schedule.retry(heapq.heappop(self.waiting)[1])
        plan = self.state.plan
        while True:
            index = self.take()
            if index is None:
                return None
            step = plan.steps[index]
            if plan.to_execute is None or plan.executes(step):
                return step
            self._adopt(step)

    def sleep(self) -> None:
        """Wait until the first retry is due, and make its step ready."""
        due, index = heapq.heappop(self.waiting)
        clock = self.state.options.clock
        clock.sleep(max(0.0, due - clock.now()))
        self.schedule.retry(index)

    def _adopt(self, step: Step) -> None:
        """Let a step that this run does not execute end as it did in an earlier run."""
        state = self.state
        outputs, ended, mapping_keys = state.earlier
        absent = []
        for output in step.outputs:
            ref = OutputRef(step.key, output.name)
            made = [ref]
            if output.is_dynamic:
                keys = state.mapping_keys[ref] = mapping_keys.get(ref, [])
                self.schedule.expand(ref, keys)
                made = [ref._replace(mapping_key=key) for key in keys]
            known: dict[OutputKey, str] = {key: outputs[key] for key in made if key in outputs}
            state.stored.update(known)
            if not known and step.key in ended and not (output.is_dynamic and output.is_required):
                absent.append(ref)
        self.schedule.finish(step.index, absent)

    def write_decided(self) -> None:
        """Write down which steps will not run: skipped ones by an event, blocked ones by a line."""
        log = self.state.log
        for index, failed in self.schedule.take_decided():
            step = self.state.plan.steps[index]
            if not self.state.plan.executes(step):
                continue
            if failed is None:
                log.append(_SKIPPED, index, 1)
                continue
            text = (
                f"Step '{step.key}' is not executed, because steps that it depends on failed or did not run"
            )
            if log.loggers:
                self.state.log_of(step, 0).error("%s: %s", text, failed)
            else:
                log.append_line(_ERROR, f"{text}: {failed}", index, 0)

    def settle(self, step: Step, outcome: Outcome) -> None:
        """Draw the consequences of an attempt after which not all outputs are there."""
        if isinstance(outcome, Retry):
            self.attempts[step.index] = self.attempts.get(step.index, 0) + 1
            due = self.state.options.clock.now() + outcome.seconds
            heapq.heappush(self.waiting, (due, step.index))
        elif isinstance(outcome, Failed):
            self.failures.append((step, outcome))
            if outcome.ends_run:
                self.is_cut_short = True
            else:
                self.schedule.fail(step.index)
        else:
            for output, keys in outcome.mapping_keys.items():
                self.schedule.expand(output, keys)
            self.schedule.finish(step.index, outcome.absent)


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


def _start_resources(state: RunState, builtins: Builtins) -> bool:
    """Start the resources. Returns whether all started; if not, `state.error` is why."""
    keys = state.plan.resource_keys
    if not keys:
        return True
    only = state.plan.only_step
    step = NO_STEP if only is None else only
    clock = state.options.clock
    state.log.append(_INIT_STARTED, step)
    started = clock.now()

    def context(definition: ResourceDefinition, config: Any, needs: Mapping[str, Any]) -> InitResourceContext:
        return InitResourceContext(
            config, needs, state.get_instance, definition, state.run, state.current_log
        )

    try:
        state.resources.start(keys, state.job.resource_defs, context, state.plan.resource_configs, builtins)
    except DagflowError as error:
        state.error = error
        original = error.user_exception if isinstance(error, DagflowResourceFunctionError) else error
        state.log.append(_INIT_FAILURE, step, payload=_info(original))
        return False
    classes = {key: type(value) for key, value in state.resources.values.items()}
    state.log.append(_INIT_SUCCESS, step, payload=(classes, clock.now() - started))
    return True


def _stop_resources(state: RunState) -> None:
    """Stop all resources. A teardown that fails is written down; what is no error is let out at the end."""
    only = state.plan.only_step
    step = NO_STEP if only is None else only
    interrupts = []
    for key, error in state.resources.stop():
        state.log.append(_ENGINE_EVENT, step, payload=(key, _info(error)))
        if not isinstance(error, Exception):
            interrupts.append(error)
    if interrupts:
        raise interrupts[0]


def _info(error: BaseException | None) -> Any:
    from dagflow.events.data import SerializableErrorInfo  # only a failure needs it

    return None if error is None else SerializableErrorInfo.from_exception(error)
