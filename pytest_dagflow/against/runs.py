"""The option `--dag-run`: an item for each selection and partition key, which runs that part of the project.

Both sides of `--dag-against` collect these items beside the tests. An item does what a test with the fixture
`dag_run` does: it has the resources of `dag_resources`, and its I/O managers are in memory unless they are
given there. So nothing is written outside of the folders of pytest.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_dagflow.options import DEFINITIONS, RUN, RUN_ID
from pytest_dagflow.selecting.project import parse_expression
from pytest_dagflow.session import load_project_definitions, refusing_in_worker


class DagRuns(pytest.Module):
    """The collector of the items."""

    def _getobj(self) -> ModuleType:
        return sys.modules[__name__]

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each selection and partition key."""
        keys: list[str] = self.config.getoption("dag_run_partition")
        for selection in dict.fromkeys(self.config.getoption("dag_run")):
            for key in dict.fromkeys(keys) or (None,):
                name = selection if key is None else f"{selection}[{key}]"
                yield pytest.Function.from_parent(self, name=name, callobj=_run_of(selection, key))


def _run_of(selection: str, key: str | None) -> Callable[..., None]:
    def run_selection(dag_run: Callable[..., object]) -> None:
        dag_run(selection, partition_key=key)

    run_selection.__doc__ = f"Run '{selection}' of the project."
    return run_selection


# hooks


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Add the items before -k, --dag-select and other plugins choose among all items."""
    with refusing_in_worker(session.config, items):
        items += _collect(session, items)
    return (yield)


def _collect(session: pytest.Session, items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return the items, and report them to pytest as collected.

    Raises:
        pytest.UsageError: A selection is invalid, the project has no definitions, or several folders define
            `dag_resources`.
    """
    for selection in session.config.getoption("dag_run"):
        parse_expression(selection, f"{RUN} '{selection}'")
    if load_project_definitions(session.config) is None:
        raise pytest.UsageError(
            f"{RUN} runs a part of the definitions of the project, but ini key '{DEFINITIONS}' is not set. "
            f"Set {DEFINITIONS} = package.module:attribute, or write the hook pytest_dagflow_definitions"
        )
    folder = _folder_of_resources(session, items)
    collector = DagRuns.from_parent(folder, path=session.config.rootpath / RUN_ID, nodeid=RUN_ID)
    collector.add_marker("dag_always")  # an item is selected by its option
    found = list(collector.collect())
    report = pytest.CollectReport(RUN_ID, "passed", None, [*found])
    session.config.hook.pytest_collectreport(report=report)
    return found


def _folder_of_resources(session: pytest.Session, items: Iterable[pytest.Item]) -> Any:
    """Return the node of the folder whose conftest defines `dag_resources`; the session without one."""
    folders = {
        Path(str(plugin.__file__)).parent
        for plugin in session.config.pluginmanager.get_plugins()
        if isinstance(plugin, ModuleType)
        and (plugin.__file__ or "").endswith("conftest.py")
        and hasattr(plugin, "dag_resources")
    }
    nodes = {
        node.path: node
        for item in items
        for node in item.listchain()
        if isinstance(node, pytest.Directory) and node.path in folders
    }
    if session.config.rootpath in folders or not nodes:
        return session
    if len(nodes) > 1:
        raise pytest.UsageError(
            f"{RUN} needs one fixture 'dag_resources', but {len(nodes)} folders define it: "
            f"{', '.join(sorted(map(str, nodes)))}. Define it in the conftest.py of the root folder"
        )
    return next(iter(nodes.values()))
