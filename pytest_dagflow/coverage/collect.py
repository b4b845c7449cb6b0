"""The coverage of a session: the graph, the runs and ticks of its tests, and the parts of its workers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow.imports import is_runtime_loaded
from pytest_dagflow.selecting.collector import paused_collector
from pytest_dagflow.selecting.links import Fixtures, links_of
from pytest_dagflow.selecting.project import build_project_graph
from pytest_dagflow.session import load_project_definitions, session_of

if TYPE_CHECKING:
    from dagflow.testing import Coverage, CoverageRecorder

_OUTPUT = "dag_coverage"
_ERROR = "dag_coverage_error"


class CollectedCoverage:
    """The coverage of one process, and that of its workers.

    Attributes:
        error: The reason why the graph is unknown; empty if it is known.
        received: The coverage that workers of xdist sent.
    """

    def __init__(self) -> None:
        self.error: str = ""
        self.received: list[Coverage] = []
        self._recorder: CoverageRecorder | None = None
        self._stack = ExitStack()

    def start(self, config: pytest.Config, items: Iterable[pytest.Item]) -> None:
        """Read the graph, and observe runs and ticks from now on.

        Args:
            config: The config of the session.
            items: The collected tests, before any selection.

        Raises:
            pytest.UsageError: The definitions of the project cannot be loaded.
        """
        if not is_runtime_loaded() and load_project_definitions(config) is None:
            return  # no test can run a pipeline of which a module is known
        from dagflow.testing import CoverageRecorder, has_graph, observe_runs, observe_ticks

        with paused_collector():
            is_known = load_project_definitions(config) is not None
            fixtures = Fixtures()
            links = {} if is_known else {item: links_of(item, has_graph, fixtures) for item in items}
            recorder = self._recorder = CoverageRecorder(build_project_graph(config, links))
        nodes = recorder.coverage.nodes.values()
        shown = {file: _shown(file, config.rootpath) for file in {node.file for node in nodes}}
        for node in nodes:
            node.file = shown[node.file]
        session = session_of(config)

        def test_id() -> str:
            return "" if session.item is None else session.item.nodeid.partition("[")[0]

        self._stack.enter_context(observe_runs(lambda result: recorder.add_run(result, test_id())))
        self._stack.enter_context(observe_ticks(lambda automation: recorder.add_tick(automation, test_id())))

    def stop(self) -> None:
        """Observe nothing any more."""
        self._stack.close()

    def send(self, worker_output: dict[str, Any]) -> None:
        """Send the coverage of a worker of xdist to the controller, or the reason why there is none."""
        worker_output[_ERROR] = self.error
        if self._recorder is not None:
            worker_output[_OUTPUT] = self._recorder.coverage.to_json()

    def receive(self, worker_output: dict[str, Any]) -> None:
        """Keep the coverage of a worker of xdist."""
        self.error = self.error or worker_output.get(_ERROR, "")
        sent = worker_output.get(_OUTPUT)
        if sent:
            from dagflow.testing import Coverage

            self.received.append(Coverage.from_json(sent))

    def merged(self, shards: Iterable[Coverage]) -> Coverage:
        """Return the coverage of all processes, with that of other sessions.

        Args:
            shards: The coverage of other sessions.
        """
        from dagflow.testing import Coverage

        found = Coverage()
        own = [] if self._recorder is None else [self._recorder.coverage]
        for one in (*own, *self.received, *shards):
            found.merge(one)
        return found


def _shown(file: str, root: Path) -> str:
    """Return a path relative to the root folder, the same on all machines."""
    if not file:
        return ""
    try:
        return Path(os.path.relpath(file, root)).as_posix()
    except ValueError:  # on another drive
        return Path(file).as_posix()
