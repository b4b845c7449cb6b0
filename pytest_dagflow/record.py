"""What the tests did the last time: which nodes ran in each, and how the nodes looked when it passed.

The record is the file `v/dagflow/tests` of pytest's cache, in JSON, so it can be kept between machines:

    {"time": 1700000000.0,
     "tests": {"test_it.py::test_brew": {"ran": [["brew", "breakfast"]], "passed_with": {"brew": "3f2a..."}}}}

`ran` holds names of nodes with the job that they ran in. `passed_with`, which is what `changed()` compares
with, is written in sessions that select by `changed()`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dagflow import ExecuteInProcessResult

_PLACE = "dagflow/tests"
_STEP_START = "STEP_START"
_KEY = pytest.StashKey["Record"]()


@dataclass
class TestRecord:
    """One test.

    Attributes:
        ran: The nodes that ran in it the last time, each with its job.
        passed_with: What its nodes looked like when it passed; None if it is not known to have passed.
    """

    __test__ = False

    ran: list[tuple[str, str]] = field(default_factory=list)
    passed_with: dict[str, Any] | None = None


@dataclass
class Record:
    """What was recorded before, and what this session adds.

    Attributes:
        time: When it was written, in seconds since the epoch; 0 if there is none.
        tests: By the id of the test, what is known of it.
        ran: By the id of the test, the nodes that ran in it in this session.
        not_passed: The tests that failed or were skipped in this session.
        prints: By the id of the test, its nodes as they are now.
        is_new: Whether there is something to write.
    """

    time: float = 0.0
    tests: dict[str, TestRecord] = field(default_factory=dict)
    ran: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    not_passed: set[str] = field(default_factory=set)
    prints: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_new: bool = False


def record_of(config: pytest.Config) -> Record:
    """The record, read from pytest's cache when it is first asked for."""
    if _KEY not in config.stash:
        cache = getattr(config, "cache", None)  # absent under -p no:cacheprovider
        config.stash[_KEY] = _from_cache(cache.get(_PLACE, None) if cache else None)
    return config.stash[_KEY]


def _from_cache(stored: Any) -> Record:
    try:
        tests = {name: _from_json(test) for name, test in stored["tests"].items()}
        return Record(time=float(stored["time"]), tests=tests)
    except (AttributeError, KeyError, TypeError, ValueError):  # nothing yet, or of another version
        return Record()


@contextmanager
def watched(item: pytest.Item) -> Iterator[None]:
    """Note the nodes that run in a test, where the runtime is loaded. A benchmark is not disturbed."""
    if "dagflow" not in sys.modules or "benchmark" in getattr(item, "fixturenames", ()):
        yield
        return
    from dagflow.testing import observe_runs

    ran: dict[tuple[str, str], None] = {}

    def note(result: ExecuteInProcessResult) -> None:
        job = result.dagflow_run.job_name
        for event in result.all_events:
            if event.event_type_value == _STEP_START and event.step_key is not None:
                ran[event.step_key.partition("[")[0], job] = None  # the path of the node

    with observe_runs(note):
        yield
    record_of(item.config).ran[item.nodeid] = list(ran)


def note_report(config: pytest.Config, report: pytest.TestReport) -> None:
    """Remember that a test failed or was skipped."""
    if not report.passed and "dagflow" in sys.modules:
        record_of(config).not_passed.add(report.nodeid)


def forget_removed(config: pytest.Config, collected: set[str]) -> None:
    """Forget the tests of the collected files that are not there any more."""
    if any("::" in argument for argument in config.args):
        return  # a part of a file was asked for
    tests = record_of(config).tests
    files = {name.partition("::")[0] for name in collected}
    for name in [name for name in tests if name.partition("::")[0] in files and name not in collected]:
        del tests[name]


def save(config: pytest.Config) -> None:
    """Write what the session saw; a worker of xdist hands it to the controller instead."""
    record = config.stash.get(_KEY, None)
    if record is None:
        return
    for name, ran in record.ran.items():
        earlier = record.tests.get(name, TestRecord())
        passed_with = None
        if name not in record.not_passed:
            passed_with = record.prints.get(name, earlier.passed_with)
        record.tests[name] = TestRecord(ran, passed_with)
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output["dag_record"] = {name: _to_json(record.tests[name]) for name in record.ran}
    elif (record.ran or record.is_new) and hasattr(config, "cache"):
        stored = {name: _to_json(test) for name, test in record.tests.items()}
        config.cache.set(_PLACE, {"time": time.time(), "tests": stored})


def take(config: pytest.Config, worker_output: dict[str, Any]) -> None:
    """On the controller of xdist: add what a worker saw."""
    for name, test in worker_output.get("dag_record", {}).items():
        record = record_of(config)
        record.tests[name] = _from_json(test)
        record.is_new = True


def _to_json(test: TestRecord) -> dict[str, Any]:
    return {"ran": [list(node) for node in test.ran], "passed_with": test.passed_with}


def _from_json(stored: dict[str, Any]) -> TestRecord:
    return TestRecord([(name, job) for name, job in stored["ran"]], stored["passed_with"])
