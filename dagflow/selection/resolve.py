"""The resolution of selections to nodes: walks along a graph, and set operations."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Final, TypeVar

from dagflow._util import nearest
from dagflow.errors import CheckError, DagflowInvalidSubsetError, repr_of
from dagflow.selection import tree
from dagflow.selection.tree import Graph, Selection

_N = TypeVar("_N", bound=Hashable)
_IDENTIFYING: Final = frozenset({"key", "op", "asset", "job", "graph", "check"})


def walk(starts: Iterable[_N], depth: int, neighbours: Callable[[_N], Iterable[_N]]) -> set[_N]:
    """Return `starts` and the nodes that are at most `depth` steps away from them.

    Args:
        starts: The nodes at which the walk begins.
        depth: The maximum number of steps; `tree.ALL` means no limit.
        neighbours: A function that returns the next nodes of a node: its parents to walk up, its children
            to walk down.

    Example:
        >>> children = {"a": ["b"], "b": ["c"], "c": []}
        >>> sorted(walk(["a"], 1, children.__getitem__)), sorted(walk(["a"], tree.ALL, children.__getitem__))
        (['a', 'b'], ['a', 'b', 'c'])
    """
    seen = set(starts)
    frontier = seen
    while depth and frontier:
        frontier = {after for node in frontier for after in neighbours(node)} - seen
        seen |= frontier
        depth -= 1
    return seen


def resolve(
    selection: Selection, graph: Graph, *, changed: Callable[[], Iterable[str]] | None = None
) -> frozenset[str]:
    """Return the ids of the nodes that a selection selects.

    A selected graph node includes all nodes inside it. A walk stays on the level of its start: from a node
    inside a graph node, it reaches only nodes of the same graph node.

    Args:
        selection: The tree that the parser returns for a selection string.
        graph: The nodes and edges.
        changed: A function that returns the ids of the nodes that `changed()` in the selection stands for.

    Raises:
        DagflowInvalidSubsetError: A name, or the value of an attribute that identifies nodes, is unknown, or
            the selection has `changed()` but the argument `changed` is missing.
        CheckError: A part of `selection` is not a Selection.

    Example:
        >>> graph = Graph([tree.Node(name, (name,)) for name in "abc"], [("a", "b"), ("b", "c")])
        >>> sorted(resolve(tree.Walk(tree.Name("b"), down=1), graph))
        ['b', 'c']
    """

    def ids(part: Selection) -> frozenset[str]:
        match part:
            case tree.Everything():
                return frozenset(node.id for node in graph.nodes)
            case tree.Name(text):
                return _named(text, graph)
            case tree.Attribute():
                return _having(part, graph)
            case tree.Walk(of, up, down):
                starts = ids(of)
                met = walk(starts, up, graph.parents) | walk(starts, down, graph.children)
                return starts | walk(met - starts, tree.ALL, graph.inner)
            case tree.Sinks(of):
                return _ends(ids(of), graph, graph.children)
            case tree.Roots(of):
                return _ends(ids(of), graph, graph.parents)
            case tree.Not(of):
                return ids(tree.Everything()) - ids(of)
            case tree.And(parts):
                return frozenset.intersection(*map(ids, parts))
            case tree.Or(parts):
                return frozenset().union(*map(ids, parts))
            case tree.Changed():
                if changed is None:
                    raise DagflowInvalidSubsetError(
                        "changed() has no meaning here: there is no earlier record to compare with"
                    )
                return frozenset(changed())
        raise CheckError(f"{repr_of(part)} is not a selection")

    return ids(selection)


def _named(name: str, graph: Graph) -> frozenset[str]:
    nodes = graph.named(name)
    if not nodes:
        raise DagflowInvalidSubsetError(f"no node is called '{name}'.{nearest(name, graph.names)}")
    return frozenset(walk((node.id for node in nodes), tree.ALL, graph.inner))


def _having(wanted: tree.Attribute, graph: Graph) -> frozenset[str]:
    fits = wanted.matcher()
    attribute = wanted.attribute
    found = [node.id for node in graph.nodes if any(map(fits, node.attributes.get(attribute, ())))]
    if not found and attribute in _IDENTIFYING and not wanted.value.is_glob:
        known = {value for node in graph.nodes for value in node.attributes.get(attribute, ())}
        raise DagflowInvalidSubsetError(
            f"no node has {attribute} '{wanted.value.text}'.{nearest(wanted.value.text, sorted(known))}"
        )
    return frozenset(walk(found, tree.ALL, graph.inner))


def _ends(selected: frozenset[str], graph: Graph, neighbours: Callable[[str], list[str]]) -> frozenset[str]:
    """Return the selected nodes without an edge to another selected node. The edges of enclosing graphs count
    too.
    """
    connected = {node_id for node_id in selected if not selected.isdisjoint(neighbours(node_id))}
    inside = walk(connected, tree.ALL, graph.inner)
    return selected - inside
