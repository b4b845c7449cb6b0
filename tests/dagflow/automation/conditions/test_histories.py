"""Tests of the reading of the log by evaluations: each reads the lines behind those of earlier ones."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetKey,
    AssetMaterialization,
    AutomationCondition,
    DagflowInstance,
    DailyPartitionsDefinition,
    asset,
    evaluate_automation_conditions,
    materialize,
)
from dagflow.automation.conditions.histories import Histories

A, B = AssetKey("a"), AssetKey("b")


@pytest.fixture(params=["memory", "file"])
def instance(request, tmp_path):
    """Return an instance in memory, or with files."""
    if request.param == "memory":
        with DagflowInstance.ephemeral() as made:
            yield made
    else:
        with DagflowInstance.local_temp(str(tmp_path)) as made:
            yield made


def report(instance, *keys, partition=None):
    """Store a materialization of each asset."""
    for key in keys:
        instance.report_runless_asset_event(AssetMaterialization(key, partition=partition))


def updates(histories, key):
    """Return the storage ids of the updates of an asset."""
    return [update.storage_id for update in histories.of(key).updates]


def test_a_later_reading_reads_new_lines_only(instance, monkeypatch):
    """A later reading reads the lines behind the earlier one, and leaves that one as it was."""
    report(instance, A, B)
    first = Histories(instance, ())
    read = []
    lines = DagflowInstance.lines_of_types
    monkeypatch.setattr(
        DagflowInstance, "lines_of_types", lambda *args: read.append(lines(*args)) or read[-1]
    )
    report(instance, A)
    second = Histories(instance, ())

    assert [line.storage_id for line in read[0]] == [3]
    assert (updates(first, A), first.last_event_id) == ([1], 2)
    assert (updates(second, A), updates(second, B), second.last_event_id) == ([1, 3], [2], 3)
    assert second.of(B) is first.of(B)


def test_a_deleted_run_is_forgotten(instance):
    """The updates of a run that was deleted since do not count."""
    report(instance, A)
    result = materialize([asset(name="b")(lambda: None)], instance=instance)
    assert Histories(instance, ()).of(B).planned
    instance.delete_run(result.run_id)
    report(instance, A)
    histories = Histories(instance, ())

    assert (len(updates(histories, A)), updates(histories, B), histories.of(B).planned) == (2, [], {})


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_wipe_is_seen(instance, is_whole):
    """Updates before a wipe of the asset, or of the instance, do not count."""
    report(instance, A, B)
    assert updates(Histories(instance, ()), A)
    if is_whole:
        instance.wipe()
    else:
        instance.wipe_assets([A])
    histories = Histories(instance, ())

    assert (updates(histories, A), len(updates(histories, B))) == ([], 0 if is_whole else 1)


def test_an_asset_that_gets_partitions(instance):
    """Updates count for the partitions that the asset has now."""
    report(instance, A)
    report(instance, A, partition="2024-01-01")
    before, after = Histories(instance, ()), Histories(instance, [A])

    assert (list(before.of(A).latest), list(after.of(A).latest)) == ([None], ["2024-01-01"])


def test_evaluations_of_two_projects(instance):
    """Evaluations of other definitions of an asset do not disturb each other."""
    missing = AutomationCondition.missing()
    days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-03")
    projects = [
        [asset(name="a", automation_condition=missing, partitions_def=one)(lambda: None)]
        for one in (None, days)
    ]
    report(instance, A, partition="2024-01-01")
    requested = [evaluate_automation_conditions(each, instance).total_requested for each in projects * 2]

    assert requested == [0, 1, 0, 1]
