"""The executor that runs each step here and now."""

from __future__ import annotations

from dagflow.engine.outcome import Outcome
from dagflow.engine.run_state import RunState
from dagflow.engine.step import run_step
from dagflow.plan.step import Step


def submit(state: RunState, step: Step, attempt: int) -> Outcome | None:
    """Run one attempt of a step in this thread.

    Returns:
        None where all outputs came, else what the loop must know.
    """
    return run_step(state, step, attempt)
