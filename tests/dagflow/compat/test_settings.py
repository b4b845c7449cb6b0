"""The settings of an instance in Dagster's form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dagflow.compat.settings import dagflow_settings


def storage(name: str, folder: Path) -> dict[str, Any]:
    """Return the setting of an older storage."""
    return {"module": "dagster._core.storage", "class": name, "config": {"base_dir": str(folder)}}


def test_folders(tmp_path: Path) -> None:
    """The folder of a storage, new or older, has the database; artifacts have their own folder."""
    url = {"url": f"sqlite:///{tmp_path}/history/dagflow.db"}

    assert dagflow_settings({"storage": {"sqlite": {"base_dir": str(tmp_path)}}}) == {"storage": url}
    older = {f"{name}_storage": storage("Sqlite", tmp_path) for name in ("run", "event_log", "schedule")}
    assert dagflow_settings(older) == {"storage": url}
    artifacts = {"local_artifact_storage": storage("LocalArtifactStorage", tmp_path)}
    assert dagflow_settings(artifacts) == {"local_artifact_storage": {"base_dir": str(tmp_path)}}


@pytest.mark.parametrize(
    "settings",
    [
        {"telemetry": {"enabled": False}},
        {"run_coordinator": {"module": "m", "class": "QueuedRunCoordinator"}},
        {"compute_logs": {"module": "m", "class": "NoOpComputeLogManager"}},
    ],
)
def test_settings_without_effect(settings: dict[str, Any]) -> None:
    """Settings of daemons are left out, and captured output that nobody keeps."""
    assert dagflow_settings(settings) == {}


def test_python_logs() -> None:
    """The handlers have dagflow's key; another value is an error later."""
    handlers: dict[str, Any] = {"handlers": {}}

    assert dagflow_settings({"python_logs": {"dagster_handler_config": handlers, "nope": 1}}) == {
        "python_logs": {"dagflow_handler_config": handlers, "nope": 1}
    }
    assert dagflow_settings({"python_logs": 3}) == {"python_logs": 3}


@pytest.mark.parametrize(
    "settings",
    [
        {"nope": 1},
        {"storage": {"url": "sqlite:///a.db"}},
        {"storage": 3},
        {"compute_logs": {"module": "m", "class": "S3ComputeLogManager"}},
    ],
)
def test_other_settings(settings: dict[str, Any]) -> None:
    """Settings of dagflow, and unknown ones, which are errors later, are unchanged."""
    assert dagflow_settings(settings) == settings
