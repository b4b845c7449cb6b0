"""The hooks of a session that selects, reorders or explains tests by their nodes.

`plugin.py` registers this module as a plugin of its own in sessions with one of these options, so that other
sessions neither load it nor call it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterator

import pytest

from pytest_dagflow.options import Options
from pytest_dagflow.selecting.changes import Changes
from pytest_dagflow.selecting.collector import paused_collector
from pytest_dagflow.selecting.decide import Decision, Decisions
from pytest_dagflow.selecting.explain import Verdicts, explained_json, explained_lines, join_names
from pytest_dagflow.selecting.linking import link_tests
from pytest_dagflow.selecting.project import explain_walks, parse_expression
from pytest_dagflow.selecting.record import deleted_tests, read_whole_record
from pytest_dagflow.selecting.recording import remember_untested
from pytest_dagflow.selecting.shadow import compare_failures
from pytest_dagflow.session import SelectionResult, send_selection, session_of, worker_input_of

_RECORD_CALL = re.compile(r"\b(changed|new|failed)\s*\((?![^()]*\bsince\s*=)")
"""A call that compares with the record, and not with a revision."""
_AFFECTED_KEY = pytest.StashKey[set[pytest.Item]]()
"""The tests that run first under `--dag-first`."""


def pytest_configure(config: pytest.Config) -> None:
    """Parse the expressions, so that an invalid one ends the session at once.

    Raises:
        pytest.UsageError: An expression is invalid.
    """
    if session_of(config).options.is_first:
        config.pluginmanager.register(_Reordering(), "dagflow-first")
    if worker_input_of(config):
        return
    for option, expression in _expressions(session_of(config).options):
        parse_expression(expression, f"--{option}")
    read_whole_record(config)


def _expressions(options: Options) -> list[tuple[str, str]]:
    return [
        *(("dag-select", expression) for expression in options.select),
        *(("dag-exclude", expression) for expression in options.exclude),
    ]


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Return the expressions, and the age of the record."""
    options = session_of(config).options
    named = (("dag-select", options.select), ("dag-exclude", options.exclude))
    lines = [f"{name}: {', '.join(expressions)}" for name, expressions in named if expressions]
    record = read_whole_record(config)
    found = [reason for reason in record.ignored if reason != record.absence]
    if not record.absence:
        found.append(f"{_format_age(time.time() - record.record.time)} old")
    elif _uses_record(options):
        found.append(f"none, so all tests count as changed: {record.absence}")
    elif record.ignored:
        found.append(record.absence)
    return [*lines, *(f"dag-record: {line}" for line in found)]


def _uses_record(options: Options) -> bool:
    """Return whether the selection compares with the record, as far as its text shows it."""
    expressions = _expressions(options)
    is_default = (options.is_first or options.is_shadow) and not expressions
    return is_default or any(_RECORD_CALL.search(expression) for _, expression in expressions)


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
        with paused_collector():
            result = _select_tests(config, items, kept)
    except pytest.UsageError as error:
        if session.testsfailed:  # an import error comes first: the file may define the unknown node
            return
        if not worker_input_of(config):
            raise
        result = SelectionResult(error=str(error))
    send_selection(config, result)
    options = session_of(config).options
    if options.is_first:
        config.stash[_AFFECTED_KEY] = set(kept)
    if len(kept) < len(items) and not options.is_first and not options.is_shadow:
        remaining = set(kept)
        config.hook.pytest_deselected(items=[item for item in items if item not in remaining])
        items[:] = kept


class _Reordering:
    """The hook of `--dag-first`, which runs after the plugins that shuffle the tests."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        """Move the affected tests to the front."""
        yield
        affected = config.stash.get(_AFFECTED_KEY, set())
        items.sort(key=lambda item: item not in affected)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Return the lines about the selection."""
    return _report_lines(config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the lines about the selection at the end, if the workers of xdist collected the tests."""
    session = session_of(config)
    lines = _report_lines(config) if session.is_selection_received else []
    if session.options.is_shadow and session.selection:
        lines += compare_failures(config, session.selection)
    if lines:
        terminalreporter.section("dag-select")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """End the session with the error of a worker, or with success if nothing changed.

    Raises:
        pytest.UsageError: A worker of xdist found an error in the selection.
    """
    selection = session_of(session.config).selection
    _allow_no_tests(session)
    yield
    _allow_no_tests(session)  # again, since syrupy adds the status from before
    if session_of(session.config).is_selection_received and selection and selection.error:
        raise pytest.UsageError(selection.error)


def _allow_no_tests(session: pytest.Session) -> None:
    selection = session_of(session.config).selection
    is_empty = session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
    if is_empty and selection is not None and selection.is_nothing_changed:
        session.exitstatus = pytest.ExitCode.OK


def _report_lines(config: pytest.Config) -> list[str]:
    result = session_of(config).selection
    return [*result.explanations, *result.summary] if result else []


def _select_tests(
    config: pytest.Config, items: list[pytest.Item], kept: list[pytest.Item]
) -> SelectionResult:
    """Append the selected tests to `kept`, and return the lines of the report."""
    options = session_of(config).options
    earlier = read_whole_record(config)
    for test_id in deleted_tests(config, earlier.record, {item.nodeid for item in items}):
        earlier.record.remove(test_id)
    linked = link_tests(config, items, earlier.record)
    changes = Changes(config, linked.project, linked.prints, linked.touched, is_recorded=not earlier.absence)
    decisions = Decisions(linked.project, linked.links, linked.touched, changes, options)
    found = list(decisions)
    kept += [decision.item for decision in found if decision.is_kept]
    selected = decisions.selected.nodes
    result = SelectionResult(tests=len(items))
    if options.is_shadow:
        result.dropped = [one.item.nodeid for one in found if not one.is_kept]
    result.is_nothing_changed = options.drops_tests and decisions.uses_record and bool(items) and not kept
    if decisions.uses_record:
        remember_untested(config, linked)
    if options.explain == "json":
        result.explanations = explained_json(found, linked.project, changes, selected, earlier.absence)
    elif options.explain:
        for option, expression in _expressions(options):
            result.explanations += explain_walks(option, [expression])
        result.explanations += explained_lines(found, linked.project, changes, _verdicts(options))
    touched = {node_id for one in found for node_id in one.touched.nodes}
    untouched = linked.project.names_of(selected - touched)
    about_revisions = [line for one in changes.revisions.values() for line in one.lines()]
    result.summary = [*about_revisions, *_summary(decisions, found, untouched, result, options)]
    return result


def _verdicts(options: Options) -> Verdicts:
    if options.is_shadow:
        return Verdicts("kept", "would be dropped")
    return Verdicts("first", "later") if options.is_first else Verdicts("kept", "dropped")


def _summary(
    decisions: Decisions,
    found: list[Decision],
    untouched: list[str],
    result: SelectionResult,
    options: Options,
) -> Iterator[str]:
    """Yield the lines of the report after the collection."""
    for expressions in (decisions.selected, decisions.excluded):
        for text in () if result.is_nothing_changed else expressions.without_nodes:
            yield f"{expressions.option}: '{text}' matches no node"
    kept = sum(one.is_kept for one in found)
    if result.is_nothing_changed:
        yield f"dag-select: nothing changed, so none of {_format_count(len(found), 'test')} runs"
    elif decisions.is_selecting:
        effect = " first" * options.is_first or " would run" * options.is_shadow
        nodes = _format_count(len(decisions.selected.nodes), "node")
        yield f"dag-select: {nodes}, {kept} of {_format_count(len(found), 'test')}{effect}"
    missing = sorted({name for one in found for name in one.missing})
    if missing:
        verb = "no longer exists" if len(missing) == 1 else "no longer exist"
        yield f"dag-select: {join_names(missing)} {verb}; the tests that passed with it run"
    unknown = sum(one.is_unknown for one in found)
    if unknown:
        count = _format_count(unknown, "test")
        yield f"dag-select: {count} with unknown ties kept (--dag-unknown=drop drops them)"
    if decisions.is_selecting and untouched:
        yield f"dag-select: no test touches {join_names(untouched)}"


def _format_count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _format_age(seconds: float) -> str:
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return _format_count(int(seconds // length), unit)
    return _format_count(int(seconds), "second")
