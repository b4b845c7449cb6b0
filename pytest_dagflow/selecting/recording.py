"""The writing of the record at the end of a session, from the tests of all its processes.

`passes.py` computes the prints. It is imported lazily, because a session without dagflow records nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow.imports import is_runtime_loaded
from pytest_dagflow.selecting.collector import paused_collector
from pytest_dagflow.selecting.record import deleted_tests, read_again, reasons_of, record_of
from pytest_dagflow.selecting.record_file import Print, Record, TestRecord, write_record
from pytest_dagflow.selecting.runs_of_tests import TestRun, runs_of
from pytest_dagflow.session import add_note, session_of

if TYPE_CHECKING:
    from pytest_dagflow.selecting.linking import Linked

_OUTPUT = "dag_record"
_KEY = pytest.StashKey["Recording"]()


@dataclass
class Recording:
    """The parts of the record that this session writes.

    Attributes:
        modified: The time of the last change of each project file when the tests began, in nanoseconds.
        untested: The prints of the nodes that no test touches, if the session compared them with the record.
        received: The records that workers of xdist sent.
        collected: The ids of all collected tests, before any selection.
    """

    modified: dict[str, int] = field(default_factory=dict)
    untested: dict[str, Print] = field(default_factory=dict)
    received: list[Record] = field(default_factory=list)
    collected: set[str] = field(default_factory=set)


def _recording_of(config: pytest.Config) -> Recording:
    return config.stash.setdefault(_KEY, Recording())


def remember_sources(config: pytest.Config) -> None:
    """Remember when the loaded files of the project were changed. The tests run with these versions."""
    from pytest_dagflow.selecting.passes import modified_sources

    _recording_of(config).modified = modified_sources(config)


def remember_collected(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    """Remember all collected tests, to find the recorded tests that no longer exist."""
    _recording_of(config).collected = {item.nodeid for item in items}


def remember_untested(config: pytest.Config, linked: Linked) -> None:
    """Remember the nodes that no test touches, which only the graph of all collected tests shows."""
    touched = {node_id for one in linked.touched.values() for node_id in one.nodes}
    _recording_of(config).untested = {
        linked.project.recorded_name(node.id): linked.prints.with_blocks(node.definition, node.key)
        for node in linked.project.graph.nodes
        if node.id not in touched
    }


def receive_record(config: pytest.Config, worker_output: dict[str, Any]) -> None:
    """Keep the record of a worker of xdist until the end of the session."""
    sent = worker_output.get(_OUTPUT)
    if sent:
        recording = _recording_of(config)
        recording.received.append(Record.of_lines(sent["lines"]))
        recording.collected.update(sent["collected"])


def save_record(config: pytest.Config) -> None:
    """Write the record, or send the tests of this process to the controller if this is a worker of xdist.

    A second session of `--dag-against` writes none, because the first one has the tests of the project.
    """
    recording = _recording_of(config)
    runs = {test_id: run for test_id, run in runs_of(config).items() if run.ended}
    options = session_of(config).options
    has_place = (options.record is not None or hasattr(config, "cache")) and options.against_part is None
    if not has_place or not runs or not (is_runtime_loaded() or recording.received):
        return
    with paused_collector():
        _save_runs(config, recording, runs)


def _save_runs(config: pytest.Config, recording: Recording, runs: Mapping[str, TestRun]) -> None:
    fresh = Record()
    fresh.untested = recording.untested
    fresh.time = max(run.ended for run in runs.values())
    known = {test_id for one in recording.received for test_id, _ in one.items()}
    _add_failures(fresh, {test_id: run for test_id, run in runs.items() if test_id not in known})
    if is_runtime_loaded():
        from pytest_dagflow.selecting.passes import add_passes

        add_passes(config, fresh, runs, recording.modified)
    output = getattr(config, "workeroutput", None)
    if output is None:
        _write(config, fresh)
    else:
        output[_OUTPUT] = {
            "lines": list(fresh.lines()),
            "collected": sorted(recording.collected),
        }


def _add_failures(fresh: Record, runs: Mapping[str, TestRun]) -> None:
    for test_id, run in runs.items():
        if not run.is_passed:
            test = TestRecord(failed=run.ended, ran=tuple(run.nodes), failed_in_run=tuple(run.failed_nodes))
            fresh.put(test_id, test)


def _write(config: pytest.Config, fresh: Record) -> None:
    """Add the tests of this session to the record, which another session may have written meanwhile."""
    recording = _recording_of(config)
    is_selecting = session_of(config).options.is_selecting
    earlier = read_again(config) if is_selecting else record_of(config)
    record = earlier.record
    for one in (*recording.received, fresh):
        record.merge(one)
    for test_id in deleted_tests(config, record, recording.collected):
        record.remove(test_id)
    record.keep_files(lambda file: (config.rootpath / file).exists())
    # the header of a selecting session has these reasons
    for reason in () if is_selecting else (*earlier.ignored, *reasons_of(record)):
        add_note(config, f"record {reason}")
    if earlier.path is None:
        return
    try:
        write_record(earlier.path, record)
    except OSError as error:
        add_note(config, f"the record '{earlier.path}' cannot be written: {error}")
