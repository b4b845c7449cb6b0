"""Checks in other processes: the same evaluations, targets and blocked assets as in one process."""

from __future__ import annotations

import importlib.util

import pytest
from check_jobs import EXECUTORS, pointer_to

from dagflow import AssetCheckKey, AssetKey, DagflowAssetCheckFailedError, execute_job, instance_for_test

KEYS = [
    AssetCheckKey(AssetKey(asset), check)
    for asset, check in (("beans", "fresh"), ("coffee", "strong"), ("cup", "hot"))
]


@pytest.fixture(name="executor", params=EXECUTORS)
def _executor(request: pytest.FixtureRequest) -> str:
    if request.param == "dask" and importlib.util.find_spec("distributed") is None:
        pytest.skip("it is not installed: pip install -e '.[dask]'")
    return request.param


def test_evaluations_cross_processes(executor):
    """Evaluations have all facts and their target, are stored, and a failed blocking check stops readers."""
    with instance_for_test() as instance, execute_job(pointer_to(executor), instance=instance) as result:
        found = {one.check_name: one for one in result.get_asset_check_evaluations()}
        made = {
            key.asset_key: instance.fetch_materializations(key.asset_key, limit=1).records[0] for key in KEYS
        }
        storage = instance.event_log_storage
        records = storage.get_latest_asset_check_execution_by_key(KEYS)
        failed = [event.step_key for event in result.get_step_failure_events()]
        error = result.get_step_failure_events()[0].step_failure_data.error

    assert {name: one.passed for name, one in found.items()} == {"fresh": True, "strong": False, "hot": False}
    assert (found["fresh"].description, found["fresh"].blocking) == ("new", True)
    assert (found["hot"].metadata["degrees"].value, found["hot"].severity.name) == (20, "WARN")
    for one in found.values():
        record = made[one.asset_key]
        assert one.target_materialization_data == (record.storage_id, record.run_id, record.timestamp)
        assert records[one.asset_check_key].evaluation == one
    assert [record.status.name for record in records.values()] == ["SUCCEEDED", "FAILED", "FAILED"]
    assert failed == ["coffee_strong"]
    assert error.cls_name == DagflowAssetCheckFailedError.__name__
    assert "drink" not in [event.step_key for event in result.get_step_success_events()]
