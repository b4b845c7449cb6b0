"""The hooks that this plugin offers to other plugins and to conftest files. `hook_calls.py` calls them.

A session in which no plugin implements a hook pays nothing for it. An error of an implementation, or a result
of another form, is an error that names the plugin and the hook.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dagflow import DagflowEvent


@pytest.hookspec(firstresult=True)
def pytest_dagflow_definitions(config: pytest.Config) -> object:
    """Return the definitions of the project, instead of ini `dag_definitions`. The first result wins.

    Args:
        config: The config of the session.

    Returns:
        A `Definitions`, a function that returns one, a repository, or a list of definitions; or None.
    """


@pytest.hookspec
def pytest_dagflow_resources(item: pytest.Item) -> Mapping[str, object] | None:
    """Return default resources of the bound calls of a test, by key.

    Those of the fixture `dag_resources`, or of the argument of `dag_sandbox`, win. If several plugins have
    the same key, the plugin that is called first wins. Called once for each test with a bound call, and once
    for each sandbox.

    Args:
        item: The test.

    Returns:
        The resources by key, or None.
    """


@pytest.hookspec
def pytest_dagflow_event(item: pytest.Item, event: DagflowEvent) -> None:
    """Receive each event of each run of a test, in order, when it happens.

    The events of a fixture belong to the test that sets the fixture up or closes it: those of a module or
    session fixture to the first test that uses it. The event is as the run has it, not as
    `pytest_dagflow_redact` replaces it. An error ends the run, and fails the test.

    Args:
        item: The test.
        event: The event.
    """


@pytest.hookspec
def pytest_dagflow_link(item: pytest.Item) -> Iterable[object] | None:
    """Return more nodes that a test touches, as `@pytest.mark.dag_nodes` takes them.

    `--dag-explain` shows them as "linked by plugin NAME".

    Args:
        item: The test.

    Returns:
        A list of names or expressions of `--dag-select`, and of definitions; or None.
    """


@pytest.hookspec
def pytest_dagflow_redact(event: DagflowEvent) -> DagflowEvent | None:
    """Return an event with other texts, before the plugin shows it or writes it to a file; None to keep it.

    Called for the events of a failed test: those of the report section, of the messages of assertions, and of
    the tests that `--dag-save-failed` writes; with `--dag-html` for the events of all tests. Each plugin gets
    the event that the plugin before it returned.
    `event.with_changes(message=..., event_specific_data=...)` returns a copy. Its type, step and run must be
    the same. Assertions compare the events as they are, and `dag_events` has them.

    Inputs, log lines and the traceback of an exception that leaves the test are no events.

    Args:
        event: The event.

    Returns:
        The event to show, or None.
    """


@pytest.hookspec
def pytest_dagflow_smoke(definition: object) -> str | Iterable[str] | None:
    """Test a definition in a session with `--dag-smoke`: return, yield or raise what should not be.

    Called once for each item, after its own tests passed: with a job, an asset or its spec, the definition of
    a check, a schedule, a sensor, a resource, and with the `Definitions` of the project. Each message, and
    each failed assertion, fails the item.

    Args:
        definition: The definition.

    Returns:
        A message, several messages, or None. The hook may be a generator.
    """
