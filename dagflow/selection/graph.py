"""The graph that selections are resolved against: nodes with names and attributes, and their edges."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from dagflow.errors import CheckError
from dagflow.keys import AssetCheckKey, AssetKey


class Node(NamedTuple):
    """One node of a graph.

    Args:
        id: The id, unique in the graph. The edges use it.
        names: All names of the node: `brew`, `machine.brew`, `shop/cup`.
        attributes: The values of its attributes, by a name in ATTRIBUTES. A tag is `key=value`, or `key`.
        parent: The id of the enclosing graph node, if any.
        definition: The definition that the node is an instance of.
        part_of: The definitions that contain or start the node as a whole: jobs, asset jobs, schedules,
            sensors.
        key: The key of the asset or check that the node is, None for the node of an op or graph.
    """

    id: str
    names: tuple[str, ...]
    attributes: Mapping[str, Collection[str]] = {}
    parent: str | None = None
    definition: object = None
    part_of: tuple[object, ...] = ()
    key: AssetKey | AssetCheckKey | None = None


class Graph:
    """Nodes, and edges from each node to its readers. Immutable.

    Args:
        nodes: The nodes.
        edges: The edges, as pairs (id of a node, id of its reader).
        known: More values of attributes, which no node has: the name of a resource that nothing requires.
        automations: The schedules and sensors of the project, which are no nodes.

    Raises:
        CheckError: Two nodes have the same id, or an edge or a parent is an unknown id.

    Example:
        >>> graph = Graph([Node("a", ("a",)), Node("b", ("b", "bee"))], [("a", "b")])
        >>> graph.children("a"), graph.parents("a"), [node.id for node in graph.named("bee")]
        (['b'], [], ['b'])
    """

    def __init__(
        self,
        nodes: Iterable[Node],
        edges: Iterable[tuple[str, str]] = (),
        known: Mapping[str, Iterable[str]] = {},
        automations: Iterable[object] = (),
    ) -> None:
        self.automations: tuple[object, ...] = tuple(automations)
        self.nodes: tuple[Node, ...] = tuple(nodes)
        self.edges: tuple[tuple[str, str], ...] = tuple(dict.fromkeys(edges))
        self._by_id = {node.id: node for node in self.nodes}
        if len(self._by_id) < len(self.nodes):
            raise CheckError("two nodes of a graph have the same id")
        self._parents: dict[str, list[str]] = {node.id: [] for node in self.nodes}
        self._children: dict[str, list[str]] = {node.id: [] for node in self.nodes}
        self._inner: dict[str, list[str]] = {node.id: [] for node in self.nodes}
        self._by_name: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in node.names:
                self._by_name.setdefault(name, []).append(node)
            if node.parent is not None:
                self._inner[self._known(node.parent, f"the parent of '{node.id}'")].append(node.id)
        for upstream, downstream in self.edges:
            self._children[self._known(upstream, "an edge")].append(downstream)
            self._parents[self._known(downstream, "an edge")].append(upstream)
        self._more_values = {attribute: tuple(values) for attribute, values in known.items()}
        self._is_nested = any(self._inner.values())
        self._checks = frozenset(node.id for node in self.nodes if isinstance(node.key, AssetCheckKey))
        self._by_value: dict[str, dict[str, list[str]]] = {}

    def _known(self, node_id: str, where: str) -> str:
        if node_id not in self._by_id:
            raise CheckError(f"{where} names '{node_id}', which is not a node of the graph")
        return node_id

    def node(self, node_id: str) -> Node:
        """Return the node with this id."""
        found = self._by_id.get(node_id)
        return self._by_id[self._known(node_id, "the argument")] if found is None else found

    def parents(self, node_id: str) -> list[str]:
        """Return the ids of the nodes that this node reads from, on its own level."""
        found = self._parents.get(node_id)
        return self._parents[self._known(node_id, "the argument")] if found is None else found

    def children(self, node_id: str) -> list[str]:
        """Return the ids of the nodes that read from this node, on its own level."""
        found = self._children.get(node_id)
        return self._children[self._known(node_id, "the argument")] if found is None else found

    def inner(self, node_id: str) -> list[str]:
        """Return the ids of the nodes directly inside this node, if it is a graph node."""
        found = self._inner.get(node_id)
        return self._inner[self._known(node_id, "the argument")] if found is None else found

    def named(self, name: str) -> list[Node]:
        """Return the nodes with a name. Ignores a mapping key in it (`brew[a]`) if no node has that key."""
        return self._by_name.get(name) or self._by_name.get(name.partition("[")[0], [])

    @property
    def is_nested(self) -> bool:
        """Whether any node is inside another node."""
        return self._is_nested

    @property
    def checks(self) -> frozenset[str]:
        """The ids of the nodes that are asset checks."""
        return self._checks

    def values(self, attribute: str) -> Mapping[str, list[str]]:
        """Return the ids of the nodes with each value of an attribute. A known value may have no node.

        Example:
            >>> graph = Graph([Node("a", ("a",), {"kind": ["csv"]})], known={"kind": ["sql"]})
            >>> graph.values("kind")
            {'csv': ['a'], 'sql': []}
        """
        found = self._by_value.get(attribute)
        if found is None:
            found = {}
            for node in self.nodes:
                for value in node.attributes.get(attribute, ()):
                    found.setdefault(value, []).append(node.id)
            for value in self._more_values.get(attribute, ()):
                found.setdefault(value, [])
            self._by_value[attribute] = found
        return found

    @property
    def attributes(self) -> Collection[str]:
        """The names of all attributes that have a value."""
        return {*self._more_values, *(name for node in self.nodes for name in node.attributes)}

    @property
    def names(self) -> Collection[str]:
        """The names of all nodes."""
        return self._by_name.keys()
