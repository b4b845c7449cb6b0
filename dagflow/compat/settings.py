"""The settings of an instance in Dagster's form, as `instance_for_test(overrides=...)` gets them.

The storages become the URL and the folder of dagflow. The settings of daemons, launchers and servers have no
effect, as in a test of Dagster, where none of these run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from dagflow.compat.spellings import as_dagflow

_OF_DEPLOYMENTS = frozenset({
    "auto_materialize", "backfills", "code_servers", "concurrency", "freshness", "nux", "retention",
    "run_coordinator", "run_launcher", "run_monitoring", "run_queue", "run_retries", "scheduler", "schedules",
    "sensors", "telemetry", "ui",
})  # fmt: skip
_STORAGES = ("run_storage", "event_log_storage", "schedule_storage")


def dagflow_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings in dagflow's form. An unknown one stays, so that its error names it.

    Args:
        settings: Settings in Dagster's form or in dagflow's.

    Example:
        >>> url = {"postgres_url": "postgresql://db/cafe"}
        >>> dagflow_settings({"storage": {"postgres": url}, "telemetry": {"enabled": False}})
        {'storage': {'url': 'postgresql+psycopg://db/cafe'}}
    """
    found = {name: value for name, value in settings.items() if name not in _OF_DEPLOYMENTS}
    # the three older storages are one in dagflow, which is that of the runs
    older = {name: found.pop(name) for name in _STORAGES if _is_class(found.get(name))}
    storage = found.get("storage", next(iter(older.values()), None))
    url = _url(storage) if isinstance(storage, Mapping) else None
    if url is not None:
        found["storage"] = {"url": url}
    if _is_class(found.get("compute_logs")) and found["compute_logs"]["class"] == "NoOpComputeLogManager":
        del found["compute_logs"]  # a run in the process of a test captures nothing
    python_logs = found.get("python_logs")
    if isinstance(python_logs, Mapping):
        found["python_logs"] = {as_dagflow(name): value for name, value in python_logs.items()}
    artifacts = found.get("local_artifact_storage")
    if artifacts is not None and _is_class(artifacts):
        found["local_artifact_storage"] = {"base_dir": artifacts.get("config", {}).get("base_dir", "")}
    return found


def _is_class(value: Any) -> bool:
    return isinstance(value, Mapping) and "module" in value and "class" in value


def _url(storage: Mapping[str, Any]) -> str | None:
    """Return the database URL of a storage, None for one in dagflow's form or of an unknown kind."""
    config = (
        storage.get("config", {}) if _is_class(storage) else storage.get("sqlite", storage.get("postgres"))
    )
    if not isinstance(config, Mapping):
        return None
    if "base_dir" in config:
        folder = os.path.join(config["base_dir"], "history")
        os.makedirs(folder, exist_ok=True)
        return f"sqlite:///{folder}/dagflow.db"
    url = config.get("postgres_url")
    return None if url is None else str(url).replace("postgresql://", "postgresql+psycopg://", 1)
