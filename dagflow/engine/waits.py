"""The description of a run's wait for a retry, for the user who looks at a run that does nothing."""

from __future__ import annotations

from dagflow.engine.run_state import RunState
from dagflow.events.types import CODE, DagflowEventType

_UP_FOR_RETRY = CODE[DagflowEventType.STEP_UP_FOR_RETRY]
_MAX_LENGTH = 200  # characters of an error message


def describe_wait(state: RunState, index: int, verb: str) -> str:
    """Return a sentence about the wait of a step: its key, its delay, its next attempt and the error.

    Args:
        state: The run.
        index: The index of a step that waits for a retry.
        verb: "waits" or "waited".
    """
    from dagflow.events.error_info import error_chain  # imported lazily: only failures use it

    log = state.log
    record = next(item for item in reversed(log.records) if item[0] == _UP_FOR_RETRY and item[2] == index)
    data = log.event_of(record).step_retry_data
    error = error_chain(data.error)[-1] if data.error is not None else None
    reason = "an error" if error is None else error.message.strip().partition("\n")[0] or str(error.cls_name)
    reason = reason.removeprefix("dagflow.events.user.")  # the module of RetryRequested and Failure
    if len(reason) > _MAX_LENGTH:
        reason = reason[: _MAX_LENGTH - 3] + "..."
    seconds = data.seconds_to_wait or 0
    return (
        f"step '{state.plan.steps[index].key}' {verb} {seconds:g} s for its attempt {record[3] + 1}, "
        f"after {reason}"
    )
