"""The evaluation of conditions that combine others: and, or, not, since, newly_true.

The operands of `since` and `newly_true` are evaluated for all slots, so that no change is missed.
"""

from __future__ import annotations

from dagflow.automation.conditions.entities import NO_SLOTS, Entity, Slots
from dagflow.automation.conditions.nodes import Node, Root, evaluate
from dagflow.automation.conditions.times import times_of


def all_of(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Evaluate `&`. Each operand is asked for the slots that the operands before it left."""
    for child in node.children:
        candidates = evaluate(child, entity, root, candidates)
    return candidates


def any_of(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Evaluate `|`."""
    true = NO_SLOTS
    for child in node.children:
        found = evaluate(child, entity, root, candidates)
        if found:
            true = true | found if true else found
    return true


def negation(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Evaluate `~`."""
    true = evaluate(node.children[0], entity, root, candidates)
    return candidates - true if true else candidates


def since(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Evaluate `since`.

    If both conditions become true at once, the reset condition wins. It does not if both are about moments,
    such as an update and a tick, and the moment of the trigger condition is later.
    """
    every = root.evaluation.all_slots(entity)
    trigger = evaluate(node.children[0], entity, root, every)
    reset = evaluate(node.children[1], entity, root, every)
    key = node.id, entity.text
    before = root.before.get(key)
    true = trigger if not isinstance(before, frozenset) else (before & every) | trigger
    if reset:
        both = trigger & reset
        true -= reset
        if both:
            true |= _later(node, entity, root, both)
    root.states[key] = true
    return true & candidates if true else true


def _later(node: Node, entity: Entity, root: Root, both: Slots) -> Slots:
    """Return the slots whose trigger condition became true later than the reset condition."""
    triggers = times_of(node.children[0], entity, root, both)
    resets = None if triggers is None else times_of(node.children[1], entity, root, both)
    if triggers is None or resets is None:
        return NO_SLOTS
    return frozenset(slot for slot in both if triggers.get(slot, 0.0) > resets.get(slot, 0.0))


def newly_true(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Evaluate `newly_true`."""
    now = evaluate(node.children[0], entity, root, root.evaluation.all_slots(entity))
    key = node.id, entity.text
    before = root.before.get(key)
    root.states[key] = now
    true = now - before if isinstance(before, frozenset) else now
    return true & candidates
