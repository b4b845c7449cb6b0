"""The parts of an instance under the names of Dagster's storages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dagflow import AssetKey, DagflowEventType, DagflowInstance, DagflowRun, asset, materialize
from dagflow.errors import CheckError, DagflowRunAlreadyExists, ParameterCheckError


@pytest.fixture
def instance() -> Iterator[DagflowInstance]:
    """Provide an instance in memory."""
    with DagflowInstance.ephemeral() as made:
        yield made


@asset
def tea() -> int:
    """Make tea."""
    return 1


def test_the_event_log(instance: DagflowInstance) -> None:
    """The log has the lines of each run, the assets and statistics."""
    run_id = materialize([tea], instance=instance).run_id
    log = instance.event_log_storage

    assert log.get_logs_for_run(run_id) == instance.all_logs(run_id)
    (start,) = log.get_logs_for_run(run_id, of_type=DagflowEventType.STEP_START)
    assert start.step_key == "tea"
    assert len(log.get_logs_for_run(run_id, limit=2, ascending=False)) == 2
    assert log.all_asset_keys() == [AssetKey("tea")]
    latest = log.get_latest_materialization_events([AssetKey("tea"), AssetKey("milk")])
    assert [entry is None for entry in latest.values()] == [False, True]
    assert log.get_stats_for_run(run_id) == instance.get_run_stats(run_id)
    assert [each.step_key for each in log.get_step_stats_for_run(run_id)] == ["tea"]


def test_runs(instance: DagflowInstance) -> None:
    """The storage of runs stores, lists and deletes them."""
    storage = instance.run_storage
    run = storage.add_run(DagflowRun("bar", tags={"a": "b"}))

    assert storage.has_run(run.run_id)
    assert storage.get_runs() == [run]
    assert storage.get_run_ids() == [run.run_id]
    assert storage.get_runs_count() == 1
    storage.add_run_tags(run.run_id, {"c": "d"})
    assert storage.get_run_records()[0].dagflow_run.tags == {"a": "b", "c": "d"}
    storage.delete_run(run.run_id)
    assert not storage.has_run(run.run_id)


def test_a_run_of_another_process(instance: DagflowInstance) -> None:
    """A run is stored once, and another value is refused."""
    run = instance.add_run(DagflowRun("bar"))

    with pytest.raises(DagflowRunAlreadyExists):
        instance.add_run(run)
    with pytest.raises(ParameterCheckError, match="'run'"):
        instance.add_run("bar")  # type: ignore[arg-type]


def test_captured_output(tmp_path: Path) -> None:
    """Output is read in parts, by a cursor; without files there is none."""
    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        manager, run = instance.compute_log_manager, instance.add_run(DagflowRun("bar"))
        key = manager.build_log_key_for_run(run.run_id, "brew")
        paths = instance.captured_log_paths(run.run_id, "brew")
        Path(paths.stdout).parent.mkdir(parents=True)
        Path(paths.stdout).write_bytes(b"hot tea")

        first = manager.get_log_data(key, max_bytes=4)
        assert (first.stdout, first.stderr, first.cursor) == (b"hot ", None, "4:0")
        assert manager.get_log_data(key, first.cursor).stdout == b"tea"
        assert not manager.is_capture_complete(key)


@pytest.mark.parametrize(
    ("log_key", "cursor"), [(["x"], None), ("abc", None), (["r", "compute_logs", "s"], "7")]
)
def test_wrong_keys_and_cursors(instance: DagflowInstance, log_key: list[str], cursor: str | None) -> None:
    """A log key or cursor of another form is an error."""
    with pytest.raises(CheckError, match=r"the (log key|cursor) "):
        instance.compute_log_manager.get_log_data(log_key, cursor)
