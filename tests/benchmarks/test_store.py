"""How many events a second go into a SQLite file, and how fast a page of them is read."""

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
    """An op of a chain."""
    return x


@op
def start() -> int:
    """The first op of a chain."""
    return 1


@job
def chain() -> None:
    """A chain whose steps have six events each."""
    value = start()
    for _ in range(STEPS):
        value = one(value)


@pytest.fixture
def instance() -> Iterator[DagflowInstance]:
    """An instance in a SQLite file."""
    with DagflowInstance.local_temp() as made:
        chain.execute_in_process(instance=made)
        yield made


def test_events_of_a_run(measure: Callable[..., Any], instance: DagflowInstance) -> None:
    """A whole run of short steps, each flushed at its end: rendering, writing, everything."""
    events = len(chain.execute_in_process().all_events)

    measure("sqlite", "dagflow", lambda: chain.execute_in_process(instance=instance), per=events)


def test_events_in_one_batch(measure: Callable[..., Any], instance: DagflowInstance) -> None:
    """A log that another process has told, written down at once."""
    log: Any = chain.execute_in_process().all_events[0].source
    lines = log.stored()

    class Told:
        """Lines that need not be made any more."""

        def stored(self, at: int = 0) -> Any:
            """The lines from `at` on."""
            return lines[at:]

    told: Any = Told()

    def begin() -> tuple[list[str], dict[str, Any]]:
        run = DagflowRun("told")
        instance.add_run(run, time())
        instance.follow(run.run_id, told)
        return [run.run_id], {}

    measure("sqlite_batch", "dagflow", instance.flush, per=len(lines), setup=begin)

    newest, *_ = instance.get_runs(limit=1)
    assert len(instance.all_logs(newest.run_id)) == len(lines)


def test_reading_a_page(measure: Callable[..., Any], instance: DagflowInstance) -> None:
    """A thousand events, as objects."""
    (run,) = instance.get_runs()

    page = measure(
        "sqlite_page", "dagflow", lambda: instance.get_records_for_run(run.run_id, limit=PAGE), per=PAGE
    )

    assert len(page.records) == PAGE
    assert page.has_more
