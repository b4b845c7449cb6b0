"""The compiled form of a condition: a tree of nodes, each with the function that evaluates it.

A condition is compiled once for each graph of assets. What one evaluation knows about one asset, check or job
with a condition is a `Root`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.automation.conditions.entities import Edge, Entity, Slots
from dagflow.defs.conditions.builtin import BuiltinCondition
from dagflow.defs.conditions.condition import AutomationCondition
from dagflow.defs.conditions.operators import NewlyTrueCondition, SinceCondition
from dagflow.defs.conditions.rules import RuleCondition

if TYPE_CHECKING:
    from dagflow.automation.conditions.evaluation import Evaluation

State = Slots | str | None | list[Any]
"""The memory of a node: a set of slots, a version, or the memory of an own condition."""
StateKey = tuple[str, str]
"""The id of a node, and the text of the entity that it was evaluated for."""


class Step(NamedTuple):
    """The result of a node in the trace of a root. Its operands are the steps before it, from `start` on.

    Attributes:
        node: The node, or the edge to the dependency whose condition is the only operand.
        entity: The entity that it was evaluated for.
        true: The slots for which it is true.
        candidates: The slots that were asked for.
        start: The number of steps before the first step of its operands.
    """

    node: Node | Edge
    entity: Entity
    true: Slots
    candidates: Slots
    start: int


class Root:
    """The evaluation of the condition of one asset, check or job.

    Attributes:
        evaluation: The whole evaluation.
        entity: The asset, check or job.
        is_first: Whether it was not evaluated before.
        before: The states of the previous evaluation.
        states: The states for the next evaluation.
        trace: The results of all nodes, each behind its operands, as the fields of a `Step`.
    """

    __slots__ = ("before", "entity", "evaluation", "is_first", "states", "trace")

    def __init__(self, evaluation: Evaluation, entity: Entity, before: dict[StateKey, State] | None) -> None:
        self.evaluation: Evaluation = evaluation
        self.entity: Entity = entity
        self.is_first: bool = before is None
        self.before: dict[StateKey, State] = before or {}
        self.states: dict[StateKey, State] = {}
        self.trace: list[tuple[Node | Edge, Entity, Slots, Slots, int]] = []


Run = Callable[["Node", Entity, Root, Slots], Slots]
"""A function that returns those of some slots for which a node is true."""


class Node:
    """A condition with the function that evaluates it.

    Attributes:
        condition: The condition.
        id: An id that depends on the kind of the condition and its position, but not on labels.
        children: The nodes of its operands.
        run: The function.
        remembers: Whether it or an operand has a state, so that it is evaluated for no slots too.
    """

    __slots__ = ("children", "condition", "id", "remembers", "run")

    def __init__(
        self, condition: AutomationCondition, node_id: str, children: Sequence[Node], run: Run
    ) -> None:
        self.condition: Any = condition
        self.id: str = node_id
        self.children: Sequence[Node] = children
        self.run: Run = run
        self.remembers: bool = not isinstance(condition, BuiltinCondition) or (
            isinstance(condition, (SinceCondition, NewlyTrueCondition, RuleCondition))
            or getattr(condition, "kind", None) in _REMEMBERING
            or any(child.remembers for child in children)
        )


_REMEMBERING = ("code_version_changed", "ANY_DOWNSTREAM_CONDITIONS")
"""The kinds of leaves with a state."""


def compiled(
    condition: AutomationCondition,
    find: Callable[[AutomationCondition], Run],
    parent: str = "",
    index: int = 0,
) -> Node:
    """Return the node of a condition.

    Args:
        condition: The condition.
        find: Returns the function that evaluates a condition.
        parent: The id of the node around it.
        index: Its number among the operands of that node.
    """
    name = f"{parent}/{index}/{type(condition).__name__}/{getattr(condition, 'kind', '')}"
    node_id = hashlib.blake2b(name.encode(), digest_size=6).hexdigest()
    run = find(condition)
    parts = [
        compiled(part, find, node_id, position) for position, part in enumerate(condition.inner_conditions())
    ]
    return Node(condition, node_id, parts, run)


def evaluate(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return those of some slots for which a node is true, and append the result to the trace.

    Without slots, the operands of a node that remembers nothing are not evaluated.
    """
    trace = root.trace
    start = len(trace)
    true = node.run(node, entity, root, candidates) if candidates or node.remembers else candidates
    trace.append((node, entity, true, candidates, start))
    return true
