"""The log of an instance in pages, and its queries about assets."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    AssetRecordsFilter,
    CheckError,
    DagflowEventType,
    job,
    op,
)
from dagflow.testing import VirtualClock, run_options


@op
def beans(context):
    context.log.info("few left")
    return 1


@job
def cafe():
    beans()


def materialize_at(instance, moment, partition):
    """Store a materialization of an asset at a time."""
    with run_options(clock=VirtualClock(moment)):
        instance.report_runless_asset_event(AssetMaterialization("water", partition=partition))


def test_the_log_of_a_run_in_pieces(instance):
    """Pages return each line of a log once, in both directions. The cursor of the last page returns later
    lines.
    """
    run_id = cafe.execute_in_process(instance=instance).run_id
    cafe.execute_in_process(instance=instance)
    whole = instance.all_logs(run_id)

    for ascending in (True, False):
        found, cursor, has_more = [], None, True
        while has_more:
            page = instance.get_records_for_run(run_id, cursor=cursor, limit=3, ascending=ascending)
            assert len(page.records) == 3 or not page.has_more
            found += [record.event_log_entry for record in page.records]
            cursor, has_more = page.cursor, page.has_more
        assert found == (whole if ascending else whole[::-1])
    assert instance.get_records_for_run(run_id, cursor=cursor, ascending=False) == ([], cursor, False)


def test_pieces_of_some_types(instance):
    """A page may be limited to one or several event types; without a limit it has all lines."""
    run_id = cafe.execute_in_process(instance=instance).run_id
    start, end = DagflowEventType.STEP_START, DagflowEventType.STEP_SUCCESS

    def kinds(of_type, **how):
        records, _, has_more = instance.get_records_for_run(run_id, of_type=of_type, **how)
        return [record.event_log_entry.dagflow_event_type for record in records], has_more

    assert kinds(start) == ([start], False)
    assert kinds({start, end}) == ([start, end], False)
    assert kinds({start, end}, limit=1) == ([start], True)
    assert instance.get_records_for_run("nope") == ([], "", False)


@pytest.mark.parametrize("cursor", ["x", "1.5"])
def test_a_cursor_that_is_none(instance, cursor):
    """The error about an invalid cursor quotes it."""
    with pytest.raises(CheckError, match=f"'{cursor}' is not a cursor"):
        instance.get_records_for_run("r", cursor=cursor)


def test_materializations_by_a_filter(instance):
    """Materializations are filtered by partition, storage id and time, in pages."""
    for moment, partition in enumerate("abcab"):
        materialize_at(instance, moment, partition)
    ids = [record.storage_id for record in instance.fetch_materializations("water", limit=9).records][::-1]

    def found(limit=9, cursor=None, ascending=True, **wanted):
        result = instance.fetch_materializations(
            AssetRecordsFilter(AssetKey("water"), **wanted), limit, cursor, ascending
        )
        return [record.storage_id for record in result.records], result.cursor

    assert found()[0] == ids
    assert found(asset_partitions=["a"])[0] == [ids[0], ids[3]]
    assert found(after_storage_id=ids[0], before_storage_id=ids[3])[0] == ids[1:3]
    assert found(after_timestamp=0.5, before_timestamp=2.5)[0] == ids[1:3]
    assert found(storage_ids=[ids[4]])[0] == ids[4:]
    first, cursor = found(limit=2, after_storage_id=ids[0])
    assert first == ids[1:3]
    assert found(cursor=cursor, after_storage_id=ids[0])[0] == ids[3:]
    first, cursor = found(limit=2, ascending=False, before_storage_id=ids[4])
    assert first == [ids[3], ids[2]]
    assert found(cursor=cursor, ascending=False, before_storage_id=ids[4])[0] == [ids[1], ids[0]]
    assert instance.fetch_observations(AssetRecordsFilter(AssetKey("water")), limit=9).records == []


def test_the_version_of_the_data(instance):
    """The record of the data version is the last materialization, else the last observation."""
    assert instance.get_latest_data_version_record("water") is None
    instance.report_runless_asset_event(AssetObservation("water"))
    observed = instance.get_latest_data_version_record("water")
    assert observed.event_log_entry.asset_observation is not None
    materialize_at(instance, 1, "a")
    materialize_at(instance, 2, "b")
    instance.report_runless_asset_event(AssetObservation("water"))

    record = instance.get_latest_data_version_record(AssetKey("water"))
    assert (record.partition_key, record.timestamp) == ("b", 2.0)
    assert instance.get_latest_materialization_event("water") == record.event_log_entry
    instance.wipe_assets(["water"])
    assert instance.get_latest_data_version_record("water") is None


def test_everything_is_forgotten(instance):
    """A wipe deletes everything except files."""
    cafe.execute_in_process(instance=instance)
    folder = instance.root_directory
    instance.wipe()

    assert instance.get_runs() == []
    assert instance.root_directory == folder
