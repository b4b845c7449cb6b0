"""The record of the tests: the nodes that ran in each test, and their fingerprints when the test passed.

The record is the file `v/dagflow/tests` of pytest's cache, in JSON, so it can be copied to other machines:

    {"time": 1700000000.0,
     "tests": {"test_it.py::test_brew": {"ran": [["brew", "breakfast"]], "passed_with": {"brew": "3f2a..."}}}}

`ran` holds the name and the job of each node that ran. `passed_with` is the input of `changed()`. It is
written only in sessions that select by `changed()`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow.imports import when_loaded

if TYPE_CHECKING:
    from dagflow import AssetCheckKey, AssetKey, ExecuteInProcessResult

_CACHE_KEY = "dagflow/tests"
_STEP_START = "STEP_START"
_KEY = pytest.StashKey["Record"]()
_NODES_KEY = pytest.StashKey[dict[tuple[str, str], None]]()
"""The nodes that ran in a test so far. Absent until the runtime is imported."""


@dataclass
class TestRecord:
    """The record of one test.

    Attributes:
        nodes: The name and the job of each node that ran in the test the last time.
        passed_with: The fingerprints of its nodes when it passed; None if it is not known to have passed.
    """

    __test__ = False

    nodes: list[tuple[str, str]] = field(default_factory=list)
    passed_with: dict[str, Any] | None = None


@dataclass
class Record:
    """The record of earlier sessions, and the changes of this session.

    Attributes:
        time: The time at which it was written, in seconds since the epoch; 0 if there is no record.
        tests: The record of each test by test id.
        nodes: The nodes that ran in each test of this session, by test id.
        not_passed: The ids of the tests that failed or were skipped in this session.
        fingerprints: The current fingerprints of the nodes of each test, by test id.
        is_received: Whether a worker of xdist sent records.
    """

    time: float = 0.0
    tests: dict[str, TestRecord] = field(default_factory=dict)
    nodes: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    not_passed: set[str] = field(default_factory=set)
    fingerprints: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_received: bool = False


def record_of(config: pytest.Config) -> Record:
    """Return the record of a session. The first call reads it from pytest's cache."""
    if _KEY not in config.stash:
        cache = getattr(config, "cache", None)  # absent under -p no:cacheprovider
        config.stash[_KEY] = _read_record(cache.get(_CACHE_KEY, None) if cache else None)
    return config.stash[_KEY]


def _read_record(stored: Any) -> Record:
    try:
        tests = {test_id: _test_from_json(test) for test_id, test in stored["tests"].items()}
        return Record(time=float(stored["time"]), tests=tests)
    except (AttributeError, KeyError, TypeError, ValueError):  # no record yet, or one of another version
        return Record()


@contextmanager
def recording_nodes(item: pytest.Item) -> Iterator[None]:
    """Record the nodes that run in a test, from the import of the runtime on. Benchmarks are not recorded."""
    if "benchmark" in getattr(item, "fixturenames", ()):
        yield
        return
    nodes: dict[tuple[str, str], None] = {}
    with ExitStack() as stack:

        def observe() -> None:
            from dagflow.testing import observe_runs

            item.stash[_NODES_KEY] = nodes
            stack.enter_context(observe_runs(lambda result: nodes.update(started_nodes(result))))

        with when_loaded(observe):
            yield
    if _NODES_KEY in item.stash:
        record_of(item.config).nodes[item.nodeid] = list(nodes)
        del item.stash[_NODES_KEY]


def add_nodes(item: pytest.Item, nodes: dict[tuple[str, str], None]) -> None:
    """Add the nodes of fixtures, which may have run before the test, to the record of the test."""
    if _NODES_KEY in item.stash:
        item.stash[_NODES_KEY].update(nodes)


def started_nodes(result: ExecuteInProcessResult) -> dict[tuple[str, str], None]:
    """Return the name and the job of each node that started in a run, without mapping keys.

    A step of assets or checks counts as those that the run selected: `shop/cup`, `beans:fresh`.
    """
    from dagflow.testing import step_assets

    job, events = result.dagflow_run.job_name, result.all_events
    assets = {assets.step_key.partition("[")[0]: assets.selected for assets in step_assets(events)}
    started = {
        event.step_key.partition("[")[0]: None
        for event in events
        if event.event_type_value == _STEP_START and event.step_key is not None
    }
    return {(name, job): None for node in started for name in _names_in_step(node, assets.get(node, ()))}


def _names_in_step(node: str, keys: Iterable[AssetKey | AssetCheckKey]) -> list[str]:
    is_inside_graph = "." in node  # an op inside the graph of an asset is a node itself
    names = sorted(key.to_user_string() for key in keys)
    return [node, *names] if is_inside_graph or not names else names


def record_failure(config: pytest.Config, report: pytest.TestReport) -> None:
    """Record that a test failed or was skipped."""
    if not report.passed and "dagflow" in sys.modules:
        record_of(config).not_passed.add(report.nodeid)


def remove_deleted_tests(config: pytest.Config, collected: set[str]) -> None:
    """Remove the tests of the collected files that no longer exist from the record."""
    if any("::" in argument for argument in config.args):
        return  # only a part of a file was collected
    tests = record_of(config).tests
    files = {test_id.partition("::")[0] for test_id in collected}
    deleted = [
        test_id for test_id in tests if test_id.partition("::")[0] in files and test_id not in collected
    ]
    for test_id in deleted:
        del tests[test_id]


def save_record(config: pytest.Config) -> None:
    """Write the record to pytest's cache, or send it to the controller if this is a worker of xdist."""
    record = config.stash.get(_KEY, None)
    if record is None:
        return
    for test_id, nodes in record.nodes.items():
        earlier = record.tests.get(test_id, TestRecord())
        passed_with = None
        if test_id not in record.not_passed:
            passed_with = record.fingerprints.get(test_id, earlier.passed_with)
        record.tests[test_id] = TestRecord(nodes, passed_with)
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output["dag_record"] = {test_id: _test_to_json(record.tests[test_id]) for test_id in record.nodes}
    elif (record.nodes or record.is_received) and hasattr(config, "cache"):
        stored = {test_id: _test_to_json(test) for test_id, test in record.tests.items()}
        config.cache.set(_CACHE_KEY, {"time": time.time(), "tests": stored})


def receive_record(config: pytest.Config, worker_output: dict[str, Any]) -> None:
    """Add the record of a worker to the record of the controller of xdist."""
    for test_id, test in worker_output.get("dag_record", {}).items():
        record = record_of(config)
        record.tests[test_id] = _test_from_json(test)
        record.is_received = True


def _test_to_json(test: TestRecord) -> dict[str, Any]:
    return {"ran": [list(node) for node in test.nodes], "passed_with": test.passed_with}


def _test_from_json(stored: dict[str, Any]) -> TestRecord:
    return TestRecord([(name, job) for name, job in stored["ran"]], stored["passed_with"])
