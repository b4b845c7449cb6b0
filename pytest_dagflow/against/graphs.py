"""The graphs of both sides of a comparison: their order, and the nodes that moved others."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from pytest_dagflow.against.records import GraphNode
from pytest_dagflow.against.result import NodeChange


def parents_of(*graphs: Mapping[str, GraphNode]) -> dict[str, list[str]]:
    """Return the nodes upstream of each node, in any of some graphs."""
    found: dict[str, list[str]] = {}
    for graph in graphs:
        for label, node in graph.items():
            known = found.setdefault(label, [])
            known += [parent for parent in node.parents if parent not in known]
    return found


def edges_of(graph: Mapping[str, GraphNode]) -> dict[tuple[str, str], None]:
    """Return the edges of a graph, in its order."""
    return {(parent, label): None for label, node in graph.items() for parent in node.parents}


def in_order(labels: Iterable[str], parents: Mapping[str, Sequence[str]]) -> list[str]:
    """Return labels in topological order; in their own if the union of both graphs has a cycle."""
    labels = list(labels)
    known = set(labels)
    sorter = TopologicalSorter(
        {label: [one for one in parents.get(label, ()) if one in known] for label in labels}
    )
    try:
        return list(sorter.static_order())
    except CycleError:
        return labels


def ancestors(label: str, parents: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the nodes upstream of a node, the nearest first."""
    seen, queue = {label}, deque(parents.get(label, ()))
    while queue:
        one = queue.popleft()
        if one not in seen:
            seen.add(one)
            yield one
            queue.extend(parents.get(one, ()))


def add_causes(
    nodes: Mapping[str, NodeChange], parents: Mapping[str, Sequence[str]], known: Container[str]
) -> None:
    """Set the causes of each node that differs: the nearest nodes upstream that changed.

    A node with equal data moved nothing, and neither did the nodes before it. It is a cause only if there is
    no other, because its effect may be outside of its values.

    Args:
        nodes: The nodes by label.
        parents: The nodes upstream of each node.
        known: The nodes whose values are compared. Others may be equal only because nothing is known of them.
    """
    for label, node in nodes.items():
        if not node.differences:
            continue
        found = _nearest(label, nodes, parents, known)
        if not found and not node.code:
            found = _nearest(label, nodes, parents, ())
        if not found and not node.code:
            found = [one for one in parents.get(label, ()) if one in nodes and nodes[one].differences]
        node.causes = tuple(found)


def _nearest(
    label: str, nodes: Mapping[str, NodeChange], parents: Mapping[str, Sequence[str]], known: Container[str]
) -> list[str]:
    """Return the changed nodes upstream of a node that have no other one, or a known equal one, before it."""
    found: dict[str, None] = {}
    seen, queue = {label}, deque(parents.get(label, ()))
    while queue:
        one = queue.popleft()
        if one in seen or one not in nodes:
            continue
        seen.add(one)
        node = nodes[one]
        if one in known and not node.differences:
            continue
        if node.code or node.is_new or node.is_gone:
            found[one] = None
        else:
            queue.extend(parents.get(one, ()))
    return list(found)
