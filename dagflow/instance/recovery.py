"""Runs that are ended from outside: recovery after a process died, and cancellation."""

from __future__ import annotations

import os
import signal

from dagflow.errors import DagflowInvariantViolationError, DagflowRunNotFoundError
from dagflow.events.record import DagflowEvent, EventLogEntry
from dagflow.events.run import DagflowRun, DagflowRunStatus, RunsFilter
from dagflow.events.types import DagflowEventType
from dagflow.instance.store import Store
from dagflow.keys import shown_job
from dagflow.processes import Process, is_alive, this_host
from dagflow.tags import system_tag

_S = DagflowRunStatus
_NOT_STARTED = (_S.QUEUED, _S.NOT_STARTED, _S.MANAGED, _S.STARTING)
_IN_PROGRESS = (_S.STARTED, _S.CANCELING)


def lost_runs(store: Store) -> list[tuple[DagflowRun, Process]]:
    """Return the runs in progress whose process on this host has ended, the oldest first."""
    host = this_host()
    found = []
    for record in store.run_records(RunsFilter(statuses=_IN_PROGRESS)):
        process = store.process_of(record.dagflow_run.run_id)
        if process is not None and process.host == host and not is_alive(process):
            found.append((record.dagflow_run, process))
    return found


def recover(store: Store, now: float) -> list[str]:
    """Mark lost runs as failed; see `DagflowInstance.recover`."""
    from dagflow.events.data import RunFailureReason  # imported lazily: few runs are lost
    from dagflow.events.record import JobFailureData

    reason = RunFailureReason.UNEXPECTED_TERMINATION
    recovered = []
    for run, process in lost_runs(store):
        message = (
            f"Execution of run for '{shown_job(run.job_name)}' failed: its process {process.pid} on host "
            f"'{process.host}' ended before the run did"
        )
        entry = _entry(run, DagflowEventType.RUN_FAILURE, message, now, JobFailureData(None, reason))
        if store.change_status(run.run_id, _IN_PROGRESS, _S.FAILURE, now, entry):
            store.add_tags(run.run_id, {system_tag("failure_reason"): reason.name}, now)
            recovered.append(run.run_id)
    return recovered


def cancel(store: Store, run_id: str, now: float) -> bool:
    """Cancel a run; see `DagflowInstance.cancel_run`."""
    while True:  # retry if the status of the run changed since it was read
        record = store.run_record(run_id)
        if record is None:
            raise DagflowRunNotFoundError(
                f"this instance has no run '{run_id}', so it cannot be canceled", invalid_run_id=run_id
            )
        run = record.dagflow_run
        if run.is_finished:
            return False
        if run.status in _NOT_STARTED:
            message = f"Run for '{shown_job(run.job_name)}' was canceled before it began"
            if report_canceled(store, run, now, message, (run.status,)):
                return True
        elif _interrupt(store, run, now):
            return True


def _interrupt(store: Store, run: DagflowRun, now: float) -> bool:
    """Interrupt the process of a run. Returns False if the status of the run changed meanwhile."""
    process = store.process_of(run.run_id)
    if process is None or (process.host, process.pid) == (this_host(), os.getpid()):
        raise DagflowInvariantViolationError(
            f"run '{run.run_id}' runs in this very process, which cannot cancel it from outside: raise "
            "KeyboardInterrupt in the run instead"
        )
    if process.host != this_host():
        raise DagflowInvariantViolationError(
            f"run '{run.run_id}' runs on host '{process.host}' (process {process.pid}), and this is host "
            f"'{this_host()}': cancel it there"
        )
    message = f"Run for '{shown_job(run.job_name)}' was canceled; its process {process.pid} had ended before"
    if is_alive(process):
        try:
            os.kill(process.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            raise DagflowInvariantViolationError(
                f"run '{run.run_id}' runs in process {process.pid} of another user, and this user has no "
                "permission to interrupt it: cancel it as that user"
            ) from None
        interrupting = f"Interrupting process {process.pid} of the run"
        entry = _entry(run, DagflowEventType.RUN_CANCELING, interrupting, now)
        if run.status is _S.STARTED and not store.change_status(
            run.run_id, (_S.STARTED,), _S.CANCELING, now, entry
        ):
            return False
        try:
            os.kill(process.pid, signal.SIGTERM)
            return True
        except ProcessLookupError:
            pass  # it ended just now
    return report_canceled(store, run, now, message, _IN_PROGRESS)


def report_canceled(
    store: Store,
    run: DagflowRun,
    now: float,
    message: str | None = None,
    expected: tuple[DagflowRunStatus, ...] = (*_NOT_STARTED, *_IN_PROGRESS),
) -> bool:
    """Mark a run as canceled; see `DagflowInstance.report_canceled`."""
    from dagflow.events.data import JobCanceledData

    message = message or f"Run for '{shown_job(run.job_name)}' was canceled"
    entry = _entry(run, DagflowEventType.RUN_CANCELED, message, now, JobCanceledData())
    return store.change_status(run.run_id, expected, _S.CANCELED, now, entry)


def _entry(
    run: DagflowRun, event_type: DagflowEventType, message: str, now: float, data: object = None
) -> EventLogEntry:
    event = DagflowEvent(
        event_type.value,
        run.job_name,
        event_specific_data=data,
        message=message,
        pid=os.getpid(),
        run_id=run.run_id,
        timestamp=now,
    )
    return EventLogEntry.of_event(event)
