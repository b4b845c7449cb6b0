"""The writing of the record at the end of a session, from the tests of all its processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pytest_dagflow.selecting import links, references
from pytest_dagflow.selecting.collector import paused_collector
from pytest_dagflow.selecting.linking import Linked, link_tests
from pytest_dagflow.selecting.outside.session import watch_of
from pytest_dagflow.selecting.outside.states import glob_keys
from pytest_dagflow.selecting.prints import Prints
from pytest_dagflow.selecting.record import (
    TestRun,
    deleted_tests,
    is_runtime_loaded,
    read_again,
    reasons_of,
    record_of,
    runs_of,
)
from pytest_dagflow.selecting.record_file import Print, Record, TestRecord, write_record
from pytest_dagflow.session import add_note, session_of

_OUTPUT = "dag_record"
_KEY = pytest.StashKey["Recording"]()
_NANOSECONDS = 1e9


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
    if is_runtime_loaded():
        _recording_of(config).modified = _modified_sources()


def remember_collected(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    """Remember all collected tests, to find the recorded tests that no longer exist."""
    _recording_of(config).collected = {item.nodeid for item in items}


def _modified_sources() -> dict[str, int]:
    found: dict[str, int] = {}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and links.is_project_module(module.__name__):
            try:
                found[file] = os.stat(file).st_mtime_ns
            except OSError:
                found[file] = 0
    return found


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
    """Write the record, or send the tests of this process to the controller if this is a worker of xdist."""
    recording = _recording_of(config)
    runs = {test_id: run for test_id, run in runs_of(config).items() if run.ended}
    has_place = session_of(config).options.record is not None or hasattr(config, "cache")
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
        _add_passes(config, fresh, runs)
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


def _add_passes(config: pytest.Config, fresh: Record, runs: Mapping[str, TestRun]) -> None:
    """Add the tests that passed, with the prints of all that they touch now."""
    passed = {run.item: run for run in runs.values() if run.is_passed and run.item is not None}
    passed = dict(_without_known(config, fresh, passed))
    if not passed:
        return
    failure = watch_of(config).failure
    if failure is not None:
        reason = f"{type(failure).__name__}: {failure}"
        add_note(
            config, f"the passes of this session are not recorded, because a read was not seen: {reason}"
        )
        return
    references.forget_loaded()  # a test may have imported the modules that its code names
    links.forget_loaded()
    try:
        linked = link_tests(config, passed, Record())
        files = _DeclaredFiles(config, linked)
    except pytest.UsageError as error:
        add_note(config, f"the passes of this session are not recorded: {error}")
        return
    edited = _edited_sources(config)
    if edited:
        names = ", ".join(edited)
        add_note(config, f"the passes of this session are not recorded, because {names} changed while it ran")
        return
    sets: dict[tuple[object, ...], dict[str, Print]] = {}
    for item, run in passed.items():
        touched, project = linked.touched[item], linked.project
        ids = dict.fromkeys(touched.nodes)
        jobs = set(touched.jobs)
        for name, job in run.nodes:
            ids.update(dict.fromkeys(project.nodes_named(name, job)))
            jobs.update({f"job:{job}"} & project.jobs.keys())
        test = TestRecord(passed=run.ended, ran=tuple(run.nodes))
        if ids or run.nodes or linked.links[item].can_reach:  # the others do not use dagflow
            key = (*sorted(ids), *sorted(jobs))
            if key not in sets:
                sets[key] = _prints_of(linked, ids, jobs, files)
            test.nodes = sets[key]
            test.own = linked.prints.of_test_with_reads(item, files.of_all_tests)
        fresh.put(item.nodeid, test)


def _without_known(
    config: pytest.Config, fresh: Record, passed: Mapping[pytest.Item, TestRun]
) -> Iterator[tuple[pytest.Item, TestRun]]:
    """Yield the tests whose prints are needed; the others get a new time of their pass.

    A test keeps its prints if it ran the same nodes as before and no file of the project changed since. It
    passed with these prints, so the next session compares with a state in which the test is known to pass.
    """
    if session_of(config).options.is_selecting:  # the prints are known, or nearly
        yield from passed.items()
        return
    newest = max(_modified_sources().values(), default=0) / _NANOSECONDS
    earlier, prints = record_of(config).record, Prints(config)
    for item, run in passed.items():
        known = earlier.get(item.nodeid)
        if (
            known is None
            or known.passed <= newest
            or dict.fromkeys(known.ran) != run.nodes
            or any(prints.has_changed_outside(one) for one in (known.own, *known.nodes.values()))
        ):
            yield item, run
        else:
            fresh.put(item.nodeid, replace(known, passed=run.ended, failed=0.0, failed_in_run=()))


class _DeclaredFiles:
    """The keys of the files that the ini keys `dag_files` and `dag_invalidate` name.

    Attributes:
        of_all_tests: The keys of the files on which all tests depend.
    """

    def __init__(self, config: pytest.Config, linked: Linked) -> None:
        root, options = str(config.rootpath), session_of(config).options
        self.of_all_tests = glob_keys(root, options.invalidate)
        self._of_nodes = [
            (linked.project.resolve(files.nodes or "*", f"ini key 'dag_files': '{files.nodes}'"), keys)
            for files in options.files
            for keys in [glob_keys(root, [files.glob])]
        ]

    def of_node(self, node_id: str) -> set[str]:
        """Return the keys of the files on which a node depends."""
        return {key for ids, keys in self._of_nodes if node_id in ids for key in keys}


def _prints_of(
    linked: Linked, ids: Iterable[str], jobs: Iterable[str], files: _DeclaredFiles
) -> dict[str, Print]:
    """Return the prints of nodes and jobs by their recorded names. Nodes of one name are numbered."""
    project, prints = linked.project, linked.prints
    found: dict[str, Print] = {name: prints.with_blocks(project.jobs[name]) for name in jobs}
    for node_id in ids:
        name = project.recorded_name(node_id)
        of_node = prints.with_reads(project.graph.node(node_id), files.of_node(node_id))
        number = 1
        while found.get(name, of_node) != of_node:
            number += 1
            name = f"{project.recorded_name(node_id)}#{number}"
        found[name] = of_node
    return found


def _edited_sources(config: pytest.Config) -> list[str]:
    """Return the files of the project that changed after the session began."""
    before = _recording_of(config).modified
    began = session_of(config).now * _NANOSECONDS
    return [
        os.path.relpath(file, config.rootpath)
        for file, modified in _modified_sources().items()
        if modified != before.get(file, modified) or (file not in before and modified > began)
    ]


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
