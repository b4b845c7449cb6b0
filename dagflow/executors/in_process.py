"""The in-process executor: each step runs at once, in the calling thread."""

from __future__ import annotations

from dagflow.engine.loop import Submit
from dagflow.engine.outcome import Outcome
from dagflow.engine.run_state import RunState
from dagflow.engine.step import run_step
from dagflow.engine.watched import watching
from dagflow.plan.step import Step


def submit_of(state: RunState) -> Submit:
    """Return the function that runs the attempts of a run. A run without a watch pays nothing for it."""
    return submit if state.options.watch is None else _submit_watched


def submit(state: RunState, step: Step, attempt: int) -> Outcome | None:
    """Run one attempt of a step in this thread.

    Returns:
        None if every output was produced; otherwise the outcome for the loop.
    """
    return run_step(state, step, attempt)


def _submit_watched(state: RunState, step: Step, attempt: int) -> Outcome | None:
    with watching(state, step):
        return run_step(state, step, attempt)
