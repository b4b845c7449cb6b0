"""What the steps of a run printed: where it is kept, and how it is read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from dagflow._util import escaped
from dagflow.events.record import DagflowEvent


class CapturedLogs(NamedTuple):
    """What was printed to stdout and to stderr, as text."""

    stdout: str
    stderr: str


class CapturedLogPaths(NamedTuple):
    """The files for what is printed to stdout and to stderr."""

    stdout: str
    stderr: str


def captured_log_paths(storage_directory: str, run_id: str, file_key: str) -> CapturedLogPaths:
    """Where it is kept, by the `file_key` of a LOGS_CAPTURED event.

    Example:
        >>> captured_log_paths("storage", "r", "brew").stdout.replace(os.sep, "/")
        'storage/r/compute_logs/brew.out'
    """
    stem = os.path.join(storage_directory, escaped(run_id), "compute_logs", escaped(file_key))
    return CapturedLogPaths(stem + ".out", stem + ".err")


def captured_logs(
    storage_directory: str, run_id: str, step_key: str, events: Iterable[DagflowEvent]
) -> CapturedLogs:
    """What a step printed in all of its attempts.

    Args:
        storage_directory: The folder for files of the instance.
        run_id: The run.
        step_key: The step.
        events: The LOGS_CAPTURED events of the run, in order.
    """
    found = (event.logs_captured_data for event in events)
    keys = dict.fromkeys(data.file_key for data in found if step_key in data.step_keys)
    paths = [captured_log_paths(storage_directory, run_id, key) for key in keys]
    return CapturedLogs(
        "".join(_text(path.stdout) for path in paths), "".join(_text(path.stderr) for path in paths)
    )


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:  # nothing was captured there
        return ""
