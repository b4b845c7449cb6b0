"""The events of each step of a run, as far as the coverage needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagflow.plan.step import Step

if TYPE_CHECKING:
    from dagflow.events.record import DagflowEvent
    from dagflow.runs.results import ExecutionResult


class SeenStep:
    """The events of one step.

    Attributes:
        step: The step.
        is_started, is_succeeded, is_failed: Whether it started, succeeded, or failed after its last attempt.
        retries: The number of attempts after the first one.
        inputs: The number of inputs that the last attempt loaded.
        outputs: The outputs of the last attempt.
        hooks, checks, assets: The events of hooks that were called, of checks, and about assets.
    """

    __slots__ = (
        "assets",
        "checks",
        "hooks",
        "inputs",
        "is_failed",
        "is_started",
        "is_succeeded",
        "outputs",
        "retries",
        "step",
    )

    def __init__(self, step: Step) -> None:
        self.step: Step = step
        self.is_started: bool = False
        self.is_succeeded: bool = False
        self.is_failed: bool = False
        self.retries: int = 0
        self.inputs: int = 0
        self.outputs: list[DagflowEvent] = []
        self.hooks: list[DagflowEvent] = []
        self.checks: list[DagflowEvent] = []
        self.assets: list[DagflowEvent] = []

    @property
    def has_inputs(self) -> bool:
        """Whether the step got all of its inputs, so that its function was called."""
        return self.is_succeeded or self.inputs >= len(self.step.loads)


def seen_steps(result: ExecutionResult) -> dict[str, SeenStep]:
    """Return the events of the steps of a run, by the key of the step.

    Args:
        result: The result of the run.
    """
    plan = result.plan
    found: dict[str, SeenStep] = {}
    for event in result.all_events:
        key, value = event.step_key, event.event_type_value
        if key is None or value not in _COUNTED:
            continue
        seen = found.get(key)
        if seen is None:
            seen = found[key] = SeenStep(plan.steps[plan.index_by_key[key]])
        if value == "STEP_INPUT":
            seen.inputs += 1
        elif value == "STEP_OUTPUT":
            seen.outputs.append(event)
        elif value == "STEP_START":
            seen.is_started = True
        elif value == "STEP_SUCCESS":
            seen.is_succeeded = True
        elif value == "STEP_FAILURE":
            seen.is_failed = True
        elif value == "STEP_RESTARTED":
            seen.retries += 1
            seen.inputs, seen.outputs = 0, []
        elif value == "ASSET_CHECK_EVALUATION":
            seen.checks.append(event)
        elif value in ("HOOK_COMPLETED", "HOOK_ERRORED"):
            seen.hooks.append(event)
        else:
            seen.assets.append(event)
    return found


_COUNTED = frozenset(
    [
        "ASSET_CHECK_EVALUATION",
        "ASSET_MATERIALIZATION",
        "ASSET_OBSERVATION",
        "HOOK_COMPLETED",
        "HOOK_ERRORED",
        "STEP_FAILURE",
        "STEP_INPUT",
        "STEP_OUTPUT",
        "STEP_RESTARTED",
        "STEP_START",
        "STEP_SUCCESS",
    ]
)
