"""The in-process executor: each step runs at once, in the calling thread."""

from __future__ import annotations

from dagflow.engine.outcome import Outcome
from dagflow.engine.run_state import RunState
from dagflow.engine.step import run_step
from dagflow.plan.step import Step


def submit(state: RunState, step: Step, attempt: int) -> Outcome | None:
    """Run one attempt of a step in this thread.

    Returns:
        None if every output was produced; otherwise the outcome for the loop.
    """
    return run_step(state, step, attempt)
