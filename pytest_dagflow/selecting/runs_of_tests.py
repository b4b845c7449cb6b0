"""The runs of the tests of this session: which nodes started and failed, and how each test ended."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_dagflow.imports import when_loaded

if TYPE_CHECKING:
    from dagflow import AssetCheckKey, AssetKey, ExecuteInProcessResult

_STEP_START = "STEP_START"
_STEP_FAILURE = "STEP_FAILURE"
_RUNS_KEY = pytest.StashKey[dict[str, "TestRun"]]()
_RUN_KEY = pytest.StashKey["TestRun"]()
"""The run of a test so far. Absent until the runtime is imported."""


class TestRun:
    """The run of a test in this session.

    Attributes:
        item: The test; None in the controller of xdist.
        nodes: The name and the job of each node that started.
        failed_nodes: The name and the job of each node that failed.
        ended: The time of its end; 0 if it has not ended, as after an interrupt.
        is_passed: Whether all its phases passed so far.
        is_failed: Whether one of its phases failed.
    """

    __test__ = False

    __slots__ = ("ended", "failed_nodes", "is_failed", "is_passed", "item", "nodes")

    def __init__(self, item: pytest.Item | None = None) -> None:
        self.item = item
        self.nodes: dict[tuple[str, str], None] = {}
        self.failed_nodes: dict[tuple[str, str], None] = {}
        self.ended = 0.0
        self.is_passed = True
        self.is_failed = False

    def add(self, result: ExecuteInProcessResult) -> None:
        """Add the nodes of a run of a pipeline."""
        self.nodes.update(started_nodes(result))
        if not result.success:
            self.failed_nodes.update(_nodes_with(result, _STEP_FAILURE))


def runs_of(config: pytest.Config) -> dict[str, TestRun]:
    """Return the runs of the tests of this session by test id."""
    return config.stash.setdefault(_RUNS_KEY, {})


@contextmanager
def recording_nodes(item: pytest.Item) -> Iterator[None]:
    """Record the nodes that run in a test, from the import of the runtime on. Benchmarks are not recorded."""
    runs = runs_of(item.config)
    if "benchmark" in getattr(item, "fixturenames", ()):
        yield
        runs.pop(item.nodeid, None)
        return
    run = runs[item.nodeid] = TestRun(item)
    with ExitStack() as stack:

        def observe() -> None:
            from dagflow.testing import observe_runs

            item.stash[_RUN_KEY] = run
            stack.enter_context(observe_runs(run.add))

        with when_loaded(observe):
            yield
    if _RUN_KEY in item.stash:
        del item.stash[_RUN_KEY]


def add_nodes(item: pytest.Item, nodes: dict[tuple[str, str], None]) -> None:
    """Add the nodes of fixtures, which may have run before the test, to the run of the test."""
    if _RUN_KEY in item.stash:
        item.stash[_RUN_KEY].nodes.update(nodes)


class Reports:
    """A plugin that receives the reports of the tests; on the controller of xdist those of all workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._runs = runs_of(config)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record how a phase of a test ended. The first of several attempts at a test does not count."""
        if report.outcome not in ("passed", "failed", "skipped"):  # a plugin repeats the test
            return
        run = self._runs.get(report.nodeid)
        if run is None:
            run = self._runs[report.nodeid] = TestRun()
        is_expected = report.passed or hasattr(report, "wasxfail")
        run.is_passed = run.is_passed and is_expected
        run.is_failed = run.is_failed or report.failed
        if report.when not in ("setup", "call"):
            run.ended = time.time()


def started_nodes(result: ExecuteInProcessResult) -> dict[tuple[str, str], None]:
    """Return the name and the job of each node that started in a run, without mapping keys.

    A step of assets or checks counts as those that the run selected: `shop/cup`, `beans:fresh`.
    """
    return _nodes_with(result, _STEP_START)


def _nodes_with(result: ExecuteInProcessResult, event_type: str) -> dict[tuple[str, str], None]:
    from dagflow.testing import step_assets

    job, events = result.dagflow_run.job_name, result.all_events
    assets = {assets.step_key.partition("[")[0]: assets.selected for assets in step_assets(events)}
    started = {
        event.step_key.partition("[")[0]: None
        for event in events
        if event.event_type_value == event_type and event.step_key is not None
    }
    return {(name, job): None for node in started for name in _names_in_step(node, assets.get(node, ()))}


def _names_in_step(node: str, keys: Iterable[AssetKey | AssetCheckKey]) -> list[str]:
    is_inside_graph = "." in node  # an op inside the graph of an asset is a node itself
    names = sorted(key.to_user_string() for key in keys)
    return [node, *names] if is_inside_graph or not names else names
