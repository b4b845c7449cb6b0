"""Benchmarks of the store: events per second into a SQLite file, and the read of a page of them."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any

import pytest

from dagflow import DagflowInstance, DagflowRun, job, op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STEPS = 500
PAGE = 1_000


@op
def one(x: Any) -> Any:
    """Return the input: an op of a chain."""
    return x


@op
def start() -> int:
    """Return the first value of the chain."""
    return 1


@job
def chain() -> None:
    """Run a chain whose steps have six events each."""
    value = start()
    for _ in range(STEPS):
        value = one(value)


@pytest.fixture
def instance() -> Iterator[DagflowInstance]:
    """Provide an instance in a SQLite file."""
    with DagflowInstance.local_temp() as opened:
        chain.execute_in_process(instance=opened)
        yield opened


def test_events_of_a_run(measure: Callable[..., Any], instance: DagflowInstance) -> None:
    """Measure a whole run of short steps, each flushed at its end."""
    events = len(chain.execute_in_process().all_events)

    measure("sqlite", "dagflow", lambda: chain.execute_in_process(instance=instance), per=events)


def test_events_in_one_batch(measure: Callable[..., Any], instance: DagflowInstance) -> None:
    """Measure the write of a received log in one batch."""
    log: Any = chain.execute_in_process().all_events[0].source
    lines = log.stored()

    class ReceivedLog:
        """A log whose lines are already rendered."""

        def stored(self, at: int = 0) -> Any:
            """Return the lines from `at` on."""
            return lines[at:]

    received: Any = ReceivedLog()

    def begin() -> tuple[list[str], dict[str, Any]]:
        run = DagflowRun("received")
        instance.add_run(run, time())
        instance.follow(run.run_id, received)
        return [run.run_id], {}

    measure("sqlite_batch", "dagflow", instance.flush, per=len(lines), setup=begin)

    newest, *_ = instance.get_runs(limit=1)
    assert len(instance.all_logs(newest.run_id)) == len(lines)


def test_reading_a_page(measure: Callable[..., Any], instance: DagflowInstance) -> None:
    """Measure the read of a thousand events, as objects."""
    (run,) = instance.get_runs()

    page = measure(
        "sqlite_page", "dagflow", lambda: instance.get_records_for_run(run.run_id, limit=PAGE), per=PAGE
    )

    assert len(page.records) == PAGE
    assert page.has_more
