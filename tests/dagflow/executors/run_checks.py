"""Functions that the tests of several executors use to check a run."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dagflow import DagflowEventType

_STARTED = (
    "STEP_WORKER_STARTING[{0}] > STEP_WORKER_STARTED[{0}] > RESOURCE_INIT_STARTED[{0}] > "
    "RESOURCE_INIT_SUCCESS[{0}] > LOGS_CAPTURED > STEP_START[{0}] > "
)
_ENDED = "STEP_OUTPUT[{0}] > HANDLED_OUTPUT[{0}] > STEP_SUCCESS[{0}] > "

CHAIN_SEQUENCE = (
    "RUN_START > ENGINE_EVENT > "
    + (_STARTED + _ENDED).format("one")
    + (_STARTED + "LOADED_INPUT[add_one] > STEP_INPUT[add_one] > " + _ENDED).format("add_one")
    + "ENGINE_EVENT > RUN_SUCCESS"
)
"""The events of the job `chain` of `process_jobs` in workers, in the order of the specification (S27)."""


def of_type(result: Any, *types: DagflowEventType) -> list[tuple[str | None, str]]:
    """Return step key and type of the events of some types."""
    return [
        (event.step_key, event.event_type.name) for event in result.all_events if event.event_type in types
    ]


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Return the value of a condition as soon as it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        threading.Event().wait(0.01)
    raise AssertionError(f"waited for {what} in vain")


def is_process(pid: int) -> bool:
    """Return whether a process exists and has not ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
