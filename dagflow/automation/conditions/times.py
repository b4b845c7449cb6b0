"""The moments at which conditions about moments became true: updates and ticks, also of dependencies."""

from __future__ import annotations

from dagflow.automation.conditions.entities import Entity, Slots
from dagflow.automation.conditions.nodes import Node, Root
from dagflow.defs.conditions.leaves import CronTickPassed, Leaf
from dagflow.defs.conditions.quantifiers import AssetMatches, DepsCondition

Times = dict[str | None, float]


def times_of(node: Node, entity: Entity, root: Root, slots: Slots) -> Times | None:
    """Return the moments at which a condition became true, in seconds since the epoch.

    Args:
        node: The condition. It is true for the slots.
        entity: The entity of the slots.
        root: The evaluation that it belongs to.
        slots: The slots.

    Returns:
        None if the condition is not about a moment.
    """
    condition, evaluation = node.condition, root.evaluation
    if isinstance(condition, CronTickPassed):
        tick = evaluation.tick_of(condition.cron_schedule, condition.cron_timezone)
        return dict.fromkeys(slots, tick)
    if isinstance(condition, Leaf) and condition.kind == "newly_updated":
        latest = evaluation.history(entity).latest
        return {slot: latest[slot].timestamp for slot in slots if slot in latest}
    if not isinstance(condition, (DepsCondition, AssetMatches)):
        return None
    found: Times = {}
    for edge in evaluation.edges_of(node, entity):
        upstream = edge.upstream(slots, evaluation)
        times = times_of(node.children[0], edge.up, root, upstream)
        if times is None:
            return None
        for up, moment in times.items():
            for slot in edge.downstream(frozenset([up]), slots, evaluation):
                found[slot] = max(moment, found.get(slot, 0.0))
    return found
