"""The runs of each test, and of each fixture of a wider scope that it uses.

Of each the ids, the last run, the last failed run and the JUnit properties are kept. The observer is called
once at the end of each run, so it costs nothing per event.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow.imports import when_loaded
from pytest_dagflow.selecting.runs_of_tests import started_nodes

if TYPE_CHECKING:
    from dagflow import ExecuteInProcessResult

MAX_NAMES = 50
_KEY = pytest.StashKey["ObservedRuns"]()
_FIXTURES_KEY = pytest.StashKey[dict[Any, "ObservedRuns"]]()
_fixtures_in_setup: list[ObservedRuns] = []
"""The fixtures of a wider scope whose setup runs now, the innermost last. Runs belong to the innermost."""


class ObservedRuns:
    """The runs of one test or one fixture.

    Attributes:
        fixture: The name of the fixture; empty for a test.
        count: The number of runs.
        nodes: The name and the job of each node that ran in the fixture; empty for a test.
        ids: The id of each run.
        last: The last run.
        failed: The last run that failed.
        property_values: The first values of each JUnit property, by the name of the property.
    """

    def __init__(self, fixture: str = "") -> None:
        self.fixture = fixture
        self.count: int = 0
        self.nodes: dict[tuple[str, str], None] = {}
        self.ids: set[str] = set()
        self.last: ExecuteInProcessResult | None = None
        self.failed: ExecuteInProcessResult | None = None
        self.property_values: dict[str, dict[str, None]] = {
            "dag_nodes": {},
            "dag_partition": {},
            "dag_run_id": {},
        }

    @contextmanager
    def observing(self) -> Iterator[None]:
        """Observe the runs in this block, from the import of the runtime on."""
        with ExitStack() as stack:

            def observe() -> None:
                from dagflow.testing import observe_runs

                stack.enter_context(observe_runs(self.add))

            with when_loaded(observe):
                yield

    def add(self, result: ExecuteInProcessResult) -> None:
        """Keep a finished run and the values of its JUnit properties, unless it is of another fixture."""
        if _fixtures_in_setup and _fixtures_in_setup[-1] is not self:
            return
        self.count += 1
        self.ids.add(result.run_id)
        self.last = result
        if not result.success:
            self.failed = result
        if self.fixture:
            self.nodes.update(started_nodes(result))
        plan = result.plan
        partition = () if plan.partition_key is None else (str(plan.partition_key),)
        nodes = [key.partition("[")[0] for key in plan.step_keys]
        self._add_values({"dag_nodes": nodes, "dag_partition": partition, "dag_run_id": (result.run_id,)})

    def _add_values(self, found: dict[str, Any]) -> None:
        for name, values in found.items():
            known = self.property_values[name]
            for value in values:
                if len(known) > MAX_NAMES:
                    break
                known[value] = None

    def properties(self, of_fixtures: list[ObservedRuns]) -> list[tuple[str, str]]:
        """Return the JUnit properties of this test and its fixtures."""
        if not self.count and not of_fixtures:
            return []
        merged = self
        if of_fixtures:
            merged = ObservedRuns()
            for runs in (*of_fixtures, self):
                merged._add_values(runs.property_values)
        found = merged.property_values
        return [
            (name, ", ".join([*values][:MAX_NAMES]) + (", ..." if len(values) > MAX_NAMES else ""))
            for name, values in found.items()
            if values
        ]


def fixture_in_setup() -> str:
    """Return the name of the fixture of a wider scope whose setup runs now; empty without one."""
    return _fixtures_in_setup[-1].fixture if _fixtures_in_setup else ""


@contextmanager
def keeping_runs(item: pytest.Item) -> Iterator[None]:
    """Keep the runs of a test until the test ends."""
    runs = item.stash[_KEY] = ObservedRuns()
    with runs.observing():
        yield
    del item.stash[_KEY]  # frees the runs


@contextmanager
def keeping_runs_of_fixture(fixturedef: Any, request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep the runs in the setup of a fixture of a wider scope than one test, until its teardown."""
    if fixturedef.scope == "function":
        yield
        return
    runs = ObservedRuns(fixturedef.argname)
    _fixtures_in_setup.append(runs)
    try:
        with runs.observing():
            yield
    finally:
        _fixtures_in_setup.remove(runs)
        if runs.count:
            request.config.stash.setdefault(_FIXTURES_KEY, {})[fixturedef] = runs


def forget_fixture(fixturedef: Any, config: pytest.Config) -> None:
    """Free the runs of a fixture after its teardown."""
    config.stash.get(_FIXTURES_KEY, {}).pop(fixturedef, None)


def runs_of_fixtures(item: pytest.Item) -> list[ObservedRuns]:
    """Return the runs of the fixtures of a wider scope that a test uses."""
    known = item.config.stash.get(_FIXTURES_KEY, {})
    info = getattr(item, "_fixtureinfo", None)  # pytest has no public name for the fixtures of a test
    if not known or info is None:
        return []
    used = {definition for definitions in info.name2fixturedefs.values() for definition in definitions}
    return [runs for definition, runs in known.items() if definition in used]


def runs_of(item: pytest.Item) -> ObservedRuns | None:
    """Return the runs of a test; None after its end."""
    return item.stash.get(_KEY, None)


def nodes_of_fixtures(item: pytest.Item) -> dict[tuple[str, str], None]:
    """Return the name and the job of each node that ran in the fixtures of a test."""
    return {node: None for runs in runs_of_fixtures(item) for node in runs.nodes}
