"""`CallableFaults`: a function that is called before each attempt, in place of a plan of faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.engine.run_state import RunState
from dagflow.engine.step import Attempt
from dagflow.executors.tasks import pickled_spec
from dagflow.plan.step import Step


class CallableFaults:
    """A function that is called before each attempt, as the faults of runs (implements `options.Faults`).

    Args:
        function: It is called with step key and attempt (from 1). If it raises, the attempt fails.
    """

    __slots__ = ("function",)

    def __init__(self, function: Callable[[str, int], None]) -> None:
        self.function = function

    def begin(self, state: RunState, *, is_in_process: bool) -> None:
        """Check that the function can be pickled, if workers need it.

        Raises:
            DagflowUnmetExecutorRequirementsError: It cannot.
        """
        if not is_in_process:
            pickled_spec(self.function, "the faults of the run")

    def end(self, state: RunState) -> None:
        """Do nothing: a function may do nothing, too."""

    def attempt(self, state: RunState, step: Step, number: int) -> Attempt:
        """Return an attempt that begins with the call."""
        return CalledAttempt(state, step, number, self.function)

    def for_task(self, state: RunState, step: Step, number: int) -> CallableFaults:
        """Return the same faults."""
        return self

    def resource_definitions(self, state: RunState) -> Mapping[str, ResourceDefinition]:
        """Return the definitions of the job."""
        return state.job.resource_defs

    def resources_started(self, state: RunState) -> None:
        """Change nothing."""


class CalledAttempt(Attempt):
    """One attempt at a step, before which a function is called that may raise."""

    __slots__ = ("function",)

    def __init__(
        self, state: RunState, step: Step, number: int, function: Callable[[str, int], None]
    ) -> None:
        super().__init__(state, step, number)
        self.function = function

    def begin(self) -> None:
        """Call the function."""
        self.function(self.step.key, self.number)
