"""The terms of asset selections that consist of other terms: sets, walks, roots and sinks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.defs.assets.asset_nodes import AssetNode
from dagflow.defs.selections.check_terms import AllChecksTerm
from dagflow.defs.selections.terms import AND, ATOM, NOT, OR, WALK, AllTerm, Term
from dagflow.errors import check_elements, check_type
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.selection.resolve import walk
from dagflow.selection.tree import ALL


class OperandsTerm(Term):
    """The base of unions and intersections. Always: no operand is of the same class."""

    __slots__ = ("operands",)

    operands: tuple[Term, ...]

    def __init__(self, operands: Iterable[Term]) -> None:
        parts: list[Term] = []
        for operand in check_elements(list(operands), Term, "operands"):
            parts += operand.operands if isinstance(operand, type(self)) else (operand,)
        self._set(operands=tuple(parts))

    def text(self) -> str:
        """Return the operands, joined by the operator."""
        word = " or " if self.binds == OR else " and "
        return word.join(inside(operand, WALK) for operand in self.operands)


class OrTerm(OperandsTerm):
    """A union."""

    __slots__ = ()
    binds = OR

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Return the assets of all operands."""
        return set().union(*[part.nodes(graph, allow_missing) for part in self.operands])

    def checks(self, graph: AssetGraph, allow_missing: bool) -> set[AssetCheckKey]:
        """Return the checks of all operands."""
        return set().union(*[part.checks(graph, allow_missing) for part in self.operands])


class AndTerm(OperandsTerm):
    """An intersection."""

    __slots__ = ()
    binds = AND

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Return the assets that every operand selects."""
        return set.intersection(*[part.nodes(graph, allow_missing) for part in self.operands])

    def checks(self, graph: AssetGraph, allow_missing: bool) -> set[AssetCheckKey]:
        """Return the checks that every operand selects."""
        return set.intersection(*[part.checks(graph, allow_missing) for part in self.operands])


class DifferenceTerm(Term):
    """The assets and checks of one term without those of another."""

    __slots__ = ("left", "right")

    left: Term
    right: Term

    def __init__(self, left: Term, right: Term) -> None:
        self._set(left=check_type(left, Term, "left"), right=check_type(right, Term, "right"))

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Return the difference of the assets."""
        return self.left.nodes(graph, allow_missing) - self.right.nodes(graph, allow_missing)

    def checks(self, graph: AssetGraph, allow_missing: bool) -> set[AssetCheckKey]:
        """Return the difference of the checks."""
        return self.left.checks(graph, allow_missing) - self.right.checks(graph, allow_missing)

    @property
    def precedence(self) -> int:
        """The precedence of its string."""
        return NOT if isinstance(self.left, AllTerm) else AND

    def text(self) -> str:
        """Return `not ...`, or `... and not ...`."""
        right = f"not {inside(self.right, NOT)}"
        return right if isinstance(self.left, AllTerm) else f"{inside(self.left, WALK)} and {right}"


class OfTerm(Term):
    """The base of terms of one other term."""

    __slots__ = ("of",)

    of: Term

    def __init__(self, of: Term) -> None:
        self._set(of=check_type(of, Term, "of"))


class WalkTerm(OfTerm):
    """The base of walks up and down.

    Attributes:
        depth: The maximum number of levels; None for all.
        include_self: Whether the start belongs to the result.
    """

    __slots__ = ("depth", "include_self")

    depth: int | None
    include_self: bool

    def __init__(self, of: Term, depth: int | None, include_self: bool) -> None:
        super().__init__(of)
        self._set(depth=depth, include_self=include_self)

    def reached(
        self, starts: set[AssetNode], neighbours: Callable[[AssetNode], list[AssetNode]]
    ) -> set[AssetNode]:
        """Return the assets that the walk reaches."""
        depth = ALL if self.depth is None else max(self.depth, 0)
        found = walk(starts, depth, neighbours)
        return found if self.include_self else found - starts

    @property
    def precedence(self) -> int:
        """The precedence of its string."""
        if not self.include_self:
            return AND
        return WALK if self._has_levels() else self.of.precedence

    def _has_levels(self) -> bool:
        return self.depth is None or self.depth > 0

    def text(self) -> str:
        """Return the operand with the mark of the walk. Without levels it is the operand."""
        of = self.of.text()
        if self._has_levels():
            levels = "" if self.depth is None or self.depth >= sys.maxsize else str(self.depth)
            of = self.marked(f"({of})" if isinstance(self.of, AllTerm) else inside(self.of, ATOM), levels)
        return of if self.include_self else f"{of} and not {inside(self.of, NOT)}"

    def marked(self, of: str, levels: str) -> str:
        """Return the operand with the mark of the walk."""
        raise NotImplementedError


class UpstreamTerm(WalkTerm):
    """The materializable assets that the assets of a term depend on, and these."""

    __slots__ = ()

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Walk up."""
        found = self.reached(self.of.nodes(graph, allow_missing), lambda node: node.parents)
        return {node for node in found if node.is_materializable}

    def marked(self, of: str, levels: str) -> str:
        """Return the operand with a mark in front."""
        return f"{levels}+{of}"


class DownstreamTerm(WalkTerm):
    """The assets that depend on the assets of a term, and these."""

    __slots__ = ()

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Walk down."""
        return self.reached(self.of.nodes(graph, allow_missing), lambda node: node.children)

    def marked(self, of: str, levels: str) -> str:
        """Return the operand with a mark behind."""
        return f"{of}+{levels}"


class RootsTerm(OfTerm):
    """The assets of a term that depend on no other of its assets, even by way of assets outside of it."""

    __slots__ = ()

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Return the assets that no other selected asset is upstream of."""
        found = self.of.nodes(graph, allow_missing)
        return found - _beyond(found, lambda node: node.children)

    def text(self) -> str:
        """Return `roots(...)`."""
        return f"roots({self.of.text()})"


class SinksTerm(OfTerm):
    """The assets of a term that no other of its assets depends on, even by way of assets outside of it."""

    __slots__ = ()

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Return the assets that no other selected asset is downstream of."""
        found = self.of.nodes(graph, allow_missing)
        return found - _beyond(found, lambda node: node.parents)

    def text(self) -> str:
        """Return `sinks(...)`."""
        return f"sinks({self.of.text()})"


def _beyond(starts: set[AssetNode], step: Callable[[AssetNode], list[AssetNode]]) -> set[AssetNode]:
    """Return the assets that are one step or more away from an asset; a step to itself does not count."""
    return walk({after for node in starts for after in step(node) if after is not node}, ALL, step)


class UpstreamSourcesTerm(OfTerm):
    """The assets that are not materializable, among those of a term and all that they depend on."""

    __slots__ = ()

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Walk up, and return the external assets."""
        found = walk(self.of.nodes(graph, allow_missing), ALL, lambda node: node.parents)
        return {node for node in found if node.is_external}


class MaterializableTerm(OfTerm):
    """The assets of a term that are materializable."""

    __slots__ = ()

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Return the materializable assets."""
        return {node for node in self.of.nodes(graph, allow_missing) if node.is_materializable}


class NeighborsTerm(OfTerm):
    """The assets of a term, and those that always run with them."""

    __slots__ = ()

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Return the assets of all execution sets."""
        found = self.of.nodes(graph, allow_missing)
        definitions = {id(node.definition): node for node in found}  # one of each definition
        together = {key for node in definitions.values() for key in node.execution_set_entity_keys}
        return found | {graph.asset_nodes[key] for key in together if isinstance(key, AssetKey)}


def without_checks(term: Term) -> Term:
    """Return the assets of a term without their checks."""
    return DifferenceTerm(term, AllChecksTerm())


def inside(term: Term, binds: int) -> str:
    """Return the string of a term, in parentheses unless its precedence is high enough."""
    text = term.text()
    return text if term.precedence >= binds else f"({text})"
