"""What a selection says, and the graph of names that it is said about.

A selection is a tree of small values: a name, an attribute, a walk, `and`, `or`, `not`... It knows no graph;
`str` of it is its text form, which `parse` reads back as an equal tree. A `Graph` holds what selections are
about: nodes with the names they answer to, and edges from a node to those that read from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import ClassVar, Final, NamedTuple

from dagflow.errors import CheckError
from dagflow.values import ByValue

ALL: Final = -1
"""The depth of a walk that goes on to the end."""

ATTRIBUTES: Final = (
    "key",
    "op",
    "asset",
    "job",
    "graph",
    "group",
    "tag",
    "kind",
    "owner",
    "resource",
    "check",
)
"""What a node may be selected by, written before a colon."""

RESERVED: Final = frozenset({"and", "or", "not", "changed", "sinks", "roots"})
"""Words that mean something by themselves: as a name they stand in quotes."""

WORD: Final = r"[A-Za-z0-9_]+"
NAME: Final = rf"{WORD}(?:[./]{WORD})*(?:\[(?:{WORD}|\?)\])?"
"""A name that needs no quotes: words joined by dots or slashes, and perhaps a mapping key."""


class Selection(ByValue):
    """The base of everything that a selection may say. `&`, `|`, `-` and `~` combine selections.

    Example:
        >>> str(Walk(Name("raw"), down=ALL) - Attribute("tag", Pattern("slow")))
        'raw* and not tag:slow'
    """

    __slots__ = ()
    binds: ClassVar[int] = 4
    """How tight it is: `or` 0, `and` 1, `not` 2, a walk 3, all else 4."""

    def __and__(self, other: Selection) -> Selection:
        return And((self, other))

    def __or__(self, other: Selection) -> Selection:
        return Or((self, other))

    def __sub__(self, other: Selection) -> Selection:
        return And((self, Not(other)))

    def __invert__(self) -> Selection:
        return Not(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._fields()))})"


class Everything(Selection):
    """`*`: all nodes."""

    __slots__ = ()

    def __str__(self) -> str:
        return "*"


class Name(Selection):
    """The nodes that answer to a name, and what is inside them."""

    __slots__ = __match_args__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text: str = text

    def __str__(self) -> str:
        return _written(self.text)


class Pattern(ByValue):
    """A text to compare with; `*` and `?` in it are wildcards only if `is_glob`."""

    __slots__ = ("is_glob", "text")
    __repr__ = Selection.__repr__

    def __init__(self, text: str, is_glob: bool = False) -> None:
        self.text: str = text
        self.is_glob: bool = is_glob

    def matcher(self) -> Callable[[str], object]:
        """A function that is true of the texts that this pattern fits."""
        if not self.is_glob:
            return self.text.__eq__
        wild = {"*": ".*", "?": "."}
        regex = "".join(wild.get(char) or re.escape(char) for char in self.text)
        return re.compile(regex, re.DOTALL).fullmatch

    def __str__(self) -> str:
        return self.text if self.is_glob else _written(self.text)


class Attribute(Selection):
    """`kind:dbt`, `tag:team=core`: the nodes with a fitting attribute, and what is inside them."""

    __slots__ = ("attribute", "tag_value", "value")

    def __init__(self, attribute: str, value: Pattern, tag_value: Pattern | None = None) -> None:
        self.attribute: str = attribute
        self.value: Pattern = value
        self.tag_value: Pattern | None = tag_value

    def matcher(self) -> Callable[[str], object]:
        """A function that is true of the values that fit. A tag is the text `key=value`, or `key`."""
        whole = self.value.matcher()
        if self.attribute != "tag":
            return whole
        if self.tag_value is None:
            return lambda tag: whole(tag.partition("=")[0]) or whole(tag)
        value = self.tag_value.matcher()
        return lambda tag: whole(tag.partition("=")[0]) and value(tag.partition("=")[2])

    def __str__(self) -> str:
        return f"{self.attribute}:{self.value}" + (f"={self.tag_value}" if self.tag_value else "")


class Changed(Selection):
    """`changed()`: the nodes that differ from what was recorded."""

    __slots__ = ()

    def __str__(self) -> str:
        return "changed()"


class Sinks(Selection):
    """`sinks(...)`: those that no other of them reads from."""

    __slots__ = __match_args__ = ("of",)

    def __init__(self, of: Selection) -> None:
        self.of: Selection = of

    def __str__(self) -> str:
        return f"sinks({self.of})"


class Roots(Selection):
    """`roots(...)`: those that read from no other of them."""

    __slots__ = __match_args__ = ("of",)

    def __init__(self, of: Selection) -> None:
        self.of: Selection = of

    def __str__(self) -> str:
        return f"roots({self.of})"


class Walk(Selection):
    """A selection, and how far to walk up and down from it."""

    __slots__ = __match_args__ = ("of", "up", "down")
    binds = 3

    def __init__(self, of: Selection, up: int = 0, down: int = 0) -> None:
        self.of: Selection = of
        self.up: int = up
        self.down: int = down

    def __str__(self) -> str:
        # a mark beside `*` or after a glob would be read as part of it
        is_closed = isinstance(self.of, Everything) or (self.down and isinstance(self.of, Attribute))
        of = f"({self.of})" if is_closed else _inside(self.of, 4)
        return _steps(self.up) + of + _steps(self.down)


class Not(Selection):
    """All but these."""

    __slots__ = __match_args__ = ("of",)
    binds = 2

    def __init__(self, of: Selection) -> None:
        self.of: Selection = of

    def __str__(self) -> str:
        return f"not {_inside(self.of, 2)}"


class And(Selection):
    """What all parts select."""

    __slots__ = __match_args__ = ("parts",)
    binds = 1

    def __init__(self, parts: tuple[Selection, ...]) -> None:
        self.parts: tuple[Selection, ...] = parts

    def __str__(self) -> str:
        return " and ".join(_inside(part, 2) for part in self.parts)


class Or(Selection):
    """What any part selects."""

    __slots__ = __match_args__ = ("parts",)
    binds = 0

    def __init__(self, parts: tuple[Selection, ...]) -> None:
        self.parts: tuple[Selection, ...] = parts

    def __str__(self) -> str:
        return " or ".join(_inside(part, 1) for part in self.parts)


def _inside(part: Selection, binds: int) -> str:
    return str(part) if part.binds >= binds else f"({part})"


def _steps(depth: int) -> str:
    return "*" if depth == ALL else "+" * depth


def _written(text: str) -> str:
    if re.fullmatch(NAME, text) and text not in RESERVED:
        return text
    return '"' + text.replace('"', '""') + '"'


class Node(NamedTuple):
    """One node of a graph.

    Args:
        id: What the edges call it; unique in the graph.
        names: The names that it answers to: `brew`, `machine.brew`, `shop/cup`.
        attributes: For each of ATTRIBUTES that it has, the values. A tag is `key=value`, or `key`.
        parent: The id of the graph node that it is inside, if any.
        definition: The definition that it is an occurrence of.
        part_of: Definitions that it belongs to as a whole: jobs, asset jobs.
    """

    id: str
    names: tuple[str, ...]
    attributes: Mapping[str, Collection[str]] = {}
    parent: str | None = None
    definition: object = None
    part_of: tuple[object, ...] = ()


class Graph:
    """Nodes, and edges from each to those that read from it. Never changed once made.

    Args:
        nodes: The nodes.
        edges: Pairs of ids: what is read from, what reads.

    Raises:
        CheckError: Two nodes have one id, or an edge or a parent names none.

    Example:
        >>> graph = Graph([Node("a", ("a",)), Node("b", ("b", "bee"))], [("a", "b")])
        >>> graph.children("a"), graph.parents("a"), [node.id for node in graph.named("bee")]
        (['b'], [], ['b'])
    """

    def __init__(self, nodes: Iterable[Node], edges: Iterable[tuple[str, str]] = ()) -> None:
        self.nodes: tuple[Node, ...] = tuple(nodes)
        self.edges: tuple[tuple[str, str], ...] = tuple(dict.fromkeys(edges))
        self._by_id = {node.id: node for node in self.nodes}
        if len(self._by_id) < len(self.nodes):
            raise CheckError("two nodes of a graph have one id")
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

    def _known(self, node_id: str, where: str) -> str:
        if node_id not in self._by_id:
            raise CheckError(f"{where} names '{node_id}', which is no node of the graph")
        return node_id

    def node(self, node_id: str) -> Node:
        """The node with this id."""
        return self._by_id[self._known(node_id, "a question")]

    def parents(self, node_id: str) -> list[str]:
        """The nodes that it reads from, on its own level."""
        return self._parents[self._known(node_id, "a question")]

    def children(self, node_id: str) -> list[str]:
        """The nodes that read from it, on its own level."""
        return self._children[self._known(node_id, "a question")]

    def inner(self, node_id: str) -> list[str]:
        """The nodes directly inside it, if it is a graph."""
        return self._inner[self._known(node_id, "a question")]

    def named(self, name: str) -> list[Node]:
        """The nodes that answer to a name. A mapping key (`brew[a]`) counts only where a node bears it."""
        return self._by_name.get(name) or self._by_name.get(name.partition("[")[0], [])

    @property
    def names(self) -> Collection[str]:
        """All names that some node answers to."""
        return self._by_name.keys()
