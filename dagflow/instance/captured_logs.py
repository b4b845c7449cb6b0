"""The captured output of the steps of a run: the paths of its files, and how to read it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from dagflow._util import escaped
from dagflow.events.record import DagflowEvent


class CapturedLogs(NamedTuple):
    """The captured stdout and stderr, as strings."""

    stdout: str
    stderr: str


class CapturedLogPaths(NamedTuple):
    """The paths of the files for captured stdout and stderr."""

    stdout: str
    stderr: str


def captured_log_paths(storage_directory: str, run_id: str, file_key: str) -> CapturedLogPaths:
    """Return the paths of the files for the `file_key` of a LOGS_CAPTURED event.
    Example:
        >>> captured_log_paths("storage", "r", "brew").stdout.replace(os.sep, "/")
        'storage/r/compute_logs/brew.out'
    """
    stem = os.path.join(storage_directory, escaped(run_id), "compute_logs", escaped(file_key))
    return CapturedLogPaths(stem + ".out", stem + ".err")


def captured_logs(
    storage_directory: str, run_id: str, step_key: str, events: Iterable[DagflowEvent]
) -> CapturedLogs:
    """Read the captured output of a step, of all attempts in order.

    Args:
        storage_directory: The storage folder of the instance.
        run_id: The id of the run.
        step_key: The key of the step.
        events: The LOGS_CAPTURED events of the run, in order.
    """
    found = (event.logs_captured_data for event in events)
    keys = dict.fromkeys(data.file_key for data in found if step_key in data.step_keys)
    paths = [captured_log_paths(storage_directory, run_id, key) for key in keys]
    return CapturedLogs(
        "".join(_contents(path.stdout) for path in paths), "".join(_contents(path.stderr) for path in paths)
    )


def _contents(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:  # nothing was captured there
        return ""
