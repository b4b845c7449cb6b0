"""A stand-in for a client of a cluster, which does to tasks what real schedulers do seldom."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any


class KilledWorker(Exception):
    """Named as the error by which a scheduler says that it gave a task up."""


class Future:
    """What becomes of a task."""

    def __init__(self) -> None:
        self.status = "pending"
        self._error: BaseException | None = None

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Why it failed."""
        return self._error

    def settle(self, function: Callable[[], Any]) -> None:
        """Call a function, and be what comes of it."""
        try:
            function()
        except BaseException as error:
            self._error, self.status = error, "error"
        else:
            self.status = "finished"


class ThreadClient:
    """Carries tasks out in threads of this process.

    Attributes:
        treat: What is done to a task, by its name: it gets the function that carries it out, and how often
            the task was handed over before. Default: that it is called.
        priorities: Of each task that was handed over, in order.
    """

    status = "running"
    scheduler = SimpleNamespace(address="tcp://127.0.0.1:1")

    def __init__(self, **treat: Callable[[Callable[[], Any], int], Any]) -> None:
        self.treat = treat
        self.priorities: list[tuple[str, int]] = []
        self._counts: dict[str, int] = {}
        self._threads: list[threading.Thread] = []

    def map(
        self,
        function: Callable[[bytes], Any],
        orders: Sequence[bytes],
        *,
        key: Any,
        pure: bool,
        priority: int,
    ) -> list[Future]:
        """Take tasks."""
        assert len({*key}) == len(orders)
        assert not pure
        return [self._submit(function, order, priority) for order in orders]

    def _submit(self, function: Callable[[bytes], Any], order: bytes, priority: int) -> Future:
        name = pickle.loads(order)[0].partition(".")[0]
        count = self._counts[name] = self._counts.get(name, -1) + 1
        self.priorities.append((name, priority))
        treat = self.treat.get(name, lambda carry_out, _: carry_out())
        future = Future()
        thread = threading.Thread(
            target=future.settle, args=(lambda: treat(lambda: function(order), count),), daemon=True
        )
        self._threads.append(thread)
        thread.start()
        return future

    def close(self) -> None:
        """Wait for all of them."""
        for thread in self._threads:
            thread.join(timeout=30)
            assert not thread.is_alive()
