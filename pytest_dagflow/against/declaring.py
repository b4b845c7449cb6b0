"""What a session declares and knows about a comparison: rules, expected changes, and the code that differs.

It needs the tests and the graph, so it is made in the process that has them: under xdist in a worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pytest

from pytest_dagflow.against.rules import Declared, Expectation, Rule, resolved_rules
from pytest_dagflow.markers.registry import check_arguments, marks_nearest_first
from pytest_dagflow.selecting.compared import RevisionChanges
from pytest_dagflow.selecting.outside.globs import files_matching
from pytest_dagflow.selecting.outside.session import watch_of
from pytest_dagflow.selecting.outside.states import FILE, keys_by_site
from pytest_dagflow.selecting.parsed_modules import parsed_modules
from pytest_dagflow.selecting.prints import Prints
from pytest_dagflow.selecting.project import Project
from pytest_dagflow.selecting.record_file import Record
from pytest_dagflow.session import load_project_definitions, session_of

if TYPE_CHECKING:
    from dagflow.testing import Graph

MARKER = "dag_expect_change"


def declare(
    config: pytest.Config,
    items: Iterable[pytest.Item],
    graph: Graph,
    labels: Mapping[str, str],
    rules: Iterable[Rule],
) -> Declared:
    """Return the rules and expected changes of a session, with their nodes.

    Args:
        config: The config of the session.
        items: The tests.
        graph: The graph of the tests.
        labels: The label of each node of the graph, by its id.
        rules: The rules.

    Raises:
        pytest.UsageError: An expression is invalid, or names an unknown node.
    """
    project = Project(graph, Record())
    known: dict[str, frozenset[str]] = {}

    def labels_of(expression: str, where: str) -> frozenset[str]:
        if expression not in known:
            known[expression] = frozenset(
                labels[one] for one in project.resolve(expression, where) if one in labels
            )
        return known[expression]

    found = Declared(resolved_rules(rules, labels_of), is_whole=load_project_definitions(config) is not None)
    for item in items:
        expectations = [
            Expectation(
                f"the change of '{change.nodes}' that marker {MARKER} expects",
                labels_of(change.nodes, f"{item.nodeid}: marker {MARKER}"),
                change.columns,
                change.reason,
                tuple(getattr(item, "fixturenames", ())),
            )
            for mark in marks_nearest_first(item, MARKER)
            for change in [check_arguments(mark, item.nodeid)]
        ]
        if expectations:
            found.expectations[item.nodeid] = expectations
    return found


def add_code(
    declared: Declared, config: pytest.Config, graph: Graph, labels: Mapping[str, str], reference: str
) -> None:
    """Add the code, declarations and files of nodes that differ from a revision.

    Args:
        declared: What the session declares.
        config: The config of the session.
        graph: The graph of the tests.
        labels: The label of each node of the graph, by its id.
        reference: The revision.
    """
    project = Project(graph, Record())
    options = session_of(config).options
    changes = RevisionChanges(
        str(config.rootpath), reference, project, Prints(config), options, is_recorded=False
    )
    new = set()
    for node in graph.nodes:
        if node.id in labels:
            reasons = changes.reasons_of(node)
            if reasons:
                declared.code[labels[node.id]] = reasons
            if changes.is_new(node):
                new.add(labels[node.id])
    declared.new = frozenset(new)
    declared.notes = [
        f"{reason}, and both sides ran with the packages that are installed"
        for reason in changes.reasons_of_packages
    ]
    declared.unassigned = changes.reasons_of_other_files


def files_read(config: pytest.Config, graph: Graph) -> list[str]:
    """Return the files of the project that the tests read, or that the code or `dag_files` names.

    Args:
        config: The config of the session, after its tests.
        graph: The graph of the tests.
    """
    from dagflow.testing import CodeGraph

    found: dict[str, None] = {}
    for keys in keys_by_site(watch_of(config)).values():
        found.update({key.removeprefix(FILE): None for key in keys if key.startswith(FILE)})
    root = str(config.rootpath)
    for line in session_of(config).options.files:
        found.update(dict.fromkeys(files_matching(root, line.glob)))
    code = CodeGraph(config.rootpath, parsed_modules(config))
    for node in graph.nodes:
        blocks = code.blocks_from(code.roots(node.definition))
        found.update(dict.fromkeys(code.files_named_in(blocks)))
    return list(found)
