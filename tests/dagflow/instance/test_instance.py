"""The runs, events, assets and dynamic partitions of an instance."""

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
    """The folder is created at its first use and removed with the instance."""
    with DagflowInstance.ephemeral() as instance:
        folder = instance.root_directory
        assert os.path.isdir(folder)
        assert instance.root_directory == folder
        assert instance.storage_directory() == os.path.join(folder, "storage")
        assert (instance.is_ephemeral, instance.is_persistent) == (True, False)
    assert not os.path.exists(folder)


def test_disposing():
    """An instance can be disposed of twice, also if unused, and its data can still be read."""
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
    """Only folders that dagflow created are removed."""
    with DagflowInstance.ephemeral(tempdir=str(tmp_path)) as instance:
        assert instance.root_directory == str(tmp_path)
    assert tmp_path.is_dir()
    assert repr(instance) == "<DagflowInstance, ephemeral>"


def test_no_folder_is_made_for_nothing(instance, monkeypatch):
    """A run in memory does not use the disk."""
    monkeypatch.setattr("tempfile.mkdtemp", None)

    assert materialize_to_memory([water], partition_key="x", instance=instance).success


# runs


def test_runs(instance):
    """All runs are stored with their status, and returned the newest first."""
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
    """A run whose failure is raised is stored with status FAILURE."""
    with pytest.raises(ValueError, match="spilt"):
        bad.execute_in_process(instance=instance)

    assert [run.status for run in instance.get_runs()] == [DagflowRunStatus.FAILURE]


def test_a_run_that_cannot_begin_is_not_kept(instance):
    """A run with invalid config is not stored."""
    with pytest.raises(DagflowInvalidConfigError):
        good.execute_in_process(instance=instance, run_config={"nope": 1})

    assert instance.get_runs() == []


def test_a_run_without_an_instance_is_seen_by_nobody(instance):
    """A run without an instance argument is not in other instances."""
    good.execute_in_process()

    assert instance.get_runs_count() == 0


def test_filters_limits_and_cursors(instance):
    """Runs can be filtered and read in pages."""
    ids = [good.execute_in_process(instance=instance, tags={"n": i}).run_id for i in range(4)]

    assert [run.run_id for run in instance.get_runs(RunsFilter(tags={"n": ["1", "2"]}))] == [ids[2], ids[1]]
    assert instance.get_runs_count(RunsFilter(tags={"size": "big"})) == 4
    assert [run.run_id for run in instance.get_runs(limit=2)] == [ids[3], ids[2]]
    assert [run.run_id for run in instance.get_runs(cursor=ids[2])] == [ids[1], ids[0]]
    assert [run.run_id for run in instance.get_runs(cursor=ids[0], limit=1, ascending=True)] == [ids[1]]
    assert instance.get_runs(cursor="nope") == []


def test_records_of_runs(instance):
    """The times of a run are those of the current clock."""
    with run_options(clock=VirtualClock(100)):
        run_id = good.execute_in_process(instance=instance).run_id

    (record,) = instance.get_run_records()
    assert record.dagflow_run.run_id == run_id
    assert (record.create_timestamp, record.start_time, record.end_time) == (100.0, 100.0, 100.0)
    assert record.update_timestamp == 100.0


def test_deleting_a_run(instance):
    """A deletion removes run and log, and ignores an unknown run."""
    run_id = good.execute_in_process(instance=instance).run_id
    other = good.execute_in_process(instance=instance).run_id

    instance.delete_run(run_id)
    instance.delete_run("nope")

    assert [run.run_id for run in instance.get_runs()] == [other]
    assert instance.all_logs(run_id) == []
    assert instance.all_logs(other)


def test_a_run_may_delete_itself(instance):
    """A run that is deleted while it runs still succeeds."""

    @op
    def deletes(context):
        context.instance.delete_run(context.run_id)

    @job
    def j():
        deletes()

    assert j.execute_in_process(instance=instance).success
    assert instance.get_runs() == []


def test_tags_are_merged(instance):
    """Later tags override earlier ones, and an unknown run is ignored."""
    run_id = good.execute_in_process(instance=instance, tags={"a": "1", "b": "1"}).run_id

    instance.add_run_tags(run_id, {"b": "2", "c": "2"})
    instance.add_run_tags("nope", {"a": "b"})

    assert instance.get_run_by_id(run_id).tags == {"size": "big", "a": "1", "b": "2", "c": "2"}


def test_runs_that_have_not_begun(instance):
    """A run can be created without being started."""
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
    """The log has the events and the messages of user code in order."""
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
    """Failures have the level ERROR, all other events DEBUG."""
    result = bad.execute_in_process(instance=instance, raise_on_error=False)

    levels = {entry.dagflow_event.event_type.name: entry.level for entry in instance.all_logs(result.run_id)}
    assert {event_type for event_type, level in levels.items() if level == 40} == {
        "STEP_FAILURE",
        "RUN_FAILURE",
    }
    assert set(levels.values()) == {10, 40}


def test_lines_of_some_types(instance):
    """Lines can be limited to one or several event types."""
    run_id = good.execute_in_process(instance=instance).run_id

    found = instance.all_logs(run_id, DagflowEventType.STEP_START)
    assert [entry.step_key for entry in found] == ["beans"]
    several = {DagflowEventType.RUN_START, DagflowEventType.RUN_SUCCESS}
    assert len(instance.all_logs(run_id, of_type=several)) == 2


def test_records_of_events(instance):
    """Events of all runs are filtered and returned the newest first."""
    for partition in ("x", "y"):
        materialize_to_memory([water], partition_key=partition, instance=instance)

    def numbers(event_type=MATERIALIZED, limit=None, ascending=False, **fields):
        found = instance.get_event_records(EventRecordsFilter(event_type, **fields), limit, ascending)
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
    """Materializations and observations are fetched in pages with a cursor."""
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
    """The instance returns the materialized partitions, and the keys of all assets in the log."""
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
    """A wipe hides earlier events of an asset, not later ones."""
    materialize_to_memory([water], partition_key="x", instance=instance)
    instance.wipe_assets(["water", "milk"])

    assert instance.get_latest_materialization_event("water") is None
    assert instance.get_materialized_partitions("water") == set()
    assert not instance.has_asset_key("water")
    of_water = EventRecordsFilter(DagflowEventType.ASSET_MATERIALIZATION, AssetKey("water"))
    assert not instance.fetch_materializations("water", limit=5).records
    assert not instance.get_event_records(of_water)
    materialize_to_memory([water], partition_key="y", instance=instance)
    assert instance.get_materialized_partitions("water") == {"y"}
    assert len(instance.fetch_materializations("water", limit=5).records) == 1
    assert len(instance.get_event_records(of_water)) == 1


def test_planned_materializations(instance):
    """The planned events name job, asset, step and partition, and come before the run begins."""
    result = materialize_to_memory([water], partition_key="x", instance=instance)

    entry = instance.all_logs(result.run_id)[0]
    event = entry.dagflow_event
    assert event.is_asset_materialization_planned
    assert (event.asset_key, event.partition, event.step_key) == (AssetKey("water"), "x", "water")
    assert (event.step_handle, event.pid) == (None, None)
    assert event.asset_materialization_planned_data == (AssetKey("water"), "x", None)
    assert '"water"' in event.message
    assert event.message.startswith("the run of assets intends")
    assert instance.all_logs(result.run_id)[1].dagflow_event.event_type is DagflowEventType.RUN_START


@pytest.mark.parametrize("event", [AssetMaterialization("water"), AssetObservation("water")])
def test_events_outside_of_runs(instance, event):
    """An event outside of any run is stored without a run id."""
    instance.report_runless_asset_event(event)

    event_type = OBSERVED if isinstance(event, AssetObservation) else MATERIALIZED
    (record,) = instance.get_event_records(EventRecordsFilter(event_type))
    assert (record.run_id, record.asset_key) == ("", AssetKey("water"))
    entry = record.event_log_entry
    assert event in (entry.asset_materialization, entry.asset_observation)
    with pytest.raises(ParameterCheckError, match="asset_event"):
        instance.report_runless_asset_event("water")


# dynamic partitions


def test_dynamic_partitions(instance):
    """Keys are stored in order, without duplicates."""
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
    """A name or key that is not a string, or keys that are not a list, raise an error."""
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
    """The error about an invalid argument names it, and the store is not called."""
    with pytest.raises(CheckError, match=named):
        question(instance)


def test_a_tag_that_is_no_text_changes_nothing(instance):
    """A tag that is not a string raises an error, and the run stays readable."""
    run_id = materialize([water], instance=instance).run_id
    with pytest.raises(CheckError, match="'size' has the value 3"):
        instance.add_run_tags(run_id, {"size": 3})

    assert instance.get_run_by_id(run_id).tags == {}


def test_two_instances_share_nothing(instance):
    """Runs, assets and partitions of one instance are unknown to another."""
    materialize([water], partition_key="x", instance=instance)
    instance.add_dynamic_partitions("shops", ["s"])

    other = DagflowInstance.ephemeral()
    assert (other.get_runs(), other.get_asset_keys(), other.get_dynamic_partitions("shops")) == ([], [], [])
