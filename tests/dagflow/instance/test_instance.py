"""What an instance remembers of runs, events, assets and dynamic partitions."""

from __future__ import annotations

import os
import uuid

import pytest

from dagflow import (
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    CheckError,
    DagflowEventType,
    DagflowInstance,
    DagflowInvalidConfigError,
    DagflowRunAlreadyExists,
    ParameterCheckError,
    StaticPartitionsDefinition,
    asset,
    job,
    materialize,
    materialize_to_memory,
    op,
)
from dagflow.events.run import DagflowRunStatus, RunsFilter
from dagflow.instance.records import EventRecordsFilter
from dagflow.testing import VirtualClock, run_options

MATERIALIZED, OBSERVED = DagflowEventType.ASSET_MATERIALIZATION, DagflowEventType.ASSET_OBSERVATION


@op
def beans(context):
    context.log.warning("few %s", "left")
    context.log_event(AssetMaterialization("shelf", partition="a"))
    return 1


@op
def spill():
    raise ValueError("spilt")


@job(tags={"size": "big"})
def good():
    beans()


@job
def bad():
    spill()


@asset(partitions_def=StaticPartitionsDefinition(["x", "y"]))
def water(context):
    context.log_event(AssetObservation("river"))
    return 1


# files


def test_the_folder_of_an_ephemeral_instance():
    """Made when it is asked for, removed with the instance."""
    with DagflowInstance.ephemeral() as instance:
        folder = instance.root_directory
        assert os.path.isdir(folder)
        assert instance.root_directory == folder
        assert instance.storage_directory() == os.path.join(folder, "storage")
        assert (instance.is_ephemeral, instance.is_persistent) == (True, False)
    assert not os.path.exists(folder)


def test_disposing():
    """It may be done twice, before anything was written, and what is remembered can still be read."""
    instance = DagflowInstance.ephemeral()
    instance.dispose()
    first = instance.root_directory
    run_id = good.execute_in_process(instance=instance).run_id

    instance.dispose()
    instance.dispose()

    assert not os.path.exists(first)
    assert instance.get_run_by_id(run_id).is_success
    assert instance.all_logs(run_id)
    assert os.path.isdir(instance.root_directory)
    assert instance.root_directory != first


def test_a_folder_that_was_given_stays(tmp_path):
    """Only what dagflow made it removes."""
    with DagflowInstance.ephemeral(tempdir=str(tmp_path)) as instance:
        assert instance.root_directory == str(tmp_path)
    assert tmp_path.is_dir()
    assert repr(instance) == "<DagflowInstance, ephemeral>"


def test_no_folder_is_made_for_nothing(instance, monkeypatch):
    """A run in memory touches no disk."""
    monkeypatch.setattr("tempfile.mkdtemp", None)

    assert materialize_to_memory([water], partition_key="x", instance=instance).success


# runs


def test_runs(instance):
    """Each run is kept with its status, the newest first."""
    first = good.execute_in_process(instance=instance)
    second = bad.execute_in_process(instance=instance, raise_on_error=False)

    assert [run.run_id for run in instance.get_runs()] == [second.run_id, first.run_id]
    assert [run.job_name for run in instance.get_runs(ascending=True)] == ["good", "bad"]
    assert [run.status.name for run in instance.get_runs()] == ["FAILURE", "SUCCESS"]
    assert instance.get_run_by_id(first.run_id) == first.dagflow_run
    assert (instance.has_run(first.run_id), instance.has_run("nope")) == (True, False)
    assert instance.get_run_by_id("nope") is None
    assert instance.get_runs_count() == 2


def test_a_run_whose_failure_is_raised_is_kept(instance):
    """Its status is FAILURE."""
    with pytest.raises(ValueError, match="spilt"):
        bad.execute_in_process(instance=instance)

    assert [run.status for run in instance.get_runs()] == [DagflowRunStatus.FAILURE]


def test_a_run_that_cannot_begin_is_not_kept(instance):
    """A config that does not match leaves no trace."""
    with pytest.raises(DagflowInvalidConfigError):
        good.execute_in_process(instance=instance, run_config={"nope": 1})

    assert instance.get_runs() == []


def test_a_run_without_an_instance_is_seen_by_nobody(instance):
    """It has an instance of its own."""
    good.execute_in_process()

    assert instance.get_runs_count() == 0


def test_filters_limits_and_cursors(instance):
    """Runs can be looked for, and read in pieces."""
    ids = [good.execute_in_process(instance=instance, tags={"n": i}).run_id for i in range(4)]

    assert [run.run_id for run in instance.get_runs(RunsFilter(tags={"n": ["1", "2"]}))] == [ids[2], ids[1]]
    assert instance.get_runs_count(RunsFilter(tags={"size": "big"})) == 4
    assert [run.run_id for run in instance.get_runs(limit=2)] == [ids[3], ids[2]]
    assert [run.run_id for run in instance.get_runs(cursor=ids[2])] == [ids[1], ids[0]]
    assert [run.run_id for run in instance.get_runs(cursor=ids[0], limit=1, ascending=True)] == [ids[1]]
    assert instance.get_runs(cursor="nope") == []


def test_records_of_runs(instance):
    """Times are those of the clock in force."""
    with run_options(clock=VirtualClock(100)):
        run_id = good.execute_in_process(instance=instance).run_id

    (record,) = instance.get_run_records()
    assert record.dagflow_run.run_id == run_id
    assert (record.create_timestamp, record.start_time, record.end_time) == (100.0, 100.0, 100.0)
    assert record.update_timestamp == 100.0


def test_deleting_a_run(instance):
    """Run and log are gone; an unknown one is no error."""
    run_id = good.execute_in_process(instance=instance).run_id
    other = good.execute_in_process(instance=instance).run_id

    instance.delete_run(run_id)
    instance.delete_run("nope")

    assert [run.run_id for run in instance.get_runs()] == [other]
    assert instance.all_logs(run_id) == []
    assert instance.all_logs(other)


def test_a_run_may_delete_itself(instance):
    """A run that is deleted while it runs ends all the same."""

    @op
    def deletes(context):
        context.instance.delete_run(context.run_id)

    @job
    def j():
        deletes()

    assert j.execute_in_process(instance=instance).success
    assert instance.get_runs() == []


def test_tags_are_merged(instance):
    """Later ones win; an unknown run is no error."""
    run_id = good.execute_in_process(instance=instance, tags={"a": "1", "b": "1"}).run_id

    instance.add_run_tags(run_id, {"b": "2", "c": "2"})
    instance.add_run_tags("nope", {"a": "b"})

    assert instance.get_run_by_id(run_id).tags == {"size": "big", "a": "1", "b": "2", "c": "2"}


def test_runs_that_have_not_begun(instance):
    """A run can be created for later."""
    run_id = str(uuid.uuid4())
    run = instance.create_run_for_job(good, run_id=run_id, tags={"a": 1})

    assert (run.status, run.run_id, run.job_name) == (DagflowRunStatus.NOT_STARTED, run_id, "good")
    assert run.tags == {"size": "big", "a": "1"}
    assert instance.get_run_by_id(run_id) == run
    with pytest.raises(DagflowRunAlreadyExists, match=run_id):
        instance.create_run_for_job(good, run_id=run_id)
    with pytest.raises(DagflowRunAlreadyExists, match=run_id):
        good.execute_in_process(instance=instance, run_id=run_id)
    with pytest.raises(CheckError, match="'nope'"):
        instance.create_run_for_job(good, run_id="nope")


# the log


def test_the_log_of_a_run(instance):
    """Events, and what user code logged, in the order in which they were written."""
    result = good.execute_in_process(instance=instance)
    entries = instance.all_logs(result.run_id)

    assert [e.dagflow_event for e in entries if e.is_dagflow_event] == list(result.all_events)
    (said,) = [entry for entry in entries if not entry.is_dagflow_event]
    assert (said.level, said.user_message, said.message) == (30, "few left", "few left")
    assert (said.step_key, said.job_name, said.run_id) == ("beans", "good", result.run_id)
    kinds = [entry.dagflow_event.event_type.name if entry.dagflow_event else "line" for entry in entries]
    assert kinds.index("STEP_START") < kinds.index("line") < kinds.index("STEP_OUTPUT")
    assert instance.all_logs("nope") == []


def test_levels(instance):
    """Failures are errors, the rest is debug."""
    result = bad.execute_in_process(instance=instance, raise_on_error=False)

    levels = {entry.dagflow_event.event_type.name: entry.level for entry in instance.all_logs(result.run_id)}
    assert {kind for kind, level in levels.items() if level == 40} == {"STEP_FAILURE", "RUN_FAILURE"}
    assert set(levels.values()) == {10, 40}


def test_lines_of_some_types(instance):
    """One type, or several."""
    run_id = good.execute_in_process(instance=instance).run_id

    found = instance.all_logs(run_id, DagflowEventType.STEP_START)
    assert [entry.step_key for entry in found] == ["beans"]
    several = {DagflowEventType.RUN_START, DagflowEventType.RUN_SUCCESS}
    assert len(instance.all_logs(run_id, of_type=several)) == 2


def test_records_of_events(instance):
    """Lines over all runs, by what a filter says, the newest first."""
    for partition in ("x", "y"):
        materialize_to_memory([water], partition_key=partition, instance=instance)

    def numbers(kind=MATERIALIZED, limit=None, ascending=False, **fields):
        found = instance.get_event_records(EventRecordsFilter(kind, **fields), limit, ascending)
        return [record.storage_id for record in found]

    newest, oldest = numbers()
    records = instance.get_event_records(EventRecordsFilter(MATERIALIZED))
    assert [record.partition_key for record in records] == ["y", "x"]
    assert {record.asset_key for record in records} == {AssetKey("water")}
    assert records[0].asset_materialization.partition == "y"
    assert records[0].run_id == instance.get_runs()[0].run_id
    assert records[0].timestamp == records[0].event_log_entry.timestamp
    assert numbers(ascending=True) == [oldest, newest]
    assert numbers(limit=1) == [newest]
    assert numbers(asset_partitions=["x"]) == numbers(before_cursor=newest) == [oldest]
    assert numbers(after_cursor=oldest) == numbers(storage_ids=[newest]) == [newest]
    assert numbers(asset_key=AssetKey("milk")) == numbers(before_timestamp=0) == []
    assert len(numbers(after_timestamp=0)) == 2
    assert len(numbers(DagflowEventType.STEP_START)) == 2
    (start, _) = instance.get_event_records(EventRecordsFilter(DagflowEventType.RUN_START))
    assert (start.asset_key, start.partition_key, start.asset_materialization) == (None, None, None)


def test_fetching_in_pieces(instance):
    """Materializations and observations, with a cursor to go on from."""
    for partition in ("x", "y", "x"):
        materialize_to_memory([water], partition_key=partition, instance=instance)

    for fetch, key in (
        (instance.fetch_materializations, "water"),
        (instance.fetch_observations, AssetKey("river")),
    ):
        first = fetch(key, limit=2)
        assert (len(first.records), first.has_more) == (2, True)
        second = fetch(key, limit=2, cursor=first.cursor)
        assert (len(second.records), second.has_more) == (1, False)
        ids = [record.storage_id for record in [*first.records, *second.records]]
        assert ids == sorted(ids, reverse=True)
        assert [r.storage_id for r in fetch(key, limit=9, ascending=True).records] == ids[::-1]
    assert instance.fetch_materializations("milk", limit=1) == ([], "", False)


# assets


def test_assets(instance):
    """What was materialized, by which partition, and what is known at all."""
    assert instance.get_latest_materialization_event("water") is None
    materialize_to_memory([water], partition_key="x", instance=instance)
    good.execute_in_process(instance=instance)

    keys = [AssetKey(name) for name in ("river", "shelf", "water")]
    assert instance.get_asset_keys() == instance.all_asset_keys() == keys
    assert (instance.has_asset_key("water"), instance.has_asset_key("milk")) == (True, False)
    assert instance.get_latest_materialization_event("water").asset_materialization.partition == "x"
    assert instance.get_materialized_partitions(AssetKey("water")) == {"x"}
    assert instance.get_materialized_partitions("milk") == set()


def test_wiping_assets(instance):
    """What was written so far is forgotten, what comes later counts."""
    materialize_to_memory([water], partition_key="x", instance=instance)
    instance.wipe_assets(["water", "milk"])

    assert instance.get_latest_materialization_event("water") is None
    assert instance.get_materialized_partitions("water") == set()
    assert not instance.has_asset_key("water")
    materialize_to_memory([water], partition_key="y", instance=instance)
    assert instance.get_materialized_partitions("water") == {"y"}


def test_planned_materializations(instance):
    """They name job, asset, step and partition, and stand before the run begins."""
    result = materialize_to_memory([water], partition_key="x", instance=instance)

    entry = instance.all_logs(result.run_id)[0]
    event = entry.dagflow_event
    assert event.is_asset_materialization_planned
    assert (event.asset_key, event.partition, event.step_key) == (AssetKey("water"), "x", "water")
    assert (event.step_handle, event.pid) == (None, None)
    assert event.asset_materialization_planned_data == (AssetKey("water"), "x", None)
    assert '"water"' in event.message
    assert result.job_def.name in event.message
    assert instance.all_logs(result.run_id)[1].dagflow_event.event_type is DagflowEventType.RUN_START


@pytest.mark.parametrize("event", [AssetMaterialization("water"), AssetObservation("water")])
def test_events_outside_of_runs(instance, event):
    """Kept with no run."""
    instance.report_runless_asset_event(event)

    kind = OBSERVED if isinstance(event, AssetObservation) else MATERIALIZED
    (record,) = instance.get_event_records(EventRecordsFilter(kind))
    assert (record.run_id, record.asset_key) == ("", AssetKey("water"))
    entry = record.event_log_entry
    assert event in (entry.asset_materialization, entry.asset_observation)
    with pytest.raises(ParameterCheckError, match="asset_event"):
        instance.report_runless_asset_event("water")


# dynamic partitions


def test_dynamic_partitions(instance):
    """Kept in order, each once."""
    instance.add_dynamic_partitions("shops", ["s2", "s1", "s2"])
    instance.add_dynamic_partitions("shops", ["s1", "s3", "a\nb"])

    assert instance.get_dynamic_partitions("shops") == ["s2", "s1", "s3", "a\nb"]
    assert instance.get_dynamic_partitions("bars") == []
    assert instance.has_dynamic_partition("shops", "s1")
    assert not instance.has_dynamic_partition("bars", "s1")
    instance.delete_dynamic_partition("shops", "s1")
    instance.delete_dynamic_partition("shops", "nope")
    instance.delete_dynamic_partition("bars", "nope")
    assert instance.get_dynamic_partitions("shops") == ["s2", "s3", "a\nb"]


@pytest.mark.parametrize(("name", "keys"), [(3, ["a"]), ("shops", "abc"), ("shops", None), ("shops", [3])])
def test_dynamic_partitions_that_cannot_be(instance, name, keys):
    """Names and keys are texts, keys come in a list."""
    with pytest.raises(CheckError, match="partition"):
        instance.add_dynamic_partitions(name, keys)

    assert instance.get_dynamic_partitions("shops") == []


@pytest.mark.parametrize(
    ("question", "named"),
    [
        (lambda instance: instance.get_runs(limit=-1), "limit"),
        (lambda instance: instance.get_run_records(limit="3"), "limit"),
        (lambda instance: instance.get_runs({"job_name": "cafe"}), "filters"),
        (lambda instance: instance.get_runs_count({"job_name": "cafe"}), "filters"),
        (lambda instance: instance.get_records_for_run("r", limit=-1), "limit"),
        (lambda instance: instance.all_logs("r", "STEP_START"), "of_type"),
        (lambda instance: instance.all_logs("r", ["STEP_START"]), "of_type"),
        (lambda instance: instance.get_event_records(MATERIALIZED), "event_records_filter"),
        (lambda instance: instance.get_event_records(EventRecordsFilter(MATERIALIZED), limit=-1), "limit"),
        (lambda instance: instance.get_dynamic_partitions(3), "partitions_def_name"),
        (lambda instance: instance.wipe_assets("water"), "asset_keys"),
        (lambda instance: instance.wipe_assets([3]), "AssetKey"),
        (lambda instance: instance.add_run_tags("r", {"size": 3}), "tags"),
    ],
)
def test_arguments_that_cannot_be(instance, question, named):
    """The error names the argument; the store is not asked."""
    with pytest.raises(CheckError, match=named):
        question(instance)


def test_a_tag_that_is_no_text_changes_nothing(instance):
    """The run can be read as before."""
    run_id = materialize([water], instance=instance).run_id
    with pytest.raises(CheckError, match="'size' has the value 3"):
        instance.add_run_tags(run_id, {"size": 3})

    assert instance.get_run_by_id(run_id).tags == {}


def test_two_instances_share_nothing(instance):
    """Runs, assets and partitions of one are unknown to the other."""
    materialize([water], partition_key="x", instance=instance)
    instance.add_dynamic_partitions("shops", ["s"])

    other = DagflowInstance.ephemeral()
    assert (other.get_runs(), other.get_asset_keys(), other.get_dynamic_partitions("shops")) == ([], [], [])
