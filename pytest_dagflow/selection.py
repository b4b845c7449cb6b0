"""`--dag-select`, `--dag-exclude`, `--dag-explain`: which of the collected tests run, and why."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest

from pytest_dagflow.project import Changes, Project, definition_check, project_graph, read_selection
from pytest_dagflow.record import forget_removed, record_of
from pytest_dagflow.session import Outcome, send_outcome, session_of, worker_input
from pytest_dagflow.ties import ties_of

_SHOWN = 8


def check_texts(config: pytest.Config) -> None:
    """Read what was selected and excluded, so that a text that cannot be read ends the session at once.

    Raises:
        pytest.UsageError: A text cannot be read.
    """
    options = session_of(config).options
    if worker_input(config):
        return
    for option, texts in (("--dag-select", options.select), ("--dag-exclude", options.exclude)):
        for text in texts:
            read_selection(text, option)


def header(config: pytest.Config) -> list[str]:
    """What the report says before the tests are collected."""
    options = session_of(config).options
    named = (("dag-select", options.select), ("dag-exclude", options.exclude))
    lines = [f"{name}: {', '.join(texts)}" for name, texts in named if texts]
    written = record_of(config).time if lines else 0.0
    return [*lines, f"dag-record: {_age(time.time() - written)} old"] if written else lines


def narrow(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Keep of the collected tests those that touch selected nodes, and none that is excluded.

    A mistake ends the session; in a worker of xdist no test is kept then, and the controller ends it.

    Raises:
        pytest.UsageError: A node is unknown, or the definitions of the project cannot be loaded.
    """
    config = session.config
    if not session_of(config).options.is_selecting:
        return
    kept: list[pytest.Item] = []
    try:
        outcome = _judge(config, items, kept)
    except pytest.UsageError as mistake:
        if session.testsfailed:  # a file that cannot be imported comes first: it may hold what is unknown
            return
        if not worker_input(config):
            raise
        outcome = Outcome(error=str(mistake))
    send_outcome(config, outcome)
    if len(kept) < len(items):
        keeping = set(kept)
        config.hook.pytest_deselected(items=[item for item in items if item not in keeping])
        items[:] = kept


def report(config: pytest.Config) -> list[str]:
    """What the report says once the tests are collected."""
    outcome = session_of(config).outcome
    return [*outcome.explained, *outcome.lines] if outcome else []


def report_late(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """On the controller of xdist, which collects nothing itself: say it at the end."""
    if session_of(config).was_told and report(config):
        reporter.section("dag-select")
        for line in report(config):
            reporter.write_line(line)


def raise_mistake(config: pytest.Config) -> None:
    """On the controller of xdist: end the session for a mistake that the workers found.

    Raises:
        pytest.UsageError: They found one.
    """
    session = session_of(config)
    if session.was_told and session.outcome and session.outcome.error:
        raise pytest.UsageError(session.outcome.error)


def _judge(config: pytest.Config, items: list[pytest.Item], kept: list[pytest.Item]) -> Outcome:
    """Fill `kept`, and say what came out."""
    options = session_of(config).options
    is_definition = definition_check()
    ties = {item: ties_of(item, is_definition) for item in items}
    forget_removed(config, {item.nodeid for item in items})
    project = Project(project_graph(config, ties, is_definition), record_of(config))
    touched = {item: project.touched_by(item, ties[item]) for item in items}
    changes = Changes(project, {item.nodeid: nodes for item, nodes in touched.items()})
    selected = _resolved(project, options.select, "--dag-select", changes)
    excluded = _resolved(project, options.exclude, "--dag-exclude", changes)

    outcome = Outcome()
    for item, nodes in touched.items():
        is_unknown = changes.were_asked_for and changes.is_unknown(item.nodeid)
        reason = ""
        if not is_unknown and options.select:
            reason = _reason_to_drop(nodes, selected)
        if not excluded.isdisjoint(nodes):
            reason = "it touches what is excluded"
        if not reason:
            kept.append(item)
        if options.explain:
            verdict = "dropped" if reason else "kept"
            why = reason or ("it is not known to have passed" if is_unknown else "")
            parts = [f"{verdict}, {why}" if why else verdict, project.described(nodes, _listed)]
            outcome.explained.append(": ".join([item.nodeid, *filter(None, parts)]))
    if options.select:
        untouched = project.names(selected.difference(*touched.values()))
        outcome.lines += _summary(len(selected), len(kept), len(items), untouched)
    return outcome


def _resolved(project: Project, texts: Iterable[str], option: str, changes: Changes) -> set[str]:
    """The nodes that any of the texts selects."""
    found: set[str] = set()
    for text in texts:
        found |= project.resolve(text, f"{option} '{text}'", changes)
    return found


def _reason_to_drop(touched: Iterable[str], selected: set[str]) -> str:
    if not touched:
        return "it touches no node that is known"
    return "it touches only what is not selected" if selected.isdisjoint(touched) else ""


def _summary(nodes: int, kept: int, tests: int, untouched: list[str]) -> list[str]:
    line = f"dag-select: {_count(nodes, 'node')}, {kept} of {_count(tests, 'test')}"
    return [line, f"dag-select: no test touches {_listed(untouched)}"] if untouched else [line]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(texts: list[str]) -> str:
    rest = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _age(seconds: float) -> str:
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return _count(int(seconds // length), unit)
    return _count(int(seconds), "second")
