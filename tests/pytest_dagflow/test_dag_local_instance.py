"""Tests of the fixture `dag_local_instance`."""

from __future__ import annotations

import pytest


def test_it_is_stored_under_the_folder_of_the_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    """Another object opens the same runs; DAGFLOW_HOME does not count; dynamic keys are there."""
    monkeypatch.setenv("DAGFLOW_HOME", str(pytester.mkdir("home")))
    pytester.makepyfile(
        """
        from pathlib import Path
        import pytest
        from dagflow import DagflowInstance, DynamicPartitionsDefinition, asset

        shops = DynamicPartitionsDefinition(name="shops")

        @asset
        def water():
            return 1

        def test_stored(dag_local_instance, dag_instance, materialize, tmp_path):
            run_id = materialize([water], instance=dag_local_instance).run_id

            assert dag_local_instance.is_persistent
            assert Path(dag_local_instance.root_directory).parent == tmp_path
            with DagflowInstance.local_temp(dag_local_instance.root_directory) as again:
                assert again.get_run_by_id(run_id).is_success
            assert dag_instance.get_runs() == []

        @pytest.mark.dag_partitions(shops, dynamic=["x"])
        def test_keys(partition_key, dag_local_instance):
            assert dag_local_instance.get_dynamic_partitions("shops") == ["x"]
            assert dag_local_instance.get_runs() == []
        """
    )

    pytester.runpytest("-W", "error").assert_outcomes(passed=2)

    assert list((pytester.path / "home").iterdir()) == []
