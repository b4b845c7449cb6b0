"""The marker `dag_config`: the default run config of the bound runs of a test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_dagflow.markers.registry import check_arguments, marks_nearest_first

_FILES = pytest.StashKey[dict[Path, Mapping[str, Any]]]()
"""The config of the files that were read, by path."""


def run_config_of(item: pytest.Item) -> Mapping[str, Any]:
    """Return the run config of the markers of a test; key by key, that of the nearest marker wins.

    Raises:
        ValueError: A file is missing or invalid, or the argument of a marker has the wrong type.
    """
    merged: Mapping[str, Any] = {}
    for mark in marks_nearest_first(item, "dag_config"):
        merged = with_defaults(merged, config_of(mark, item))
    return merged


def config_of(mark: pytest.Mark, item: pytest.Item) -> Mapping[str, Any]:
    """Return the run config of one marker.

    Raises:
        ValueError: The file is missing or invalid, or the argument has the wrong type.
    """
    value = _as_dict(check_arguments(mark, item.nodeid))
    if isinstance(value, Mapping):
        return value
    if isinstance(value, (str, Path)):
        path = item.path.parent / value
        files = item.config.stash.setdefault(_FILES, {})
        if path not in files:
            files[path] = _read(path)
        return files[path]
    raise ValueError(
        f"the argument must be a run config as a dict, or the path of a YAML file, not {value!r} of type "
        f"'{type(value).__name__}'"
    )


def _read(path: Path) -> Mapping[str, Any]:
    import glob

    from dagflow import DagflowError, config_from_files

    if not path.is_file():
        raise ValueError(f"there is no file '{path}'. A relative path begins at the folder of the test file")
    try:
        return config_from_files([glob.escape(str(path))])
    except DagflowError as error:
        raise ValueError(str(error)) from None


def with_defaults(given: Any, defaults: Mapping[str, Any]) -> Any:
    """Return a run config with defaults for the keys that it lacks, at every depth.

    Args:
        given: A mapping, a RunConfig, or None. Any other value is returned itself.
        defaults: The defaults.

    Example:
        >>> with_defaults({"ops": {"brew": 1}}, {"ops": {"brew": 2, "pour": 3}, "loggers": {}})
        {'ops': {'brew': 1, 'pour': 3}, 'loggers': {}}
    """
    if given is None:
        return defaults
    given = _as_dict(given)
    if not isinstance(given, Mapping):
        return given
    merged = dict(given)
    for key, default in defaults.items():
        if key not in merged:
            merged[key] = default
        elif isinstance(default, Mapping) and isinstance(merged[key], Mapping):
            merged[key] = with_defaults(merged[key], default)
    return merged


def _as_dict(value: Any) -> Any:
    """Return a RunConfig as a dict, any other value itself."""
    convert = getattr(type(value), "to_config_dict", None)
    return value if convert is None else convert(value)
