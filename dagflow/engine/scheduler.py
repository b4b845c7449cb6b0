"""`Scheduler`: a `Schedule` with the clock, retries and events of a run. All executors use it."""

from __future__ import annotations

from collections.abc import Callable

from dagflow.clock import SystemClock
from dagflow.engine.outcome import Failed, Outcome, Retry
from dagflow.engine.run_state import RunState
from dagflow.engine.schedule import Schedule
from dagflow.errors import CheckError, repr_of
from dagflow.events.types import CODE, DagflowEventType
from dagflow.plan.step import OutputKey, OutputRef, Step

_SKIPPED = CODE[DagflowEventType.STEP_SKIPPED]
_ERROR = 40  # the level of that name in Python's logging
_SHORT_WAIT = 1.0  # seconds; a longer wait is shown to the user


class Scheduler:
    """The steps of a run that are ready or wait for a retry.

    Attributes:
        schedule: The status of every step.
        attempts: The number of finished attempts, of steps that are retried.
        waiting: The time and the step index of each pending retry. Invariant: sorted. A time is on the clock
            of `moment`.
        skipped: The seconds by which the waits so far were too short, because the clock skips them.
        failures: The steps that failed for good.
        is_cut_short: Whether a failure or an interrupt ends the run early. No step is taken after that.
    """

    __slots__ = ("attempts", "failures", "is_cut_short", "schedule", "skipped", "state", "take", "waiting")

    def __init__(self, state: RunState) -> None:
        self.state: RunState = state
        self.schedule: Schedule = Schedule(state.plan)
        self.take: Callable[[Callable[[Step], bool] | None], int | None] = (
            self.schedule.take if state.options.pick is None else _picker(state, self.schedule)
        )
        self.attempts: dict[int, int] = {}
        self.waiting: list[tuple[float, int]] = []
        self.skipped: float = 0.0
        self.failures: list[tuple[Step, Failed]] = []
        self.is_cut_short: bool = False

    def take_next(self) -> Step | None:
        """Return the next step, or None if the run is over. Sleeps if only retries are left."""
        step = self.take_ready()
        if step is None and self.waiting and not self.is_cut_short:
            self.sleep()
            step = self.take_ready()
        return step

    def take_ready(self, admits: Callable[[Step], bool] | None = None) -> Step | None:
        """Return the next step that can run now, or None.

        Args:
            admits: Returns whether a step may start now; None admits every step.
        """
        if self.schedule.decided:
            self.write_decided()
        if self.is_cut_short:
            return None
        while self.waiting and self.waiting[0][0] <= self.moment():
            self.schedule.retry(self.waiting.pop(0)[1])
        plan = self.state.plan
        while True:
            index = self.take(admits)
            if index is None:
                return None
            step = plan.steps[index]
            if plan.to_execute is None or plan.executes(step):
                return step
            self._finish_as_before(step)
            if self.schedule.decided:
                self.write_decided()

    def moment(self) -> float:
        """Return the time that decides which retries are due: that of the clock and all skipped seconds."""
        return self.state.options.clock.now() + self.skipped

    def sleep(self) -> None:
        """Sleep until the first retry is due, and make its step ready.

        Raises:
            KeyboardInterrupt: With a message about the wait, if the wait was interrupted.
        """
        due, index = self.waiting[0]
        self.show_wait()
        try:
            self.state.options.clock.sleep(max(0.0, due - self.moment()))
        except KeyboardInterrupt as interrupt:
            if not interrupt.args:
                wait = _describe_wait(self.state, index, "waited")
                interrupt.args = (f"the run was interrupted while {wait}",)
            raise
        self.skipped += max(0.0, due - self.moment())
        del self.waiting[0]
        self.schedule.retry(index)

    def show_wait(self) -> None:
        """Show to the user that the run does nothing but wait for its next retry, if the wait is long."""
        due, index = self.waiting[0]
        options = self.state.options
        seconds = due - self.moment()
        if seconds > _SHORT_WAIT and type(options.clock) is SystemClock:
            options.notify(_describe_wait(self.state, index, "waits"))

    def _finish_as_before(self, step: Step) -> None:
        """Finish a step that this run does not execute with its outputs of an earlier run."""
        state = self.state
        outputs, ended, mapping_keys = state.earlier
        absent = []
        for output in step.outputs:
            ref = OutputRef(step.key, output.name)
            produced: list[OutputKey] = [ref]
            if output.is_dynamic:
                keys = state.mapping_keys[ref] = mapping_keys.get(ref, [])
                self.schedule.expand(ref, keys)
                produced = [ref._replace(mapping_key=key) for key in keys]
            known = {key: outputs[key] for key in produced if key in outputs}
            state.stored.update(known)
            if not known and step.key in ended and not (output.is_dynamic and output.is_required):
                absent.append(ref)
        self.schedule.finish(step.index, absent)

    def write_decided(self) -> None:
        """Append an event for each step that was skipped, and a log line for each that is blocked."""
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
        """Update the schedule after an attempt that did not produce every output."""
        if isinstance(outcome, Retry):
            self.attempts[step.index] = self.attempts.get(step.index, 0) + 1
            self.waiting.append((self.moment() + outcome.seconds, step.index))
            self.waiting.sort()
        elif isinstance(outcome, Failed):
            self.failures.append((step, outcome))
            if outcome.ends_run:
                self.is_cut_short = True
            else:
                self.schedule.fail(step.index)
        else:
            if step.ports.checks and outcome.absent:
                from dagflow.engine.checks import warn_of_missing  # imported lazily: few results are missing

                warn_of_missing(self.state, step, self.attempts.get(step.index, 0) + 1, outcome.absent)
            for output, keys in outcome.mapping_keys.items():
                self.schedule.expand(output, keys)
            self.schedule.finish(step.index, outcome.absent)


def _describe_wait(state: RunState, index: int, verb: str) -> str:
    from dagflow.engine.waits import describe_wait  # imported lazily: few runs wait for a retry

    return describe_wait(state, index, verb)


def _picker(state: RunState, schedule: Schedule) -> Callable[..., int | None]:
    """Return a replacement for `Schedule.take` that calls the pick function of the run options."""
    pick = state.options.pick
    assert pick is not None
    steps = state.plan.steps

    def take(admits: Callable[[Step], bool] | None = None) -> int | None:
        ready = schedule.ready_in_order()
        if admits is not None:
            ready = [index for index in ready if admits(steps[index])]
        if not ready:
            return None
        keys = [steps[index].key for index in ready]
        key = pick(keys)
        if key not in keys:
            raise CheckError(
                f"the pick function returned {repr_of(key)}, which is not among the ready steps {keys}"
            )
        index = ready[keys.index(key)]
        schedule.take_index(index)
        return index

    return take
