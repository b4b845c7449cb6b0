"""The tests of a session with their links, the graph that they are linked to, and the prints of its nodes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import pytest

from pytest_dagflow.selecting.links import Fixtures, Links, links_of
from pytest_dagflow.selecting.prints import Prints
from pytest_dagflow.selecting.project import Project, Touched, build_project_graph
from pytest_dagflow.selecting.record_file import Record


@dataclass(frozen=True)
class Linked:
    """Tests and the nodes that they touch.

    Attributes:
        project: The graph and the record.
        links: The links of each test.
        touched: The nodes that each test touches.
        prints: The prints of the nodes and tests.
    """

    project: Project
    links: Mapping[pytest.Item, Links]
    touched: Mapping[pytest.Item, Touched]
    prints: Prints


def link_tests(config: pytest.Config, items: Iterable[pytest.Item], record: Record) -> Linked:
    """Link tests to the graph of the project.

    Args:
        config: The config of the session.
        items: The tests.
        record: The record of earlier sessions.

    Raises:
        pytest.UsageError: The definitions of the project cannot be loaded, or a marker names an unknown node.
    """
    from dagflow.testing import has_graph

    items = list(items)
    _import_recorded_modules(record, items)
    fixtures = Fixtures()
    links = {item: links_of(item, has_graph, fixtures) for item in items}
    project = Project(build_project_graph(config, links), record)
    touched = {item: project.nodes_touched_by(item, links[item]) for item in items}
    return Linked(project, links, touched, Prints(config, fixtures))


def _import_recorded_modules(record: Record, items: Iterable[pytest.Item]) -> None:
    """Import the modules of the recorded nodes, which tests may import only when they run.

    A module that cannot be imported has no nodes, so that its tests run and show the error.
    """
    recorded = (record.get(item.nodeid) for item in items)
    distinct = {id(test.nodes): test.nodes for test in recorded if test is not None}
    names = {name.partition("@")[2] for nodes in distinct.values() for name in nodes}
    for module in sorted(names - sys.modules.keys() - {""}):
        with suppress(Exception):
            importlib.import_module(module)
