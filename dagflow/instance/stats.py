"""What a run came to, in numbers: of the whole, and of each of its steps."""

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
    """Where a step stands."""

    IN_PROGRESS = "IN_PROGRESS"
    SKIPPED = "SKIPPED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


_STATUS = {
    _T.STEP_SKIPPED: StepEventStatus.SKIPPED,
    _T.STEP_SUCCESS: StepEventStatus.SUCCESS,
    _T.STEP_FAILURE: StepEventStatus.FAILURE,
}
_OF_STEPS = frozenset({
    *_BEGINNINGS, *_STATUS, _T.STEP_UP_FOR_RETRY, _T.ASSET_MATERIALIZATION, _T.STEP_EXPECTATION_RESULT,
})  # fmt: skip


class RunStats(NamedTuple):
    """A run in numbers; moments are seconds since the epoch, None: not yet."""

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
    """When one attempt at a step began and ended."""

    start_time: float | None
    end_time: float | None


class StepStats(NamedTuple):
    """A step of a run in numbers; moments are seconds since the epoch.

    Attributes:
        status: Where it stands.
        start_time: When its first attempt began; None if it was skipped.
        end_time: When it ended; None if it has not.
        materialization_events: The lines about the assets that it wrote.
        expectation_results: The lines about expectations.
        attempts: How many attempts there were.
        attempts_list: Those that have ended.
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
    """A run in numbers; of an unknown one all are 0 or None."""
    counts = store.count_events(run_id)

    def moment_of(*kinds: DagflowEventType) -> float | None:
        if not any(kind in counts for kind in kinds):
            return None
        (line,) = store.lines(LinesFilter(run_id, kinds), limit=1, ascending=False)
        return line.entry.timestamp

    return RunStats(
        run_id,
        counts.get(_T.STEP_SUCCESS, 0),
        counts.get(_T.STEP_FAILURE, 0),
        counts.get(_T.ASSET_MATERIALIZATION, 0),
        counts.get(_T.STEP_EXPECTATION_RESULT, 0),
        moment_of(_T.RUN_ENQUEUED),
        moment_of(_T.RUN_STARTING),
        moment_of(_T.RUN_START),
        moment_of(*_ENDS),
    )


def step_stats(store: Store, run_id: str, step_keys: Collection[str] | None) -> list[StepStats]:
    """The steps of a run in numbers, in the order in which they began."""
    found: dict[str, list[EventLogEntry]] = {}
    for line in store.lines(LinesFilter(run_id, _OF_STEPS)):
        key = line.entry.step_key
        if key is not None and (step_keys is None or key in step_keys):
            found.setdefault(key, []).append(line.entry)
    return [_of_step(run_id, key, entries) for key, entries in found.items()]


def _of_step(run_id: str, key: str, entries: Sequence[EventLogEntry]) -> StepStats:
    def of_type(kind: DagflowEventType) -> list[EventLogEntry]:
        return [entry for entry in entries if entry.dagflow_event_type is kind]

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
