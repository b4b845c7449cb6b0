"""The results of an evaluation as trees: one result for each condition and each of its operands."""

from __future__ import annotations

from collections.abc import Sequence

from dagflow.automation.conditions.context import AutomationContext, AutomationResult
from dagflow.automation.conditions.entities import Edge
from dagflow.automation.conditions.nodes import Node, Root, Step
from dagflow.automation.conditions.view import EntitySubset
from dagflow.defs.conditions.quantifiers import AssetMatches
from dagflow.keys import AssetKey

_SIZE = len(Step._fields)
"""The number of elements of a step in a trace."""


class TracedResult(AutomationResult):
    """The result of a step in the trace of a root. The results of its operands are built at first use."""

    __slots__ = ("_position", "_root")

    def __init__(self, root: Root, position: int) -> None:
        step = _step(root, position)
        node = step.node
        if isinstance(node, Edge):
            node = _node_of(node, _step(root, position - _SIZE).node)
        context = AutomationContext(node, root, step.entity.key, step.candidates)
        super().__init__(context, EntitySubset(context.asset_graph_view, step.entity.key, step.true))
        self._root = root
        self._position = position

    @property
    def child_results(self) -> Sequence[AutomationResult]:
        """The results of the conditions in this one."""
        first, position = _step(self._root, self._position).start, self._position - _SIZE
        found: list[AutomationResult] = []
        while position >= first:
            found.append(TracedResult(self._root, position))
            position = _step(self._root, position).start - _SIZE
        return found[::-1]


def _step(root: Root, position: int) -> Step:
    return Step(*root.trace[position : position + _SIZE])


def _node_of(edge: Edge, operand: object) -> Node:
    """Return a node for the condition that a dependency matches the operand."""
    assert isinstance(operand, Node)
    if not isinstance(edge.up.key, AssetKey):
        return operand
    return Node(AssetMatches(edge.up.key, operand.condition), operand.id, [operand], operand.run)


def result_of(root: Root) -> AutomationResult:
    """Return the result of the condition of an asset, check or job."""
    return TracedResult(root, len(root.trace) - _SIZE)
