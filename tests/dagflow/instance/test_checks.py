"""The queries over the executions of checks, on each type of store."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckResult,
    AssetKey,
    CheckError,
    DagflowEventType,
    EventRecordsFilter,
    ParameterCheckError,
    asset,
    asset_check,
    materialize_to_memory,
)
from dagflow.instance import checks
from dagflow.instance.checks import AssetCheckExecutionRecordStatus

FRESH = AssetCheckKey(AssetKey("beans"), "fresh")
DRY = AssetCheckKey(AssetKey("beans"), "dry")
UNKNOWN = AssetCheckKey(AssetKey("tea"), "fresh")


@asset
def beans():
    """Be the checked asset."""


@asset_check(asset=beans)
def dry():
    """Never give a result."""
    raise ValueError


def run(instance, passed=True):
    """Run the asset with its two checks, and return the id of the run."""

    @asset_check(asset=beans)
    def fresh():
        return AssetCheckResult(passed=passed, metadata={"n": 1}, description="why")

    return materialize_to_memory([beans, fresh, dry], instance=instance, raise_on_error=False).run_id


def history(instance, key=FRESH, limit=100, **arguments):
    """Return the executions of a check."""
    return instance.event_log_storage.get_asset_check_execution_history(key, limit, **arguments)


def test_the_latest_record(instance):
    """The latest record has the evaluation, the status and the run; it is None for an unknown check."""
    run(instance, passed=False)
    run_id = run(instance)
    record = instance.get_latest_asset_check_evaluation_record(FRESH)

    assert (record.key, record.run_id, record.partition) == (FRESH, run_id, None)
    assert record.status is AssetCheckExecutionRecordStatus.SUCCEEDED
    assert (record.evaluation.passed, record.evaluation.description) == (True, "why")
    assert record.evaluation.metadata["n"].value == 1
    assert record.event.dagflow_event.asset_check_key == FRESH
    assert record.event.asset_check_evaluation == record.evaluation
    assert record.create_timestamp <= record.event.timestamp
    assert instance.get_latest_asset_check_evaluation_record(UNKNOWN) is None


def test_a_check_without_a_result_stays_planned(instance):
    """A check that raised has a record with the status PLANNED and no evaluation."""
    run(instance)
    record = instance.get_latest_asset_check_evaluation_record(DRY)

    assert (record.status.name, record.evaluation) == ("PLANNED", None)
    assert record.event.dagflow_event.event_type_value == "ASSET_CHECK_EVALUATION_PLANNED"
    assert record.event.asset_check_evaluation is None


def test_the_history_is_read_in_pages(instance, monkeypatch):
    """The history begins with the newest, however many lines are read at once."""
    runs = [run(instance, passed=index != 1) for index in range(3)]
    every = history(instance)

    assert [record.run_id for record in every] == runs[::-1]
    assert [record.status.name for record in every] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
    assert every[0].id > every[1].id > every[2].id
    for size in (1, 2, 3):
        monkeypatch.setattr(checks, "_PAGE", size)
        assert history(instance) == every
    assert history(instance, limit=2) == every[:2]
    assert history(instance, limit=0) == []
    assert history(instance, cursor=every[0].id) == every[1:]
    assert history(instance, status=[AssetCheckExecutionRecordStatus.FAILED]) == [every[1]]
    assert history(instance, UNKNOWN) == []


def test_several_keys(instance):
    """The latest record and the summary of several checks are found by key."""
    run(instance)
    last = run(instance, passed=False)
    storage = instance.event_log_storage
    latest = storage.get_latest_asset_check_execution_by_key([FRESH, DRY, UNKNOWN])
    summaries = storage.get_asset_check_summary_records([FRESH, DRY, UNKNOWN])

    assert {key: record.status.name for key, record in latest.items()} == {FRESH: "FAILED", DRY: "PLANNED"}
    assert (summaries[FRESH].last_run_id, summaries[FRESH].last_completed_run_id) == (last, last)
    assert (summaries[DRY].last_run_id, summaries[DRY].last_completed_run_id) == (last, None)
    assert summaries[UNKNOWN][1:] == (None, None, None)
    assert storage.get_latest_asset_check_execution_by_key([]) == {}


def test_the_last_result_may_be_older(instance):
    """The last completed execution is before the last one, if that gave no result."""
    first = run(instance)

    @asset_check(asset=beans)
    def fresh():
        raise ValueError

    last = materialize_to_memory([beans, fresh], instance=instance, raise_on_error=False).run_id
    summary = instance.event_log_storage.get_asset_check_summary_records([FRESH])[FRESH]

    assert (summary.last_run_id, summary.last_completed_run_id) == (last, first)


def test_a_runless_evaluation(instance):
    """An evaluation that is reported outside of runs is the latest one, also of an unknown asset."""
    run(instance)
    reported = AssetCheckEvaluation(AssetKey("beans"), "fresh", False, {"x": 1})
    instance.report_runless_asset_event(reported)
    instance.report_runless_asset_event(AssetCheckEvaluation(AssetKey("tea"), "fresh", True))
    latest = instance.get_latest_asset_check_evaluation_record(FRESH)

    assert (latest.run_id, latest.status.name, latest.evaluation) == ("", "FAILED", reported)
    assert [record.status.name for record in history(instance)] == ["FAILED", "SUCCEEDED"]
    assert [record.status.name for record in history(instance, UNKNOWN)] == ["SUCCEEDED"]


def test_an_evaluation_that_was_not_planned(instance):
    """The last evaluation that the function of an asset logs in a run is one execution of the check."""

    @asset
    def cup(context):
        for passed in (True, False):
            context.log_event(AssetCheckEvaluation(AssetKey("beans"), "fresh", passed))

    first = run(instance)
    second = materialize_to_memory([cup], instance=instance).run_id
    third = run(instance)
    every = history(instance)

    assert [record.run_id for record in every] == [third, second, first]
    assert [record.status.name for record in every] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]


def test_a_retry_is_one_execution(instance):
    """The evaluations of several attempts of a run are one execution, with the last result."""
    from dagflow import AssetCheckSpec, Output, RetryPolicy

    attempts = []

    @asset(check_specs=[AssetCheckSpec("fresh", asset="beans")], name="beans", retry_policy=RetryPolicy())
    def flaky():
        attempts.append(1)
        yield AssetCheckResult(passed=len(attempts) == 2)
        if len(attempts) == 1:
            raise ValueError
        yield Output(1)

    materialize_to_memory([flaky], instance=instance)

    assert [record.status.name for record in history(instance)] == ["SUCCEEDED"]


def test_events_about_checks_have_no_asset(instance):
    """The log finds evaluations by their type, not by an asset, and a check is no stored asset."""
    run(instance)
    wanted = EventRecordsFilter(DagflowEventType.ASSET_CHECK_EVALUATION)
    (record,) = instance.get_event_records(wanted)
    of_asset = EventRecordsFilter(DagflowEventType.ASSET_CHECK_EVALUATION, asset_key=AssetKey("beans"))
    instance.report_runless_asset_event(AssetCheckEvaluation(AssetKey("tea"), "fresh", True))

    assert (record.asset_key, record.partition_key) == (None, None)
    assert instance.get_event_records(of_asset) == []
    assert instance.all_asset_keys() == [AssetKey("beans")]


def test_a_wipe_hides_the_executions(instance):
    """After a wipe of the asset only later executions are found; without the run they are gone too."""
    run(instance)
    instance.wipe_assets([AssetKey("beans")])
    assert history(instance) == []
    run_id = run(instance)
    assert [record.run_id for record in history(instance)] == [run_id]
    instance.delete_run(run_id)
    assert history(instance) == []


def test_invalid_arguments(instance):
    """A string is not the key of a check, and a limit is not negative."""
    with pytest.raises(ParameterCheckError, match="check_key"):
        history(instance, "beans:fresh")
    with pytest.raises(ParameterCheckError, match="asset_check_key"):
        instance.get_latest_asset_check_evaluation_record("beans:fresh")
    with pytest.raises(CheckError, match="check_keys"):
        instance.event_log_storage.get_latest_asset_check_execution_by_key(["beans:fresh"])
    with pytest.raises(CheckError, match="status"):
        history(instance, status=["FAILED"])
    with pytest.raises(CheckError, match="limit"):
        history(instance, limit=-1)
    with pytest.raises(ParameterCheckError, match="asset_event"):
        instance.report_runless_asset_event(AssetCheckResult(passed=True))
