"""The declarations of a session about a comparison: rules, expected changes, and the code that differs.

It needs the tests and the graph, so it is made in the process that has them: under xdist in a worker.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_dagflow.against.redirect import module_files
from pytest_dagflow.against.rules import Declared, Expectation, Rule, resolved_rules
from pytest_dagflow.markers.registry import check_arguments, marks_nearest_first
from pytest_dagflow.selecting.compared import RevisionChanges
from pytest_dagflow.selecting.outside.globs import files_matching
from pytest_dagflow.selecting.outside.places import folder_of_project
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
        str(config.rootpath),
        reference,
        project,
        Prints(config),
        options,
        is_recorded=False,
        compares_repositories=False,
    )
    new = set()
    for node in graph.nodes:
        if node.id in labels:
            reasons = changes.own_reasons_of(node)
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


class Files(NamedTuple):
    """The files of the project that a comparison needs to know, relative to the root folder.

    Attributes:
        read: Those that the tests read or imported, or that the code or `dag_files` names.
        code: Those with the code of nodes.
        conftests: The loaded conftests.
    """

    read: list[str]
    code: list[str]
    conftests: list[str]


def files_of(config: pytest.Config, graph: Graph | None) -> Files:
    """Return the files of the project, after the tests of a session.

    Args:
        config: The config of the session.
        graph: The graph of the tests; None if it is unknown.
    """
    from dagflow.testing import CodeGraph

    root = str(config.rootpath)
    read: dict[str, None] = {}
    for keys in keys_by_site(watch_of(config)).values():
        read.update({key.removeprefix(FILE): None for key in keys if key.startswith(FILE)})
    for line in session_of(config).options.files:
        read.update(dict.fromkeys(files_matching(root, line.glob)))
    code: dict[str, None] = {}
    blocks_of = CodeGraph(config.rootpath, parsed_modules(config))
    for node in () if graph is None else graph.nodes:
        blocks = blocks_of.blocks_from(blocks_of.roots(node.definition))
        read.update(dict.fromkeys(blocks_of.files_named_in(blocks)))
        code.update({block.partition("::")[0]: None for block in blocks})
    # git ignores some modules, such as one with the version that a build has written
    read.update(dict.fromkeys(_relative(root, module_files(Path(folder_of_project(root))))))
    plugins = (getattr(plugin, "__file__", None) for plugin in config.pluginmanager.get_plugins())
    conftests = [file for file in plugins if isinstance(file, str) and Path(file).name == "conftest.py"]
    return Files(list(read), list(code), _relative(root, conftests))


def _relative(root: str, files: Iterable[str]) -> list[str]:
    real = os.path.realpath(root)
    return [Path(os.path.relpath(os.path.realpath(file), real)).as_posix() for file in files]
