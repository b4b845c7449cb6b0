"""The graph that the tests are tied to, which of its nodes a test touches, and which of them changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow.record import Record
from pytest_dagflow.session import project_definitions
from pytest_dagflow.ties import Tie, members

if TYPE_CHECKING:
    from dagflow.testing import Graph, Selection


def definition_check() -> Callable[[object], bool]:
    """Give a function that tells definitions, which nodes are made from, from everything else."""
    import dagflow

    classes = (
        dagflow.OpDefinition,
        dagflow.GraphDefinition,
        dagflow.JobDefinition,
        dagflow.AssetsDefinition,
        dagflow.SourceAsset,
    )
    return lambda value: isinstance(value, classes)


def project_graph(
    config: pytest.Config,
    ties: Mapping[pytest.Item, list[Tie]],
    is_definition: Callable[[object], bool],
) -> Graph:
    """Give the graph of the project where it is known, else of all that the collected tests name."""
    from dagflow.testing import graph_of

    project = project_definitions(config)
    if project is not None:
        return graph_of(*members(project))
    named = [
        found
        for module in _modules(config, ties)
        for value in vars(module).values()
        for found in members(value)
    ]
    named += [tie.target for found in ties.values() for tie in found]
    definitions = {id(value): value for value in named if is_definition(value)}
    graph = graph_of(*definitions.values())
    # what is named by itself and stands in a job as well is not one more node
    inside = {id(node.definition) for node in graph.nodes if node.part_of}
    alone = [value for key, value in definitions.items() if key not in inside]
    return graph_of(*alone) if len(alone) < len(definitions) else graph


def _modules(config: pytest.Config, items: Iterable[pytest.Item]) -> Iterator[ModuleType]:
    """The conftests, and the modules of the tests."""
    for plugin in config.pluginmanager.get_plugins():
        if isinstance(plugin, ModuleType) and (plugin.__file__ or "").endswith("conftest.py"):
            yield plugin
    parents = (item.getparent(pytest.Module) for item in items)
    yield from dict.fromkeys(parent.obj for parent in parents if parent)


def read_selection(text: str, where: str) -> Selection:
    """Read an expression.

    Raises:
        pytest.UsageError: It cannot be read; the message says where it stands.
    """
    from dagflow.testing import parse_selection

    with _mistakes(where):
        return parse_selection(text)


@contextmanager
def _mistakes(where: str) -> Iterator[None]:
    from dagflow import DagflowError

    try:
        yield
    except DagflowError as error:
        raise pytest.UsageError(f"{where}: {error}") from error


class Project:
    """A graph, and how tests are tied to it.

    Attributes:
        graph: The graph.
        record: What ran in the tests the last time.
        known: By the identity of a definition, the nodes that are occurrences or parts of it.
    """

    def __init__(self, graph: Graph, record: Record) -> None:
        self.graph = graph
        self.record = record
        self.known: dict[int, list[str]] = {}
        for node in graph.nodes:
            for definition in (node.definition, *node.part_of):
                self.known.setdefault(id(definition), []).append(node.id)

    def resolve(self, text: str, where: str, changes: Changes | None = None) -> frozenset[str]:
        """Give the nodes that a text selects.

        Raises:
            pytest.UsageError: A node is unknown, or the text cannot be read.
        """
        from dagflow.testing import resolve

        selection = read_selection(text, where)
        with _mistakes(where):
            return resolve(selection, self.graph, changed=changes.nodes if changes else None)

    def touched_by(self, item: pytest.Item, ties: Iterable[Tie]) -> dict[str, str]:
        """Give the nodes that a test touches, each with the strongest reason to say so."""
        touched: dict[str, str] = {}
        for target, how in ties:
            if isinstance(target, str):
                found: Iterable[str] = self.resolve(target, f"{item.nodeid}, {how}: '{target}'")
            else:
                with _mistakes(f"{item.nodeid}, {how}"):
                    found = self._nodes_of(target)
            for node_id in found:
                touched.setdefault(node_id, how)
        earlier = self.record.tests.get(item.nodeid)
        for name, job in earlier.ran if earlier else ():
            for node_id in self._recorded(name, job):
                touched.setdefault(node_id, "recorded when it ran")
        return touched

    def _nodes_of(self, definition: object) -> list[str]:
        """The nodes that a definition stands for: itself, what is in it, or what it is made from."""
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

    def _recorded(self, name: str, job: str) -> list[str]:
        """The nodes of that name, of that job where several jobs have one."""
        nodes = self.graph.named(name)
        of_job = [node for node in nodes if job in node.attributes.get("job", ())]
        return [node.id for node in of_job or nodes]

    def names(self, node_ids: Iterable[str]) -> list[str]:
        """Give what the nodes are called, each name once."""
        return sorted({self.graph.node(node_id).names[0] for node_id in node_ids})

    def described(self, touched: Mapping[str, str], listed: Callable[[list[str]], str]) -> str:
        """Give the nodes as a text, those with one reason together."""
        by_reason: dict[str, list[str]] = {}
        for node_id, how in touched.items():
            by_reason.setdefault(how, []).append(self.graph.node(node_id).names[0])
        return "; ".join(f"{listed(list(dict.fromkeys(names)))} ({how})" for how, names in by_reason.items())


class Changes:
    """What `changed()` means: which nodes differ from what the tests passed with.

    A node has changed if some test is tied to it that passed with another form of it, and if no test is known
    to have passed with it as it is.

    Args:
        project: The graph and the record.
        touched: By the id of each collected test, the nodes that it touches.
    """

    def __init__(self, project: Project, touched: Mapping[str, Iterable[str]]) -> None:
        self.project = project
        self.touched = touched
        self.were_asked_for: bool = False

    def is_unknown(self, test: str) -> bool:
        """Whether a test is not known to have passed."""
        earlier = self.project.record.tests.get(test)
        return earlier is None or earlier.passed_with is None

    def nodes(self) -> set[str]:
        """Give the nodes that have changed, and note how all of them look now."""
        self.were_asked_for = True
        record, graph = self.project.record, self.project.graph
        now = self._prints()
        record.prints = {
            test: {node_id: now[node_id] for node_id in nodes} for test, nodes in self.touched.items()
        }
        proven: set[str] = set()
        changed: set[str] = set()
        for test, earlier in record.tests.items():
            passed_with = earlier.passed_with
            if passed_with is None:
                continue  # it runs anyway
            for node_id in {*passed_with, *self.touched.get(test, ())} & now.keys():
                same = passed_with.get(node_id) == now[node_id]
                (proven if same else changed).add(node_id)
        return changed | {node.id for node in graph.nodes if node.id not in proven}

    def _prints(self) -> dict[str, Any]:
        """How each node looks now."""
        from dagflow.testing import fingerprint

        prints: dict[int, Any] = {}
        for node in self.project.graph.nodes:
            if id(node.definition) not in prints:
                prints[id(node.definition)] = list(fingerprint(node.definition))  # as JSON gives it back
        return {node.id: prints[id(node.definition)] for node in self.project.graph.nodes}
