"""Whose turn it is: `Schedule` with the clock, the retries and the events that it needs in a run. It serves
every executor.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from dagflow.engine.outcome import Failed, Outcome, Retry
from dagflow.engine.run_state import RunState
from dagflow.engine.schedule import Schedule
from dagflow.errors import CheckError
from dagflow.events.types import CODE, DagflowEventType
from dagflow.plan.step import OutputKey, OutputRef, Step

_SKIPPED = CODE[DagflowEventType.STEP_SKIPPED]
_ERROR = 40  # the level of that name in Python's logging


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

    def ready(self, admits: Callable[[Step], bool] | None = None) -> Step | None:
        """The next step that can run now, None if there is none.

        Args:
            admits: Whether there is room for a step now; None: for each.
        """
        if self.schedule.decided:
            self.write_decided()
        if self.is_cut_short:
            return None
        clock = self.state.options.clock
        while self.waiting and self.waiting[0][0] <= clock.now():
            self.schedule.retry(heapq.heappop(self.waiting)[1])
        plan = self.state.plan
        while True:
            index = self.take(admits)
            if index is None:
                return None
            step = plan.steps[index]
            if plan.to_execute is None or plan.executes(step):
                return step
            self._adopt(step)
            if self.schedule.decided:
                self.write_decided()

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


def _picked(state: RunState, schedule: Schedule) -> Callable[..., int | None]:
    """Takes the step that the options pick among those that are ready."""
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
            raise CheckError(f"the pick function returned {key!r}, which is none of the ready steps {keys}")
        index = ready[keys.index(key)]
        schedule.take_this(index)
        return index

    return take
