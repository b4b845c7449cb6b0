"""The evaluation of own conditions: classes of user code with a method `evaluate`."""

from __future__ import annotations

from dagflow.automation.conditions.context import AutomationContext, AutomationResult
from dagflow.automation.conditions.entities import Entity, Slots
from dagflow.automation.conditions.nodes import Node, Root
from dagflow.defs.conditions.condition import AutomationCondition
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, repr_of


def own_condition(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Evaluate an own condition.

    Raises:
        DagflowInvalidDefinitionError: Its class has no method `evaluate`.
        CheckError: The result is not an AutomationResult about the asset.
    """
    condition = node.condition
    name = type(condition).__name__
    if type(condition).evaluate is AutomationCondition.evaluate:
        raise DagflowInvalidDefinitionError(
            f"{name} inherits from AutomationCondition and has no method 'evaluate': add one, which takes an "
            "AutomationContext and returns an AutomationResult"
        )
    context = AutomationContext(node, root, entity.key, candidates)
    result = condition.evaluate(context)
    if not isinstance(result, AutomationResult):
        raise CheckError(f"{name}.evaluate must return an AutomationResult, not {repr_of(result)}")
    if result.key != entity.key:
        raise CheckError(
            f"{name}.evaluate returned a result about '{result.key.to_user_string()}', and was asked about "
            f"'{entity.key.to_user_string()}'"
        )
    true = result.true_subset.slots
    root.states[node.id, entity.text] = [true, candidates, result.cursor]
    return true & candidates
