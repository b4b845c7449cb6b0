"""The stored test instance."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dagflow import CheckError, DagflowInstance, DagflowInvalidConfigError, instance_for_test, job, op


@op
def beans():
    return 1


@job
def cafe():
    beans()


@pytest.mark.parametrize("before", [None, "somewhere"])
def test_the_home_is_set_inside(monkeypatch, before):
    """The home is set in the block and reset after it, also on errors, and the folder is removed."""
    monkeypatch.delenv("DAGFLOW_HOME", raising=False)
    if before is not None:
        monkeypatch.setenv("DAGFLOW_HOME", before)

    folders = []

    def fail():
        with instance_for_test() as instance:
            folders.append(instance.root_directory)
            run_id = cafe.execute_in_process(instance=instance).run_id
            assert os.environ["DAGFLOW_HOME"] == instance.root_directory
            with DagflowInstance.get() as same:
                assert same.has_run(run_id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert os.environ.get("DAGFLOW_HOME") == before
    assert not os.path.exists(folders[0])


def test_the_home_is_left_alone(monkeypatch):
    """The home is not set if `set_dagflow_home` is false."""
    monkeypatch.delenv("DAGFLOW_HOME", raising=False)

    with instance_for_test(set_dagflow_home=False) as instance:
        assert instance.is_persistent
        assert "DAGFLOW_HOME" not in os.environ


def test_a_folder_that_was_given(tmp_path):
    """A given folder is not removed."""
    with instance_for_test(temp_dir=str(tmp_path)) as instance:
        run_id = cafe.execute_in_process(instance=instance).run_id

    with instance_for_test(temp_dir=str(tmp_path)) as again:
        assert again.root_directory == str(tmp_path)
        assert again.has_run(run_id)


def test_a_relative_folder(tmp_path, monkeypatch):
    """A relative folder is the home inside the block too. A path object is accepted."""
    monkeypatch.chdir(tmp_path)

    with instance_for_test({}, temp_dir=Path("cafe")) as instance, DagflowInstance.get() as same:
        assert same.root_directory == instance.root_directory == str(tmp_path / "cafe")
    assert (tmp_path / "cafe" / "dagflow.yaml").exists()


@pytest.mark.parametrize("overrides", [5, {"storage": {"url": object()}}, {"storage": {5: {6}}}])
def test_settings_that_cannot_be(overrides, tmp_path):
    """Invalid settings raise DagflowInvalidConfigError, and nothing is written."""
    with (
        pytest.raises((CheckError, DagflowInvalidConfigError)),
        instance_for_test(overrides, temp_dir=tmp_path),
    ):
        pass
    assert os.listdir(tmp_path) == []


def test_settings(tmp_path):
    """The settings also apply to `DagflowInstance.get`, and invalid ones raise an error."""
    overrides = {"local_artifact_storage": {"base_dir": str(tmp_path)}}

    with instance_for_test(overrides) as instance, DagflowInstance.get() as same:
        assert instance.storage_directory() == same.storage_directory() == str(tmp_path / "storage")
    with pytest.raises(DagflowInvalidConfigError, match="storge"), instance_for_test({"storge": {}}):
        pass
