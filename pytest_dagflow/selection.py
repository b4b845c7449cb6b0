"""`--dag-select`, `--dag-exclude`, `--dag-explain`: which of the collected tests run, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_dagflow.session import Outcome, project_definitions, send_outcome, session_of, worker_input
from pytest_dagflow.ties import Tie, members, ties_of

if TYPE_CHECKING:
    from dagflow.testing import Graph, Selection

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
            _read(text, option)


def header(config: pytest.Config) -> list[str]:
    """What the report says before the tests are collected."""
    options = session_of(config).options
    named = (("dag-select", options.select), ("dag-exclude", options.exclude))
    return [f"{name}: {', '.join(texts)}" for name, texts in named if texts]


def narrow(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Keep of the collected tests those that touch selected nodes, and none that is excluded.

    A mistake ends the session; in a worker of xdist no test is kept then, and the controller ends it.

    Raises:
        pytest.UsageError: A node is unknown, or the definitions of the project cannot be loaded.
    """
    config = session.config
    if not session_of(config).options.is_selecting:
        return
    try:
        verdicts = _judge(config, items)
    except pytest.UsageError as mistake:
        if session.testsfailed:  # a file that cannot be imported comes first: it may hold what is unknown
            return
        send_outcome(config, Outcome(error=str(mistake)))
        if not worker_input(config):
            raise
        verdicts = Verdicts([], list(items), Outcome(error=str(mistake)))
    send_outcome(config, verdicts.outcome)
    if verdicts.dropped:
        config.hook.pytest_deselected(items=verdicts.dropped)
        items[:] = verdicts.kept


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


class Verdicts(NamedTuple):
    """The tests to run, those not to run, and what is said about it."""

    kept: list[pytest.Item]
    dropped: list[pytest.Item]
    outcome: Outcome


def _judge(config: pytest.Config, items: list[pytest.Item]) -> Verdicts:
    options = session_of(config).options
    is_definition = _definition_check()
    ties = {item: ties_of(item, is_definition) for item in items}
    touches = _Touches(_graph(config, items, ties, is_definition))
    selected = touches.resolve(options.select, "--dag-select") if options.select else None
    excluded = touches.resolve(options.exclude, "--dag-exclude")

    verdicts = Verdicts([], [], Outcome())
    met: set[str] = set()
    for item in items:
        touched = touches.of(item, ties[item])
        met |= touched.keys()
        reason = _reason_to_drop(touched, selected, excluded)
        (verdicts.dropped if reason else verdicts.kept).append(item)
        if options.explain:
            verdicts.outcome.explained.append(_explanation(item, touches.described(touched), reason))
    if selected is not None:
        untouched = touches.names(node_id for node_id in selected if node_id not in met)
        verdicts.outcome.lines += _summary(len(selected), len(verdicts.kept), len(items), untouched)
    return verdicts


def _read(text: str, where: str) -> Selection:
    from dagflow.testing import parse_selection

    with _mistakes(where):
        return parse_selection(text)


@contextmanager
def _mistakes(where: str) -> Iterator[None]:
    """Turn what is wrong with a selection into a usage error that says where it stands."""
    from dagflow import DagflowInvalidSubsetError

    try:
        yield
    except DagflowInvalidSubsetError as error:
        raise pytest.UsageError(f"{where}: {error}") from error


def _definition_check() -> Callable[[object], bool]:
    """A function that tells definitions from all else; without the runtime loaded there are none."""
    import dagflow

    classes = (
        dagflow.OpDefinition,
        dagflow.GraphDefinition,
        dagflow.JobDefinition,
        dagflow.AssetsDefinition,
        dagflow.SourceAsset,
    )
    return lambda value: isinstance(value, classes)


def _graph(
    config: pytest.Config,
    items: list[pytest.Item],
    ties: dict[pytest.Item, list[Tie]],
    is_definition: Callable[[object], bool],
) -> Graph:
    """The graph of the project where it is known, else of all that the collected tests name."""
    from dagflow.testing import graph_of

    project = project_definitions(config)
    if project is not None:
        return graph_of(project)
    named = [
        found
        for module in _modules(config, items)
        for value in vars(module).values()
        for found in members(value)
        if is_definition(found)
    ]
    tied = [tie.target for found in ties.values() for tie in found if is_definition(tie.target)]
    return graph_of(*{id(definition): definition for definition in named + tied}.values())


def _modules(config: pytest.Config, items: list[pytest.Item]) -> Iterator[ModuleType]:
    """The modules of the tests, and the conftests."""
    for plugin in config.pluginmanager.get_plugins():
        if isinstance(plugin, ModuleType) and (plugin.__file__ or "").endswith("conftest.py"):
            yield plugin
    parents = (item.getparent(pytest.Module) for item in items)
    yield from dict.fromkeys(parent.obj for parent in parents if parent)


class _Touches:
    """A graph, and which of its nodes a test touches.

    `known` maps the identity of a definition to the nodes that are occurrences or parts of it.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.known: dict[int, list[str]] = {}
        for node in graph.nodes:
            for definition in (node.definition, *node.part_of):
                self.known.setdefault(id(definition), []).append(node.id)

    def resolve(self, texts: Iterable[str], where: str) -> set[str]:
        """The nodes that any of the texts selects."""
        from dagflow.testing import resolve

        found: set[str] = set()
        for text in texts:
            with _mistakes(f"{where} '{text}'"):
                found |= resolve(_read(text, where), self.graph)
        return found

    def of(self, item: pytest.Item, ties: Iterable[Tie]) -> dict[str, str]:
        """The nodes that a test touches, each with the strongest reason to say so."""
        touched: dict[str, str] = {}
        for target, how in ties:
            if isinstance(target, str):
                found: Iterable[str] = self.resolve([target], f"{item.nodeid}, {how}:")
            else:
                found = self.nodes_of(target)
            for node_id in found:
                touched.setdefault(node_id, how)
        return touched

    def nodes_of(self, definition: object) -> Iterable[str]:
        """The nodes that a definition stands for: itself, what it holds, or what it is made from."""
        found = self.known.get(id(definition))
        if found is None:
            from dagflow.testing import graph_of

            parts = graph_of(definition).nodes
            found = [node_id for part in parts for node_id in self.known.get(id(part.definition), ())]
        return [inner for node_id in found for inner in self._with_contents(node_id)]

    def _with_contents(self, node_id: str) -> Iterator[str]:
        yield node_id
        for inner in self.graph.inner(node_id):
            yield from self._with_contents(inner)

    def names(self, node_ids: Iterable[str]) -> list[str]:
        """What the nodes are called, each name once."""
        return sorted({self.graph.node(node_id).names[0] for node_id in node_ids})

    def described(self, touched: dict[str, str]) -> str:
        """The nodes and the reasons, as a text."""
        reasons = dict.fromkeys(
            f"{self.graph.node(node_id).names[0]} ({how})" for node_id, how in touched.items()
        )
        return _listed(list(reasons))


def _reason_to_drop(touched: dict[str, str], selected: set[str] | None, excluded: set[str]) -> str:
    if selected is not None and not touched:
        return "touches no node that is known"
    if selected is not None and selected.isdisjoint(touched):
        return "touches only what is not selected"
    return "" if excluded.isdisjoint(touched) else "touches what is excluded"


def _explanation(item: pytest.Item, touched: str, reason: str) -> str:
    verdict = f"dropped, it {reason}" if reason else "kept"
    return f"{item.nodeid}: {verdict}" + (f": {touched}" if touched else "")


def _summary(nodes: int, kept: int, tests: int, untouched: list[str]) -> list[str]:
    line = f"dag-select: {_count(nodes, 'node')}, {kept} of {_count(tests, 'test')}"
    return [line, f"dag-select: no test touches {_listed(untouched)}"] if untouched else [line]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(texts: list[str]) -> str:
    rest = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
