"""The options `--dag-select`, `--dag-exclude` and `--dag-explain`: the hooks that select tests.

`plugin.py` registers this module as a plugin of its own in sessions with one of these options, so that other
sessions neither load it nor call it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import TYPE_CHECKING

import pytest

from pytest_dagflow.options import Options
from pytest_dagflow.selecting.changes import ChangedNodes
from pytest_dagflow.selecting.links import links_of
from pytest_dagflow.selecting.project import (
    Project,
    build_project_graph,
    explain_walks,
    parse_expression,
)
from pytest_dagflow.selecting.record import record_of, remove_deleted_tests
from pytest_dagflow.session import SelectionResult, send_selection, session_of, worker_input_of

if TYPE_CHECKING:
    from dagflow.testing import Call

_MAX_NAMES = 8


def pytest_configure(config: pytest.Config) -> None:
    """Parse the expressions, so that an invalid one ends the session at once.

    Raises:
        pytest.UsageError: An expression is invalid.
    """
    options = session_of(config).options
    if worker_input_of(config):
        return
    for option, expressions in (("--dag-select", options.select), ("--dag-exclude", options.exclude)):
        for expression in expressions:
            parse_expression(expression, option)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Return the expressions, and the age of the record."""
    options = session_of(config).options
    named = (("dag-select", options.select), ("dag-exclude", options.exclude))
    lines = [f"{name}: {', '.join(expressions)}" for name, expressions in named if expressions]
    written = record_of(config).time if lines else 0.0
    return [*lines, f"dag-record: {_format_age(time.time() - written)} old"] if written else lines


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Keep the tests that touch a selected node and no excluded node.

    In a worker of xdist an error keeps no test. The controller then ends the session with the error.

    Raises:
        pytest.UsageError: A node is unknown, or the definitions of the project cannot be loaded.
    """
    config = session.config
    kept: list[pytest.Item] = []
    try:
        result = _select_tests(config, items, kept)
    except pytest.UsageError as error:
        if session.testsfailed:  # an import error comes first: the file may define the unknown node
            return
        if not worker_input_of(config):
            raise
        result = SelectionResult(error=str(error))
    send_selection(config, result)
    if len(kept) < len(items):
        remaining = set(kept)
        config.hook.pytest_deselected(items=[item for item in items if item not in remaining])
        items[:] = kept


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Return the lines about the selection."""
    return _report_lines(config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the lines about the selection at the end, if the workers of xdist collected the tests."""
    lines = _report_lines(config)
    if session_of(config).is_selection_received and lines:
        terminalreporter.section("dag-select")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """End the session with the error that the workers of xdist found in the selection.

    Raises:
        pytest.UsageError: The workers found an error.
    """
    yield
    dag_session = session_of(session.config)
    if dag_session.is_selection_received and dag_session.selection and dag_session.selection.error:
        raise pytest.UsageError(dag_session.selection.error)


def _report_lines(config: pytest.Config) -> list[str]:
    result = session_of(config).selection
    return [*result.explanations, *result.summary] if result else []


def _select_tests(
    config: pytest.Config, items: list[pytest.Item], kept: list[pytest.Item]
) -> SelectionResult:
    """Append the selected tests to `kept`, and return the lines of the report."""
    options = session_of(config).options
    from dagflow.testing import has_graph

    links = {item: links_of(item, has_graph) for item in items}
    remove_deleted_tests(config, {item.nodeid for item in items})
    project = Project(build_project_graph(config, links), record_of(config))
    touched = {item: project.nodes_touched_by(item, links[item]) for item in items}
    touched_ids = {item.nodeid: nodes for item, nodes in touched.items()}
    changes = ChangedNodes(project, touched_ids, config.rootpath)
    result = SelectionResult()
    calls = _calls(project, changes, touched, options)
    selected = _resolve_all(project, options.select, "dag-select", calls, result.summary)
    excluded = _resolve_all(project, options.exclude, "dag-exclude", calls, result.summary)
    if options.explain:
        for name, expressions in (("dag-select", options.select), ("dag-exclude", options.exclude)):
            result.explanations += explain_walks(name, expressions)
    for item, nodes in touched.items():
        is_unknown = changes.is_used and changes.is_unknown(item.nodeid)
        drop_reason = ""
        if not is_unknown and options.select:
            drop_reason = _reason_to_drop(nodes, selected)
        if not excluded.isdisjoint(nodes):
            drop_reason = "it touches an excluded node"
        if not drop_reason:
            kept.append(item)
        if options.explain:
            verdict = "dropped" if drop_reason else "kept"
            reason = drop_reason or ("it is not known to have passed" if is_unknown else "")
            parts = [f"{verdict}, {reason}" if reason else verdict, project.describe(nodes, _join_names)]
            result.explanations.append(": ".join([item.nodeid, *filter(None, parts)]))
    if options.select:
        untouched = project.names_of(selected.difference(*touched.values()))
        result.summary += _summary_lines(len(selected), len(kept), len(items), untouched)
    return result


def _calls(
    project: Project, changes: ChangedNodes, touched: Mapping[pytest.Item, Iterable[str]], options: Options
) -> dict[str, Callable[[Call], Iterable[str]]]:
    """Return the functions that return the nodes of the calls in an expression, by name."""
    from dagflow import DagflowInvalidSubsetError

    def changed(call: Call) -> set[str]:
        if call.facets or call.since is not None:
            raise DagflowInvalidSubsetError(f"{call}: only changed() without arguments is known")
        return changes.find()

    def untested(call: Call) -> set[str]:
        if not options.explain:
            raise DagflowInvalidSubsetError(
                f"{call} has no tests that could run: add --dag-explain, which names the nodes without a test"
            )
        return {node.id for node in project.graph.nodes}.difference(*touched.values())

    return {"changed": changed, "untested": untested}


def _resolve_all(
    project: Project,
    expressions: Iterable[str],
    option: str,
    calls: Mapping[str, Callable[[Call], Iterable[str]]],
    summary: list[str],
) -> set[str]:
    """Return the union of the nodes that the expressions select, and report each expression without nodes."""
    found: set[str] = set()
    for expression in expressions:
        nodes = project.resolve(expression, f"--{option} '{expression}'", calls)
        if not nodes:
            summary.append(f"{option}: '{expression}' matches no node")
        found |= nodes
    return found


def _reason_to_drop(touched: Iterable[str], selected: set[str]) -> str:
    if not touched:
        return "it touches no known node"
    return "it touches no selected node" if selected.isdisjoint(touched) else ""


def _summary_lines(nodes: int, kept: int, tests: int, untouched: list[str]) -> list[str]:
    line = f"dag-select: {_format_count(nodes, 'node')}, {kept} of {_format_count(tests, 'test')}"
    return [line, f"dag-select: no test touches {_join_names(untouched)}"] if untouched else [line]


def _format_count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _join_names(names: list[str]) -> str:
    rest = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _format_age(seconds: float) -> str:
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return _format_count(int(seconds // length), unit)
    return _format_count(int(seconds), "second")
