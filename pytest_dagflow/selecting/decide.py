"""The decision about each test: kept or dropped by the expressions, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_dagflow.options import Options
from pytest_dagflow.selecting.changes import Changes, TestState
from pytest_dagflow.selecting.links import ALWAYS, Links
from pytest_dagflow.selecting.project import Project, Touched, parse_expression, usage_errors

if TYPE_CHECKING:
    from dagflow.testing import Call, Graph, Selection

CHANGED = "changed()"
_FUNCTIONS = ("changed", "new", "failed")
_TEST = "test:"
"""The id of a node that stands for the test itself, which may have changed while its nodes have not."""


@dataclass(frozen=True)
class Decision:
    """The decision about one test.

    Attributes:
        item: The test.
        touched: The nodes that it touches.
        is_kept: Whether the selection keeps it.
        reason: The reason; empty if it is kept because it touches a selected node.
        is_unknown: Whether it is kept because its nodes are unknown.
        missing: The nodes of its last pass that no longer exist.
    """

    item: pytest.Item
    touched: Touched
    is_kept: bool
    reason: str = ""
    is_unknown: bool = False
    missing: tuple[str, ...] = ()


class Expressions:
    """The expressions of one option, whose union is selected.

    Args:
        option: The name of the option.
        texts: The expressions.
        project: The graph that they select from.
        changes: The meaning of `changed()`, `new()` and `failed()`.
        untested: Returns the nodes of `untested()`.
    """

    def __init__(
        self,
        option: str,
        texts: Iterable[str],
        project: Project,
        changes: Changes,
        untested: Callable[[Call], set[str]],
    ) -> None:
        self.option = option
        self._project = project
        self._changes = changes
        self._untested = untested
        self._calls: dict[str, Call] = {}
        self._known: dict[tuple[tuple[str, ...], frozenset[str]], frozenset[str]] = {}
        self.without_nodes: list[str] = []
        self._selections: list[tuple[str, Selection]] = []
        found: set[str] = set()
        for text in texts:
            where = f"--{option} '{text}'"
            selection = parse_expression(text, where)
            self._selections.append((where, selection))
            nodes = self._resolve(where, selection, project.graph, self._nodes_of)
            if not nodes:
                self.without_nodes.append(text)
            found |= nodes
        self.nodes = frozenset(found)

    @property
    def uses_record(self) -> bool:
        """Whether an expression contains `changed()`, `new()` or `failed()`."""
        return bool(self._calls)

    def _resolve(
        self, where: str, selection: Selection, graph: Graph, nodes_of: Callable[[Call], Iterable[str]]
    ) -> frozenset[str]:
        from dagflow.testing import resolve

        calls: Mapping[str, Callable[[Call], Iterable[str]]] = dict.fromkeys(_FUNCTIONS, nodes_of)
        with usage_errors(where):
            return resolve(selection, graph, calls={**calls, "untested": self._untested})

    def _nodes_of(self, call: Call) -> set[str]:
        self._calls[str(call)] = call
        return self._changes.nodes_of(call)

    def select(self, touched: Touched, state: TestState | None) -> str | None:
        """Return the reason why the expressions select a test, None if they do not.

        Args:
            touched: The nodes of the test.
            state: The differences between the test and the record; None if no expression uses the record.
        """
        if state is not None:
            own = tuple(text for text, call in self._calls.items() if state.is_selected_by(call))
            if own and not self._nodes_for(own, frozenset()).isdisjoint({*touched.nodes, _TEST}):
                reasons = (self._reason_of(state, self._calls[text]) for text in own)
                return next(filter(None, reasons), reason_of(state))
        if self.nodes.isdisjoint(touched.nodes):
            return None
        # a node that another test has not passed with is no reason to run a test that has
        passed_with = state.equal & self._all_changed if state is not None and self._calls else None
        if passed_with and self._nodes_for((), passed_with).isdisjoint(touched.nodes):
            return None
        return ""

    @staticmethod
    def _reason_of(state: TestState, call: Call) -> str:
        return state.reason_since(call) if call.since is not None else reason_of(state)

    @cached_property
    def _all_changed(self) -> frozenset[str]:
        return frozenset().union(*(self._changes.nodes_of(call) for call in self._calls.values()))

    def _nodes_for(self, own: tuple[str, ...], without: frozenset[str]) -> frozenset[str]:
        """Return the selected nodes if some calls select all nodes and the test itself, or leave out some."""
        key = own, without
        if key not in self._known:
            graph = self._graph_with_test if own else self._project.graph
            everything = {node.id for node in graph.nodes}

            def nodes_of(call: Call) -> Iterable[str]:
                if str(call) in own:
                    return everything
                # a pass is one of a record, and says nothing about a revision
                return self._changes.nodes_of(call) - (without if call.since is None else frozenset())

            self._known[key] = frozenset().union(
                *(self._resolve(where, one, graph, nodes_of) for where, one in self._selections)
            )
        return self._known[key]

    @cached_property
    def _graph_with_test(self) -> Graph:
        from dagflow.testing import Graph, Node

        graph = self._project.graph
        known = {name: list(graph.values(name)) for name in graph.attributes}
        return Graph([*graph.nodes, Node(_TEST, (_TEST,))], graph.edges, known)


def reason_of(state: TestState) -> str:
    """Return the reason why `changed()` selects a test itself."""
    if state.is_new:
        return "it is new"
    if state.is_failed:
        return "it is not known to have passed the last time"
    if state.own:
        return " and ".join(state.own)
    return f"{' and '.join(names_of_missing(state))} no longer exists"


def names_of_missing(state: TestState | None) -> tuple[str, ...]:
    """Return the nodes of the last pass of a test that no longer exist, without their modules."""
    return () if state is None else tuple(name.partition("@")[0] for name in state.missing)


class Decisions:
    """The decisions about all collected tests.

    Args:
        project: The graph and the record.
        links: The links of each test.
        touched: The nodes that each test touches.
        changes: The differences between the project and the record.
        options: The options of the session.
    """

    def __init__(
        self,
        project: Project,
        links: Mapping[pytest.Item, Links],
        touched: Mapping[pytest.Item, Touched],
        changes: Changes,
        options: Options,
    ) -> None:
        self._links = links
        self._touched = touched
        self._changes = changes
        self._drops_unknown = options.drops_unknown
        select = options.select
        if (options.is_first or options.is_shadow) and not (select or options.exclude):
            select = (CHANGED,)
        self.is_selecting = bool(select)
        self._is_excluding = bool(options.exclude)

        def untested(call: Call) -> set[str]:
            if not (options.explain or options.coverage):
                from dagflow import DagflowInvalidSubsetError

                raise DagflowInvalidSubsetError(
                    f"{call} has no tests that could run: add --dag-explain or --dag-cov, which name these "
                    "nodes"
                )
            return {node.id for node in project.graph.nodes}.difference(
                *(one.nodes for one in touched.values())
            )

        self.selected = Expressions("dag-select", select, project, changes, untested)
        self.excluded = Expressions("dag-exclude", options.exclude, project, changes, untested)

    @property
    def uses_record(self) -> bool:
        """Whether an expression contains `changed()`, `new()` or `failed()`."""
        return self.selected.uses_record or self.excluded.uses_record

    def __iter__(self) -> Iterator[Decision]:
        for item, touched in self._touched.items():
            yield self._decide(item, touched)

    def _decide(self, item: pytest.Item, touched: Touched) -> Decision:
        links = self._links[item]
        if links.is_always:
            return Decision(item, touched, True, f"marked by {ALWAYS}")
        state = self._changes.state_of(item, can_reach=links.can_reach) if self.uses_record else None
        if self._is_excluding and self.excluded.select(touched, state) is not None:
            return Decision(item, touched, False, "it touches an excluded node")
        if not self.is_selecting:
            return Decision(item, touched, True)
        reason = self.selected.select(touched, state)
        if reason is not None:
            return Decision(item, touched, True, reason, missing=names_of_missing(state))
        if touched.is_unknown:
            if self._drops_unknown:
                return Decision(item, touched, False, "its nodes are unknown, and --dag-unknown=drop")
            return Decision(item, touched, True, "its nodes are unknown", is_unknown=True)
        if touched.nodes:
            return Decision(item, touched, False, "it touches no selected node")
        reach = "it touches no known node" if links.can_reach else "it does not use dagflow"
        return Decision(item, touched, False, reach)
