"""The resolution of selections to nodes: walks along a graph, and set operations."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Final, TypeVar

from dagflow._util import nearest
from dagflow.errors import CheckError, DagflowInvalidSubsetError, repr_of
from dagflow.selection import tree
from dagflow.selection.graph import Graph
from dagflow.selection.tree import Selection

Calls = Mapping[str, Callable[[tree.Call], Iterable[str]]]
"""The functions that return the ids of the nodes of a call such as `changed()`, by name."""

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
    frontier = list(seen)
    while depth and frontier:
        following = []
        for node in frontier:
            for after in neighbours(node):
                if after not in seen:
                    seen.add(after)
                    following.append(after)
        frontier = following
        depth -= 1
    return seen


def resolve(selection: Selection, graph: Graph, *, calls: Calls | None = None) -> frozenset[str]:
    """Return the ids of the nodes that a selection selects.

    A selected graph node includes all nodes inside it. A walk stays on the level of its start: from a node
    inside a graph node, it reaches only nodes of the same graph node.

    Args:
        selection: The tree that the parser returns for a selection string.
        graph: The nodes and edges.
        calls: The meaning of `changed(...)`, `new()`, `failed()` and `untested()`: functions that get the
            call with its arguments, and return the ids of the nodes.

    Raises:
        DagflowInvalidSubsetError: A name, or the value of an attribute, is unknown, or the selection has a
            call that is not among `calls`. A glob may match no node.
        CheckError: A part of `selection` is not a Selection.

    Example:
        >>> from dagflow.testing import Node
        >>> graph = Graph([Node(name, (name,)) for name in "abc"], [("a", "b"), ("b", "c")])
        >>> sorted(resolve(tree.Walk(tree.Name("b"), down=1), graph))
        ['b', 'c']
    """

    def ids(part: Selection) -> frozenset[str]:
        match part:
            case tree.Everything():
                return frozenset(node.id for node in graph.nodes)
            case tree.Name(text):
                return _named(text, graph)
            case tree.Walk(tree.Name(text), up, down) if not graph.named(text):
                raise DagflowInvalidSubsetError(_no_name(text, graph, "*" * (up < 0), "*" * (down < 0)))
            case tree.Attribute():
                return _having(part, graph)
            case tree.Walk(of, up, down):
                starts = ids(of)
                met = walk(starts, up, graph.parents) | walk(starts, down, graph.children)
                return starts | _with_inner(met - starts, graph)
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
            case tree.Call():
                return _called(part, calls or {})
        raise CheckError(f"{repr_of(part)} is not a selection")

    return ids(selection)


def _with_inner(node_ids: Iterable[str], graph: Graph) -> frozenset[str]:
    """Return nodes and all nodes inside them."""
    return frozenset(walk(node_ids, tree.ALL, graph.inner) if graph.is_nested else node_ids)


def _called(call: tree.Call, calls: Calls) -> frozenset[str]:
    if call.name not in calls:
        raise DagflowInvalidSubsetError(
            f"{call} has no meaning here: the nodes of a record of test sessions are not known"
        )
    return frozenset(calls[call.name](call))


def _named(name: str, graph: Graph) -> frozenset[str]:
    nodes = graph.named(name)
    if not nodes:
        raise DagflowInvalidSubsetError(_no_name(name, graph))
    own = {node.id for node in nodes if name in node.attributes.get("key", ())}
    inside = _with_inner(own, graph)  # an op inside the graph of an asset may have its name
    others = [node for node in nodes if "key" not in node.attributes and node.id not in inside]
    if others and own:
        text = tree.written(name)
        kind = "graph" if all("op" not in node.attributes for node in others) else "op"
        raise DagflowInvalidSubsetError(
            f"'{name}' is the key of an asset and the name of another node. Write 'key:{text}' or "
            f"'{kind}:{text}'."
        )
    return _with_inner((node.id for node in nodes), graph)


def _no_name(name: str, graph: Graph, before: str = "", after: str = "") -> str:
    """Return the message about an unknown name, with the attributes that have this value, the glob that
    was meant, or the nearest names.

    Args:
        name: The name.
        graph: The graph.
        before: `*` if the name has a mark in front of it that is `*`.
        after: The same behind it.
    """
    message = f"no node is called '{name}'."
    having = [attribute for attribute in sorted(graph.attributes) if name in graph.values(attribute)]
    if having:
        forms = [str(tree.Attribute(attribute, tree.Pattern(name))) for attribute in having]
        return f"{message} Did you mean {' or '.join(forms)}?"
    if name in (*tree.CALLS, *tree.ENDS):
        form = f"{name}()" if name in tree.CALLS else f"{name}(...)"
        return f"{message} Did you mean the function {form}?"
    glob = f"{before}{name}{after}"
    fits = tree.Pattern(glob, is_glob=True).matcher()
    for attribute in ("key", "op", "graph", "job") if before or after else ():
        if any(map(fits, graph.values(attribute))):
            return f"{message} For a glob, write '{attribute}:{glob}'."
    return message + nearest(name, graph.names)


def _having(wanted: tree.Attribute, graph: Graph) -> frozenset[str]:
    attribute, literal = wanted.attribute, wanted.literal
    if wanted.value is None and attribute == "partitions":
        literal = "none"
    elif wanted.value is None and attribute == "kind":
        assets = (node for node in graph.nodes if "key" in node.attributes)  # only assets have kinds
        return frozenset(node.id for node in assets if not node.attributes.get("kind"))
    elif wanted.value is None:
        return frozenset()  # `owner:<null>` and `group:<null>` select nothing in the API of assets either
    values = graph.values(attribute)
    matching = [literal] if literal is not None else filter(wanted.matcher(), values)
    known = [value for value in matching if value in values]
    if not known and not wanted.is_glob:
        raise DagflowInvalidSubsetError(_no_value(wanted, graph))
    found = (node_id for value in known for node_id in values[value])
    return _with_inner(found, graph)


def _no_value(wanted: tree.Attribute, graph: Graph) -> str:
    """Return the message about an attribute whose value is unknown."""
    attribute = wanted.attribute
    text = "none" if wanted.value is None else wanted.value.text
    if attribute == "tag" and wanted.tag_value is None:
        return _no_empty_tag(text, graph)
    text += f"={wanted.tag_value.text}" if wanted.tag_value else ""
    known = sorted(graph.values(attribute))
    return f"no node has {attribute} '{text}'.{_nearest_values(attribute, text, known)}"


def _no_empty_tag(name: str, graph: Graph) -> str:
    """Return the message about `tag:name`, which is the tag with an empty value."""
    values = sorted(graph.values("tag"))
    names = sorted({tag.partition("=")[0] for tag in values})
    if name in names:
        with_value = ", ".join(repr(tag) for tag in values if tag.partition("=")[0] == name)
        return (
            f"no node has tag '{name}' with an empty value. There is {with_value}. For any value, write "
            f"'tag:{name}=*'."
        )
    return f"no node has tag '{name}'.{_nearest_values('tag', name, names)}"


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

    The edges of enclosing graphs count too. A node is not its own neighbour. A check that is selected beside
    assets ends no walk, as in the selections of assets: an asset with a check downstream may be a sink.

    Args:
        selected: The ids of the nodes.
        graph: The nodes and edges.
        step: A function that returns the next nodes of a node in the direction of the walk.
    """

    def enclosing(node_id: str) -> list[str]:
        parent = graph.node(node_id).parent
        return [] if parent is None else [parent]

    rivals = selected - graph.checks or selected
    starts = walk(rivals, tree.ALL, enclosing) if graph.is_nested else rivals
    reached: set[str] = set()
    queue = list(starts)
    for node_id in queue:
        for after in step(node_id):
            if after not in reached and after != node_id:
                reached.add(after)
                if after not in starts:  # all starts are in the queue from the beginning
                    queue.append(after)
    return selected - _with_inner(reached, graph)
