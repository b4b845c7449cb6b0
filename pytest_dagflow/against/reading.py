"""The record of one side, read from the files of its processes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_dagflow.against.records import FIXTURE, GraphNode, NodeRun, SideRecord, TestRun
from pytest_dagflow.outcomes import DURING_COLLECTION, INTERRUPTED

_LISTS = ("imported", "foreign", "missing")


def read_side(folder: Path, side: str) -> SideRecord:
    """Return all that one side recorded.

    A fixture of a wider scope may have been set up several times, and by several workers of xdist: its first
    setup counts. Of a test that was repeated, the last attempt counts.

    Args:
        folder: The folder of the comparison.
        side: The name of the side.

    Raises:
        ValueError: A file has a line that no recorder writes.
    """
    files = sorted((folder / side).glob("*.jsonl"), key=lambda file: (file.stem != "main", file.stem))
    record = SideRecord(stopped=DURING_COLLECTION)
    runs: dict[str, dict[tuple[str, str], NodeRun]] = {}
    for file in files:
        _Reader(record, runs, is_main=file.stem == "main").read(file)
    record.missing = [test for test in record.missing if test.partition("::")[0] not in record.broken]
    record.runs = [run for of_owner in runs.values() for run in of_owner.values()]
    return record


class _Reader:
    """The reader of the file of one process.

    Args:
        record: The record of the side, to which it adds.
        runs: The runs of all files so far by owner, and by run and node.
        is_main: Whether it is the process of the session, and no worker of it.
    """

    def __init__(
        self, record: SideRecord, runs: dict[str, dict[tuple[str, str], NodeRun]], *, is_main: bool
    ) -> None:
        self._is_main = is_main
        self._record = record
        self._runs = runs
        self._earlier = frozenset(runs)  # the owners of other processes
        self._readers: Mapping[str, Callable[[dict[str, Any]], None]] = {
            "run": self._read_run,
            "again": self._forget,
            "graph": self._read_node,
            "test": self._read_test,
            "broken": self._read_broken,
            "collected": self._read_collected,
            "running": self._read_start,
            "ended": self._read_end,
        }

    def read(self, file: Path) -> None:
        """Add the lines of a file."""
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            if number == len(lines) and not line.endswith("\n"):  # the process was killed
                return
            try:
                document = json.loads(line)
                kind = document.pop("kind")
                self._readers[kind](document)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{file}, line {number}: {type(error).__name__}: {error}") from error

    def _read_run(self, document: dict[str, Any]) -> None:
        run = NodeRun.from_json(document)
        is_fixture = run.owner.startswith(FIXTURE)
        if is_fixture and run.owner in self._earlier:
            return
        of_owner = self._runs.setdefault(run.owner, {})
        if not (is_fixture and (run.run, run.node) in of_owner):
            of_owner[run.run, run.node] = run

    def _forget(self, document: dict[str, Any]) -> None:
        self._runs.pop(document["owner"], None)

    def _read_node(self, document: dict[str, Any]) -> None:
        if "problem" in document:
            self._record.graph_problem = self._record.graph_problem or document["problem"]
            return
        node = GraphNode(**document)
        self._record.graph.setdefault(node.label, node)

    def _read_test(self, document: dict[str, Any]) -> None:
        test = TestRun(**document)
        self._record.tests[test.test] = test

    def _read_broken(self, document: dict[str, Any]) -> None:
        self._record.broken.setdefault(document["id"], document["error"])

    def _read_collected(self, document: dict[str, Any]) -> None:
        self._record.draws.update(document["draws"])
        self._add_lists(document)

    def _read_start(self, document: dict[str, Any]) -> None:
        if self._is_main:
            self._record.stopped = INTERRUPTED

    def _read_end(self, document: dict[str, Any]) -> None:
        if self._is_main:
            self._record.stopped = document["stopped"]
        self._add_lists(document)

    def _add_lists(self, document: dict[str, Any]) -> None:
        for name in _LISTS:
            known: list[str] = getattr(self._record, name)
            known[:] = sorted({*known, *document.get(name, ())})
