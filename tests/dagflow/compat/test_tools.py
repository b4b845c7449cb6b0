"""The tools for tests of private modules, and the functions about files, times, types and config."""

from __future__ import annotations

import io
import os
import warnings
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from dagflow import AssetKey, ConfigurableResource, DagflowInstance, DagflowRunStatus, Field, asset, op
from dagflow.compat import config, files, times, types
from dagflow.compat.tools import (
    create_run_for_test,
    create_test_asset_job,
    environ,
    ignore_warning,
    new_cwd,
    wrap_op_in_graph,
    wrap_op_in_graph_and_execute,
)
from dagflow.errors import CheckError, DagflowInvalidMetadata


def test_environment_and_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables and the current folder are as before after the block."""
    monkeypatch.setenv("CUP", "blue")
    monkeypatch.delenv("POT", raising=False)
    before = os.getcwd()

    with environ({"CUP": None, "POT": "red"}), new_cwd(str(tmp_path)):
        assert os.environ.get("CUP") is None
        assert os.environ["POT"] == "red"
        assert Path.cwd() == tmp_path
    assert os.environ["CUP"] == "blue"
    assert "POT" not in os.environ
    assert os.getcwd() == before


def test_a_run_without_a_job() -> None:
    """A run has the given facts and is stored."""
    with DagflowInstance.ephemeral() as instance:
        run = create_run_for_test(
            instance, "bar", status=DagflowRunStatus.SUCCESS, tags={"a": "b"},
            asset_selection=frozenset([AssetKey("tea")]),
        )  # fmt: skip

        assert instance.get_run_by_id(run.run_id) == run
        assert (run.job_name, run.status.name, run.tags) == ("bar", "SUCCESS", {"a": "b"})


def test_one_op_in_a_graph() -> None:
    """The inputs of an op are given by value, or by config if they are not mapped."""

    @op
    def add(x: int, y: int = 3) -> int:
        return x + y

    by_config = {"ops": {"add": {"inputs": {"x": 4}}}}
    assert wrap_op_in_graph_and_execute(add, input_values={"x": 1}).output_value() == 4
    assert wrap_op_in_graph(add).name == "wraps_add"
    result = wrap_op_in_graph_and_execute(add, do_input_mapping=False, run_config=by_config)
    assert result.output_value() == 7


def test_a_job_of_assets() -> None:
    """The job has all assets that can be materialized, or the selected ones."""

    @asset
    def tea() -> None: ...

    @asset
    def milk() -> None: ...

    assert create_test_asset_job([tea, milk]).execute_in_process().success
    chosen = create_test_asset_job([tea, milk], selection="tea", name="one")
    assert chosen.name == "one"
    assert [*chosen.asset_layer.selected_asset_keys] == [AssetKey("tea")]


def test_ignored_warnings() -> None:
    """A warning with the words is ignored in the function."""

    @ignore_warning("too hot")
    def brew() -> int:
        warnings.warn("It is too hot", stacklevel=1)
        return 1

    assert brew() == 1


def test_files(tmp_path: Path) -> None:
    """Folders and files are created unless they exist."""
    folder = str(tmp_path / "a" / "b")

    assert files.ensure_dir(folder) == files.mkdir_p(folder) == folder
    assert Path(files.ensure_file(f"{folder}/c/d")).read_text(encoding="utf-8") == ""


def test_temporary_files() -> None:
    """A manager removes all its files and folders at once, and files are recognized by their methods."""
    manager = files.TempfileManager()
    made = [Path(manager.tempfile().name), Path(manager.tempdir())]

    assert all(path.exists() for path in made)
    manager.close()
    assert not any(path.exists() for path in made)
    files.check_file_like_obj(io.BytesIO())
    with pytest.raises(CheckError, match="3 is not like a file"):
        files.check_file_like_obj(3)


def test_times() -> None:
    """The clock of dagflow stops; time zones are names or objects."""
    with times.freeze_time(datetime(2024, 2, 29, 23, 30, tzinfo=timezone.utc)):
        assert times.get_current_datetime("Europe/Rome").isoformat() == "2024-03-01T00:30:00+01:00"
        assert times.get_current_datetime_midnight().day == 29
    assert times.parse_time_string("2024-02-29T06:00:00Z").tzinfo is not None
    assert times.parse_time_string("2024-02-29T06:00+02:00").hour == 6


def test_types() -> None:
    """Metadata and types are those of dagflow."""
    assert types.resolve_dagflow_type(int).display_name == "Int"
    assert types.is_dict_type(dict[str, Any])
    assert not types.is_dict_type(None)
    with pytest.raises(DagflowInvalidMetadata):
        types.normalize_metadata({"a": object()})
    found = types.normalize_metadata({"a": object(), "b": 1}, allow_invalid=True)
    assert found["a"].value == "[object] (unserializable)"
    assert found["b"].value == 1


def test_config(monkeypatch: pytest.MonkeyPatch) -> None:
    """Config gets its defaults and the values of environment variables."""
    monkeypatch.setenv("CUP", "blue")
    schema = {"n": Field(int, default_value=2), "cup": config.resolve_to_config_type({"of": Field(str)})}

    result = config.process_config(schema, {"cup": {"of": "tea"}})
    assert result == (True, {"n": 2, "cup": {"of": "tea"}}, None)

    class Kettle(ConfigurableResource):  # type: ignore[type-arg]
        litres: int = 1

    field = config.infer_schema_from_config_class(Kettle)
    assert config.process_config({"kettle": field}, {}).value == {"kettle": {"litres": 1}}
    wrong = config.validate_config({"n": int}, {"n": "x"})
    assert (wrong.success, wrong.value) == (False, None)
    assert [error.reason.name for error in wrong.errors or []] == ["RUNTIME_TYPE_MISMATCH"]
