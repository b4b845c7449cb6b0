"""The contexts of coverage.py in which nodes run their lines: `test_shop.py::test_tea|run|asset tea`.

Worker processes use this module too, so it imports neither pytest nor, until a node runs, coverage.

coverage.py has one context for all threads of a process. So while several nodes run at once, the context
names all of them. No line ever has the name of a node alone that may not have run it.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from coverage import Coverage

NEEDED_VERSION = (7, 16)
"""The first version whose `switch_context` returns the context before."""
SEVERAL = " + "
"""The separator of the nodes that ran at once."""
TEST = "test"
"""The name of the code of a test that ran beside a node."""


def problem_of(measuring: Coverage) -> str:
    """Return the reason why lines cannot have the name of a node, and the remedy; empty if they can.

    Args:
        measuring: The coverage.py that measures this process.
    """
    from coverage import __version__, version_info

    if version_info[:2] < NEEDED_VERSION:
        needed = ".".join(map(str, NEEDED_VERSION))
        return (
            f"coverage {__version__} does not say which context it replaces, so that of the test would be "
            f"lost. Install a newer one: pip install 'coverage >= {needed}'"
        )
    if dict(measuring.sys_info()).get("core") == "SysMonitor":
        return (
            "coverage.py measures with its core 'sysmon', which drops contexts. Write 'core = ctrace' into "
            "[run] of the file .coveragerc ([tool.coverage.run] of pyproject.toml), or set the environment "
            "variable COVERAGE_CORE=ctrace"
        )
    return ""


class _Running(NamedTuple):
    """A node that runs now.

    Attributes:
        node: Its label.
        own: The context of its test; None for the context that coverage.py had before.
        thread: The thread in which it runs.
        parent: The node that started it.
    """

    node: str
    own: str | None
    thread: int
    parent: _Running | None


_current: ContextVar[_Running | None] = ContextVar("dagflow_line_context", default=None)


class LineContexts:
    """The contexts of one coverage.py. Safe for threads.

    Args:
        measuring: The running coverage.py.
        test_thread: The thread of the tests; None in a worker process, which runs nothing but nodes.
        on_overlap: Called when nodes run at once, or a node beside the code of a test.
    """

    def __init__(
        self,
        measuring: Coverage,
        test_thread: int | None = None,
        on_overlap: Callable[[], None] = lambda: None,
    ) -> None:
        self.measuring = measuring
        self._test_thread = test_thread
        self._on_overlap = on_overlap
        self._static = str(measuring.get_option("run:context") or "")
        self._lock = threading.RLock()
        self._running: dict[int, _Running] = {}  # by id, because one node may run twice
        self._own = ""  # the context without nodes
        self._set: str | None = None  # the context that was set last

    @contextmanager
    def around(self, node: str, own: str | None = None) -> Iterator[None]:
        """Record the lines that run in this block as lines of a node.

        Args:
            node: The label of the node; empty for code that belongs to no node.
            own: The context of its test; default: the current one.
        """
        parent = _current.get()
        running = _Running(node, own, threading.get_ident(), parent)
        try:
            with self._lock:
                self._running[id(running)] = running
                self._switch()
            _current.set(running)
            yield
        finally:
            _current.set(parent)
            with self._lock:
                self._running.pop(id(running), None)  # an interrupt may come before it is there
                self._switch()

    def own(self) -> str:
        """Return the context without nodes: that of the current test."""
        with self._lock:
            self._switch()
            return self._own

    def settle(self) -> None:
        """Set the context again that could not be set while the measurement was paused."""
        with self._lock:
            if self._set is not None and not self._running:
                self._switch()

    def _switch(self) -> None:
        """Set the context of the nodes that run now."""
        from coverage import Coverage

        # another coverage.py has started, or this one is paused (`no_cover`): it measures no line
        if Coverage.current() is not self.measuring:
            return
        found = self._without_static(self._clear())
        if found != self._set:  # the test set it, at the start or between its phases
            self._own = found
        names = self._names()
        owns = {self._own if one.own is None else one.own for one in self._running.values()} or {self._own}
        own = SEVERAL.join(sorted(owns))
        self._set = "|".join(part for part in (own, SEVERAL.join(names)) if part)
        self.measuring.switch_context(self._set)
        if len(names) > 1:
            self._on_overlap()

    def _clear(self) -> str | None:
        """Set no context, and return the one before."""
        if self._set is not None:
            return self.measuring.switch_context("")
        with warnings.catch_warnings():
            # under `dynamic_context = test_function` the first call warns of a conflict, which is none here
            warnings.simplefilter("ignore")
            return self.measuring.switch_context("")

    def _names(self) -> list[str]:
        """Return the labels of the nodes whose code may run now. A node that started another waits for it."""
        running = self._running.values()
        waiting = {id(one.parent) for one in running}
        names = {one.node for one in running if one.node and id(one) not in waiting}
        is_beside = self._test_thread is not None and all(one.thread != self._test_thread for one in running)
        return [*sorted(names), *([TEST] if names and is_beside else [])]

    def _without_static(self, context: str | None) -> str:
        """Return a context without the `[run] context`, which coverage.py adds itself."""
        found = context or ""
        if not self._static:
            return found
        return "" if found == self._static else found.removeprefix(f"{self._static}|")


class SessionWatch:
    """The watch over the nodes of the tests of this process.

    Args:
        contexts: The contexts of the running coverage.py.
        on_worker: Called when a run has steps in other processes.
    """

    def __init__(self, contexts: LineContexts, on_worker: Callable[[], None]) -> None:
        self._contexts = contexts
        self._on_worker = on_worker

    def around(self, node: str) -> AbstractContextManager[None]:
        """Return the block in which a node runs."""
        return self._contexts.around(node)

    def in_worker(self) -> WorkerWatch:
        """Return the watch over the steps of a run in other processes, with the context of the test."""
        self._on_worker()
        return WorkerWatch(self._contexts.own())


class WorkerWatch(NamedTuple):
    """The watch over the steps of a run in a worker process. A process without coverage.py records nothing.

    Attributes:
        own: The context of the test that started the run.
    """

    own: str

    def around(self, node: str) -> AbstractContextManager[None]:
        """Return the block in which a node runs.

        Raises:
            DagflowInvariantViolationError: The coverage.py of this process cannot have contexts.
        """
        contexts = _contexts_of_process()
        return nullcontext() if contexts is None else contexts.around(node, self.own)

    def in_worker(self) -> WorkerWatch:
        """Return this watch, for a run that a step starts."""
        return self


_of_process: list[LineContexts] = []
"""The contexts of this worker process, which all its runs share; empty before the first."""


def _contexts_of_process() -> LineContexts | None:
    import sys

    if "coverage" not in sys.modules:
        return None
    from coverage import Coverage

    measuring = Coverage.current()
    if measuring is None:
        return None
    if not _of_process or _of_process[0].measuring is not measuring:
        problem = problem_of(measuring)
        if problem:
            from dagflow import DagflowInvariantViolationError

            raise DagflowInvariantViolationError(f"--dag-cov-lines, in a worker process: {problem}")
        _of_process[:] = [LineContexts(measuring)]
    return _of_process[0]
