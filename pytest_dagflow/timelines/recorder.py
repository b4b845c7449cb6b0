"""The runs of the test that runs now, as texts that a worker of xdist sends with the reports of the test."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_dagflow import hooks
from pytest_dagflow.hook_calls import implementations, redacted_result
from pytest_dagflow.imports import when_loaded
from pytest_dagflow.reports.observed import fixture_in_setup, runs_of_fixtures

if TYPE_CHECKING:
    from dagflow import ExecuteInProcessResult

MAX_FIRST = MAX_LAST = 10
"""The first and the last runs of a phase of a test that are kept: a test with `@given` has hundreds."""


class Phase(NamedTuple):
    """The runs of a phase of a test.

    Attributes:
        runs: The kept runs as JSON.
        total: The number of all of them.
        shared: The ids of runs in fixtures of a wider scope, which an earlier test may have started.
        is_redacted: Whether a plugin redacts events. The controller of xdist does not load all conftests.
    """

    runs: Sequence[str] = ()
    total: int = 0
    shared: Sequence[str] = ()
    is_redacted: bool = False


class Recorder:
    """The runs of one test that no report has yet."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=MAX_LAST)
        self._count = 0

    @contextmanager
    def observing(self) -> Iterator[None]:
        """Keep the runs that end in this block, from the import of the runtime on."""
        with ExitStack() as stack:

            def observe() -> None:
                from dagflow.testing import observe_runs

                stack.enter_context(observe_runs(self._add))

            with when_loaded(observe):
                yield

    def take(self, item: pytest.Item) -> Phase:
        """Return the runs since the last call, and forget them.

        Args:
            item: The test.
        """
        shared = [run_id for runs in runs_of_fixtures(item) for run_id in sorted(runs.ids)[:MAX_FIRST]]
        is_redacted = bool(implementations(hooks.pytest_dagflow_redact, self._config))
        taken = Phase([*self._first, *self._last], self._count, shared, is_redacted)
        self._first, self._count = [], 0
        self._last.clear()
        return taken

    def _add(self, result: ExecuteInProcessResult) -> None:
        self._count += 1
        kept = self._first if len(self._first) < MAX_FIRST else self._last
        kept.append(_as_json(self._config, result))


def _as_json(config: pytest.Config, result: ExecuteInProcessResult) -> str:
    """Return the timeline of a run as JSON, which is ASCII: a name can have a surrogate."""
    from pytest_dagflow.timelines.run_data import hidden_timeline, timeline_of

    fixture = fixture_in_setup()
    try:
        timeline = timeline_of(redacted_result(config, result), fixture)
    except pytest.UsageError as error:
        timeline = hidden_timeline(result.run_id, fixture, str(error))
    except Exception as error:  # a value that cannot be shown must not fail the test
        timeline = hidden_timeline(result.run_id, fixture, f"{type(error).__name__}: {error}")
    return json.dumps(timeline)
