"""The end of the session if Ctrl-C interrupts a run.

pytest stops at a KeyboardInterrupt. A run in worker processes raises another error instead, and a run with
`raise_on_error=False` raises none.
"""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dagflow import ExecuteInProcessResult

_INTERRUPTS = ("KeyboardInterrupt", "DagflowExecutionInterruptedError")


def stop_pytest(stack: ExitStack[bool | None]) -> None:
    """Raise KeyboardInterrupt at the end of a run that was interrupted, if the run does not raise.

    Args:
        stack: Ends this at the end of the test.
    """
    from dagflow.testing import observe_runs

    stack.enter_context(observe_runs(_check_result))


def check_raised(item: pytest.Item, error: pytest.ExceptionInfo[BaseException]) -> None:
    """Stop the session after this test if the error of a phase of it is that of an interrupted run."""
    if error.typename == _INTERRUPTS[1]:
        item.session.shouldstop = str(error.value)


def _check_result(result: ExecuteInProcessResult) -> None:
    """Raise KeyboardInterrupt if Ctrl-C ended the run and the run does not raise an error itself.

    A canceled run does not count, and neither does an interrupt that user code raised.
    """
    if result.success or threading.current_thread() is not threading.main_thread():
        return
    if type(sys.exc_info()[1]).__name__ in _INTERRUPTS:
        return  # the run raises it to its caller
    event = result.all_events[-1]
    error = event.event_specific_data.error if event.event_type.name == "RUN_FAILURE" else None
    if error is None or error.cls_name not in _INTERRUPTS:
        return
    _, *source_lines = error.stack[-1].splitlines() if error.stack else [""]
    if not (source_lines and source_lines[0].strip().startswith("raise")):
        text = error.message.strip().partition(": ")[2] or "the run was interrupted"
        raise KeyboardInterrupt(f"{text} ({result.job_def.describe_target()})")
