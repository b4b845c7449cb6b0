"""The captured output of steps."""

from __future__ import annotations

import os

from dagflow import job, op
from dagflow.events.data import ComputeLogsCaptureData
from dagflow.events.record import DagflowEvent, EventLogEntry
from dagflow.instance.sql import SqlStore
from dagflow.instance.store import Store


def report(store: Store, file_key, step_keys):
    """Log that the output of some steps is captured in a file."""
    event = DagflowEvent(
        "LOGS_CAPTURED",
        "cafe",
        event_specific_data=ComputeLogsCaptureData(file_key, step_keys),
        run_id="r",
    )
    store.add_entries([EventLogEntry.of_event(event)])


def write(path, content):
    """Write bytes to a file."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def test_paths(lasting, tmp_path):
    """The files are below the storage folder of the instance, and no part of the path leads out of it."""
    folder = tmp_path / "storage" / "r" / "compute_logs"
    assert lasting.captured_log_paths("r", "brew[a]") == (
        str(folder / "brew[a].out"),
        str(folder / "brew[a].err"),
    )

    for stem in lasting.captured_log_paths("../x", "../../y"):
        assert os.path.dirname(os.path.dirname(os.path.dirname(stem))) == str(tmp_path / "storage")


def test_what_a_step_printed(lasting, tmp_path):
    """The output of all attempts of a step is joined in order. Invalid UTF-8 is replaced."""
    store = SqlStore(lasting.ref().url)
    for file_key, step_keys in (("a1", ["beans"]), ("b1", ["brew"]), ("a2", ["beans"]), ("a1", ["beans"])):
        report(store, file_key, step_keys)
        out, err = lasting.captured_log_paths("r", file_key)
        write(out, f"out of {file_key} ".encode() + b"\xff\n")
        write(err, f"err of {file_key}\n".encode())
    store.close()

    logs = lasting.captured_logs("r", "beans")
    assert logs.stdout == "out of a1 \ufffd\nout of a2 \ufffd\n"
    assert logs.stderr == "err of a1\nerr of a2\n"
    assert lasting.captured_logs("r", "brew").stdout == "out of b1 \ufffd\n"


def test_nothing_was_captured(instance):
    """Without captured output both strings are empty."""

    @op
    def beans():
        """Print nothing."""

    @job
    def cafe():
        beans()

    run_id = cafe.execute_in_process(instance=instance).run_id

    assert instance.captured_logs(run_id, "beans") == ("", "")
    assert instance.captured_logs("nope", "beans") == ("", "")
