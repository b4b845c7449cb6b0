"""The resolution of selections to nodes: walks along a graph, and set operations."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from typing import Final, TypeVar

from dagflow._util import nearest
from dagflow.errors import CheckError, DagflowInvalidSubsetError, repr_of
from dagflow.selection import tree
from dagflow.selection.tree import Graph, Selection

_N = TypeVar("_N", bound=Hashable)
_MAX_VALUES: Final = 10


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
        DagflowInvalidSubsetError: A name, or the value of an attribute, is unknown, or the selection has
            `changed()` but the argument `changed` is missing. A glob may match no node.
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
                return _ends(ids(of), graph, graph.parents)
            case tree.Roots(of):
                return _ends(ids(of), graph, graph.children)
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
        raise DagflowInvalidSubsetError(f"no node is called '{name}'.{_hint_for_name(name, graph)}")
    own = {node.id for node in nodes if name in node.attributes.get("key", ())}
    inside = walk(own, tree.ALL, graph.inner)  # an op inside the graph of an asset may have its name
    others = [node for node in nodes if "key" not in node.attributes and node.id not in inside]
    if others and own:
        text = tree.written(name)
        kind = "graph" if all("op" not in node.attributes for node in others) else "op"
        raise DagflowInvalidSubsetError(
            f"'{name}' is the key of an asset and the name of another node. Write 'key:{text}' or "
            f"'{kind}:{text}'."
        )
    return frozenset(walk((node.id for node in nodes), tree.ALL, graph.inner))


def _hint_for_name(name: str, graph: Graph) -> str:
    """Return the attributes that have this name as a value, the glob of the keys that begin with it, or the
    nearest names.
    """
    having = sorted({
        attribute
        for node in graph.nodes
        for attribute, values in node.attributes.items()
        if name in values
    })  # fmt: skip
    if having:
        return f" Did you mean {' or '.join(f'{attribute}:{name}' for attribute in having)}?"
    if any(key.startswith(name) for key in _known_values("key", graph)):
        return f" For all keys that begin with it, write 'key:{name}*'."
    return nearest(name, graph.names)


def _having(wanted: tree.Attribute, graph: Graph) -> frozenset[str]:
    attribute = wanted.attribute
    if wanted.value is None and attribute == "partitions":
        wanted = tree.Attribute(attribute, tree.Pattern("none"))
    if wanted.value is None:
        # only assets have these attributes
        assets = (node for node in graph.nodes if "key" in node.attributes)
        return frozenset(node.id for node in assets if not node.attributes.get(attribute))
    fits = wanted.matcher()
    found = [node.id for node in graph.nodes if any(map(fits, node.attributes.get(attribute, ())))]
    if not found and not wanted.is_glob:
        if attribute == "tag" and wanted.tag_value is None:
            raise DagflowInvalidSubsetError(_no_empty_tag(wanted.value.text, graph))
        text = wanted.value.text + (f"={wanted.tag_value.text}" if wanted.tag_value else "")
        known = _known_values(attribute, graph)
        raise DagflowInvalidSubsetError(
            f"no node has {attribute} '{text}'.{_nearest_values(attribute, text, known)}"
        )
    return frozenset(walk(found, tree.ALL, graph.inner))


def _no_empty_tag(name: str, graph: Graph) -> str:
    """Return the message about `tag:name`, which is the tag with an empty value."""
    values = _known_values("tag", graph)
    names = sorted({tag.partition("=")[0] for tag in values})
    if name in names:
        with_value = ", ".join(repr(tag) for tag in values if tag.partition("=")[0] == name)
        return (
            f"no node has tag '{name}' with an empty value. There is {with_value}. For any value, write "
            f"'tag:{name}=*'."
        )
    return f"no node has tag '{name}'.{_nearest_values('tag', name, names)}"


def _known_values(attribute: str, graph: Graph) -> list[str]:
    return sorted({value for node in graph.nodes for value in node.attributes.get(attribute, ())})


def _nearest_values(attribute: str, text: str, known: list[str]) -> str:
    """Return the values that are similar to a string or contain it, or else all values if they are few."""
    name, is_pair, _ = text.partition("=")
    if is_pair:
        known = [value for value in known if value.startswith(f"{name}=")] or known
    close = nearest(text, known)
    if close:
        return close + _quoting(attribute, known, close)
    listed = [value for value in known if text in value] or known
    more = ", ..." if len(listed) > _MAX_VALUES else ""
    values = ", ".join(map(repr, listed[:_MAX_VALUES])) + more
    if not listed:
        return f" No node here has the attribute '{attribute}'."
    return f" There is {values}.{_quoting(attribute, listed, values)}"


def _quoting(attribute: str, known: list[str], hint: str) -> str:
    """Return how to write the first value of a hint that an expression cannot contain without quotes."""
    for value in known:
        if attribute != "tag" and repr(value) in hint and not re.fullmatch(tree.NAME, value):
            return f' Write it in quotes: {attribute}:"{value}".'
    return ""


def _ends(selected: frozenset[str], graph: Graph, step: Callable[[str], list[str]]) -> frozenset[str]:
    """Return the selected nodes that no walk from another selected node reaches.

    The edges of enclosing graphs count too.

    Args:
        selected: The ids of the nodes.
        graph: The nodes and edges.
        step: A function that returns the next nodes of a node in the direction of the walk.
    """

    def enclosing(node_id: str) -> list[str]:
        parent = graph.node(node_id).parent
        return [] if parent is None else [parent]

    starts = walk(selected, tree.ALL, enclosing)
    beyond: set[str] = {after for node_id in starts for after in step(node_id)}
    reached = walk(beyond, tree.ALL, step)
    inside: set[str] = walk(reached, tree.ALL, graph.inner)
    return selected - inside
