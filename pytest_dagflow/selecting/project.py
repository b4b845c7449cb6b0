"""The graph that the tests are linked to, and the nodes of it that a test touches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from pytest_dagflow.selecting.links import Links, elements_of, is_project_module
from pytest_dagflow.selecting.record_file import Record
from pytest_dagflow.selecting.references import RunOf, TicksOf
from pytest_dagflow.session import load_project_definitions

if TYPE_CHECKING:
    from dagflow.testing import Call, Graph, Node, Selection

    Calls = Mapping[str, Callable[[Call], Iterable[str]]]

_NUMBER = re.compile(r"#\d+(?=:|$)")
"""The number of a node among those of one name, which depends on the other collected modules."""
_RECORDED = "recorded when it ran"


def build_project_graph(
    config: pytest.Config,
    links: Mapping[pytest.Item, Links],
) -> Graph:
    """Return the graph of the project definitions, if the project names them.

    The fallback is the graph of all definitions that the collected test modules and conftests name.
    """
    from dagflow.testing import graph_of, has_graph

    project = load_project_definitions(config)
    if project is not None:
        with usage_errors("the definitions of the project"):
            return graph_of(*elements_of(project))
    values = _distinct(named for module in _test_modules(config, links) for named in _names_in(module))
    named = [found for value in values for found in elements_of(value)]
    named += [link.target for found in links.values() for link in found.found]
    definitions = {id(value): value for value in named if has_graph(value)}
    # a test of errors may build a project with a fault, and two modules may define the same key
    graph = graph_of(*definitions.values(), strict=False)
    # an op or graph that is also part of a named job must not become a second node; an asset never does, and
    # the jobs select from the assets
    inside = {id(node.definition) for node in graph.nodes if node.part_of and not _is_asset(node.definition)}
    alone = {key: value for key, value in definitions.items() if key not in inside}
    return graph_of(*alone.values(), strict=False) if len(alone) < len(definitions) else graph


def _names_in(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Yield the names and values of a test module, and of the project modules that it imports as a whole."""
    for name, value in list(vars(module).items()):
        if name == "__builtins__":  # it has `_`, the last value that a doctest showed
            continue
        yield name, value
        if isinstance(value, ModuleType) and is_project_module(value.__name__):
            yield from list(vars(value).items())


def _distinct(named: Iterable[tuple[str, object]]) -> list[object]:
    """Return the values without repetition. Many test modules import the same values by the same names."""
    last: dict[str, object] = {}
    found: dict[int, object] = {}
    for name, value in named:
        if name not in last or last[name] is not value:
            last[name] = value
            found[id(value)] = value
    return list(found.values())


def _is_asset(definition: object) -> bool:
    from dagflow import AssetsDefinition, AssetSpec, SourceAsset

    return isinstance(definition, (AssetsDefinition, SourceAsset, AssetSpec))


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

    with usage_errors(where):
        return parse_selection(expression)


def explain_walks(option: str, expressions: Iterable[str]) -> Iterator[str]:
    """Yield a line about each expression with walks, because `+` has two meanings."""
    from dagflow.testing import in_words

    for expression in expressions:
        selection = parse_expression(expression, f"--{option}")
        if in_words(selection) != str(selection):
            yield f"{option}: '{expression}' means {in_words(selection)}"


@contextmanager
def usage_errors(where: str) -> Iterator[None]:
    from dagflow import DagflowError

    try:
        yield
    except DagflowError as error:
        raise pytest.UsageError(f"{where}: {error}") from error


@dataclass
class Touched:
    """The nodes that a test touches.

    Attributes:
        nodes: The ids of the nodes, each with the strongest reason.
        jobs: The names of the jobs that it runs or refers to.
        is_unknown: Whether the test can reach dagflow, but no node is known.
    """

    nodes: dict[str, str] = field(default_factory=dict)
    jobs: set[str] = field(default_factory=set)
    is_unknown: bool = False


class Project:
    """A graph, and the record of the nodes that ran in the tests.

    Attributes:
        graph: The graph.
        record: The record of earlier sessions.
        nodes_by_definition: The nodes of the occurrences and parts of a definition, by its `id()`.
        jobs: The definition of each job by its name in the record, such as `job:breakfast`.
    """

    def __init__(self, graph: Graph, record: Record) -> None:
        self.graph = graph
        self.record = record
        self.nodes_by_definition: dict[int, list[Node]] = {}
        self.jobs: dict[str, object] = {}
        self._ids_by_recorded_name: dict[str, list[str]] = {}
        self._recorded_names: dict[str, str] = {}
        self._known_links: dict[object, list[str]] = {}
        for node in graph.nodes:
            for definition in (node.definition, *node.part_of):
                self.nodes_by_definition.setdefault(id(definition), []).append(node)
                name = job_name(definition)
                if name:
                    self.jobs.setdefault(name, definition)
            name = self._recorded_names[node.id] = _name_with_module(node)
            self._ids_by_recorded_name.setdefault(name, []).append(node.id)
            for job in node.attributes.get("job", ()):
                self._ids_by_recorded_name.setdefault(f"job:{job}@", []).append(node.id)
        self._ids_by_bare_name: dict[str, list[str]] = {}
        for name, ids in self._ids_by_recorded_name.items():
            self._ids_by_bare_name.setdefault(name.partition("@")[0], []).extend(ids)

    def recorded_name(self, node_id: str) -> str:
        """Return the name of a node in the record, which does not depend on the collected modules."""
        return self._recorded_names[node_id]

    def ids_of(self, recorded_name: str) -> list[str]:
        """Return the nodes of a name in the record. A node that moved to another module keeps its name."""
        name, _, module = recorded_name.partition("@")
        found = self._ids_by_recorded_name.get(f"{name}@{module.partition('#')[0]}")
        if found is None:
            moved = self._ids_by_bare_name.get(name, [])
            found = moved if len(moved) == 1 else []
        return found

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
        with usage_errors(where):
            return resolve(selection, self.graph, calls=calls)

    def nodes_touched_by(self, item: pytest.Item, links: Links) -> Touched:
        """Return the nodes that a test touches."""
        touched = Touched()
        for target, reason in links.found:
            for node_id in self._linked_nodes(item, target, reason):
                touched.nodes.setdefault(node_id, reason)
            if job_name(target) in self.jobs:
                touched.jobs.add(job_name(target))
        earlier = self.record.get(item.nodeid)
        for name, job in earlier.ran if earlier else ():
            for node_id in self.nodes_named(name, job):
                touched.nodes.setdefault(node_id, _RECORDED)
            if f"job:{job}" in self.jobs:
                touched.jobs.add(f"job:{job}")
        is_known = earlier is not None and earlier.passed and not links.is_dynamic
        touched.is_unknown = links.can_reach and not touched.nodes and not is_known
        return touched

    def _linked_nodes(self, item: pytest.Item, target: object, reason: str) -> list[str]:
        """Return the nodes of the target of a link. Several tests often have the same target."""
        key = target if isinstance(target, str | RunOf | TicksOf) else id(target)
        known = self._known_links.get(key)
        if known is not None:
            return known
        if isinstance(target, RunOf):
            found = self._nodes_of_run(target.text)
        elif isinstance(target, TicksOf):
            found = self._nodes_of_ticks(target.texts)
        elif isinstance(target, str):
            found = list(self.resolve(target, f"{item.nodeid}, {reason}: '{target}'"))
        else:
            with usage_errors(f"{item.nodeid}, {reason}"):
                found = self._nodes_of(target)
        self._known_links[key] = found
        return found

    def _nodes_of_run(self, text: str | None) -> list[str]:
        """Return the nodes that `dag_run` may run: of a job, of a selection, or all nodes."""
        from dagflow import DagflowError
        from dagflow.testing import parse_selection, resolve

        if text is not None:
            of_job = self._ids_by_recorded_name.get(f"job:{text}@")
            if of_job:
                return of_job
            with suppress(DagflowError):  # the test may expect this error
                return list(resolve(parse_selection(text), self.graph))
        return [node.id for node in self.graph.nodes]

    def _nodes_of_ticks(self, texts: Iterable[str]) -> list[str]:
        """Return the nodes that the named schedules and sensors start; all nodes if no name is known."""
        by_name = [self.graph.values(kind) for kind in ("schedule", "sensor")]
        found = [node_id for text in texts for one in by_name for node_id in one.get(text, ())]
        return list(dict.fromkeys(found)) or [node.id for node in self.graph.nodes]

    def _nodes_of(self, definition: object) -> list[str]:
        """Return the nodes of a definition, of its parts, and of all that these nodes contain."""
        known = self.nodes_by_definition.get(id(definition))
        if known is not None:
            found = [node.id for node in known]
        else:
            from dagflow.testing import graph_of, has_graph

            if not has_graph(definition):
                graph_of(definition)  # raises the error that names the value
            parts = graph_of(definition, strict=False).nodes
            found = [node_id for part in parts for node_id in self._nodes_like(part)]
            if not parts:  # an asset job, of which a repository keeps only the resolved job, or its schedule
                name = getattr(definition, "name", "")
                kinds = ("job", "schedule", "sensor")
                found = [node_id for kind in kinds for node_id in self.graph.values(kind).get(name, ())]
        return list(dict.fromkeys(inner for node_id in found for inner in self._with_inner_nodes(node_id)))

    def _nodes_like(self, part: Node) -> list[str]:
        """Return the nodes of the definition of another node: only those of its name, if there are any."""
        nodes = self.nodes_by_definition.get(id(part.definition), ())
        of_name = [node.id for node in nodes if node.names[0] == part.names[0]]
        return of_name or [node.id for node in nodes]

    def _with_inner_nodes(self, node_id: str) -> Iterator[str]:
        yield node_id
        for inner in self.graph.inner(node_id):
            yield from self._with_inner_nodes(inner)

    def nodes_named(self, name: str, job: str) -> list[str]:
        """Return the nodes of a name; only those of the job if the job has such a node."""
        nodes = self.graph.named(name)
        of_job = [node for node in nodes if job in node.attributes.get("job", ())]
        return [node.id for node in of_job or nodes]

    def names_of(self, node_ids: Iterable[str]) -> list[str]:
        """Return the sorted names of nodes without duplicates."""
        return sorted({self.graph.node(node_id).names[0] for node_id in node_ids})

    def names_by_reason(self, touched: Touched) -> dict[str, list[str]]:
        """Return the sorted names of the touched nodes, by the reason of their link."""
        by_reason: dict[str, set[str]] = {}
        for node_id, reason in touched.nodes.items():
            by_reason.setdefault(reason, set()).add(self.graph.node(node_id).names[0])
        return {reason: sorted(names) for reason, names in by_reason.items()}


def job_name(value: object) -> str:
    """Return the name of a job in the record; empty for any other value."""
    if not type(value).__name__.endswith("JobDefinition"):
        return ""
    return f"job:{getattr(value, 'name', '')}"


def _name_with_module(node: Node) -> str:
    module: str = getattr(getattr(node.definition, "__wrapped__", None), "__module__", None) or ""
    return f"{_NUMBER.sub('', node.id, count=1)}@{module}"
