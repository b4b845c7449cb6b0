"""The recovery and the cancellation of runs."""

from __future__ import annotations

import os
import signal

import pytest

from dagflow import (
    DagflowEventType,
    DagflowInstance,
    DagflowInvariantViolationError,
    DagflowRunNotFoundError,
    job,
    op,
)
from dagflow.events.data import RunFailureReason
from dagflow.events.run import DagflowRunStatus
from dagflow.instance import recovery
from dagflow.instance.sql import SqlStore
from dagflow.processes import Process, this_process
from dagflow.testing import VirtualClock, run_options

CANCELED, CANCELING = DagflowEventType.RUN_CANCELED, DagflowEventType.RUN_CANCELING


@op
def beans():
    return 1


@job
def cafe():
    beans()


WAITS = """
import signal, sys
from dagflow import DagflowInstance, job, op

signal.signal(signal.SIGTERM, lambda *_: (print("interrupted", flush=True), sys.exit(3)))

@op
def beans(context):
    context.log.info("few left")
    return 1

@op
def waits(beans):
    print("ready", flush=True)
    sys.stdin.readline()

@job
def cafe():
    waits(beans())

with DagflowInstance.local_temp(sys.argv[1]) as instance:
    cafe.execute_in_process(instance=instance)
"""


@pytest.fixture
def under_way(start, lasting, tmp_path):
    """A run in its own process, whose first step has ended and whose second step waits, and that process."""
    process = start(WAITS, tmp_path)
    assert process.stdout.readline() == "ready\n", process.communicate()
    (run,) = lasting.get_runs()
    return run, process


def kill(process):
    """Kill a process and wait for its end."""
    process.kill()
    process.wait(10)


# recovery


def test_a_run_whose_process_was_killed(under_way, lasting):
    """The run is marked as failed with the reason, and the earlier events of its steps can be read."""
    run, process = under_way
    assert lasting.recover() == []
    kill(process)

    with run_options(clock=VirtualClock(5)):
        assert lasting.recover() == [run.run_id]
    assert lasting.recover() == []

    (record,) = lasting.get_run_records()
    assert (record.dagflow_run.status, record.end_time) == (DagflowRunStatus.FAILURE, 5.0)
    assert record.dagflow_run.tags == {"dagflow/failure_reason": "UNEXPECTED_TERMINATION"}
    *before, last = lasting.all_logs(run.run_id)
    kinds = [entry.dagflow_event_type for entry in before]
    assert kinds[-1] is DagflowEventType.STEP_SUCCESS
    assert "few left" in [entry.message for entry in before]
    event = last.get_dagflow_event()
    assert event.job_failure_data.failure_reason is RunFailureReason.UNEXPECTED_TERMINATION
    assert str(process.pid) in event.message
    assert this_process().host in event.message
    assert (last.level, event.timestamp) == (40, 5.0)


def test_a_process_that_has_ended_and_was_not_collected(under_way, lasting):
    """A run of a zombie process is lost."""
    run, process = under_way
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert lasting.recover() == [run.run_id]


def test_runs_that_are_not_lost(lasting, monkeypatch):
    """Runs that have not started, have ended, or run in a live or remote process are not changed."""
    cafe.execute_in_process(instance=lasting)
    lasting.create_run_for_job(cafe)
    before = lasting.get_runs()

    @op
    def recovers(context):
        return context.instance.recover()

    @job
    def j():
        recovers()

    assert j.execute_in_process(instance=lasting).output_for_node("recovers") == []
    monkeypatch.setattr("dagflow.instance.sql.this_process", lambda: Process("elsewhere", 1, "x"))
    run = lasting.create_run_for_job(cafe)
    lasting.set_run_status(run.run_id, DagflowRunStatus.STARTED, 1.0)

    assert lasting.recover() == []
    assert lasting.get_runs()[2:] == before
    assert lasting.get_run_by_id(run.run_id).status is DagflowRunStatus.STARTED


def test_two_recover_at_once(under_way, lasting, monkeypatch):
    """A run that another process recovers at the same time gets one RUN_FAILURE event."""
    run, process = under_way
    kill(process)
    lost = recovery.lost_runs(SqlStore(lasting.ref().url))
    other = DagflowInstance.from_ref(lasting.ref())
    assert other.recover() == [run.run_id]
    other.dispose()
    monkeypatch.setattr(recovery, "lost_runs", lambda _: lost)

    assert lasting.recover() == []

    assert len(lasting.all_logs(run.run_id, DagflowEventType.RUN_FAILURE)) == 1


def test_nothing_in_memory_is_lost():
    """An instance in memory has no lost runs."""
    assert DagflowInstance.ephemeral().recover() == []


# cancellation


def test_a_run_that_is_not_known(instance):
    """The error about an unknown run has its id."""
    with pytest.raises(DagflowRunNotFoundError, match="'nope'") as caught:
        instance.cancel_run("nope")
    assert caught.value.invalid_run_id == "nope"


def test_a_run_that_has_ended(instance):
    """A run that has ended is not canceled."""
    run_id = cafe.execute_in_process(instance=instance).run_id
    lines = len(instance.all_logs(run_id))

    assert instance.cancel_run(run_id) is False
    assert instance.get_run_by_id(run_id).is_success
    assert len(instance.all_logs(run_id)) == lines


def test_a_run_that_has_not_begun(instance):
    """A run that has not started is canceled at once."""
    run = instance.create_run_for_job(cafe)

    assert instance.cancel_run(run.run_id) is True
    assert instance.cancel_run(run.run_id) is False

    assert instance.get_run_by_id(run.run_id).is_canceled
    (entry,) = instance.all_logs(run.run_id)
    assert (entry.dagflow_event_type, entry.level) == (CANCELED, 40)
    assert entry.dagflow_event.job_canceled_data.error is None


def test_a_run_that_is_under_way(under_way, lasting):
    """The process of a run is interrupted by each call, and the process itself reports the end of the run."""
    run, process = under_way

    assert lasting.cancel_run(run.run_id) is True

    assert process.stdout.readline() == "interrupted\n"
    assert process.wait(10) == 3
    kinds = [entry.dagflow_event_type for entry in lasting.all_logs(run.run_id)]
    assert kinds.count(CANCELING) == 1


def test_a_run_whose_process_is_gone(under_way, lasting):
    """A run with a dead process is canceled at once."""
    run, process = under_way
    kill(process)

    assert lasting.cancel_run(run.run_id) is True

    assert lasting.get_run_by_id(run.run_id).is_canceled
    *_, last = lasting.all_logs(run.run_id)
    assert last.dagflow_event_type is CANCELED
    assert str(process.pid) in last.message
    assert lasting.recover() == []


def test_a_run_of_this_process(instance):
    """A run of the calling process raises an error with a remedy."""

    @op
    def cancels(context):
        context.instance.cancel_run(context.run_id)

    @job
    def j():
        cancels()

    with pytest.raises(DagflowInvariantViolationError, match="this very process"):
        j.execute_in_process(instance=instance)


def test_a_run_of_another_host(lasting, monkeypatch):
    """The error about a run of another host names the host."""
    monkeypatch.setattr("dagflow.instance.sql.this_process", lambda: Process("elsewhere", 1, "x"))
    run = lasting.create_run_for_job(cafe)
    lasting.set_run_status(run.run_id, DagflowRunStatus.STARTED, 1.0)

    with pytest.raises(DagflowInvariantViolationError, match="host 'elsewhere'"):
        lasting.cancel_run(run.run_id)


def test_a_run_of_another_user(under_way, lasting, monkeypatch):
    """A run of another user raises an error and is not changed."""
    run, _ = under_way

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr("os.kill", refuse)

    with pytest.raises(DagflowInvariantViolationError, match="another user"):
        lasting.cancel_run(run.run_id)
    assert lasting.get_run_by_id(run.run_id).status is DagflowRunStatus.STARTED


def test_a_canceled_run_reports_its_end(instance):
    """The cancellation of a run is reported once, and later changes of its status are ignored."""
    run = instance.create_run_for_job(cafe)
    instance.set_run_status(run.run_id, DagflowRunStatus.CANCELING, 1.0)

    assert instance.report_canceled(run, 2.0) is True
    assert instance.report_canceled(run, 3.0) is False
    instance.set_run_status(run.run_id, DagflowRunStatus.FAILURE, 4.0)

    (record,) = instance.get_run_records()
    assert record.dagflow_run.is_canceled
    assert record.end_time == 2.0
    assert [entry.dagflow_event_type for entry in instance.all_logs(run.run_id)] == [CANCELED]
