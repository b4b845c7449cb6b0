"""The graph that the tests are linked to, and the nodes of it that a test touches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from pytest_dagflow.selecting.links import Link, elements_of
from pytest_dagflow.selecting.record import Record
from pytest_dagflow.session import load_project_definitions

if TYPE_CHECKING:
    from dagflow.testing import Call, Graph, Node, Selection

    Calls = Mapping[str, Callable[[Call], Iterable[str]]]


def build_project_graph(
    config: pytest.Config,
    links: Mapping[pytest.Item, list[Link]],
) -> Graph:
    """Return the graph of the project definitions, if the project names them.

    The fallback is the graph of all definitions that the collected test modules and conftests name.
    """
    from dagflow.testing import graph_of, has_graph

    project = load_project_definitions(config)
    if project is not None:
        with _usage_errors("the definitions of the project"):
            return graph_of(*elements_of(project))
    named = [
        found
        for module in _test_modules(config, links)
        for value in vars(module).values()
        for found in elements_of(value)
    ]
    named += [link.target for found in links.values() for link in found]
    definitions = _usable_definitions({id(value): value for value in named if has_graph(value)})
    graph = graph_of(*definitions.values())
    # an op or graph that is also part of a named job must not become a second node; an asset never does, and
    # the jobs select from the assets
    inside = {id(node.definition) for node in graph.nodes if node.part_of and not _is_asset(node.definition)}
    alone = {key: value for key, value in definitions.items() if key not in inside}
    return graph_of(*alone.values()) if len(alone) < len(definitions) else graph


def _is_asset(definition: object) -> bool:
    from dagflow import AssetsDefinition, AssetSpec, SourceAsset

    return isinstance(definition, (AssetsDefinition, SourceAsset, AssetSpec))


def _usable_definitions(definitions: dict[int, object]) -> dict[int, object]:
    """Return definitions that have a graph: a project with a fault, as a test of errors may build one, is
    replaced by its parts, and an asset job without its assets is left out.
    """
    from dagflow import DagflowError, Definitions
    from dagflow.testing import graph_of

    usable: dict[int, object] = {}
    needs_others: list[object] = []
    queue = list(definitions.values())
    for value in queue:
        with suppress(DagflowError):
            graph_of(value)
            usable[id(value)] = value
            continue
        if isinstance(value, Definitions):
            queue += [
                *value.assets, *value.asset_checks, *value.jobs, *value.schedules, *value.sensors
            ]  # fmt: skip
        else:
            needs_others.append(value)
    with suppress(DagflowError):
        graph_of(*usable.values(), *needs_others)
        return usable | {id(value): value for value in needs_others}
    for value in needs_others:
        with suppress(DagflowError):
            graph_of(*usable.values(), value)
            usable[id(value)] = value
    return usable


def _test_modules(config: pytest.Config, items: Iterable[pytest.Item]) -> Iterator[ModuleType]:
    """Yield the conftests, and the modules of the tests."""
    for plugin in config.pluginmanager.get_plugins():
        if isinstance(plugin, ModuleType) and (plugin.__file__ or "").endswith("conftest.py"):
            yield plugin
    parents = (item.getparent(pytest.Module) for item in items)
    # a text file of doctests has no module
    yield from dict.fromkeys(
        parent.obj for parent in parents if parent and isinstance(parent.obj, ModuleType)
    )


def parse_expression(expression: str, where: str) -> Selection:
    """Parse an expression of `--dag-select`.

    Raises:
        pytest.UsageError: The expression is invalid; the message begins with `where`.
    """
    from dagflow.testing import parse_selection

    with _usage_errors(where):
        return parse_selection(expression)


def explain_walks(option: str, expressions: Iterable[str]) -> Iterator[str]:
    """Yield a line about each expression with walks, because `+` has two meanings."""
    from dagflow.testing import in_words

    for expression in expressions:
        selection = parse_expression(expression, f"--{option}")
        if in_words(selection) != str(selection):
            yield f"{option}: '{expression}' means {in_words(selection)}"


@contextmanager
def _usage_errors(where: str) -> Iterator[None]:
    from dagflow import DagflowError

    try:
        yield
    except DagflowError as error:
        raise pytest.UsageError(f"{where}: {error}") from error


class Project:
    """A graph, and the record of the nodes that ran in the tests.

    Attributes:
        graph: The graph.
        record: The record of the last session.
        nodes_by_definition: The node ids of the occurrences and parts of a definition, by its `id()`.
    """

    def __init__(self, graph: Graph, record: Record) -> None:
        self.graph = graph
        self.record = record
        self.nodes_by_definition: dict[int, list[str]] = {}
        for node in graph.nodes:
            for definition in (node.definition, *node.part_of):
                self.nodes_by_definition.setdefault(id(definition), []).append(node.id)

    def resolve(self, expression: str, where: str, calls: Calls | None = None) -> frozenset[str]:
        """Return the ids of the nodes that an expression selects.

        Args:
            expression: An expression of `--dag-select`.
            where: The source of the expression, for the message.
            calls: The functions that return the node ids of `changed(...)` and the other calls, by name.

        Raises:
            pytest.UsageError: The expression is invalid, or names an unknown node.
        """
        from dagflow.testing import resolve

        selection = parse_expression(expression, where)
        with _usage_errors(where):
            return resolve(selection, self.graph, calls=calls)

    def nodes_touched_by(self, item: pytest.Item, links: Iterable[Link]) -> dict[str, str]:
        """Return the ids of the nodes that a test touches, each with the strongest reason."""
        touched: dict[str, str] = {}
        for target, reason in links:
            if isinstance(target, str):
                found: Iterable[str] = self.resolve(target, f"{item.nodeid}, {reason}: '{target}'")
            else:
                with _usage_errors(f"{item.nodeid}, {reason}"):
                    found = self._nodes_of(target)
            for node_id in found:
                touched.setdefault(node_id, reason)
        earlier = self.record.tests.get(item.nodeid)
        for name, job in earlier.nodes if earlier else ():
            for node_id in self._recorded_nodes(name, job):
                touched.setdefault(node_id, "recorded when it ran")
        return touched

    def _nodes_of(self, definition: object) -> list[str]:
        """Return the nodes of a definition, of its parts, and of all that these nodes contain."""
        found = self.nodes_by_definition.get(id(definition))
        if found is None:
            from dagflow.testing import graph_of, has_graph

            if not has_graph(definition):
                graph_of(definition)  # raises the error that names the value
            usable = _usable_definitions({id(definition): definition}).values()
            found = [node_id for part in graph_of(*usable).nodes for node_id in self._nodes_like(part)]
            if not usable:  # an asset job, of which a repository keeps only the resolved job, or its schedule
                name = getattr(definition, "name", "")
                kinds = ("job", "schedule", "sensor")
                found = [node_id for kind in kinds for node_id in self.graph.values(kind).get(name, ())]
        return [inner for node_id in found for inner in self._with_inner_nodes(node_id)]

    def _nodes_like(self, part: Node) -> list[str]:
        """Return the nodes of the definition of another node: only those of its name, if there are any."""
        nodes = [self.graph.node(found) for found in self.nodes_by_definition.get(id(part.definition), ())]
        of_name = [node.id for node in nodes if node.names[0] == part.names[0]]
        return of_name or [node.id for node in nodes]

    def _with_inner_nodes(self, node_id: str) -> Iterator[str]:
        yield node_id
        for inner in self.graph.inner(node_id):
            yield from self._with_inner_nodes(inner)

    def _recorded_nodes(self, name: str, job: str) -> list[str]:
        """Return the nodes of a name; only those of the job if the job has such a node."""
        nodes = self.graph.named(name)
        of_job = [node for node in nodes if job in node.attributes.get("job", ())]
        return [node.id for node in of_job or nodes]

    def names_of(self, node_ids: Iterable[str]) -> list[str]:
        """Return the sorted names of nodes without duplicates."""
        return sorted({self.graph.node(node_id).names[0] for node_id in node_ids})

    def describe(self, touched: Mapping[str, str], join_names: Callable[[list[str]], str]) -> str:
        """Return the sorted names of the touched nodes as a string, grouped by reason."""
        by_reason: dict[str, list[str]] = {}
        for node_id, reason in touched.items():
            by_reason.setdefault(reason, []).append(self.graph.node(node_id).names[0])
        return "; ".join(
            f"{join_names(sorted(set(names)))} ({reason})" for reason, names in by_reason.items()
        )
