"""Tests of the contexts of coverage.py that name nodes, with a coverage.py that records the contexts."""

from __future__ import annotations

import pickle
import threading
from typing import Any, cast

import coverage
import pytest

from dagflow import DagflowInvariantViolationError
from pytest_dagflow.coverage import line_contexts
from pytest_dagflow.coverage.line_contexts import LineContexts, SessionWatch, WorkerWatch, problem_of


class FakeCoverage:
    """A coverage.py that has a context, and is the running one until it is paused."""

    def __init__(self, static: str = "", core: str = "CTracer") -> None:
        self.static = static
        self.context: str | None = static or None
        self.core = core

    def get_option(self, name: str) -> str | None:
        """Return the static context."""
        return self.static if name == "run:context" else None

    def sys_info(self) -> list[tuple[str, object]]:
        """Return the name of the core."""
        return [("core", self.core)]

    def switch_context(self, new: str) -> str | None:
        """Set the context, and return the one before, as coverage.py does since 7.16."""
        before, self.context = self.context, "|".join(part for part in (self.static, new) if part)
        return before


def started(monkeypatch: pytest.MonkeyPatch, measuring: object) -> Any:
    """Make a coverage.py the running one."""
    monkeypatch.setattr(coverage.Coverage, "current", lambda: measuring)
    return cast(Any, measuring)


@pytest.mark.parametrize("static", ["", "nightly"])
def test_context_of_the_test_is_kept(monkeypatch: pytest.MonkeyPatch, static: str) -> None:
    """A node is named after the context of the test, the inner one alone, and the test has its own again."""
    measuring = started(monkeypatch, FakeCoverage(static))
    contexts = LineContexts(measuring, threading.get_ident())
    prefix = f"{static}|" if static else ""
    seen = []

    for phase in ("setup", "run"):
        measuring.switch_context(phase)
        with contexts.around("asset a"):
            seen.append(measuring.context)
            with contexts.around("op b"):
                seen.append(measuring.context)
            seen.append(measuring.context)
        seen.append(measuring.context)

    assert seen == [
        f"{prefix}{phase}{node}"
        for phase in ("setup", "run")
        for node in ("|asset a", "|op b", "|asset a", "")
    ]


def test_nodes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """While nodes run in other threads, the context names each of them, and the test beside them."""
    measuring = started(monkeypatch, FakeCoverage())
    overlaps: list[None] = []
    contexts = LineContexts(measuring, threading.get_ident(), lambda: overlaps.append(None))
    entered, finish = threading.Event(), threading.Event()

    def run() -> None:
        with contexts.around("op b"):
            entered.set()
            finish.wait(60)

    thread = threading.Thread(target=run)
    thread.start()
    entered.wait(60)
    beside = measuring.context
    with contexts.around("op a"):
        both = measuring.context
    finish.set()
    thread.join()

    assert (beside, both, measuring.context) == ("op b + test", "op a + op b", "")
    assert overlaps


def test_paused_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    """A paused coverage.py is left alone, and has no name of an old node after it goes on."""
    measuring = started(monkeypatch, FakeCoverage())
    contexts = LineContexts(measuring, threading.get_ident())

    with contexts.around("asset a"):
        started(monkeypatch, None)  # the test pauses it
    with contexts.around("asset b"):
        pass
    paused = measuring.context
    started(monkeypatch, measuring)
    contexts.settle()

    assert (paused, measuring.context) == ("asset a", "")


def test_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker gets the context of the test, also for the runs that its steps start."""
    measuring = started(monkeypatch, FakeCoverage())
    measuring.switch_context("test_a|run")
    workers: list[None] = []
    watch = SessionWatch(LineContexts(measuring), lambda: workers.append(None))
    with watch.around("op outer"):
        sent = pickle.loads(pickle.dumps(watch.in_worker()))
    assert (sent, sent.in_worker(), len(workers)) == (WorkerWatch("test_a|run"), sent, 1)

    of_worker = started(monkeypatch, FakeCoverage())
    seen = []
    with sent.around(""):
        seen.append(of_worker.context)
        with sent.around("op inner"):
            seen.append(of_worker.context)

    assert (seen, of_worker.context) == (["test_a|run", "test_a|run|op inner"], "")


def test_worker_without_contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is not measured runs its step, and one whose core drops contexts is an error."""
    started(monkeypatch, None)
    with WorkerWatch("test_a|run").around("op a"):
        pass

    started(monkeypatch, FakeCoverage(core="SysMonitor"))
    monkeypatch.setattr(coverage, "version_info", (7, 16, 0))
    with pytest.raises(DagflowInvariantViolationError, match=r"in a worker process: .*'core = ctrace'"):
        WorkerWatch("test_a|run").around("op a")


def test_old_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A coverage.py that would lose the context of the test is a problem, and the newest is none."""
    measuring = cast(Any, FakeCoverage())
    monkeypatch.setattr(line_contexts, "NEEDED_VERSION", (0, 0))
    assert problem_of(measuring) == ""

    monkeypatch.setattr(line_contexts, "NEEDED_VERSION", (99, 1))

    assert "pip install 'coverage >= 99.1'" in problem_of(measuring)
