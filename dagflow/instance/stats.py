"""The statistics of a run and of each of its steps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from dagflow.events.record import DagflowEvent, EventLogEntry
from dagflow.events.types import DagflowEventType
from dagflow.instance.store import LinesFilter, Store

_T = DagflowEventType
_ENDS = (_T.RUN_SUCCESS, _T.RUN_FAILURE, _T.RUN_CANCELED)
_BEGINNINGS = frozenset({_T.STEP_START, _T.STEP_RESTARTED})


class StepEventStatus(Enum):
    """The status of a step in the statistics of its run."""

    IN_PROGRESS = "IN_PROGRESS"
    SKIPPED = "SKIPPED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


_STATUS = {
    _T.STEP_SKIPPED: StepEventStatus.SKIPPED,
    _T.STEP_SUCCESS: StepEventStatus.SUCCESS,
    _T.STEP_FAILURE: StepEventStatus.FAILURE,
}
_STEP_EVENTS = frozenset({
    *_BEGINNINGS, *_STATUS, _T.STEP_UP_FOR_RETRY, _T.ASSET_MATERIALIZATION, _T.STEP_EXPECTATION_RESULT,
})  # fmt: skip


class RunStats(NamedTuple):
    """The statistics of a run. Times are seconds since the epoch, or None if not reached yet."""

    run_id: str
    steps_succeeded: int
    steps_failed: int
    materializations: int
    expectations: int
    enqueued_time: float | None
    launch_time: float | None
    start_time: float | None
    end_time: float | None


class StepAttempt(NamedTuple):
    """The start and end of one attempt of a step, in seconds since the epoch."""

    start_time: float | None
    end_time: float | None


class StepStats(NamedTuple):
    """The statistics of a step of a run. Times are seconds since the epoch.

    Attributes:
        status: The status.
        start_time: The start of the first attempt; None if the step was skipped.
        end_time: The end of the step; None if it has not ended.
        materialization_events: The log lines with materializations.
        expectation_results: The log lines with expectation results.
        attempts: The number of attempts.
        attempts_list: The attempts that have ended.
    """

    run_id: str
    step_key: str
    status: StepEventStatus
    start_time: float | None
    end_time: float | None
    materialization_events: Sequence[EventLogEntry]
    expectation_results: Sequence[EventLogEntry]
    attempts: int
    attempts_list: Sequence[StepAttempt]


def run_stats(store: Store, run_id: str) -> RunStats:
    """Return the statistics of a run: all 0 or None for an unknown one."""
    counts = store.count_events(run_id)

    def time_of(*types: DagflowEventType) -> float | None:
        if not any(event_type in counts for event_type in types):
            return None
        (line,) = store.lines(LinesFilter(run_id, types), limit=1, ascending=False)
        return line.entry.timestamp

    return RunStats(
        run_id,
        counts.get(_T.STEP_SUCCESS, 0),
        counts.get(_T.STEP_FAILURE, 0),
        counts.get(_T.ASSET_MATERIALIZATION, 0),
        counts.get(_T.STEP_EXPECTATION_RESULT, 0),
        time_of(_T.RUN_ENQUEUED),
        time_of(_T.RUN_STARTING),
        time_of(_T.RUN_START),
        time_of(*_ENDS),
    )


def step_stats(store: Store, run_id: str, step_keys: Collection[str] | None) -> list[StepStats]:
    """Return the statistics of the steps of a run, in the order in which they began."""
    found: dict[str, list[EventLogEntry]] = {}
    for line in store.lines(LinesFilter(run_id, _STEP_EVENTS)):
        key = line.entry.step_key
        if key is not None and (step_keys is None or key in step_keys):
            found.setdefault(key, []).append(line.entry)
    return [_stats(run_id, key, entries) for key, entries in found.items()]


def _stats(run_id: str, key: str, entries: Sequence[EventLogEntry]) -> StepStats:
    def of_type(event_type: DagflowEventType) -> list[EventLogEntry]:
        return [entry for entry in entries if entry.dagflow_event_type is event_type]

    events = [entry.dagflow_event for entry in entries if entry.dagflow_event is not None]
    begun = [event.timestamp for event in events if event.event_type in _BEGINNINGS]
    ended = [event for event in events if event.event_type in _STATUS]
    attempts = _attempts(events)
    return StepStats(
        run_id,
        key,
        _STATUS[ended[-1].event_type] if ended else StepEventStatus.IN_PROGRESS,
        begun[0] if begun else None,
        ended[-1].timestamp if ended else None,
        of_type(_T.ASSET_MATERIALIZATION),
        of_type(_T.STEP_EXPECTATION_RESULT),
        max(len(begun), len(attempts)),
        attempts,
    )


def _attempts(events: Iterable[DagflowEvent]) -> list[StepAttempt]:
    found = []
    begun: float | None = None
    for event in events:
        if event.event_type in _BEGINNINGS:
            begun = event.timestamp
        elif event.event_type in _STATUS or event.event_type is _T.STEP_UP_FOR_RETRY:
            found.append(StepAttempt(event.timestamp if begun is None else begun, event.timestamp))
            begun = None
    return found
