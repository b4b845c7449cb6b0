"""Runs and filters of runs."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone

import pytest

from dagflow.errors import CheckError, ElementCheckError, ParameterCheckError
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
    """The flags of a run match its status."""
    run = RUN.with_changes(status=DagflowRunStatus[status])

    names = ("is_success", "is_failure", "is_canceled", "is_finished", "is_failure_or_canceled")
    assert {name for name in names if getattr(run, name)} == said


def test_a_run_has_defaults():
    """The job name is the only required argument; the id is new."""
    one, other = DagflowRun("cafe"), DagflowRun("cafe")

    assert uuid.UUID(one.run_id) != uuid.UUID(other.run_id)
    assert (one.status, one.tags, one.run_config) == (DagflowRunStatus.NOT_STARTED, {}, {})
    assert (one.op_selection, one.asset_selection, one.parent_run_id, one.root_run_id) == (None,) * 4


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({"job_name": 3}, ParameterCheckError, "'job_name'"),
        ({"run_id": 3}, ParameterCheckError, "'run_id'"),
        ({"status": "STARTED"}, ParameterCheckError, "'status'"),
        ({"run_config": 3}, ParameterCheckError, "'run_config'"),
        ({"tags": 3}, ParameterCheckError, "'tags'"),
        ({"tags": {"a": 1}}, ElementCheckError, "'tags'.*'a' has the value 1"),
        ({"op_selection": "brew"}, ParameterCheckError, "'op_selection'.*'brew'"),
        ({"root_run_id": "r"}, CheckError, "'root_run_id' and 'parent_run_id'"),
    ],
)
def test_what_is_no_run_is_refused(fields, kind, message):
    """An invalid argument of a run is an error that names it."""
    with pytest.raises(kind, match=message):
        DagflowRun(**{"job_name": "cafe", **fields})


def test_runs_are_equal_by_value():
    """A copy equals its original until one of its fields is changed."""
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
    """A run must match all fields of a filter; of a list of tag values it needs one."""
    assert RunsFilter(**fields).admits(RUN, created=100.0) is admitted


def test_a_changed_filter():
    """`with_changes` returns a changed copy of a filter."""
    with pytest.raises(CheckError, match="'run_ids' of RunsFilter is empty"):
        RunsFilter(run_ids=[])
    assert RunsFilter(job_name="cafe").with_changes(run_ids=["r"]) == RunsFilter(["r"], "cafe")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("run_ids", "r"),
        ("run_ids", [3]),
        ("job_name", 3),
        ("statuses", DagflowRunStatus.SUCCESS),
        ("statuses", ["SUCCESS"]),
        ("tags", "size"),
        ("tags", {"size": 3}),
        ("tags", {"size": [3]}),
        ("created_after", "yesterday"),
        ("created_before", object()),
    ],
)
def test_filters_that_cannot_be(name, value):
    """The error names the invalid argument."""
    with pytest.raises(CheckError, match=f"'{name}"):
        RunsFilter(**{name: value})


def test_filters_of_nothing():
    """A field that is None matches every run."""
    wanted = RunsFilter(None, None, None, None, None, None)

    assert wanted.admits(RUN, created=100.0)
