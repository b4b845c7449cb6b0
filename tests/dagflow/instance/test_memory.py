"""The store in memory: ids, times, and use by several threads at once."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from dagflow import (
    AssetMaterialization,
    DagflowEventType,
    DagflowInstance,
    asset,
    materialize,
)
from dagflow.events.run import DagflowRunStatus
from dagflow.instance.records import EventRecordsFilter

THREADS = 6


def at_once(function):
    """Call a function with 0 to 5 on six threads that start together. Returns the results in that order."""
    barrier = Barrier(THREADS)

    def call(number):
        barrier.wait(10)
        return function(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(call, range(THREADS)))


@asset
def water(context):
    context.log.info("a line")
    return context.instance.root_directory


@asset
def tea(water):
    return water


def test_six_runs_on_one_instance():
    """Six concurrent runs are all recorded without errors, and every line has a unique id."""
    instance = DagflowInstance.ephemeral()

    results = at_once(lambda _: materialize([water, tea], instance=instance))

    assert all(result.success for result in results)
    assert len({result.asset_value("tea") for result in results}) == 1
    assert {run.run_id for run in instance.get_runs()} == {result.run_id for result in results}
    assert {run.status for run in instance.get_runs()} == {DagflowRunStatus.SUCCESS}
    for result in results:
        entries = instance.all_logs(result.run_id)
        events = [entry.dagflow_event for entry in entries if entry.dagflow_event is not None]
        lines = [entry for entry in entries if entry.dagflow_event is None]
        assert [event.event_type for event in events][2:] == [event.event_type for event in result.all_events]
        assert len([line for line in lines if line.level > logging.DEBUG]) == 1
    records = instance.get_event_records(EventRecordsFilter(DagflowEventType.ASSET_MATERIALIZATION))
    numbers = [record.storage_id for record in records]
    assert len(numbers) == len(set(numbers)) == 2 * THREADS
    assert numbers == sorted(numbers, reverse=True)


def test_reading_while_others_run():
    """A growing log can be read, without duplicate or lost lines."""
    instance = DagflowInstance.ephemeral()

    def run_or_read(number):
        if number % 2:
            return materialize([water, tea], instance=instance).run_id
        for _ in range(50):
            for run in instance.get_runs():
                instance.all_logs(run.run_id)
        return None

    ids = [run_id for run_id in at_once(run_or_read) if run_id]

    lengths = {len(instance.all_logs(run_id)) for run_id in ids}
    alone = DagflowInstance.ephemeral()
    assert lengths == {len(alone.all_logs(materialize([water, tea], instance=alone).run_id))}


def test_instances_are_independent():
    """Each thread with its own instance only sees its own run."""

    def run(_):
        with DagflowInstance.ephemeral() as instance:
            materialize([water, tea], instance=instance)
            return instance.get_runs_count(), instance.root_directory

    seen = at_once(run)

    assert {count for count, _ in seen} == {1}
    assert len({folder for _, folder in seen}) == THREADS


def test_dynamic_partitions_from_several_threads():
    """No key is lost."""
    instance = DagflowInstance.ephemeral()

    at_once(lambda number: [instance.add_dynamic_partitions("shops", [f"{number}-{i}"]) for i in range(100)])
    at_once(lambda number: [instance.delete_dynamic_partition("shops", f"{number}-{i}") for i in range(50)])

    assert len(instance.get_dynamic_partitions("shops")) == THREADS * 50


def test_tags_from_several_threads():
    """No tag is lost."""
    instance = DagflowInstance.ephemeral()
    run_id = materialize([water], instance=instance).run_id

    at_once(lambda number: [instance.add_run_tags(run_id, {f"{number}-{i}": "x"}) for i in range(100)])

    assert len(instance.get_run_by_id(run_id).tags) == THREADS * 100


def test_a_materialization_after_a_wipe_counts():
    """Deleting runs does not move what was wiped."""
    instance = DagflowInstance.ephemeral()
    run_id = materialize([water], instance=instance).run_id
    instance.wipe_assets(["water"])
    instance.delete_run(run_id)
    instance.report_runless_asset_event(AssetMaterialization("water"))

    assert instance.get_latest_materialization_event("water") is not None
    assert instance.has_asset_key("water")
