"""The evaluation of conditions about dependencies, checks, one other asset, or the root assets of a job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dagflow.automation.conditions.entities import NO_SLOTS, Edge, Entity, Slots
from dagflow.automation.conditions.nodes import Node, Root, evaluate
from dagflow.defs.assets.asset_nodes import AssetNode
from dagflow.defs.conditions.condition import AutomationCondition


def some_or_all(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Evaluate a condition about dependencies, checks or root assets.

    It is true for a slot if some of them, or each of them, has an upstream slot that matches the operand.
    """
    edges = root.evaluation.edges_of(node, entity)
    is_any = node.condition.quantifier == "ANY"
    true = NO_SLOTS if is_any else candidates
    for found in _each(node.children[0], edges, root, candidates):
        true = true | found if is_any else true & found
    return true


def other_asset(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Evaluate `asset_matches`."""
    (edge,) = root.evaluation.edges_of(node, entity)
    true = evaluate(node.children[0], edge.up, root, edge.upstream(candidates, root.evaluation))
    return edge.downstream(true, candidates, root.evaluation)


def _each(operand: Node, edges: Iterable[Edge], root: Root, candidates: Slots) -> Iterator[Slots]:
    """Yield the slots for which the operand is true, for each edge."""
    evaluation, trace = root.evaluation, root.trace
    for edge in edges:
        start = len(trace)
        true = evaluate(operand, edge.up, root, edge.upstream(candidates, evaluation))
        found = edge.downstream(true, candidates, evaluation)
        trace += (edge, edge.down, found, candidates, start)
        yield found


def any_downstream(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Evaluate `any_downstream_conditions`: ask the conditions of the dependents about this entity.

    It is false inside those conditions, whose own dependents are asked already.
    """
    if entity in root.asked:
        return NO_SLOTS
    true = NO_SLOTS
    root.asked.add(entity)
    try:
        for operand in root.evaluation.downstream_nodes(node, entity):
            true |= evaluate(operand, entity, root, candidates)
    finally:
        root.asked.remove(entity)
    return true


def downstream_conditions(entity: Entity) -> list[AutomationCondition]:
    """Return the different conditions of the assets downstream of an asset.

    The conditions of assets behind others count too, and the condition of the asset itself does not.
    """
    found: list[AutomationCondition] = []
    if not isinstance(entity.node, AssetNode):
        return found
    seen = {entity.node}
    queue = [entity.node]
    for node in queue:
        for child in node.children:
            if child in seen:
                continue
            seen.add(child)
            queue.append(child)
            condition = child.spec.automation_condition
            if condition is not None and condition != entity.condition and condition not in found:
                found.append(condition)
    return found
