"""The tests of a session that passed, with the prints of all that they touch, for the record."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import pytest

from pytest_dagflow.selecting import links, references
from pytest_dagflow.selecting.linking import Linked, link_tests
from pytest_dagflow.selecting.outside.session import watch_of
from pytest_dagflow.selecting.outside.states import glob_keys
from pytest_dagflow.selecting.prints import Prints
from pytest_dagflow.selecting.record import record_of
from pytest_dagflow.selecting.record_file import Print, Record, TestRecord
from pytest_dagflow.selecting.runs_of_tests import TestRun
from pytest_dagflow.session import add_note, session_of

_NANOSECONDS = 1e9


def add_passes(
    config: pytest.Config, fresh: Record, runs: Mapping[str, TestRun], modified: Mapping[str, int]
) -> None:
    """Add the tests that passed to a record, with the prints of all that they touch now.

    Args:
        config: The config of the session.
        fresh: The record.
        runs: The tests that ended, by test id.
        modified: `modified_sources` when the tests began.
    """
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
    edited = _edited_sources(config, modified)
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
    newest = max(modified_sources(config).values(), default=0) / _NANOSECONDS
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


def _edited_sources(config: pytest.Config, before: Mapping[str, int]) -> list[str]:
    """Return the files of the project that changed after the session began."""
    began = session_of(config).now * _NANOSECONDS
    return [
        os.path.relpath(file, config.rootpath)
        for file, modified in modified_sources(config).items()
        if modified != before.get(file, modified) or (file not in before and modified > began)
    ]


def modified_sources(config: pytest.Config) -> dict[str, int]:
    """Return the time of the last change of each loaded file of the project, in nanoseconds.

    A module that a test writes into a temporary folder is no source of the project.
    """
    found: dict[str, int] = {}
    places = watch_of(config).places
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or places.is_temporary(file):
            continue
        if links.is_project_module(module.__name__):
            try:
                found[file] = os.stat(file).st_mtime_ns
            except OSError:
                found[file] = 0
    return found
