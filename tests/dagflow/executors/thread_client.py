"""A fake client of a cluster, which treats tasks as a real scheduler does only rarely."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any


class KilledWorker(Exception):
    """An error with the name that a scheduler uses for a task that it gave up."""


class Future:
    """The future of a task."""

    def __init__(self) -> None:
        self.status = "pending"
        self._error: BaseException | None = None

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return the error of the task."""
        return self._error

    def settle(self, function: Callable[[], Any]) -> None:
        """Call a function and keep its result as the status."""
        try:
            function()
        except BaseException as error:
            self._error, self.status = error, "error"
        else:
            self.status = "finished"


class ThreadClient:
    """A client that runs tasks in threads of this process.

    Attributes:
        treatments: By step key, a function that replaces the plain run of a task. It gets a function that
            runs the task, and how often the task was submitted before.
        priorities: The step key and priority of each submitted task, in order.
    """

    status = "running"
    scheduler = SimpleNamespace(address="tcp://127.0.0.1:1")

    def __init__(self, **treatments: Callable[[Callable[[], Any], int], Any]) -> None:
        self.treatments = treatments
        self.priorities: list[tuple[str, int]] = []
        self._counts: dict[str, int] = {}
        self._threads: list[threading.Thread] = []

    def map(
        self,
        function: Callable[[bytes], Any],
        contents: Sequence[bytes],
        *,
        key: Any,
        pure: bool,
        priority: int,
    ) -> list[Future]:
        """Submit tasks."""
        assert len({*key}) == len(contents)
        assert not pure
        return [self._submit(function, content, priority) for content in contents]

    def _submit(self, function: Callable[[bytes], Any], content: bytes, priority: int) -> Future:
        name = pickle.loads(content)[0].partition(".")[0]
        count = self._counts[name] = self._counts.get(name, -1) + 1
        self.priorities.append((name, priority))
        treat = self.treatments.get(name, lambda run, _: run())
        future = Future()
        thread = threading.Thread(
            target=future.settle, args=(lambda: treat(lambda: function(content), count),), daemon=True
        )
        self._threads.append(thread)
        thread.start()
        return future

    def close(self) -> None:
        """Wait for all tasks."""
        for thread in self._threads:
            thread.join(timeout=30)
            assert not thread.is_alive()
