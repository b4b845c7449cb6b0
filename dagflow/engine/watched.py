"""The watch over the code of nodes: the blocks around attempts, their hooks, and tasks in workers."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from dagflow.engine.run_state import RunState
from dagflow.plan.node_label import label_of_step
from dagflow.plan.step import Step


def watching(state: RunState, step: Step) -> AbstractContextManager[object]:
    """Return the block in which code of a step runs; an empty one in runs without a watch."""
    watch = state.options.watch
    return nullcontext() if watch is None else watch.around(label_of_step(step, state.plan.job_name))


def watching_task(state: RunState) -> AbstractContextManager[object]:
    """Return the block of a task in a worker, with the resources that start and stop for it."""
    watch = state.options.watch
    return nullcontext() if watch is None else watch.around("")
