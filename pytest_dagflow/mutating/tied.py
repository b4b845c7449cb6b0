"""The mutants of a session: the mutations of the selected nodes, and the tests that are tied to these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_dagflow.mutating.settings import settings_of
from pytest_dagflow.options import MUTATE_OPTION
from pytest_dagflow.selecting.changes import Changes
from pytest_dagflow.selecting.decide import Expressions
from pytest_dagflow.selecting.linking import Linked, link_tests
from pytest_dagflow.selecting.record import read_whole_record

if TYPE_CHECKING:
    from dagflow.testing import Mutation

_OPTION = MUTATE_OPTION.removeprefix("--")


class Mutants:
    """The mutations of a session, and the nodes that each test touches.

    Args:
        config: The config of the session.
        items: The tests.

    Attributes:
        linked: The graph, and the links of the tests.
        nodes: The ids of the selected nodes.
        mutations: Their mutations.
        notes: Sentences for the user.

    Raises:
        pytest.UsageError: An expression is invalid or selects nothing, or the graph has no nodes.
    """

    def __init__(self, config: pytest.Config, items: Iterable[pytest.Item]) -> None:
        from dagflow.testing import mutations_of

        self.config = config
        self.linked: Linked = link_tests(config, items, read_whole_record(config).record)
        self.notes: list[str] = []
        self.nodes: frozenset[str] = self._selected()
        found = mutations_of(self.linked.project.graph, self.nodes)
        self.mutations: list[Mutation] = found.found
        if found.without_source:
            names = ", ".join(found.without_source)
            self.notes.append(f"no source file, so without mutants of the body: {names}")
        self._touched = {item: set(one.nodes) for item, one in self.linked.touched.items()}

    def _selected(self) -> frozenset[str]:
        """Return the nodes of the expressions; all nodes without any."""
        project, config = self.linked.project, self.config
        every = frozenset(node.id for node in project.graph.nodes)
        if not every:
            raise pytest.UsageError(
                f"{MUTATE_OPTION}: the collected tests and the ini key 'dag_definitions' name no definition, "
                "so there is nothing to mutate"
            )
        texts = settings_of(config).expressions
        if not texts:
            return every
        absence = read_whole_record(config).absence
        changes = Changes(config, project, self.linked.prints, self.linked.touched, is_recorded=not absence)
        touched = frozenset().union(*(one.nodes for one in self.linked.touched.values()))
        try:
            found = Expressions(_OPTION, texts, project, changes, lambda call: set(every - touched))
        except pytest.UsageError as error:
            path = next((text for text in texts if Path(text.partition("::")[0]).exists()), None)
            if path is None:
                raise
            raise pytest.UsageError(
                f"{error}\n'{path}' is a path. Write it before the option: pytest {path} {MUTATE_OPTION}"
            ) from error
        if not found.nodes and not found.uses_record:
            shown = " or ".join(f"'{text}'" for text in found.without_nodes)
            raise pytest.UsageError(
                f"{MUTATE_OPTION}: {shown} matches no node, so there is nothing to mutate. The nodes are: "
                f"{', '.join(project.names_of(every)[:20])}"
            )
        self.notes += [line for one in changes.revisions.values() for line in one.lines()]
        if found.uses_record and absence and changes.is_used:
            self.notes.append(f"no record, so all nodes count as changed: {absence}")
        return found.nodes

    def candidates(self) -> list[pytest.Item]:
        """Return the tests to run without a mutation: those of a mutant, and those with unknown nodes."""
        wanted = {node_id for one in self.mutations for node_id in one.nodes}
        return [
            item
            for item, touched in self.linked.touched.items()
            if touched.is_unknown or not wanted.isdisjoint(touched.nodes)
        ]

    def add_nodes(self, ran: Mapping[str, Iterable[tuple[str, str]]]) -> None:
        """Tie tests to the nodes that ran in them.

        Args:
            ran: The name and the job of each node, by the id of the test.
        """
        for item, touched in self._touched.items():
            for name, job in ran.get(item.nodeid, ()):
                touched.update(self.linked.project.nodes_named(name, job))

    def tests_of(self, mutation: Mutation, usable: Iterable[pytest.Item]) -> list[pytest.Item]:
        """Return those of some tests that touch a node of a mutation."""
        return [item for item in usable if not self._touched[item].isdisjoint(mutation.nodes)]
