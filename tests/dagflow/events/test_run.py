"""The run as a record, and filters of runs."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from dagflow.events.run import DagflowRun, DagflowRunStatus, RunsFilter

RUN = DagflowRun("cafe", "r", {"ops": {}}, DagflowRunStatus.STARTED, {"size": "big", "who": "me"})


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("SUCCESS", {"is_success", "is_finished"}),
        ("FAILURE", {"is_failure", "is_finished", "is_failure_or_canceled"}),
        ("CANCELED", {"is_canceled", "is_finished", "is_failure_or_canceled"}),
        ("STARTED", set()),
        ("QUEUED", set()),
    ],
)
def test_where_a_run_stands(status, said):
    """Each status has its properties."""
    run = RUN.with_changes(status=DagflowRunStatus[status])

    names = ("is_success", "is_failure", "is_canceled", "is_finished", "is_failure_or_canceled")
    assert {name for name in names if getattr(run, name)} == said


def test_runs_are_equal_by_value():
    """A copy is equal to its original until something in it is changed."""
    copy = RUN.with_changes()

    assert copy == RUN
    assert hash(copy) == hash(RUN)
    assert copy.with_changes(tags={}) != RUN
    assert RUN != "r"
    assert repr(RUN) == "DagflowRun(job_name='cafe', run_id='r', status=STARTED)"
    assert RUN.pipeline_name == "cafe"


@pytest.mark.parametrize(
    ("fields", "admitted"),
    [
        ({}, True),
        ({"run_ids": ["r"]}, True),
        ({"run_ids": []}, False),
        ({"job_name": "cafe"}, True),
        ({"job_name": "bar"}, False),
        ({"statuses": [DagflowRunStatus.STARTED]}, True),
        ({"statuses": [DagflowRunStatus.FAILURE]}, False),
        ({"tags": {"size": "big"}}, True),
        ({"tags": {"size": "small"}}, False),
        ({"tags": {"size": ["small", "big"], "who": "me"}}, True),
        ({"tags": {"size": "big", "who": "you"}}, False),
        ({"tags": {"colour": "red"}}, False),
        ({"created_after": 99}, True),
        ({"created_after": 100}, False),
        ({"created_before": 101}, True),
        ({"created_before": 100}, False),
        ({"created_after": datetime.fromtimestamp(99, timezone.utc)}, True),
        ({"job_name": "cafe", "run_ids": ["other"]}, False),
    ],
)
def test_filters(fields, admitted):
    """All that a filter says must hold; of a list of tag values any is enough."""
    assert RunsFilter(**fields).admits(RUN, created=100.0) is admitted


def test_a_changed_filter():
    """A filter is changed by copying it."""
    assert RunsFilter(job_name="cafe").with_changes(run_ids=["r"]) == RunsFilter(["r"], "cafe")
